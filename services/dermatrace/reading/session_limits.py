"""Which limits held where in a session, each with whose it is and where its number comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dermatrace.judge.bounds import Bound, bounds_of
from dermatrace.judge.context import SessionContext
from dermatrace.judge.explanation import WHOSE
from dermatrace.judge.limit_places import Side, Wanted, find_place
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.budget import said
from dermatrace.judge.spot import Spot
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.quantities import Quantity, Unit
from dermatrace_schemas.session import Modality, SessionStarted, Tip

DRAWN: Final[tuple[Quantity, ...]] = (
    "depth",
    "stroke_rate",
    "energy_per_pin",
    "energy_total",
    "impedance_before",
    "temperature",
)
"""What is drawn over time and can be limited."""
_OF_TOTALS: Final[tuple[Quantity, ...]] = (
    "dose_per_zone",
    "shot_count",
    "puncture_count",
    "stroke_count",
    "contact_time",
    "pass_count",
)
"""What is added up by zone and can be limited, what says most about a dose first."""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One number that a reading was held against."""

    quantity: Quantity
    side: Side
    value: float
    unit: Unit
    envelope: Envelope
    words: str
    """What, whose, and the source of the number with its trust mark."""


@dataclass(slots=True)
class Limits:
    """Looks up every limit of one session once."""

    context: SessionContext | None
    """None: the judge has not come to the session, so nobody knows."""
    started: SessionStarted | None
    modality: Modality | None
    lines: list[LimitLine] = field(default_factory=list)
    _known: dict[tuple[Spot, Tip | None], list[int]] = field(default_factory=dict)

    def at(self, spot: Spot, tip: Tip | None) -> list[int]:
        """Return what holds at a spot with a tip in use, as places in `lines`."""
        key = spot, tip
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = []
            for line in self._lines(spot, tip):
                if line not in self.lines:
                    self.lines.append(line)
                found.append(self.lines.index(line))
        return found

    def budgets(self, spot: Spot) -> dict[Quantity, float]:
        """Return what the treatment protocol lets a zone have in all, as far as it says."""
        found: dict[Quantity, float] = {}
        for quantity in () if self.context is None else _OF_TOTALS:
            for bound in self._bounds(quantity, spot, None):
                if bound.envelope == "clinic_protocol" and bound.upper:
                    found[quantity] = min(bound.upper, found.get(quantity, bound.upper))
        return found

    def _lines(self, spot: Spot, tip: Tip | None) -> Iterator[LimitLine]:
        for quantity in DRAWN:
            for bound in self._bounds(quantity, spot, tip):
                sides: tuple[tuple[Side, float | None], ...] = (
                    ("lower", bound.lower),
                    ("upper", bound.upper),
                )
                for side, value in sides:
                    if value is not None:
                        words = self._words(bound, quantity, side, value, spot)
                        envelope = bound.envelope
                        yield LimitLine(quantity, side, value, bound.unit, envelope, words)

    def _bounds(self, quantity: Quantity, spot: Spot, tip: Tip | None) -> tuple[Bound, ...]:
        if self.context is None:
            return ()
        own = None if self.started is None else self.started.device.ratings
        found = bounds_of(self.context, quantity, spot, own=own, tip=tip, modality=self.modality)
        # By the device's own word alone something may be limited to nothing at all.
        return tuple(bound for bound in found if bound.lower is not None or bound.upper is not None)

    def _words(self, bound: Bound, quantity: Quantity, side: Side, value: float, spot: Spot) -> str:
        context = self.context
        assert context is not None  # noqa: S101  without one there is no bound
        wanted = Wanted(value, bound.unit, (quantity, side), spot.zone, context.chart.phototype)
        versions = [v for v in _versions(context) if v.digest == bound.digest]
        place = find_place(wanted, versions, self.started)
        way = "at most" if side == "upper" else "at least"
        text = f"{quantity.replace('_', ' ')} {way} {said(value, bound.unit)}: {bound.whose}"
        text += f" ({WHOSE[bound.envelope].partition(':')[0]})"
        if place is None or place.source is None:
            return text
        trust = "" if place.trust is None else f" [{place.trust}]"
        return f"{text}. Source{trust}: {place.source}"


def _versions(context: SessionContext) -> Iterator[Version]:
    in_force = context.registry
    one = (
        in_force.protocol,
        in_force.device_model,
        in_force.operator,
        in_force.jurisdiction,
        *in_force.tip_models,
    )
    return (version for version in one if version is not None)
