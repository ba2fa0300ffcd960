"""Series of treatments: who is due when; of one subject plan, progress, intervals and photos."""

import base64
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Query
from starlette.responses import Response

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.clinic_time import local_clock, time_zone_of
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.paging import pages_of
from dermatrace.console.rendering import render
from dermatrace.console.report import POLICY
from dermatrace.console.series_facts import (
    SeriesList,
    SeriesListItem,
    SubjectPage,
    subject_facts,
)
from dermatrace.console.series_plot import MARKS, WIDTH, calendar_of
from dermatrace.errors import NotHere
from dermatrace.judge.spot import Spot
from dermatrace.judge.subject_series import SeriesDesk, Subject, VisitPhoto
from dermatrace.reading.judgement_text import day_text
from dermatrace.reading.series_facts import Page
from dermatrace.reading.series_text import (
    most_urgent,
    next_words,
    of_needed,
    series_name,
    timing_words,
    visits,
    zones_done,
)
from dermatrace_schemas.chart import ChartPhoto

doors = Doors()
PAGE_SUBJECTS: Final = 50
"""Subjects whose series stand on one page; the next page goes on after them."""
SUBJECTS_PASSED_MAX: Final = 1_000_000
EMBEDDED_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a picture inside a printed report; a larger one is left out, and that is said."""
_ONE: Final = Access(CLINICAL, "clinic", reads="series")
_SUBJECT: Final = "/series/{clinic}/{subject}"
After = Annotated[int, Query(ge=0, le=SUBJECTS_PASSED_MAX, description="Subjects to pass over.")]


def _dress_list(desk: Desk, facts: SeriesList) -> dict[str, Any]:
    return {"pages": pages_of(desk.request.url, "after", facts.next)}


@doors.facts(
    "/series",
    "series_list.html",
    Access(CLINICAL, "clinics", reads="series list"),
    dress=_dress_list,
)
def series_list(desk: AtDesk, after: After = 0) -> SeriesList:
    """List series of the visitor's clinics: what was given, and when the next treatment is due."""
    if desk.record.journal is None or desk.record.index is None:
        return SeriesList(series=[], next=None, is_judged=False)
    found = _desk(desk)
    subjects = [one for one in found.subjects() if desk.visitor.may_see(one.clinic)]
    page = subjects[after : after + PAGE_SUBJECTS]
    return SeriesList(
        series=[
            SeriesListItem(
                clinic=subject.clinic,
                subject_id=subject.subject_id,
                series=series_name(one),
                treatment=one.treatment,
                visit_count=len(visits(one)),
                zones_done=zones_done(one),
                next=most_urgent(one, found.today(subject.clinic)),
            )
            for subject in page
            for one in found.series(subject)
        ],
        next=after + PAGE_SUBJECTS if len(subjects) > after + PAGE_SUBJECTS else None,
        is_judged=True,
    )


def _dress(desk: Desk, facts: SubjectPage) -> dict[str, Any]:
    page = _page(desk, facts.clinic, facts.subject_id)
    address = f"/series/{facts.clinic}/{facts.subject_id}"
    return _shown(page) | {
        "address": address,
        "rows": _rows(
            page.photos, lambda told: f"/photos/{facts.clinic}/{told.photo.photo_sha256}"
        ),
        "here": {photo.photo_sha256 for photo in facts.photos if photo.is_here},
    }


@doors.facts(_SUBJECT, "series.html", _ONE, dress=_dress)
def series(desk: AtDesk, clinic: str, subject: str) -> SubjectPage:
    """Tell one subject's series: plan, progress, intervals, what is due, photos as told."""
    page = _page(desk, clinic, subject)
    return subject_facts(page, _here(desk, page))


