"""The pretend devices: numbers of real device classes, under names that are plainly not real.

Every profile says where its numbers come from. A number without a public source is called
chosen: good enough to move a graph, not to be quoted.
"""

from dataclasses import dataclass
from typing import Final, Literal

from dermatrace_schemas.session import DeviceDescriptor, Insulation, Modality, Ratings

VENDOR: Final = "dermatrace simulator"


@dataclass(frozen=True, slots=True)
class PenTraits:
    """How a pen's motor and sensor behave."""

    stroke_rate_hz: float
    """What the motor holds in the air."""
    current_idle_ma: float
    current_contact_ma: float
    """Added at full contact."""


@dataclass(frozen=True, slots=True)
class RfTraits:
    """How an RF console delivers."""

    energy_scope: Literal["total", "per_pin"]
    depths_per_insertion: int
    depth_spacing_mm: float
    """Between the depths of one insertion, deepest first."""
    tip_side_mm: float


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One model of device, and where its numbers come from."""

    model: str
    ratings: Ratings
    needle_count: int
    source: str
    pen: PenTraits | None = None
    rf: RfTraits | None = None
    insulation: Insulation | None = None

    @property
    def modality(self) -> Modality:
        """A pen has the traits of a pen."""
        return "rf" if self.pen is None else "pen"

    @property
    def needle_length_mm(self) -> float | None:
        """No needle here is longer than the device lets it protrude."""
        return self.ratings.depth_max_mm

    def descriptor(self, serial: str) -> DeviceDescriptor:
        """Return what one device of this model says of itself."""
        return DeviceDescriptor(
            vendor=VENDOR,
            model=self.model,
            serial=serial,
            modality=self.modality,
            firmware="1.0.0-simulated",
            ratings=self.ratings,
        )


def _rated_pen(*, rates_hz: tuple[float, float], **depths_mm: float) -> Ratings:
    rates = {"stroke_rate_min_hz": rates_hz[0], "stroke_rate_max_hz": rates_hz[1]}
    return Ratings.model_validate({"depth_min_mm": 0.0, **depths_mm, **rates})


_RATED_CONSOLE: Final = Ratings(
    depth_min_mm=0.5, depth_max_mm=3.5, depth_step_mm=0.1, polarity="bipolar"
)


CONSTANT_RATE_PEN: Final = DeviceProfile(
    model="Constant Rate Pen",
    ratings=_rated_pen(depth_max_mm=2.5, depth_step_mm=0.25, rates_hz=(116.67, 116.67)),
    needle_count=14,
    pen=PenTraits(stroke_rate_hz=116.67, current_idle_ma=180.0, current_contact_ma=90.0),
    source=(
        "Class of the SkinPen Precision (De Novo DEN160029, 510(k) K202243). Depth 0 to 2.5 mm in "
        "0.25 mm steps, 14 needles and one continuous rate of 7,000 a minute (116.67 Hz) are "
        "secondary reports. No depth tolerance is published, so none is rated. Motor currents "
        "are chosen."
    ),
)

VARIABLE_RATE_PEN: Final = DeviceProfile(
    model="Variable Rate Pen",
    ratings=_rated_pen(
        depth_max_mm=1.5, depth_step_mm=0.1, depth_tolerance_mm=0.15, rates_hz=(100.0, 150.0)
    ),
    needle_count=6,
    pen=PenTraits(stroke_rate_hz=125.0, current_idle_ma=80.0, current_contact_ma=50.0),
    source=(
        "Class of the Exceed (510(k) K180778, K182407): cartridge to 1.5 mm, scale tolerance "
        "0.15 mm either way, 100 to 150 Hz set on a keypad, 6 needles, motor supply 150 mA: "
        "published. The step, the rate set here and the currents below that supply are chosen."
    ),
)

NANO_HOME_PEN: Final = DeviceProfile(
    model="Nano Home Pen",
    ratings=_rated_pen(depth_max_mm=0.25, depth_step_mm=0.05, rates_hz=(90.0, 90.0)),
    needle_count=12,
    pen=PenTraits(stroke_rate_hz=90.0, current_idle_ma=60.0, current_contact_ma=35.0),
    source=(
        "No cleared device of this class is published. 0.25 mm is the convention of the trade; "
        "90 Hz is the slowest pen reported (the 2012 Dermapen, FDA warning letter DEN-15-05 WL, "
        "rate from a trade guide). Needles, step and currents are chosen."
    ),
)

SINGLE_DEPTH_CONSOLE: Final = DeviceProfile(
    model="Single Depth RF Console",
    ratings=_RATED_CONSOLE.model_copy(update={"power_max_w": 65.0, "carrier_mhz": 2.0}),
    needle_count=25,
    insulation="non_insulated",
    rf=RfTraits("total", depths_per_insertion=1, depth_spacing_mm=0.0, tip_side_mm=10.0),
    source=(
        "Class of the Scarlet SRF (510(k) K180872) and its kind. 25 non-insulated needles are "
        "published for the EndyMed Intensif with 0 to 65 W, pulsed bipolar 2 MHz without "
        "insulation by Kim and Lee 2017, 0.5 to 3.5 mm for Secret RF (NCT03426098, trade press). "
        "That one console has all of these, its depth step and its tip's side are chosen."
    ),
)

MULTI_DEPTH_CONSOLE: Final = DeviceProfile(
    model="Multi Depth RF Console",
    ratings=_RATED_CONSOLE,
    needle_count=49,
    insulation="insulated",
    rf=RfTraits("per_pin", depths_per_insertion=3, depth_spacing_mm=0.5, tip_side_mm=12.0),
    source=(
        "Class of the Profound Matrix (510(k) K211217, K240070): 7 x 7 grid, bipolar, up to three "
        "depths in one insertion, at most 3.5 mm: published. Carrier and power are not published "
        "and stay unset; insulation, depth step, spacing and tip side are chosen."
    ),
)

PENS: Final = (CONSTANT_RATE_PEN, VARIABLE_RATE_PEN, NANO_HOME_PEN)
PROFILES: Final = (*PENS, SINGLE_DEPTH_CONSOLE, MULTI_DEPTH_CONSOLE)
