"""Readings held against the bands of the four envelopes, one side of one band a row.

What a band is worth in numbers stands in the registry and in the treatment protocol, never here.
"""

from functools import partial
from typing import Final

from dermatrace.judge.banding import CLEARING_STROKES_MIN
from dermatrace.judge.defaults import CLEARING_FACTOR, CLEARING_SHOTS, DEPTH_PERSISTENCE
from dermatrace.judge.rules import limits_rf
from dermatrace.judge.rules.row import AnyRule, BandRule
from dermatrace_schemas.finding import Envelope

_DEVICE_LABEL_PROTOCOL: Final[tuple[Envelope, ...]] = (
    "device_rating",
    "cleared_label",
    "clinic_protocol",
)
"""An operator's scope speaks of the greatest depth and of nothing else."""
_STROKES_ON_END: Final = (
    f"pens: as many contact strokes on end as the treatment protocol says, by default"
    f" {DEPTH_PERSISTENCE.value:g}"
)
_STROKES_WITHIN: Final = (
    f"pens: {CLEARING_FACTOR.value:g} times as many contact strokes within it, at least"
    f" {CLEARING_STROKES_MIN:,}"
)
_ONE_SHOT: Final = "RF: one shot"
_SHOTS_WITHIN: Final = f"RF: {CLEARING_SHOTS.value:g} shots in a row within it"

_depth = partial(
    BandRule,
    quantity="depth",
    nature="treatment",
    persistence=f"{_STROKES_ON_END}; {_ONE_SHOT}",
    clearing=f"{_STROKES_WITHIN}; {_SHOTS_WITHIN}",
    source="21 CFR 878.4430: maximum penetration depth is to be identified, its accuracy tested",
    trust="V",
)
_rate = partial(
    BandRule,
    quantity="stroke_rate",
    reading="value",
    what="stroke rate",
    envelopes=_DEVICE_LABEL_PROTOCOL,
    nature="treatment",
    persistence=_STROKES_ON_END,
    clearing=_STROKES_WITHIN,
    source="21 CFR 878.4430: puncture rate is to be identified, its accuracy tested",
    trust="V",
)
_rf = partial(
    BandRule,
    envelopes=_DEVICE_LABEL_PROTOCOL,
    nature="treatment",
    persistence=_ONE_SHOT,
    clearing=_SHOTS_WITHIN,
)
_energy = partial(
    _rf,
    source="FDA communication of 15 October 2025 on RF microneedling, as reported: burns, fat loss",
    trust="S",
)
_heat = partial(
    _rf,
    reading="value",
    side="above",
    priority="high",
    source="Studies of temperature-controlled systems: 52 to 72 degrees Celsius held for 3 to 5 s",
    trust="V",
)
_pulse = partial(
    _rf,
    quantity="pulse_duration",
    source="Cho 2024: pulses of 500 ms and 5,000 ms do different things to tissue",
    trust="V",
)
_impedance = partial(
    _rf,
    quantity="impedance_before",
    reading="value",
    what="impedance before the shot",
    source="Engineering judgement: open circuit reads very high, short circuit very low",
    trust="U",
)

