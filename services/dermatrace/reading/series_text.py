"""How series of treatments are said in words: what was done in time, what is due when."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from dermatrace.judge.series_pace import Timing
from dermatrace.judge.series_view import NextWindow, ZoneProgress
from dermatrace.judge.subject_series import SubjectSeries
from dermatrace.reading.judgement_text import UNKNOWN, day_text

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


def most_urgent(one: SubjectSeries, today: int | None) -> str:
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


def timings(zone: ZoneProgress, *, at_home: bool) -> Iterator[str]:
    """Yield how often a zone was treated early, on time or late."""
    counts = Counter(step.timing for step in zone.steps)
    for timing in _TIMINGS:
        if counts[timing]:
            yield f"{counts[timing]} {timing_words(timing, at_home=at_home)}"
    if zone.doubtful_count:
        yield f"{zone.doubtful_count} more may belong here"


def timing_words(timing: Timing, *, at_home: bool) -> str:
    """Say how a visit lay in time."""
    return _LATE_AT_HOME if at_home and timing == "late" else _TIMINGS[timing]


def of_needed(zone: ZoneProgress) -> str:
    """Say how many visits a zone has had, of how many."""
    needed = zone.pace.needed_count
    count = str(len(zone.steps))
    return count if needed is None else f"{count} of {needed.value:g}"


def zones_done(one: SubjectSeries) -> str:
    """Say how many zones have had all they need."""
    states = [zone.is_done for zone in one.progress.zones]
    if None in states:
        return "no number entered"
    return f"{states.count(True)} of {len(states)}"


def visits(one: SubjectSeries) -> set[tuple[str, ...]]:
    """Return the sessions of each visit that counts."""
    return {step.stream_ids for zone in one.progress.zones for step in zone.steps}


def series_name(one: SubjectSeries) -> str:
    """Return what a series is called: by its plan."""
    return _NO_PLAN if one.plan is None else one.plan.registry_id
