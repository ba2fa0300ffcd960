"""A subject's sessions at one zone as steps of a series: visits, in days, with their timing."""

from collections.abc import Sequence
from dataclasses import dataclass

from dermatrace.judge.context import EarlierSession
from dermatrace.judge.series_pace import Pace, Timing


@dataclass(frozen=True, slots=True)
class Step:
    """One visit to a zone."""

    visit_id: str | None
    stream_ids: tuple[str, ...]
    """Of the sessions it took there."""
    clinic_day: int | None
    waited_days: int | None
    """Since the treatment of the zone before it; None if there was none or a day is unknown."""
    timing: Timing


def steps_of(
    counted: Sequence[EarlierSession],
    pace: Pace,
    prior_day: int | None,
    doubtful: Sequence[EarlierSession],
) -> tuple[Step, ...]:
    """Return the visits by day, those of unknown day last.

    `prior_day` is the last treatment before the series began; `doubtful` are sessions of which
    nobody knows whether they belong here: they may lie between two steps and shorten the wait.
    """
    steps: list[Step] = []
    visits = _visits(counted)
    dated = sorted((v for v in visits if _day(v) is not None), key=lambda v: _day(v) or 0)
    undated = [visit for visit in visits if _day(visit) is None]
    other_days = [session.clinic_day for session in doubtful]
    is_open = bool(undated) or None in other_days
    since = prior_day
    for visit in dated:
        day = _day(visit)
        assert day is not None  # noqa: S101  they were chosen for it
        waited = None if since is None else day - since
        timing: Timing = "first" if waited is None else pace.timing(waited)
        if not steps and timing != "early":
            timing = "first"  # a series may begin as late as one likes
        between = any(
            other is not None and other < day and (since is None or since < other)
            for other in other_days
        )
        if timing != "early" and (is_open or between):
            timing = "unknown"
        steps.append(_step(visit, day, waited, timing))
        since = day
    return (*steps, *(_step(visit, None, None, "unknown") for visit in undated))


def _visits(sessions: Sequence[EarlierSession]) -> list[list[EarlierSession]]:
    """Bring together the sessions of one appointment.

    A session that nobody has put into a visit belongs to what else happened on its day: a device
    that restarted tells one treatment as two sessions.
    """
    visits: dict[str, list[EarlierSession]] = {}
    of_day: dict[int, str] = {}
    for place, session in enumerate(sorted(sessions, key=lambda s: s.visit_id is None)):
        day = session.clinic_day
        alone = f"session {place}" if day is None else of_day.get(day, f"day {day}")
        name = alone if session.visit_id is None else f"visit {session.visit_id}"
        visits.setdefault(name, []).append(session)
        if day is not None:
            of_day.setdefault(day, name)
    return list(visits.values())


def _day(visit: Sequence[EarlierSession]) -> int | None:
    return min((s.clinic_day for s in visit if s.clinic_day is not None), default=None)


def _step(
    visit: Sequence[EarlierSession], day: int | None, waited_days: int | None, timing: Timing
) -> Step:
    stream_ids = tuple(session.stream_id for session in visit)
    return Step(visit[0].visit_id, stream_ids, day, waited_days, timing)
