"""The treatments that are played: zones, passes, depths, energy.

Plans of pretend operators, not advice. Depth tables differ up to sixfold between sources, so the
numbers here only have to lie in the treatment's own range: to 0.25 mm for nano and cosmetic
needling, 0.5 to 2 mm for medical needling, within the console's range for RF.
"""

from dataclasses import dataclass
from typing import Final

from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Modality, Setting


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """One zone, and the depth set for each pass over it."""

    zone: str
    laterality: Laterality
    pass_depths_mm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Dose:
    """What each depth of an insertion is to receive."""

    energy_mj_per_pin: float
    power_w: float
    sub_pulse_count: int


@dataclass(frozen=True, slots=True)
class RfSettings:
    """What the operator sets on an RF console, and the test shots taken first."""

    dose: Dose
    test_dose: Dose
    test_shot_count: int
    test_zone: ZonePlan


@dataclass(frozen=True, slots=True)
class Treatment:
    """One of the treatments, as a plan to be played."""

    name: str
    modality: Modality
    setting: Setting
    zones: tuple[ZonePlan, ...]
    rf: RfSettings | None = None


def _cheeks(*depths_mm: float) -> tuple[ZonePlan, ZonePlan]:
    return ZonePlan("cheek", "left", depths_mm), ZonePlan("cheek", "right", depths_mm)


def _midline(zone: str, *depths_mm: float) -> ZonePlan:
    return ZonePlan(zone, "midline", depths_mm)


def _face(*depths_mm: float) -> tuple[ZonePlan, ...]:
    forehead, chin = _midline("forehead", *depths_mm), _midline("chin", *depths_mm)
    return forehead, *_cheeks(*depths_mm), chin


NANO_NEEDLING: Final = Treatment("nano-needling", "pen", "clinic", _face(0.2, 0.2))
COSMETIC_NEEDLING: Final = Treatment("cosmetic needling", "pen", "clinic", _face(0.2, 0.25))
COSMETIC_NEEDLING_HOME: Final = Treatment("cosmetic needling at home", "pen", "home", _face(0.2))
MEDICAL_NEEDLING: Final = Treatment(
    "medical needling",
    "pen",
    "clinic",
    (
        _midline("forehead", 0.5, 0.75),
        *_cheeks(1.0, 1.5),
        _midline("perioral", 0.5),
        _midline("chin", 0.75, 1.0),
        _midline("neck", 0.5),
    ),
)
MEDICAL_RF_NEEDLING: Final = Treatment(
    "medical RF needling",
    "rf",
    "clinic",
    (_midline("forehead", 1.5, 1.0), *_cheeks(2.0, 1.5), _midline("neck", 1.5)),
    # Four test shots at the temple before every session is a vendor's published routine. Energies
    # and power are chosen low in the range of 0 to 130 mJ a pin that devices speak of.
    RfSettings(
        dose=Dose(energy_mj_per_pin=30.0, power_w=15.0, sub_pulse_count=2),
        test_dose=Dose(energy_mj_per_pin=21.0, power_w=15.0, sub_pulse_count=2),
        test_shot_count=4,
        test_zone=ZonePlan("temple", "left", (1.0,)),
    ),
)

COSMETIC_NEEDLINGS: Final = (COSMETIC_NEEDLING, COSMETIC_NEEDLING_HOME)
TREATMENTS: Final = (NANO_NEEDLING, *COSMETIC_NEEDLINGS, MEDICAL_NEEDLING, MEDICAL_RF_NEEDLING)
