"""How far a series has come, zone by zone, counted in days of the clinic's calendar. Pure.

A step is one visit to a zone, however many sessions it took. What cannot be told stays untold: a
session whose day, zone or treatment is unknown might lie between two steps, so it never makes a
step late or on time; that a step came too early no further session can change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal, TypeAlias

from dermatrace.judge.context import EarlierSession
from dermatrace.judge.series_pace import Pace, covers, pace_of
from dermatrace.judge.series_steps import Step, steps_of
from dermatrace.judge.spot import Spot
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.registry_models import SeriesPlanContent

DAYS_PER_WEEK: Final = 7

_Part: TypeAlias = Literal["step", "before", "doubtful", "none"]
"""What a session is to a series: of it, before its first day, nobody knows, or nothing."""
_SIDES: Final[dict[Laterality | None, tuple[Laterality, ...]]] = {
    "left": ("left",),
    "right": ("right",),
    "midline": ("midline",),
    "bilateral": ("left", "right"),
    None: (),
}
_UNKNOWN_SIDE: Final[tuple[Laterality | None, ...]] = (None,)


@dataclass(frozen=True, slots=True)
class NextWindow:
    """Days within which the next step is due, as days since 1970; None where nothing says so."""

    earliest_day: int | None
    intended_day: int | None
    latest_day: int | None


@dataclass(frozen=True, slots=True)
class ZoneProgress:
    """How far the series has come in one zone, each side by itself."""

    spot: Spot
    pace: Pace
    steps: tuple[Step, ...] = ()
    """By day; those of unknown day last."""
    doubtful_count: int = 0
    """Sessions of which nobody knows whether they belong here."""
    window: NextWindow | None = None
    """None before the first step, once no further step is allowed, and while a day is unknown."""

    @property
    def is_done(self) -> bool | None:
        """Whether everything intended was given; None if nobody has said how much that is."""
        needed = self.pace.needed_count
        return None if needed is None else len(self.steps) >= needed.value

    @property
    def is_too_many(self) -> bool | None:
        """Whether more was given than allowed; None if nobody has said how much that is."""
        most = self.pace.step_count_max
        return None if most is None else len(self.steps) > most.value

    def step_of(self, stream_id: str) -> Step | None:
        """Return the step a session belongs to, or None."""
        return next((step for step in self.steps if stream_id in step.stream_ids), None)


@dataclass(frozen=True, slots=True)
class HomeWeeks:
    """Weeks of a home plan. Without telemetry nobody knows whether anything was done."""

    week_count: int
    """Begun weeks from the first day to the last one asked about."""
    told_week_count: int
    """Those of which a session is on record."""

    @property
    def unknown_week_count(self) -> int:
        """Weeks without a session: a device may have been offline, so they are not missed."""
        return self.week_count - self.told_week_count


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days, as the clinic counts them, that the sessions themselves do not tell."""

    first_day: int | None = None
    """On which the plan begins; None: with its first session."""
    as_of_day: int | None = None
    """Up to which home weeks are counted; None: up to the last session."""


@dataclass(frozen=True, slots=True)
class SeriesProgress:
    """One subject's series, as far as it is on record."""

    zones: tuple[ZoneProgress, ...]
    """Zones of the plan that were never treated are there too, without a step."""
    home: HomeWeeks | None = None
    """None unless it is a plan for the home."""

    @property
    def is_done(self) -> bool | None:
        """Whether every zone is done; None if that is not known of all of them."""
        states = [zone.is_done for zone in self.zones]
        return None if None in states else bool(states) and all(states)


def series_of(
    plan: SeriesPlanContent | None,
    bands: Sequence[Band],
    sessions: Sequence[EarlierSession],
    *,
    treatment: str | None = None,
    phototype: str | None = None,
    calendar: Calendar | None = None,
) -> SeriesProgress:
    """Lay one subject's sessions against a plan and the bands of its treatment protocol.

    `treatment` says which sessions count where no plan does; None: all of them.
    """
    wanted = plan.treatment if plan is not None and plan.treatment is not None else treatment
    parts = [(session, _part(session, plan, wanted)) for session in sessions]
    zones = tuple(
        _progress(spot, pace_of(plan, bands, spot, phototype), parts)
        for spot in _spots(plan, parts)
    )
    home = None
    if plan is not None and plan.setting == "home":
        home = _home_weeks([s for s, part in parts if part == "step"], plan, calendar or Calendar())
    return SeriesProgress(zones, home)


