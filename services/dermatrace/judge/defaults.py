"""What the judge assumes where neither device, label nor treatment protocol says anything.

Each is a limit like any other: with unit, source and trust mark, shown as a default wherever it
takes part, and part of the rule set's digest. A treatment protocol replaces what it names itself.
"""

from dataclasses import dataclass
from typing import Final

from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.treatment import Trust


@dataclass(frozen=True, slots=True)
class Default:
    """One assumed number."""

    name: str
    value: float
    unit: Unit
    source: str
    trust: Trust


DEPTH_TOLERANCE: Final = Default(
    "depth_tolerance", 0.15, "mm", "510(k) K182407 (Exceed), scale tolerance either way", "V"
)
"""Half width allowed to measured depths of a device that states none; never to commanded ones."""
DEPTH_PERSISTENCE: Final = Default(
    "depth_persistence",
    120.0,
    "1",
    "Chosen: about one second of strokes at the 117 Hz reported for one pen; no study gives one",
    "U",
)
"""Consecutive contact strokes beyond a band before it is a finding."""
CLEARING_FACTOR: Final = Default(
    "clearing_factor",
    10.0,
    "1",
    "Chosen: what has lasted a second must have been over for ten before it can be raised again",
    "U",
)
"""Times the persistence: consecutive contact strokes within the band before a finding clears."""
CLEARING_SHOTS: Final = Default(
    "clearing_shots",
    10.0,
    "1",
    "Chosen: a finding of one shot ends after this many shots in a row without it",
    "U",
)
STALL_RATE: Final = Default(
    "stall_rate", 60.0, "Hz", "Engineering judgement: below it a pen's motor counts as stalled", "U"
)
RATE_DROOP: Final = Default(
    "rate_droop",
    0.25,
    "1",
    "Engineering judgement: 2 to 10 % are lost on skin; more than this is a failing motor",
    "U",
)
"""Share of the session's own rate in the air lost in contact."""
ENERGY_TOLERANCE: Final = Default(
    "energy_tolerance",
    0.2,
    "1",
    "Often quoted for the output power of electrosurgical devices; not verified",
    "U",
)
"""Energy stated may differ by this share from power times duration."""
IMPEDANCE_BAND: Final = Default(
    "impedance_band",
    0.4,
    "1",
    "Proposed: fixed ranges are of surface electrodes, so the session's own median is the measure",
    "U",
)
"""Share either side of the session's own running median of impedance before a shot."""
IMPEDANCE_RISE: Final = Default(
    "impedance_rise",
    1.0,
    "1",
    "Chosen: impedance falls within a pulse (Harth and Lischinsky); an end at twice the start or "
    "more is drying tissue or a lost contact",
    "U",
)
"""Share by which impedance at a pulse's end may exceed that at its start."""
IMPEDANCE_SHOTS_MIN: Final = Default(
    "impedance_shots_min",
    10.0,
    "1",
    "Chosen: a median of fewer shots says little of what is usual in a session",
    "U",
)
"""Shots whose impedance must be known before another one is compared with their median."""
STACKING_DISTANCE: Final = Default(
    "stacking_distance",
    5.0,
    "mm",
    "Chosen: half the side of a 10 mm tip; no device tells the side of its tip",
    "U",
)
"""Two shots nearer than this, centre to centre, are on one spot."""

NOT_MEDICAL_DEPTH: Final = Default(
    "not_medical_depth",
    0.25,
    "mm",
    "Convention of trade and licensing; the FDA guidance of 10 November 2020 sets no depth",
    "S",
)
"""Set depth above which needling wants to be classified where no law is on record."""


def _between(
    name: str, lower: float, upper: float, unit: Unit, source: str, trust: Trust = "U"
) -> tuple[Default, Default]:
    """Return the two ends of a range."""
    return (
        Default(f"{name}_min", lower, unit, source, trust),
        Default(f"{name}_max", upper, unit, source, trust),
    )


DEPTH_PLAUSIBLE: Final = _between(
    "depth_plausible", 0.0, 10.0, "mm", "Chosen: no needle of a known device reaches beyond 8 mm"
)
"""Outside of these ranges a reading is taken for a fault of the sensor; it is kept all the same."""
RATE_PLAUSIBLE: Final = _between(
    "stroke_rate_plausible", 10.0, 250.0, "Hz", "Chosen around the 90 to 150 Hz of published pens"
)
POWER_PLAUSIBLE: Final = _between(
    "power_plausible", 0.0, 100.0, "W", "Chosen around the 0 to 65 W of a published console"
)
PULSE_PLAUSIBLE: Final = _between(
    "pulse_plausible",
    1.0,
    5_000.0,
    "ms",
    "Chosen: the longest published pulses last 5,000 ms (Cho 2024)",
)
ENERGY_PLAUSIBLE: Final = Default(
    "energy_plausible_min", 0.0, "mJ", "No pulse delivers less than nothing", "D"
)
IMPEDANCE_PLAUSIBLE: Final = _between(
    "impedance_plausible",
    10.0,
    5_000.0,
    "Ohm",
    "Chosen wide around the 215 to 584 Ohm measured with surface electrodes",
)
TEMPERATURE_PLAUSIBLE: Final = _between(
    "temperature_plausible",
    20.0,
    100.0,
    "Cel",
    "Chosen around the 52 to 72 degrees of published studies; beyond 100 water boils",
)
COUNTER_TOLERANCE: Final = Default(
    "counter_tolerance",
    0.001,
    "1",
    "Chosen: what rounding each shot's energy leaves in the sum of a session",
    "U",
)
"""Share by which a device's own sum of energy may differ from that of its shots."""
STALL_TIME: Final = Default(
    "stall_time", 1.0, "s", "Chosen: about as long as the strokes of the depth persistence", "U"
)
"""Time on skin below the stall rate before it is a finding."""

DEFAULTS: Final = (
    DEPTH_TOLERANCE,
    DEPTH_PERSISTENCE,
    CLEARING_FACTOR,
    CLEARING_SHOTS,
    STALL_RATE,
    RATE_DROOP,
    ENERGY_TOLERANCE,
    IMPEDANCE_BAND,
    IMPEDANCE_RISE,
    IMPEDANCE_SHOTS_MIN,
    STACKING_DISTANCE,
    NOT_MEDICAL_DEPTH,
    *DEPTH_PLAUSIBLE,
    *RATE_PLAUSIBLE,
    *POWER_PLAUSIBLE,
    *PULSE_PLAUSIBLE,
    ENERGY_PLAUSIBLE,
    *IMPEDANCE_PLAUSIBLE,
    *TEMPERATURE_PLAUSIBLE,
    COUNTER_TOLERANCE,
    STALL_TIME,
)
