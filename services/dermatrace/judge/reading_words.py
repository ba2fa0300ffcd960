"""The readings a finding rests on, in words: which to show, when they were, what they say. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from dermatrace.device_clock import DeviceClock, plausible_ms
from dermatrace.judge.banding import Watch, column_of, values_of
from dermatrace.judge.case import Case
from dermatrace.judge.readings import Column, Shot, Windows, shot_of, windows_of
from dermatrace.judge.rules.budget import said
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, SessionStarted, SessionStopped, ZoneEntered

READINGS_SHOWN_MAX: Final = 6
"""Readings shown one by one: the first, the last, the farthest, then the next ones; of the others
it is said how many they are."""

_DEPTHS: Final = ("set depth", "device-reported depth")

ClockTrust: TypeAlias = Literal["plausible", "anchored", "unknown", "stepped"]
"""plausible: the device's own wall clock. anchored: its uptime, and the offset another document of
the same start has shown. unknown: no time. stepped: the wall clock jumped in this session."""


@dataclass(frozen=True, slots=True)
class Value:
    """One thing a document says: a number, or a stretch of them, or a word."""

    name: str
    text: str
    low: float | None = None
    high: float | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One document, and the entry that brought it."""

    seq: int
    at_ms: int | None
    clock: ClockTrust
    values: tuple[Value, ...]
    entry_id: int
    entry_hash: str


@dataclass(frozen=True, slots=True)
class Found:
    """A document of the session and where it lies in the journal."""

    document: StreamDocument
    entry_id: int
    entry_hash: str


@dataclass(slots=True)
class Picker:
    """Chooses what to show of a stretch of documents, seeing each once; holds few of them."""

    case: Case
    watch: Watch | None
    """What raised the finding, if it compared readings with a band."""
    spot: Spot = NOWHERE
    """Where the finding is; with a watch only readings there count."""
    count: int = 0
    _first: list[Found] = field(default_factory=list)
    _last: Found | None = None
    _farthest: tuple[float, Found] | None = None

    def take(self, told: Found) -> None:
        """Look at the next document, in the order of numbers."""
        value = None
        if self.watch is not None:
            value = _extreme(self.watch, told.document, self.case)
            if value is None or self._spot_of(told.document) != self.spot:
                return
        self.count += 1
        if len(self._first) < READINGS_SHOWN_MAX:
            self._first.append(told)
        self._last = told
        if self.watch is not None and value is not None:
            known = None if self._farthest is None else self._farthest[0]
            if self.watch.is_farther(value, known):
                self._farthest = value, told

    def readings(self) -> tuple[Reading, ...]:
        """Return what to show, in order."""
        chosen = [told for told in (self._last, self._farthest and self._farthest[1]) if told]
        shown = {told.document.seq: told for told in chosen}
        for told in self._first:
            if len(shown) < READINGS_SHOWN_MAX:
                shown.setdefault(told.document.seq, told)
        return tuple(self._worded(told) for _, told in sorted(shown.items()))

    def _worded(self, told: Found) -> Reading:
        at_ms, trust = time_of(self.case.state.clock, told.document)
        values = tuple(values_in(told.document, self.case, self.watch))
        return Reading(told.document.seq, at_ms, trust, values, told.entry_id, told.entry_hash)

    def _spot_of(self, document: StreamDocument) -> Spot:
        place = document.place if isinstance(document, NeedlingWindows | RfShot) else None
        return self.case.place_of(document.seq, place)[0]


def time_of(clock: DeviceClock, document: StreamDocument) -> tuple[int | None, ClockTrust]:
    """Return when a document's fact happened by the device's clock, and how far that holds."""
    at_ms = clock.at_ms(document)
    if at_ms is None:
        return None, "unknown"
    if clock.stepped:
        return at_ms, "stepped"
    return at_ms, "anchored" if plausible_ms(document.wall_time_ms) is None else "plausible"


def values_in(document: StreamDocument, case: Case, watch: Watch | None) -> Iterator[Value]:
    """Yield what a document says, what the finding is about first."""
    match document:
        case NeedlingWindows():
            windows = windows_of(document)
            if watch is not None:
                yield from _in_column(watch.rule.what, windows, column_of(watch, windows), watch)
            yield from _of_windows(windows, watch)
        case RfShot():
            shot = shot_of(document, case.needle_count)
            if watch is not None:
                yield from _numbers(watch.rule.what, values_of(watch, shot), watch.bound.unit)
            yield from _of_shot(document, shot, watch)
        case _:
            yield from _of_event(document)


def _extreme(watch: Watch, document: StreamDocument, case: Case) -> float | None:
    """Return the value of a document that is farthest to the wrong side; None if it has none."""
    values: Sequence[float] = ()
    if isinstance(document, NeedlingWindows):
        windows = windows_of(document)
        values = windows.extremes(column_of(watch, windows)) or ()
    elif isinstance(document, RfShot):
        values = values_of(watch, shot_of(document, case.needle_count))
    if not values:
        return None
    return max(values) if watch.rule.side == "above" else min(values)


def _of_windows(windows: Windows, watch: Watch | None) -> Iterator[Value]:
    columns: tuple[tuple[str, Column | None, Unit], ...] = (
        ("set depth", windows.commanded, "mm"),
        ("device-reported depth", windows.measured, "mm"),
        ("stroke rate", windows.rate, "Hz"),
    )
    for name, column, unit in columns:
        if _is_shown(name, watch):
            yield from _numbers(name, windows.extremes(column) or (), unit)
    yield from _numbers("contact strokes", (sum(windows.contact_strokes),), "1")


def _in_column(name: str, windows: Windows, column: Column | None, watch: Watch) -> Iterator[Value]:
    yield from _numbers(name, windows.extremes(column) or (), watch.bound.unit)


def _of_shot(document: RfShot, shot: Shot, watch: Watch | None) -> Iterator[Value]:
    known: tuple[tuple[str, Iterable[float | None], Unit], ...] = (
        ("set depth", shot.commanded, "mm"),
        ("device-reported depth", shot.measured, "mm"),
        ("energy delivered by one insertion", (shot.energy_delivered_mj,), "mJ"),
        ("highest needle temperature", (shot.temperature_max_celsius,), "Cel"),
    )
    if document.purpose is not None:
        yield Value("shot", document.purpose)
    for name, values, unit in known:
        if _is_shown(name, watch):
            yield from _numbers(name, [value for value in values if value is not None], unit)


def _is_shown(name: str, watch: Watch | None) -> bool:
    """Whether a value stands beside what the finding is about: of a depth, the other depth."""
    if watch is None:
        return True
    return name != watch.rule.what and watch.rule.quantity == "depth" and name in _DEPTHS


def _of_event(document: StreamDocument) -> Iterator[Value]:
    match document:
        case SessionStarted(device=device):
            yield Value("device", f"{device.vendor} {device.model}")
        case SessionStopped(outcome=outcome):
            yield Value("outcome", outcome or "not told")
        case ZoneEntered(place=place):
            yield Value("zone", Spot.of(place).name)
        case DeviceEvent(event=event, fault_code=code):
            yield Value("event", event.replace("_", " ") if code is None else code)


def _numbers(name: str, values: Iterable[float], unit: Unit) -> Iterator[Value]:
    held = list(values)
    if not held:
        return
    low, high = min(held), max(held)
    text = said(high, unit) if low == high else f"{said(low)} to {said(high, unit)}"
    yield Value(name, text, low, high, unit)