def overlap(one: Spot, other: Spot) -> bool:
    """Whether two spots may share skin: a side that is not known may be either."""
    if one.zone is None or one.zone != other.zone:
        return False
    sides = {one.laterality, other.laterality}
    return len(sides) == 1 or None in sides or ("bilateral" in sides and "midline" not in sides)


def _part(session: EarlierSession, plan: SeriesPlanContent | None, treatment: str | None) -> _Part:
    if treatment is not None and session.treatment != treatment:
        return "doubtful" if session.treatment is None else "none"
    starts_ms = None if plan is None else plan.starts_ms
    ends_ms = None if plan is None else plan.ends_ms
    if starts_ms is None and ends_ms is None:
        return "step"
    if session.started_ms is None:
        return "doubtful"
    if starts_ms is not None and session.started_ms < starts_ms:
        return "before"
    return "none" if ends_ms is not None and session.started_ms >= ends_ms else "step"


def _spots(
    plan: SeriesPlanContent | None, parts: Sequence[tuple[EarlierSession, _Part]]
) -> list[Spot]:
    """Return each side of each zone there is something to say about; both sides are two."""
    planned = None if plan is None else plan.zones
    sides: dict[str, set[Laterality]] = {zone: set() for zone in planned or ()}
    for session, part in parts:
        for zone, side in session.spots if part == "step" else ():
            if zone is not None and (planned is None or zone in planned):
                sides.setdefault(zone, set()).update(_SIDES[side])
    return [
        Spot(zone, side)
        for zone, known in sorted(sides.items())
        for side in (sorted(known) or _UNKNOWN_SIDE)
    ]


def _progress(
    spot: Spot, pace: Pace, parts: Sequence[tuple[EarlierSession, _Part]]
) -> ZoneProgress:
    counted: list[EarlierSession] = []
    prior_days: list[int] = []
    doubtful: list[EarlierSession] = []
    for session, part in parts:
        touches = any(overlap(spot, other) for other in session.spots)
        if part == "none" or not (touches or any(s.zone is None for s in session.spots)):
            continue
        if part == "doubtful" or not touches or (session.clinic_day is None and part == "before"):
            doubtful.append(session)
        elif part == "before":
            prior_days += () if session.clinic_day is None else (session.clinic_day,)
        else:
            counted.append(session)
    visits = {session.visit_id for session in counted} - {None}
    doubtful = [session for session in doubtful if session.visit_id not in visits]
    steps = steps_of(counted, pace, max(prior_days, default=None), doubtful)
    return ZoneProgress(spot, pace, steps, len(doubtful), _window(steps, pace, doubtful))


def _window(
    steps: Sequence[Step], pace: Pace, doubtful: Sequence[EarlierSession]
) -> NextWindow | None:
    """Return when the next step is due; limits that contradict each other are left as they are."""
    last_day = steps[-1].clinic_day if steps else None
    most = pace.step_count_max
    is_full = most is not None and len(steps) >= most.value
    # A session that nobody can place may have been the last one, and the wait would begin there.
    if last_day is None or is_full or any(_may_follow(last_day, other) for other in doubtful):
        return None
    shortest, intended, longest = (
        pace.interval_min_days,
        pace.interval_days,
        pace.interval_max_days,
    )
    return NextWindow(
        None if shortest is None else last_day + ceil(shortest.value),
        None if intended is None else last_day + round(intended),
        None if longest is None else last_day + floor(longest.value),
    )


def _may_follow(day: int, session: EarlierSession) -> bool:
    return session.clinic_day is None or session.clinic_day >= day


def _home_weeks(
    sessions: Sequence[EarlierSession], plan: SeriesPlanContent, calendar: Calendar
) -> HomeWeeks:
    days = sorted(
        session.clinic_day
        for session in sessions
        if session.clinic_day is not None
        and any(spot.zone is None or covers(plan, spot.zone) for spot in session.spots)
    )
    first = calendar.first_day if calendar.first_day is not None else next(iter(days), None)
    last = calendar.as_of_day if calendar.as_of_day is not None else next(reversed(days), None)
    if first is None or last is None or last < first:
        return HomeWeeks(0, 0)
    told = {(day - first) // DAYS_PER_WEEK for day in days if first <= day <= last}
    return HomeWeeks((last - first) // DAYS_PER_WEEK + 1, len(told))
