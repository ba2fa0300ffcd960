"""What can be limited, in which unit; and what a limit is.

A limit says its quantity, its unit and where it comes from. A number without these cannot be
written down here, so it can never be inherited, guessed or taken for another unit.
"""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import LongText, ZoneCode
from dermatrace_schemas.treatment import Phototype, Trust

ZONES_PER_BAND_MAX = 60
"""Zones one band lists; a longer list is refused."""

Unit = Literal["mm", "Hz", "W", "ms", "s", "d", "a", "mJ", "J", "Ohm", "Cel", "1"]
"""UCUM codes; `1` is a count or a fraction, `a` is a year."""

Quantity = Literal[
    "age",
    "contact_time",
    "data_coverage",
    "depth",
    "dose_per_zone",
    "energy_per_pin",
    "energy_tolerance",
    "energy_total",
    "impedance_before",
    "interval",
    "needle_count",
    "pain_score",
    "pass_count",
    "persistence",
    "power",
    "pulse_duration",
    "pulse_stacking_interval",
    "puncture_count",
    "session_count",
    "shot_count",
    "stroke_count",
    "stroke_rate",
    "temperature",
    "temperature_hold",
    "test_shot_count",
]

UNIT_OF: Final[dict[Quantity, Unit]] = {
    "age": "a",
    "contact_time": "s",
    "data_coverage": "1",
    "depth": "mm",
    "dose_per_zone": "J",
    "energy_per_pin": "mJ",
    "energy_tolerance": "1",
    "energy_total": "mJ",
    "impedance_before": "Ohm",
    "interval": "d",
    "needle_count": "1",
    "pain_score": "1",
    "pass_count": "1",
    "persistence": "1",
    "power": "W",
    "pulse_duration": "ms",
    "pulse_stacking_interval": "s",
    "puncture_count": "1",
    "session_count": "1",
    "shot_count": "1",
    "stroke_count": "1",
    "stroke_rate": "Hz",
    "temperature": "Cel",
    "temperature_hold": "ms",
    "test_shot_count": "1",
}
"""The one unit of each quantity. `persistence` counts consecutive strokes; `data_coverage` and
`energy_tolerance` are fractions."""

QUANTITIES: Final[tuple[Quantity, ...]] = get_args(Quantity)
_UNIT_WORDS: Final[dict[Unit, str]] = {"1": "", "Ohm": "ohm", "Cel": "°C"}


def unit_word(unit: Unit) -> str:
    """Return a unit as people write it; of a count or a fraction, nothing."""
    return _UNIT_WORDS.get(unit, unit)


class Source(Closed):
    """Where a statement comes from, and how far that can be trusted."""

    source: LongText
    """A text another person can look up; for an unset limit, why no source was suitable."""
    trust: Trust


class Limit(Source):
    """One number with its unit and its source, or the statement that it must be entered."""

    quantity: Quantity
    unit: Unit
    """Must be the unit of the quantity; it is written out so that nobody has to guess."""
    value: float | None
    """Null: no suitable source is known and the director must enter it. Nothing is judged by it."""

    @model_validator(mode="after")
    def _unit_belongs_to_quantity(self) -> Self:
        unit = UNIT_OF[self.quantity]
        if self.unit != unit:
            raise ValueError(f"{self.quantity} is limited in {unit}, not in {self.unit}")
        return self


class Band(Closed):
    """Where one quantity must stay, for some zones and phototypes or for all.

    A floor is no ceiling: a band with only `lower` allows everything above it.
    """

    zones: Annotated[list[ZoneCode], Field(min_length=1, max_length=ZONES_PER_BAND_MAX)] | None = (
        None
    )
    """Null: every zone without a band of its own for this quantity."""
    phototypes: Annotated[list[Phototype], Field(min_length=1, max_length=6)] | None = None
    """Null: every phototype."""
    lower: Limit | None = None
    upper: Limit | None = None

    @property
    def quantity(self) -> Quantity:
        """What the band limits."""
        limit = self.lower or self.upper
        assert limit is not None  # noqa: S101  a band without any limit cannot be made
        return limit.quantity

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        lower, upper = self.lower, self.upper
        if lower is None and upper is None:
            raise ValueError("a band needs lower, upper or both")
        if lower is None or upper is None:
            return self
        if lower.quantity != upper.quantity:
            raise ValueError(f"lower limits {lower.quantity}, upper limits {upper.quantity}")
        if lower.value is not None and upper.value is not None and lower.value > upper.value:
            raise ValueError(f"lower {lower.value} is above upper {upper.value}")
        return self


def bands_at(
    bands: Iterable[Band], quantity: Quantity, zone: str | None, phototype: str | None
) -> list[Band]:
    """Return the bands that speak of a quantity in a zone: its own, else those of every zone.

    A band for certain phototypes applies only if the phototype is known to be one of them.
    """
    fitting = [
        band
        for band in bands
        if band.quantity == quantity and (band.phototypes is None or phototype in band.phototypes)
    ]
    own = [band for band in fitting if band.zones is not None and zone in band.zones]
    return own or [band for band in fitting if band.zones is None]
