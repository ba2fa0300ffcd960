"""What a running session's own documents add up to for a glance. Pure: no clock, no files.

The order in which documents arrive plays no part: counts add up, and of everything that changes the
document with the highest number holds. So a console that was started again shows the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from dermatrace.device_clock import plausible_ms
from dermatrace.judge.readings import shot_of, window_length_ms, windows_of
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import (
    DeviceEvent,
    Place,
    SessionStarted,
    SessionStopped,
    Tip,
)

NOT_YET: Final = -1
"""Number of a document that has not been seen."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest thing the needles did, as the device reports it; None where it reports nothing."""

    seq: int
    boot_id: str
    ends_uptime_ms: int
    depth_set_mm: float | None = None
    depth_reported_mm: float | None = None
    """Of the newest window on skin, or of the deepest step of a shot."""
    is_on_skin: bool = True
    stroke_rate_hz: float | None = None
    energy_set_mj: float | None = None
    energy_delivered_mj: float | None = None
    energy_per: str = "shot"
    """What both energies are for: `pin` where the device tells that, else the whole shot."""
    impedance_ohm: float | None = None
    temperature_celsius: float | None = None


@dataclass(slots=True)
class _Boot:
    first_uptime_ms: int
    last_uptime_ms: int
    arrives_after_ms: int
    """The least that reception by the recorder's clock was ahead of the device's running time."""


@dataclass(slots=True)
class LiveReadings:
    """One session so far."""

    started: SessionStarted | None = None
    stopped: SessionStopped | None = None
    stroke_count: int = 0
    """On skin."""
    shot_count: int = 0
    """Treatment shots; test shots are counted apart."""
    test_shot_count: int = 0
    has_touched_skin: bool = False
    newest_seq: int = NOT_YET
    last_received_ms: int = 0
    _newest: tuple[str, int, int | None] = ("", 0, None)
    """Boot, end by running time, wall clock there: of the newest document."""
    _place: tuple[int, Place | None] = (NOT_YET, None)
    _pause: tuple[int, bool] = (NOT_YET, False)
    _tip: tuple[int, Tip | None] = (NOT_YET, None)
    _boots: dict[str, _Boot] = field(default_factory=dict)
    _read: NeedlingWindows | RfShot | None = None

    def take(self, document: StreamDocument, received_ms: int) -> None:
        """Add one document; each comes once."""
        ends_ms = document.uptime_ms + _span_ms(document)
        self._note_boot(document, ends_ms, received_ms)
        self.last_received_ms = max(self.last_received_ms, received_ms)
        if document.seq > self.newest_seq:
            wall_ms = plausible_ms(document.wall_time_ms)
            told_ms = None if wall_ms is None else wall_ms + ends_ms - document.uptime_ms
            self.newest_seq, self._newest = document.seq, (document.boot_id, ends_ms, told_ms)
        place = getattr(document, "place", None)
        if isinstance(place, Place) and document.seq > self._place[0]:
            self._place = document.seq, place
        match document:
            case SessionStarted():
                self.started = document
                self._note_tip(document.seq, document.tip)
            case SessionStopped():
                self.stopped = document
            case DeviceEvent(event="paused" | "resumed"):
                if document.seq > self._pause[0]:
                    self._pause = document.seq, document.event == "paused"
            case DeviceEvent(event="tip_changed"):
                self._note_tip(document.seq, document.tip)
            case NeedlingWindows():
                strokes = windows_of(document).contact_stroke_count
                self.stroke_count += strokes
                self.has_touched_skin = self.has_touched_skin or strokes > 0
                self._note_read(document)
            case RfShot():
                self.shot_count += document.purpose != "test"
                self.test_shot_count += document.purpose == "test"
                self.has_touched_skin = True
                self._note_read(document)

    @property
    def reading(self) -> Reading | None:
        """What the needles did last."""
        match self._read:
            case NeedlingWindows() as document:
                return _of_windows(document)
            case RfShot() as document:
                return _of_shot(document, None if self.tip is None else self.tip.needle_count)
        return None

    @property
    def place(self) -> Place | None:
        """Where the device works."""
        return self._place[1]

    @property
    def is_paused(self) -> bool:
        """Whether the device said so last."""
        return self._pause[1]

    @property
    def tip(self) -> Tip | None:
        """What is attached."""
        return self._tip[1]

    @property
    def elapsed_ms(self) -> int:
        """How long the device has been at it, what it was switched off left out."""
        return sum(boot.last_uptime_ms - boot.first_uptime_ms for boot in self._boots.values())

    @property
    def told_ms(self) -> int | None:
        """When the newest document was told, by the recorder's clock; what came late is as old."""
        boot_id, ends_ms, _ = self._newest
        return self.at_ms(boot_id, ends_ms)

    @property
    def reading_ms(self) -> int | None:
        """When the newest reading was taken, likewise."""
        reading = self.reading
        return None if reading is None else self.at_ms(reading.boot_id, reading.ends_uptime_ms)

    @property
    def clock_behind_ms(self) -> int:
        """How far the device's own clock says it is in the past, against the recorder's."""
        told_ms, by_device_ms = self.told_ms, self._newest[2]
        return 0 if told_ms is None or by_device_ms is None else told_ms - by_device_ms

    def at_ms(self, boot_id: str, uptime_ms: int) -> int | None:
        """Return a moment of a device's running time by the recorder's clock, at its best."""
        boot = self._boots.get(boot_id)
        return None if boot is None else uptime_ms + boot.arrives_after_ms

    def _note_boot(self, document: StreamDocument, ends_ms: int, received_ms: int) -> None:
        ahead_ms = received_ms - ends_ms
        boot = self._boots.get(document.boot_id)
        if boot is None:
            self._boots[document.boot_id] = _Boot(document.uptime_ms, ends_ms, ahead_ms)
            return
        boot.first_uptime_ms = min(boot.first_uptime_ms, document.uptime_ms)
        boot.last_uptime_ms = max(boot.last_uptime_ms, ends_ms)
        boot.arrives_after_ms = min(boot.arrives_after_ms, ahead_ms)

    def _note_tip(self, seq: int, tip: Tip | None) -> None:
        if seq > self._tip[0]:
            self._tip = seq, tip

    def _note_read(self, document: NeedlingWindows | RfShot) -> None:
        if self._read is None or document.seq > self._read.seq:
            self._read = document


