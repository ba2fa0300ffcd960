"""One document's readings, brought into the form the rules ask about; done once a document."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Final, Literal, NamedTuple, cast

from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfReading, RfShot, SubPulse

Column = Sequence[float | None]
EnergyName = Literal["energy_commanded_mj", "energy_delivered_mj"]
MJ_PER_W_MS: Final = 1.0
"""One watt for one millisecond is one millijoule."""
MS_PER_S: Final = 1_000
NOMINAL_WINDOW_MS: Final = 100
"""Taken for the length of a window if the device does not say it and there is only one."""
STROKES_PER_WINDOW_MAX: Final = 2**31
"""Strokes worked out from a stroke rate are cut off here, as the contract cuts off counted ones."""


@dataclass(slots=True)
class Windows:
    """The windows of one document; only those in contact count as treatment."""

    strokes: list[int]
    """Strokes of each window, in contact or not."""
    contact_strokes: list[int]
    """Strokes with the tip on skin: all of them where the device does not measure contact."""
    contact_ms: float
    commanded: Column | None
    measured: Column | None
    rate: Column | None
    peak: Column | None
    """Greatest depth measured within each window."""
    length_ms: float = NOMINAL_WINDOW_MS
    """Of each window."""
    contact_stroke_count: int = field(init=False)
    """Strokes with the tip on skin, of all windows."""
    _is_partly_off: bool = field(init=False)
    _extremes: dict[int, tuple[float, float] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add up what is asked for again and again."""
        self.contact_stroke_count = sum(self.contact_strokes)
        self._is_partly_off = 0 in self.contact_strokes

    @property
    def is_all_on_skin(self) -> bool:
        """Whether every window had strokes on skin."""
        return not self._is_partly_off

    def extremes(self, column: Column | None) -> tuple[float, float] | None:
        """Return the smallest and the largest value of a column over windows in contact."""
        if column is None:
            return None
        name = id(column)  # several rules ask for the same column of the same document
        if name in self._extremes:
            return self._extremes[name]
        held = list(compress(column, self.contact_strokes)) if self._is_partly_off else column
        found = self._extremes[name] = _extremes_of(cast("Sequence[float]", held))
        return found


