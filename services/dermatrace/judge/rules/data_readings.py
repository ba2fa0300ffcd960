"""Rules about readings that cannot be, or do not fit together."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from dermatrace.judge.case import Case
from dermatrace.judge.defaults import (
    DEPTH_PLAUSIBLE,
    ENERGY_PLAUSIBLE,
    ENERGY_TOLERANCE,
    IMPEDANCE_PLAUSIBLE,
    POWER_PLAUSIBLE,
    PULSE_PLAUSIBLE,
    RATE_PLAUSIBLE,
    TEMPERATURE_PLAUSIBLE,
    Default,
)
from dermatrace.judge.readings import MJ_PER_W_MS
from dermatrace.judge.rules.budget import ceilings, is_above, said
from dermatrace.judge.rules.data_counters import COUNTER_RULES
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.rf import RfReading, SubPulse


class _Range(NamedTuple):
    """What a reading can be; None: without end."""

    what: str
    lower: Default
    upper: Default | None


_DEPTH: Final = _Range("depth", *DEPTH_PLAUSIBLE)
_RATE: Final = _Range("stroke rate", *RATE_PLAUSIBLE)
_DEPTH_MIN_MM, _DEPTH_MAX_MM = (bound.value for bound in DEPTH_PLAUSIBLE)
_RATE_MIN_HZ, _RATE_MAX_HZ = (bound.value for bound in RATE_PLAUSIBLE)
_POWER: Final = _Range("power", *POWER_PLAUSIBLE)
_PULSE: Final = _Range("pulse duration", *PULSE_PLAUSIBLE)
_ENERGY: Final = _Range("energy", ENERGY_PLAUSIBLE, None)
_IMPEDANCE: Final = _Range("impedance", *IMPEDANCE_PLAUSIBLE)
_TEMPERATURE: Final = _Range("temperature", *TEMPERATURE_PLAUSIBLE)
_IN_PULSE: Final = (
    ("power_commanded_w", _POWER),
    ("power_w", _POWER),
    ("duration_commanded_ms", _PULSE),
    ("duration_ms", _PULSE),
    ("energy_commanded_mj", _ENERGY),
    ("energy_delivered_mj", _ENERGY),
    ("impedance_before_ohm", _IMPEDANCE),
    ("impedance_start_ohm", _IMPEDANCE),
    ("impedance_min_ohm", _IMPEDANCE),
    ("impedance_end_ohm", _IMPEDANCE),
    ("temperature_max_celsius", _TEMPERATURE),
)


def _implausible_windows(case: Case) -> Iterable[Hit]:
    windows = case.windows
    if windows is None:
        return ()
    hits: tuple[Hit, ...] = ()
    # On skin only: in the air a sensor has nothing to read, and a motor runs up and down.
    for column in (windows.commanded, windows.measured, windows.peak):
        for depth_mm in windows.extremes(column) or ():
            if not _DEPTH_MIN_MM <= depth_mm <= _DEPTH_MAX_MM:
                hits += (_impossible(case, _DEPTH, depth_mm),)
    for rate_hz in windows.extremes(windows.rate) or ():
        if not _RATE_MIN_HZ <= rate_hz <= _RATE_MAX_HZ:
            hits += (_impossible(case, _RATE, rate_hz),)
    return hits


def _implausible_shot(case: Case) -> Iterable[Hit]:
    shot = case.shot
    if shot is None:
        return
    for depth_mm in (*shot.commanded, *shot.measured):
        yield from _outside(case, _DEPTH, depth_mm)
    for pulse in shot.pulses:
        for reading in (pulse, *(pulse.channels or ())):
            for name, allowed in _IN_PULSE:
                yield from _outside(case, allowed, getattr(reading, name))


def _implausible(case: Case) -> Iterable[Hit]:
    return _implausible_shot(case) if case.windows is None else _implausible_windows(case)


def _outside(case: Case, allowed: _Range, value: float | None) -> Iterator[Hit]:
    upper = allowed.upper
    if value is not None and (
        value < allowed.lower.value or (upper is not None and value > upper.value)
    ):
        yield _impossible(case, allowed, value)


def _impossible(case: Case, allowed: _Range, value: float) -> Hit:
    upper = allowed.upper
    is_low = value < allowed.lower.value or upper is None
    bound = allowed.lower if is_low or upper is None else upper
    way = "below" if is_low else "above"
    return Hit(
        sentence=f"A {allowed.what} of {said(value, bound.unit)} was reported, first at"
        f" {case.spot.name}: {way} the {said(bound.value, bound.unit)} that a working sensor can"
        " tell (a default). The reading is kept as it came.",
        about=f"{allowed.what} {way}",
        measured_value=value,
        limit_value=bound.value,
        unit=bound.unit,
    )


def _energy_mismatch(case: Case) -> Iterable[Hit]:
    shot = case.shot
    if shot is None:
        return
    for pulse in shot.pulses:
        factor = {"total": 1, "per_pin": case.needle_count}.get(pulse.energy_scope or "")
        yield from _against_power(case, pulse, factor)
        for channel in pulse.channels or ():
            yield from _against_power(case, channel, 1 if channel.energy_scope == "total" else None)
        yield from _against_channels(case, pulse)


def _against_power(case: Case, reading: RfReading, factor: int | None) -> Iterator[Hit]:
    """Compare energy with power times duration; without a known scope there is nothing to do."""
    energy_mj, power_w, duration_ms = (
        reading.energy_delivered_mj,
        reading.power_w,
        reading.duration_ms,
    )
    if energy_mj is None or power_w is None or duration_ms is None or factor is None:
        return
    yield from _mismatch(
        case, energy_mj * factor, power_w * duration_ms * MJ_PER_W_MS, "power times duration gives"
    )


def _against_channels(case: Case, pulse: SubPulse) -> Iterator[Hit]:
    channels = pulse.channels or ()
    parts = [channel.energy_delivered_mj for channel in channels]
    scopes = {pulse.energy_scope, *(channel.energy_scope for channel in channels)}
    known = [part for part in parts if part is not None]
    if scopes != {"total"} or len(known) < len(parts) or pulse.energy_delivered_mj is None:
        return
    if known:
        yield from _mismatch(case, pulse.energy_delivered_mj, sum(known), "its channels add up to")


def _mismatch(case: Case, told_mj: float, expected_mj: float, how: str) -> Iterator[Hit]:
    tolerance, whose = _tolerance(case)
    if not is_above(abs(told_mj - expected_mj), tolerance * abs(expected_mj)):
        return
    yield Hit(
        sentence=f"A pulse, first at {case.spot.name}, was said to have delivered"
        f" {said(told_mj, 'mJ')}; {how} {said(expected_mj, 'mJ')}. {said(100 * tolerance)} %"
        f" are allowed for ({whose}).",
        about=how,
        measured_value=round(told_mj, 3),
        limit_value=round(expected_mj, 3),
        unit="mJ",
    )


def _tolerance(case: Case) -> tuple[float, str]:
    model = case.context.device_model
    rated = model.rated.ratings if model is not None and model.rated is not None else None
    for ratings, whose in ((rated, "the model's rating"), (case.own_ratings, "the device's own")):
        if ratings is not None and ratings.energy_tolerance_fraction is not None:
            return ratings.energy_tolerance_fraction, whose
    for bound in ceilings(case.bounds("energy_tolerance")):
        if bound.upper is not None:
            return bound.upper, bound.whose
    return ENERGY_TOLERANCE.value, "a default"


_fact = partial(
    MomentRule, envelopes=("none",), nature="technical", persistence="one reading", clearing="never"
)

READING_RULES: Final[tuple[AnyRule, ...]] = (
    _fact(
        id="data.implausible",
        meaning="A sensor told something that cannot be: what else it told is in doubt.",
        priority="medium",
        source="Ranges chosen around what published devices and studies report; see the defaults",
        trust="U",
        when=("windows", "shot"),
        look=_implausible,
    ),
    _fact(
        id="data.energy_mismatch",
        meaning="The device's numbers for one pulse do not fit together: its energy is in doubt.",
        priority="low",
        source="Energy is power times time; how far it may be off is the device's tolerance",
        trust="D",
        when=("shot",),
        look=_energy_mismatch,
    ),
    *COUNTER_RULES,
)
