"""Series as people read them."""

from collections.abc import Sequence

from dermatrace.cli.output import say, table
from dermatrace.judge.registry_history import Version
from dermatrace.judge.series_steps import Step
from dermatrace.judge.spot import Spot
from dermatrace.judge.subject_series import SubjectSeries, VisitPhoto
from dermatrace.reading.judgement_text import UNKNOWN, day_text
from dermatrace.reading.registry_text import DIGITS_SHOWN, moment
from dermatrace.reading.series_facts import Page, name_of
from dermatrace.reading.series_text import (
    most_urgent,
    next_words,
    of_needed,
    series_name,
    timing_words,
    timings,
    visits,
    zones_done,
)


def print_series(found: Sequence[tuple[SubjectSeries, int | None]]) -> None:
    """Write one row a series, with the day it is at its clinic."""
    table(
        ("subject\nseries", "treatment\nclinic", "visits", "zones done", "next, by the calendar"),
        [
            (
                f"{one.subject.subject_id}\n{series_name(one)}",
                f"{_words(one.treatment)}\n{one.subject.clinic}",
                len(visits(one)),
                zones_done(one),
                most_urgent(one, today),
            )
            for one, today in found
        ],
    )


def print_page(page: Page) -> None:
    """Write everything told of one subject's series."""
    say(f"{page.subject.clinic} / {page.subject.subject_id}")
    for one in page.series:
        _print_one(one, page.today)
    say("\nfindings about the series" + ("" if page.deviations else ": none"))
    for deviation in page.deviations:
        finding = deviation.finding
        say(f"  {name_of(deviation)} {finding.priority} {finding.rule}: {finding.sentence}")
    if page.photos:
        say("\nphotos, as told; the images stay with the clinic")
        table(
            ("day", "zone", "moment", "angle", "consent", "taken", "SHA-256"),
            [_photo_row(photo) for photo in page.photos],
        )
    else:
        say("\nphotos: none told of")


def _print_one(one: SubjectSeries, today: int | None) -> None:
    plan, home = one.plan_content, one.progress.home
    say(f"\n{series_name(one)}{_pinned(one.plan)}")
    setting = "" if plan is None else f", at {'home' if plan.setting == 'home' else 'the clinic'}"
    say(f"treatment {_words(one.treatment)}{setting}")
    protocol = one.protocol
    say(f"treatment protocol {protocol.registry_id if protocol else UNKNOWN}{_pinned(protocol)}")
    at_home = plan is not None and plan.setting == "home"
    if one.progress.zones:
        table(
            ("zone", "visits", "timing", "next, by the calendar"),
            [
                (
                    zone.spot.name,
                    of_needed(zone),
                    ", ".join(timings(zone, at_home=at_home)),
                    next_words(zone, today, is_over=one.is_over),
                )
                for zone in one.progress.zones
            ],
        )
        _print_steps(one, at_home=at_home)
    else:
        say("nothing has been given yet")
    if home is not None:
        say(
            f"\nhome weeks: {home.week_count} begun, a session told of {home.told_week_count},"
            f" {home.unknown_week_count} unknown: a device may have been offline"
        )


def _print_steps(one: SubjectSeries, *, at_home: bool) -> None:
    rows = [
        (zone.spot.name, *_step_cells(step, at_home=at_home))
        for zone in one.progress.zones
        for step in zone.steps
    ]
    if rows:
        say("")
        table(("zone", "day", "waited", "timing", "sessions"), rows)


def _step_cells(step: Step, *, at_home: bool) -> tuple[str, str, str, str]:
    waited = "" if step.waited_days is None else f"{step.waited_days} d"
    timing = timing_words(step.timing, at_home=at_home)
    return day_text(step.clinic_day), waited, timing, ", ".join(step.stream_ids)


def _photo_row(photo: VisitPhoto) -> tuple[str, ...]:
    told = photo.photo
    place = told.place
    zone = "not told" if place is None or place.zone is None else Spot.of(place).name
    taken_ms = told.fact_time_ms
    return (
        day_text(photo.clinic_day),
        zone,
        told.moment or UNKNOWN,
        (told.angle or UNKNOWN).replace("_", " "),
        told.consent or "not asked",
        UNKNOWN if taken_ms is None else moment(taken_ms),
        told.photo_sha256[:DIGITS_SHOWN],
    )


def _pinned(version: Version | None) -> str:
    if version is None:
        return ""
    return f", version {version.version}, digest {version.digest[:DIGITS_SHOWN]}"


def _words(treatment: str | None) -> str:
    return UNKNOWN if treatment is None else treatment.replace("_", " ")
