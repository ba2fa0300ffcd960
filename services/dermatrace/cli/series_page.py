"""Series as people read them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from dermatrace.cli.output import say, table
from dermatrace.cli.series_rows import Page, name_of
from dermatrace.judge.registry_history import Version
from dermatrace.judge.series_pace import Timing
from dermatrace.judge.series_steps import Step
from dermatrace.judge.series_view import NextWindow, ZoneProgress
from dermatrace.judge.spot import Spot
from dermatrace.judge.subject_series import SubjectSeries, VisitPhoto
from dermatrace.reading.judgement_text import UNKNOWN, day_text
from dermatrace.reading.registry_text import DIGITS_SHOWN, moment

_TIMINGS: Final[dict[Timing, str]] = {
    "first": "first",
    "early": "early",
    "on_time": "on time",
    "late": "late",
    "unknown": "timing unknown",
}
# What a device at home did while it was offline nobody knows: between two sessions there may have
# been another.
_LATE_AT_HOME: Final = "late or not told"
_NO_PLAN: Final = "no series plan"


def print_series(found: Sequence[tuple[SubjectSeries, int | None]]) -> None:
    """Write one row a series, with the day it is at its clinic."""
    table(
        ("subject\nseries", "treatment\nclinic", "visits", "zones done", "next, by the calendar"),
        [
            (
                f"{one.subject.subject_id}\n{_seriesname_of(one)}",
                f"{_words(one.treatment)}\n{one.subject.clinic}",
                len(_visits(one)),
                _zones_done(one),
                _most_urgent(one, today),
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
    say(f"\n{_seriesname_of(one)}{_pinned(one.plan)}")
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
                    _of_needed(zone),
                    ", ".join(_timings(zone, at_home=at_home)),
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


def next_words(zone: ZoneProgress, today: int | None, *, is_over: bool) -> str:
    """Say when the next visit is due, and whether that is now."""
    if zone.is_done:
        return "done"
    if is_over:
        return "the plan has ended"
    if not zone.steps:
        return "not begun"
    if zone.window is None:
        most = zone.pace.step_count_max
        full = most is not None and len(zone.steps) >= most.value
        return "none allowed" if full else f"{UNKNOWN}: so is the day of a session"
    return _window_words(zone.window, today)


def _window_words(window: NextWindow, today: int | None) -> str:
    earliest, latest = window.earliest_day, window.latest_day
    named = (("from", earliest), ("intended", window.intended_day), ("until", latest))
    words = ", ".join(f"{word} {day_text(day)}" for word, day in named if day is not None)
    if not words:
        return "no interval entered"
    if today is None:
        return words
    if earliest is not None and today < earliest:
        return f"{words}; not yet"
    if latest is not None and today > latest:
        return f"{words}; that has passed"
    return words if earliest is None and latest is None else f"{words}; now"


def _most_urgent(one: SubjectSeries, today: int | None) -> str:
    """Return what is said of the zone that is due first; of none, what is said of all."""
    due = [
        (day, zone)
        for zone in one.progress.zones
        if zone.window is not None and not zone.is_done
        for day in [_due_day(zone.window)]
        if day is not None
    ]
    if due:
        zone = min(due, key=lambda pair: pair[0])[1]
        return next_words(zone, today, is_over=one.is_over)
    said = (next_words(zone, today, is_over=one.is_over) for zone in one.progress.zones)
    return "; ".join(dict.fromkeys(said))


def _due_day(window: NextWindow) -> int | None:
    days = (window.latest_day, window.intended_day, window.earliest_day)
    return next((day for day in days if day is not None), None)


def _timings(zone: ZoneProgress, *, at_home: bool) -> Iterator[str]:
    counts = Counter(step.timing for step in zone.steps)
    for timing in _TIMINGS:
        if counts[timing]:
            yield f"{counts[timing]} {_timing(timing, at_home=at_home)}"
    if zone.doubtful_count:
        yield f"{zone.doubtful_count} more may belong here"


def _timing(timing: Timing, *, at_home: bool) -> str:
    return _LATE_AT_HOME if at_home and timing == "late" else _TIMINGS[timing]


def _step_cells(step: Step, *, at_home: bool) -> tuple[str, str, str, str]:
    waited = "" if step.waited_days is None else f"{step.waited_days} d"
    timing = _timing(step.timing, at_home=at_home)
    return day_text(step.clinic_day), waited, timing, ", ".join(step.stream_ids)


def _of_needed(zone: ZoneProgress) -> str:
    needed = zone.pace.needed_count
    count = str(len(zone.steps))
    return count if needed is None else f"{count} of {needed.value:g}"


def _zones_done(one: SubjectSeries) -> str:
    states = [zone.is_done for zone in one.progress.zones]
    if None in states:
        return "no number entered"
    return f"{states.count(True)} of {len(states)}"


def _visits(one: SubjectSeries) -> set[tuple[str, ...]]:
    return {step.stream_ids for zone in one.progress.zones for step in zone.steps}


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


def _seriesname_of(one: SubjectSeries) -> str:
    return _NO_PLAN if one.plan is None else one.plan.registry_id


def _pinned(version: Version | None) -> str:
    if version is None:
        return ""
    return f", version {version.version}, digest {version.digest[:DIGITS_SHOWN]}"


def _words(treatment: str | None) -> str:
    return UNKNOWN if treatment is None else treatment.replace("_", " ")
