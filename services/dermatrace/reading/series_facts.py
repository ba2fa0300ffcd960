"""Series as programs read them; days are dates of the clinic's calendar."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from dermatrace.judge.series_view import ZoneProgress
from dermatrace.judge.subject_series import Deviation, Subject, SubjectSeries, VisitPhoto
from dermatrace.reading.judgement_text import day_text

_PHOTO_FACTS: Final = {
    "moment",
    "place",
    "angle",
    "consent",
    "fact_time_ms",
    "photo_sha256",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything told of one subject's series."""

    subject: Subject
    series: list[SubjectSeries]
    deviations: list[Deviation]
    photos: list[VisitPhoto]
    today: int | None
    """By the clinic's calendar."""


def page_json(page: Page) -> dict[str, Any]:
    """Return a page as plain data."""
    return {
        "clinic": page.subject.clinic,
        "subject_id": page.subject.subject_id,
        "series": [series_json(one) for one in page.series],
        "deviations": [{"name": name_of(one), **asdict(one.finding)} for one in page.deviations],
        "photos": [
            {"visit_id": p.visit_id, "clinic_day": _day_json(p.clinic_day), **_facts(p)}
            for p in page.photos
        ],
    }


def series_json(one: SubjectSeries) -> dict[str, Any]:
    """Return one series as plain data."""
    home = one.progress.home
    return {
        "clinic": one.subject.clinic,
        "subject_id": one.subject.subject_id,
        "plan": None if one.plan is None else one.plan.pin.model_dump(mode="json"),
        "protocol": None if one.protocol is None else one.protocol.pin.model_dump(mode="json"),
        "treatment": one.treatment,
        "setting": None if one.plan_content is None else one.plan_content.setting,
        "is_done": one.progress.is_done,
        "is_over": one.is_over,
        "zones": [_zone_json(zone) for zone in one.progress.zones],
        "home_weeks": None
        if home is None
        else {
            "week_count": home.week_count,
            "told_week_count": home.told_week_count,
            "unknown_week_count": home.unknown_week_count,
        },
    }


def _zone_json(zone: ZoneProgress) -> dict[str, Any]:
    window, pace = zone.window, zone.pace
    terms = {
        name: None if term is None else {"value": term.value, "by": term.by}
        for name, term in (
            ("needed_count", pace.needed_count),
            ("step_count_max", pace.step_count_max),
            ("interval_min_days", pace.interval_min_days),
            ("interval_max_days", pace.interval_max_days),
        )
    }
    return {
        "zone": zone.spot.zone,
        "laterality": zone.spot.laterality,
        **terms,
        "interval_days": pace.interval_days,
        "steps": [asdict(step) | {"clinic_day": _day_json(step.clinic_day)} for step in zone.steps],
        "doubtful_count": zone.doubtful_count,
        "is_done": zone.is_done,
        "is_too_many": zone.is_too_many,
        "next": None
        if window is None
        else {name.removesuffix("_day"): _day_json(day) for name, day in asdict(window).items()},
    }


def _day_json(day: int | None) -> str | None:
    return None if day is None else day_text(day)


def _facts(photo: VisitPhoto) -> dict[str, Any]:
    return photo.photo.model_dump(mode="json", include=_PHOTO_FACTS)


def name_of(deviation: Deviation) -> str:
    """Return the name under which a finding can be asked about."""
    return f"{deviation.session.stream_id}/{deviation.finding.number}"
