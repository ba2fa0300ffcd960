"""How many steps a series is to have and how far apart: plan and treatment protocol together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from dermatrace.judge.bounds import value_of
from dermatrace.judge.spot import Spot
from dermatrace_schemas.quantities import Band, Limit, Quantity, bands_at
from dermatrace_schemas.registry_models import SeriesPlanContent

Timing: TypeAlias = Literal["first", "early", "on_time", "late", "unknown"]
"""`unknown`: no limit has been entered, a day is unknown, or another session may lie between."""
Author: TypeAlias = Literal["series plan", "treatment protocol"]


class Term(NamedTuple):
    """One limit of a series, and who set it."""

    value: float
    by: Author


@dataclass(frozen=True, slots=True)
class Pace:
    """How many steps, and how far apart; None where nobody has entered it.

    Where both the plan and the treatment protocol set a limit, the tighter one counts.
    """

    needed_count: Term | None = None
    """Steps after which the series is done."""
    step_count_max: Term | None = None
    interval_days: float | None = None
    """Intended; it bounds nothing."""
    interval_min_days: Term | None = None
    interval_max_days: Term | None = None

    def timing(self, waited_days: int) -> Timing:
        """Judge one interval; where the two limits contradict each other, early goes first."""
        shortest, longest = self.interval_min_days, self.interval_max_days
        if shortest is not None and waited_days < shortest.value:
            return "early"
        if longest is not None and waited_days > longest.value:
            return "late"
        return "unknown" if shortest is None and longest is None else "on_time"


def pace_of(
    plan: SeriesPlanContent | None, bands: Sequence[Band], spot: Spot, phototype: str | None
) -> Pace:
    """Return what plan and treatment protocol together ask of a series at a spot."""

    def tightest(
        pick: Callable[[Iterable[Term]], Term], quantity: Quantity, side: str, own: float | None
    ) -> Term | None:
        limits: list[Limit | None] = [
            getattr(band, side) for band in bands_at(bands, quantity, spot.zone, phototype)
        ]
        values = [value_of(limit) for limit in limits]
        terms = [Term(value, "treatment protocol") for value in values if value is not None]
        if own is not None:
            terms.append(Term(own, "series plan"))
        return pick(terms) if terms else None

    plan = plan if covers(plan, spot.zone) else None
    count = None if plan is None else plan.session_count
    needed = None if count is None else Term(count, "series plan")
    return Pace(
        needed_count=needed or tightest(max, "session_count", "lower", None),
        step_count_max=tightest(min, "session_count", "upper", count),
        interval_days=plan.interval_days if plan else None,
        interval_min_days=tightest(
            max, "interval", "lower", plan.interval_min_days if plan else None
        ),
        interval_max_days=tightest(
            min, "interval", "upper", plan.interval_max_days if plan else None
        ),
    )


def covers(plan: SeriesPlanContent | None, zone: str | None) -> bool:
    """Whether a plan speaks of a zone."""
    return plan is not None and (plan.zones is None or zone in plan.zones)
