"""The numbers of one zone, added up document by document in bounded memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, TypeVar

from dermatrace_schemas.verdict import Totals

N = TypeVar("N", int, float)

DEPTH_BIN_MM: Final = 0.01
"""Depths are counted in bins of this width; the contract's depths are finer than no device's."""
DEPTH_MAX_MM: Final = 10.0
"""Depths beyond it share the last bin, as no needle is that long; those below zero the first."""
_BIN_BEYOND: Final = round(DEPTH_MAX_MM / DEPTH_BIN_MM)
COUNT_MAX: Final = 2**48
"""A count beyond it is told as this one: the contract has no room for more."""
MEDIAN_SHARE: Final = 0.5
LOW_SHARE: Final = 0.05
HIGH_SHARE: Final = 0.95


@dataclass(slots=True)
class Tally:
    """What was delivered in one zone."""

    passes: list[int] = field(default_factory=list)
    """Pass numbers seen, in order."""
    contact_ms: float = 0.0
    stroke_count: int = 0
    contact_stroke_count: int = 0
    puncture_count: int | None = None
    """None while no needle count has been known."""
    treatment_shot_count: int = 0
    test_shot_count: int = 0
    energy_delivered_mj: float | None = None
    """Of treatment shots, in total."""
    depth_bins: dict[int, int] = field(default_factory=dict)
    """Contact strokes, or treatment shots' depths, by measured depth in steps of DEPTH_BIN_MM."""
    depth_commanded_max_mm: float | None = None
    depth_measured_max_mm: float | None = None
    temperature_max_celsius: float | None = None
    assessed_count: int = 0
    """Contact strokes or treatment shots that the protocol's bands could be asked about."""
    within_count: int = 0
    in_band_ms: float = 0.0
    """Time on skin within every band of the protocol."""
    limited: bool = False
    """Whether any band with a number has applied here."""

    @property
    def delivered(self) -> int:
        """Contact strokes or treatment shots."""
        return self.contact_stroke_count + self.treatment_shot_count

    def add_depths(self, depths_mm: Iterable[float | None], weights: Iterable[int]) -> None:
        """Count measured depths, each with its weight; what is unknown or weighs nothing is not."""
        bins = self.depth_bins
        for depth_mm, weight in zip(depths_mm, weights, strict=True):
            if weight and depth_mm is not None:
                # Asked before the division: what no needle can reach may be too large for it.
                is_told = 0.0 <= depth_mm <= DEPTH_MAX_MM
                place = round(depth_mm / DEPTH_BIN_MM) if is_told else _BIN_BEYOND * (depth_mm > 0)
                bins[place] = bins.get(place, 0) + weight

    def depth_at(self, share: float) -> float | None:
        """Return the depth not exceeded by that share of what was counted, or None."""
        whole = sum(self.depth_bins.values())
        if whole == 0:
            return None
        below = 0
        for place in sorted(self.depth_bins):
            below += self.depth_bins[place]
            if below >= share * whole:
                return round(place * DEPTH_BIN_MM, 2)
        raise AssertionError("the shares of a distribution add up to one")

    def add(self, other: "Tally") -> None:
        """Add another zone's numbers; a whole session is the sum of its zones."""
        self.contact_ms += other.contact_ms
        self.in_band_ms += other.in_band_ms
        for name in (
            "stroke_count",
            "contact_stroke_count",
            "treatment_shot_count",
            "test_shot_count",
            "assessed_count",
            "within_count",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.puncture_count = _sum(self.puncture_count, other.puncture_count)
        self.energy_delivered_mj = _sum(self.energy_delivered_mj, other.energy_delivered_mj)
        self.depth_commanded_max_mm = most(
            (self.depth_commanded_max_mm, other.depth_commanded_max_mm)
        )
        self.depth_measured_max_mm = most((self.depth_measured_max_mm, other.depth_measured_max_mm))
        self.temperature_max_celsius = most(
            (self.temperature_max_celsius, other.temperature_max_celsius)
        )
        for place, weight in other.depth_bins.items():
            self.depth_bins[place] = self.depth_bins.get(place, 0) + weight
        self.limited |= other.limited

    def totals(self, energy_budget_mj: float | None = None) -> Totals:
        """Return the numbers as a verdict says them."""
        energy_mj, punctures = self.energy_delivered_mj, self.puncture_count
        return Totals(
            pass_count=len(self.passes) or None,
            contact_ms=round(self.contact_ms),
            stroke_count=min(COUNT_MAX, self.stroke_count),
            contact_stroke_count=min(COUNT_MAX, self.contact_stroke_count),
            puncture_count=punctures and min(COUNT_MAX, punctures),
            treatment_shot_count=self.treatment_shot_count,
            test_shot_count=self.test_shot_count,
            energy_delivered_mj=_told(energy_mj),
            energy_budget_mj=energy_budget_mj,
            contact_in_band_ms=round(self.in_band_ms) if self.limited else None,
            depth_commanded_max_mm=self.depth_commanded_max_mm,
            depth_measured_low_mm=self.depth_at(LOW_SHARE),
            depth_measured_median_mm=self.depth_at(MEDIAN_SHARE),
            depth_measured_high_mm=self.depth_at(HIGH_SHARE),
            depth_measured_max_mm=self.depth_measured_max_mm,
            temperature_max_celsius=self.temperature_max_celsius,
        )


def most(values: Iterable[float | None]) -> float | None:
    """Return the largest of the values that are known, or None."""
    return max((value for value in values if value is not None), default=None)


def _told(energy_mj: float | None) -> float | None:
    """Return an energy as a verdict says it; a sum that has become infinite is not known."""
    return None if energy_mj is None or not isfinite(energy_mj) else round(energy_mj, 3)


def _sum(a: N | None, b: N | None) -> N | None:
    return b if a is None else a if b is None else a + b