DEPTH_RULES: Final = (
    _depth(
        id="depth.set_above",
        meaning="The device was set to let its needles out farther than allowed at that place.",
        reading="commanded",
        side="above",
        what="set depth",
        envelopes=(*_DEVICE_LABEL_PROTOCOL, "operator_scope"),
        priority="high",
    ),
    _depth(
        id="depth.set_below",
        meaning="The needles were set shorter than intended; the treatment may do less than hoped.",
        reading="commanded",
        side="below",
        what="set depth",
        envelopes=_DEVICE_LABEL_PROTOCOL,
        priority="low",
    ),
    _depth(
        id="depth.measured_above",
        meaning="The device itself reported its needles farther out than allowed at that place.",
        reading="measured",
        side="above",
        what="device-reported depth",
        envelopes=(*_DEVICE_LABEL_PROTOCOL, "operator_scope"),
        priority="high",
    ),
    _depth(
        id="depth.measured_below",
        meaning="The device reported its needles less far out than intended.",
        reading="measured",
        side="below",
        what="device-reported depth",
        envelopes=_DEVICE_LABEL_PROTOCOL,
        priority="low",
    ),
)
RATE_RULES: Final = (
    _rate(
        id="rate.above",
        meaning="The needles moved faster than allowed: more punctures in the same time.",
        side="above",
        priority="medium",
    ),
    _rate(
        id="rate.below",
        meaning="The needles moved slower than intended: fewer punctures in the same time.",
        side="below",
        # Not the device's rating: every motor loses some of its rated rate on skin.
        envelopes=("cleared_label", "clinic_protocol"),
        priority="low",
    ),
)
RF_RULES: Final = (
    _energy(
        id="energy.above",
        meaning="One insertion delivered more energy than allowed, which can burn.",
        quantity="energy_total",
        reading="measured",
        side="above",
        what="energy delivered by one insertion",
        priority="high",
    ),
    _energy(
        id="energy.below",
        meaning="One insertion delivered less energy than intended.",
        quantity="energy_total",
        reading="measured",
        side="below",
        what="energy delivered by one insertion",
        priority="low",
    ),
    _energy(
        id="energy.set_above",
        meaning="The device was set to more energy than allowed for one insertion.",
        quantity="energy_total",
        reading="commanded",
        side="above",
        what="set energy of one insertion",
        priority="high",
    ),
    _energy(
        id="energy_per_pin.above",
        meaning="Each needle delivered more energy than allowed, which can burn around it.",
        quantity="energy_per_pin",
        reading="measured",
        side="above",
        what="energy delivered per pin",
        priority="high",
    ),
    _energy(
        id="energy_per_pin.set_above",
        meaning="The device was set to more energy for each needle than allowed.",
        quantity="energy_per_pin",
        reading="commanded",
        side="above",
        what="set energy per pin",
        priority="high",
    ),
    _energy(
        id="power.above",
        meaning="The device delivered more power than allowed: the tissue heats up faster.",
        quantity="power",
        reading="measured",
        side="above",
        what="power delivered",
        priority="medium",
    ),
    _energy(
        id="power.set_above",
        meaning="The device was set to more power than allowed.",
        quantity="power",
        reading="commanded",
        side="above",
        what="set power",
        priority="medium",
    ),
    _pulse(
        id="pulse.longer",
        meaning="A pulse lasted longer than allowed: heat spreads farther from the needles.",
        reading="measured",
        side="above",
        what="pulse duration",
        priority="medium",
    ),
    _pulse(
        id="pulse.shorter",
        meaning="A pulse was shorter than intended; the treatment may do less than hoped.",
        reading="measured",
        side="below",
        what="pulse duration",
        priority="low",
    ),
    _pulse(
        id="pulse.set_longer",
        meaning="The device was set to longer pulses than allowed.",
        reading="commanded",
        side="above",
        what="set pulse duration",
        priority="medium",
    ),
    _heat(
        id="temperature.above",
        meaning="The needles got hotter than allowed, which can burn.",
        quantity="temperature",
        what="highest needle temperature",
    ),
    _heat(
        id="hold.longer",
        meaning="The target temperature was held longer than allowed, which can burn.",
        quantity="temperature_hold",
        what="time at target temperature",
    ),
    _impedance(
        id="impedance.above",
        meaning="The skin conducted worse than expected before a shot; contact may have been poor.",
        side="above",
        priority="low",
    ),
    _impedance(
        id="impedance.below",
        meaning="The skin conducted better than expected before a shot; needles may have touched.",
        side="below",
        priority="low",
    ),
)

RULES: Final[tuple[AnyRule, ...]] = (*DEPTH_RULES, *RATE_RULES, *RF_RULES, *limits_rf.RULES)