def _extremes_of(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the smallest and the largest value; nulls, which are rare, cannot be compared."""
    try:
        lowest = min(values, default=None)
        if lowest is not None:
            return lowest, max(values)
    except TypeError:
        return _extremes_of([value for value in values if value is not None])
    return None  # nothing, or a single null


def windows_of(document: NeedlingWindows) -> Windows:
    """Bring the columns of a document together.

    Nothing unknown is taken for nothing. A stroke count that is null follows from the stroke rate;
    if that is unknown too, a window measured on skin had one stroke, the least there can have been.
    A contact fraction that is null is contact, as everywhere where the device does not measure it.
    """
    length_ms = window_length_ms(document)
    counts = _counts(document, length_ms)
    is_counted = None not in counts
    strokes = cast("list[int]", counts) if is_counted else [n or 0 for n in counts]
    fractions = document.contact_fraction
    if fractions is None:
        contact, contact_ms = strokes, length_ms * (len(strokes) - strokes.count(0))
    else:
        shares = _shares(fractions)
        whole = sum(shares)
        if whole == len(shares):
            contact = list(strokes)
        elif whole == 0.0:
            contact = [0] * len(shares)
        else:
            contact = [round(n * share) for n, share in zip(strokes, shares, strict=True)]
        contact_ms = whole * length_ms
        if not is_counted:
            for place, share in enumerate(fractions):
                if counts[place] is None and share is not None and share > 0.0:
                    contact[place] = 1
    return Windows(
        strokes,
        contact,
        contact_ms,
        document.depth_commanded_mm,
        document.depth_measured_median_mm,
        document.stroke_rate_hz,
        document.depth_measured_max_mm,
        length_ms,
    )


def _shares(fractions: Sequence[float | None]) -> Sequence[float]:
    """Return the shares of windows on skin, from nought to one."""
    if None not in fractions:
        known = cast("Sequence[float]", fractions)
        if min(known) >= 0.0 and max(known) <= 1.0:
            return known
    return [1.0 if share is None else min(1.0, max(0.0, share)) for share in fractions]


def window_length_ms(document: NeedlingWindows) -> float:
    """Return the length of a window: as stated, else from the distance of the windows."""
    if document.window_ms is not None:
        return float(document.window_ms)
    offsets = document.offset_ms
    if len(offsets) < 2:  # noqa: PLR2004  one window has no distance
        return float(NOMINAL_WINDOW_MS)
    return (offsets[-1] - offsets[0]) / (len(offsets) - 1)


def _counts(document: NeedlingWindows, length_ms: float) -> list[int | None]:
    """Return the strokes of each window: as counted, else as many as the rate makes, else None."""
    counted, rate = document.stroke_count, document.stroke_rate_hz
    if counted is not None and (rate is None or None not in counted):
        return counted
    if rate is None:
        return [None] * len(document.offset_ms)
    made = [None if hz is None else _strokes(hz, length_ms) for hz in rate]
    if counted is None:
        return made
    return [n if other is None else other for n, other in zip(made, counted, strict=True)]


def _strokes(rate_hz: float, length_ms: float) -> int:
    strokes = rate_hz * length_ms / MS_PER_S
    return round(min(float(STROKES_PER_WINDOW_MAX), max(0.0, strokes)))


@dataclass(slots=True)
class Shot:
    """One insertion, with its energies in one scope."""

    treatment: bool
    """Anything that is not said to be a test is treatment."""
    commanded: list[float]
    measured: list[float]
    pulses: list[SubPulse]
    energy_commanded_mj: float | None
    """In total over the insertion; None if any sub-pulse leaves its scope or value open."""
    energy_delivered_mj: float | None
    energy_per_pin_commanded_mj: float | None
    """The same for one pin; None if neither the scope nor the pin count tells it."""
    energy_per_pin_delivered_mj: float | None
    power_w: float | None
    """Largest mean power of a sub-pulse."""
    power_commanded_w: float | None
    duration_ms: float | None
    """Longest sub-pulse."""
    duration_commanded_ms: float | None
    temperature_max_celsius: float | None
    temperature_hold_ms: float | None
    impedance_before_ohm: float | None


def shot_of(document: RfShot, pin_count: int | None) -> Shot:
    """Bring an insertion's depths and sub-pulses together; channels count as part of theirs."""
    pulses = [pulse for depth in document.depths for pulse in depth.sub_pulses]
    readings: list[RfReading] = []
    for pulse in pulses:
        readings.append(pulse)
        readings += pulse.channels or ()
    commanded = _energy(pulses, "energy_commanded_mj", pin_count)
    delivered = _energy(pulses, "energy_delivered_mj", pin_count)
    return Shot(
        treatment=document.purpose != "test",
        commanded=[
            d.depth_commanded_mm for d in document.depths if d.depth_commanded_mm is not None
        ],
        measured=[d.depth_measured_mm for d in document.depths if d.depth_measured_mm is not None],
        pulses=pulses,
        energy_commanded_mj=commanded.total_mj,
        energy_delivered_mj=delivered.total_mj,
        energy_per_pin_commanded_mj=commanded.per_pin_mj,
        energy_per_pin_delivered_mj=delivered.per_pin_mj,
        power_w=_most([r.power_w for r in readings]),
        power_commanded_w=_most([r.power_commanded_w for r in readings]),
        duration_ms=_most([r.duration_ms for r in readings]),
        duration_commanded_ms=_most([r.duration_commanded_ms for r in readings]),
        temperature_max_celsius=_most([r.temperature_max_celsius for r in readings]),
        temperature_hold_ms=_most([r.temperature_hold_ms for r in readings]),
        impedance_before_ohm=next(
            (r.impedance_before_ohm for r in readings if r.impedance_before_ohm is not None), None
        ),
    )


class _Energy(NamedTuple):
    """An energy in both scopes; None where it is not known."""

    total_mj: float | None
    per_pin_mj: float | None


_UNKNOWN: Final = _Energy(None, None)


def _energy(pulses: Sequence[SubPulse], name: EnergyName, pin_count: int | None) -> _Energy:
    """Add up an energy over sub-pulses; one that is not known leaves the sum unknown."""
    total_mj: float | None = 0.0
    per_pin_mj: float | None = 0.0
    for pulse in pulses:
        of_pulse = _energy_of(pulse, name, pin_count)
        total_mj, per_pin_mj = _sum(total_mj, of_pulse[0]), _sum(per_pin_mj, of_pulse[1])
    return _Energy(total_mj, per_pin_mj) if pulses else _UNKNOWN


def _energy_of(pulse: SubPulse, name: EnergyName, pin_count: int | None) -> _Energy:
    """Return one sub-pulse's energy: its own, else what its channels make of it."""
    energy_mj: float | None = getattr(pulse, name)
    if energy_mj is None:
        return _energy_of_channels(pulse, name, pin_count)
    if pulse.energy_scope == "total":
        return _Energy(energy_mj, None if pin_count is None else energy_mj / pin_count)
    if pulse.energy_scope == "per_pin":
        return _Energy(None if pin_count is None else energy_mj * pin_count, energy_mj)
    return _UNKNOWN


def _energy_of_channels(pulse: SubPulse, name: EnergyName, pin_count: int | None) -> _Energy:
    """Add up the channels' energies, each in its own scope, else in that of the sub-pulse.

    If they are told per pin, the pin that got most counts; how many pins a channel has, and with it
    the total, is not known.
    """
    channels = pulse.channels or ()
    scopes = {channel.energy_scope or pulse.energy_scope for channel in channels}
    parts: list[float | None] = [getattr(channel, name) for channel in channels]
    known_mj = [part for part in parts if part is not None]
    if not known_mj or len(known_mj) < len(parts):
        return _UNKNOWN
    if scopes == {"total"}:
        whole_mj = sum(known_mj)
        return _Energy(whole_mj, None if pin_count is None else whole_mj / pin_count)
    return _Energy(None, max(known_mj)) if scopes == {"per_pin"} else _UNKNOWN


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _most(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