@doors.other(f"{_SUBJECT}/report", _ONE)
def series_report(desk: AtDesk, clinic: str, subject: str) -> Response:
    """Return the series to be printed, in one file that needs nothing else, pictures included."""
    page = _page(desk, clinic, subject)
    journal = desk.record.journal
    assert journal is not None  # noqa: S101  the series was read from it
    facts = subject_facts(page, _here(desk, page))
    rows = _rows(page.photos, lambda photo: _embedded(desk, clinic, photo.photo))
    more = {"facts": facts, "rows": rows, "head": journal.head(), "now": _now(desk, clinic)}
    html = render("series_report.html", _shown(page) | more | {"journal_id": journal.journal_id})
    return Response(
        html, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY}
    )


def _now(desk: Desk, clinic: str) -> str:
    """Return the time it is at a clinic."""
    zone = time_zone_of(desk.record.registry(), clinic, desk.now_ms)
    return f"{local_clock(zone)(desk.now_ms)} {zone}"


def _desk(desk: Desk) -> SeriesDesk:
    journal, index = desk.record.journal, desk.record.index
    if journal is None or index is None:
        raise NotHere("nothing has been judged", remedy="`dermatrace judge` does it.")
    return SeriesDesk(journal, index, desk.now_ms)


def _page(desk: Desk, clinic: str, subject_id: str) -> Page:
    found, subject = _desk(desk), Subject(clinic, subject_id)
    if subject not in found.subjects(clinic):
        raise NotHere(f"no subject {subject_id} is on record at {clinic}")
    return Page(
        subject,
        found.series(subject),
        found.deviations(subject),
        found.photos(subject),
        found.today(clinic),
    )


def _here(desk: Desk, page: Page) -> set[str]:
    """Return the pictures that can be shown: they are here, and nobody has refused their use."""
    photos, clinic = desk.installation.photos, page.subject.clinic
    told = (one.photo for one in page.photos if one.photo.consent != "refused")
    return {one.photo_sha256 for one in told if photos.find(clinic, one.photo_sha256) is not None}


def _embedded(desk: Desk, clinic: str, photo: ChartPhoto) -> str | None:
    """Return a picture as an address that holds it, for a file that needs nothing else."""
    found = desk.installation.photos.find(clinic, photo.photo_sha256)
    if found is None or photo.consent == "refused":
        return None
    stored, path = found
    if stored.photo_bytes > EMBEDDED_BYTES_MAX:
        return None
    return f"data:{stored.media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _shown(page: Page) -> dict[str, Any]:
    """Return what page and report say of the series beside the facts."""
    return {
        "shown": [
            {
                "name": series_name(one),
                "next": most_urgent(one, page.today),
                "zones_done": zones_done(one),
                "visit_count": len(visits(one)),
                "calendar": calendar_of(one, page.today),
                "at_home": (one.plan_content.setting if one.plan_content else None) == "home",
                "zones": [
                    (zone, of_needed(zone), next_words(zone, page.today, is_over=one.is_over))
                    for zone in one.progress.zones
                ],
            }
            for one in page.series
        ],
        "plot_width": WIDTH,
        "step_marks": MARKS,
        "timing_words": timing_words,
        "day_text": day_text,
    }


def _rows(
    photos: list[VisitPhoto], address: Callable[[VisitPhoto], str | None]
) -> list[dict[str, Any]]:
    """Return photos of the same spot from the same angle side by side, by day."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for told in photos:
        photo = told.photo
        spot = Spot.of(photo.place).name if photo.place is not None else "place not told"
        angle = (photo.angle or "angle unknown").replace("_", " ")
        rows.setdefault((spot, angle), []).append(
            {
                "day": day_text(told.clinic_day),
                "moment": (photo.moment or "moment unknown").replace("_", " "),
                "consent": photo.consent,
                "sha256": photo.photo_sha256,
                "address": address(told),
                "at_ms": photo.fact_time_ms or 0,
            }
        )
    return [
        {"spot": spot, "angle": angle, "photos": sorted(ones, key=lambda one: one["at_ms"])}
        for (spot, angle), ones in rows.items()
    ]