def _of_windows(document: NeedlingWindows) -> Reading:
    windows = windows_of(document)
    measured = windows.measured or [None] * len(windows.contact_strokes)
    on_skin = [
        value
        for value, strokes in zip(measured, windows.contact_strokes, strict=True)
        if strokes and value is not None
    ]
    return Reading(
        document.seq,
        document.boot_id,
        document.uptime_ms + _span_ms(document),
        depth_set_mm=_last(windows.commanded),
        depth_reported_mm=on_skin[-1] if on_skin else None,
        is_on_skin=windows.contact_strokes[-1] > 0,
        stroke_rate_hz=_last(windows.rate),
    )


def _of_shot(document: RfShot, pin_count: int | None) -> Reading:
    shot = shot_of(document, pin_count)
    by_pin = shot.energy_per_pin_delivered_mj is not None
    return Reading(
        document.seq,
        document.boot_id,
        document.uptime_ms,
        depth_set_mm=max(shot.commanded, default=None),
        depth_reported_mm=max(shot.measured, default=None),
        energy_set_mj=shot.energy_per_pin_commanded_mj if by_pin else shot.energy_commanded_mj,
        energy_delivered_mj=(
            shot.energy_per_pin_delivered_mj if by_pin else shot.energy_delivered_mj
        ),
        energy_per="pin" if by_pin else "shot",
        impedance_ohm=shot.impedance_before_ohm,
        temperature_celsius=shot.temperature_max_celsius,
    )


def _span_ms(document: StreamDocument) -> int:
    if isinstance(document, NeedlingWindows):
        return document.offset_ms[-1] + round(window_length_ms(document))
    return 0


def _last(column: Sequence[float | None] | None) -> float | None:
    return column[-1] if column else None
