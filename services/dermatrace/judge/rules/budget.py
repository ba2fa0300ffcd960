"""How a running total is held against its ceilings, and how that is said."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from dermatrace.judge.bounds import Bound
from dermatrace.judge.case import Case
from dermatrace.judge.rules.row import Hit
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace_schemas.finding import Envelope, Priority
from dermatrace_schemas.quantities import Quantity, Unit, unit_word

Look: TypeAlias = Callable[[Case], Iterable[Hit]]
Total: TypeAlias = Callable[[Case], float | None]

ROUNDING_SHARE: Final = 1e-9
"""Of a limit: a total nearer to it than this equals it, for adding up fractions leaves a rest."""
DECIMALS: Final = 3
"""Of numbers in sentences; behind them nobody reads on."""
DECIMALS_OF_TOTAL: Final = 6
"""Of totals: a thousandth of a millijoule too much must still be seen to be more."""
OFF_LABEL_PRIORITY: Final[Priority] = "medium"
"""What lies outside the cleared label is no fault; somebody should say why it was done."""


def budget(
    quantity: Quantity, what: str, total: Total, envelopes: tuple[Envelope, ...] | None = None
) -> Look:
    """Return a look that compares a total with every ceiling of its quantity at the spot.

    The total includes the document in hand; None if that adds nothing or nobody knows how much.
    """

    def look(case: Case) -> Iterable[Hit]:
        bounds = case.bounds(quantity)
        if not bounds:
            return ()  # nearly always, and asked ten times a second
        value = total(case)
        if value is None:
            return ()
        for bound in bounds:
            if bound.upper is not None and value > bound.upper:
                break
        else:
            return ()  # nearly always
        return [
            above(what, value, bound, spot=case.spot)
            for bound in ceilings(bounds, envelopes)
            if is_above(value, bound.upper)
        ]

    return look


def has_ceiling(
    quantity: Quantity, envelopes: tuple[Envelope, ...] | None = None
) -> Callable[[Case], bool]:
    """Return the question whether a quantity has an upper limit at the spot in hand."""
    return lambda case: bool(ceilings(case.bounds(quantity), envelopes))


def has_floor(quantity: Quantity) -> Callable[[Case], bool]:
    """Return the question whether a quantity has a lower limit at the spot in hand."""
    return lambda case: bool(floors(case.bounds(quantity)))


def ceilings(
    bounds: Iterable[Bound], envelopes: tuple[Envelope, ...] | None = None
) -> tuple[Bound, ...]:
    """Return the lowest upper limit of each envelope, or of some; what is unset limits nothing."""
    lowest: dict[Envelope, tuple[float, Bound]] = {}
    for bound in bounds:
        if bound.upper is None or (envelopes is not None and bound.envelope not in envelopes):
            continue
        known = lowest.get(bound.envelope)
        if known is None or bound.upper < known[0]:
            lowest[bound.envelope] = (bound.upper, bound)
    return tuple(bound for _, bound in lowest.values())


def floors(bounds: Iterable[Bound]) -> tuple[tuple[float, Bound], ...]:
    """Return the highest lower limit of each envelope; what is unset limits nothing."""
    highest: dict[Envelope, tuple[float, Bound]] = {}
    for bound in bounds:
        if bound.lower is None:
            continue
        known = highest.get(bound.envelope)
        if known is None or bound.lower > known[0]:
            highest[bound.envelope] = (bound.lower, bound)
    return tuple(highest.values())


def is_above(value: float, limit: float | None) -> bool:
    """Tell whether a total exceeds a limit by more than rounding."""
    return limit is not None and value - limit > ROUNDING_SHARE * abs(limit)


def above(what: str, value: float, bound: Bound, *, spot: Spot = NOWHERE, about: str = "") -> Hit:
    """Return the hit of a total that exceeds a ceiling."""
    where = "" if spot == NOWHERE and about else f" at {spot.name}"
    limit = bound.upper or 0.0
    total, most = (said(number, bound.unit, DECIMALS_OF_TOTAL) for number in (value, limit))
    return Hit(
        sentence=f"{what}{where} came to {total}, more than the {most} of the"
        f" {bound.whose}{aside(bound)}.",
        envelope=bound.envelope,
        priority=priority_of(bound),
        spot=spot,
        about=about,
        measured_value=round(value, DECIMALS_OF_TOTAL),
        limit_value=limit,
        unit=bound.unit,
        digests=digests_of((bound,)),
    )


def cannot_assess(what: str, why: str, bounds: Iterable[Bound], case: Case, about: str) -> Hit:
    """Return the hit that says that a limit exists and nobody can tell whether it was kept."""
    return Hit(
        sentence=f"{what} at {case.spot.name} cannot be assessed: {why}.",
        spot=case.spot,
        about=about,
        digests=digests_of(bounds),
    )


def aside(bound: Bound) -> str:
    """Return what a sentence adds where the limit is the cleared label's."""
    if bound.envelope != "cleared_label":
        return ""
    return "; use outside the cleared label is no fault but wants a justification"


def priority_of(bound: Bound) -> Priority | None:
    """Return the priority that an envelope imposes, or None for the rule's own."""
    return OFF_LABEL_PRIORITY if bound.envelope == "cleared_label" else None


def digests_of(bounds: Iterable[Bound]) -> tuple[str, ...]:
    """Return the registry versions that limits stand in, each once."""
    return tuple(dict.fromkeys(bound.digest for bound in bounds if bound.digest is not None))


def said(value: float, unit: Unit = "1", decimals: int = DECIMALS) -> str:
    """Return a number as a person writes it, with its unit."""
    whole, _, fraction = f"{value:,.{decimals}f}".partition(".")
    fraction = fraction.rstrip("0")
    number = f"{whole}.{fraction}" if fraction else whole
    return f"{number} {unit_word(unit)}".rstrip()
