"""An example's readings as the documents that a device would have sent. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from dermatrace.judge.example import Example, ExampleReading, Number
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfDepth, RfShot, SubPulse
from dermatrace_schemas.session import (
    DeviceDescriptor,
    Place,
    SessionStarted,
    SessionStopped,
    Setting,
    Tip,
)

STARTED_MS: Final = 1_767_603_600_000
"""When every example begins, 2026-01-05 09:00 UTC."""
SALT: Final = "0" * 32
WINDOW_MS: Final = 100
WINDOWS_PER_DOCUMENT: Final = 10
"""Ten windows of 100 ms are the one second that a live document may span."""
STROKES_PER_WINDOW: Final = 10
"""Where a line says how many strokes in all: 100 Hz, within what published pens do."""
SHOT_INTERVAL_MS: Final = 2_000
_BOOT_ID: Final = "example"
_NEW_TIP: Final = Tip(unit_id="example-tip", attach_count=1, needle_count=12, shot_count=0)
_PULSE: Final = {
    "energy_delivered_mj": "energy_mj",
    "energy_commanded_mj": "set_energy_mj",
    "power_w": "power_w",
    "power_commanded_w": "set_power_w",
    "duration_ms": "duration_ms",
    "duration_commanded_ms": "set_duration_ms",
    "impedance_before_ohm": "impedance_ohm",
    "temperature_max_celsius": "temperature_celsius",
    "temperature_hold_ms": "hold_ms",
}
_WINDOWS: Final = {
    "stroke_rate_hz": "stroke_rate_hz",
    "depth_commanded_mm": "set_depth_mm",
    "depth_measured_median_mm": "measured_depth_mm",
}


@dataclass(slots=True)
class _Pen:
    """Numbers and dates one document after the other."""

    seq: int = 0
    at_ms: int = 0

    def head(self, kind: str, lasts_ms: int = 0) -> dict[str, Any]:
        """Return what every document begins with; the next one follows when this one is over."""
        told = {
            "seq": self.seq,
            "kind": kind,
            "boot_id": _BOOT_ID,
            "uptime_ms": self.at_ms,
            "wall_time_ms": STARTED_MS + self.at_ms,
        }
        self.seq, self.at_ms = self.seq + 1, self.at_ms + lasts_ms
        return told


def tip_of(example: Example) -> Tip:
    """Return the tip in use."""
    told = {} if example.tip is None else example.tip.model_dump(exclude_unset=True)
    if "tip_identity" in example.absent:
        told |= {"unit_id": None, "attach_count": None}
    return _NEW_TIP.model_copy(update=told)


def documents_of(
    example: Example, device: DeviceDescriptor, setting: Setting
) -> Iterator[StreamDocument]:
    """Yield the session's documents, from its start to its stop."""
    pen = _Pen()
    yield SessionStarted(
        **pen.head("session.started", 1_000),
        salt=SALT,
        device=device,
        tip=tip_of(example),
        setting=setting,
    )
    for reading in example.readings:
        yield from _windows(pen, reading) if reading.shots is None else _shots(pen, reading)
    yield SessionStopped(**pen.head("session.stopped"), outcome="completed")


def _windows(pen: _Pen, reading: ExampleReading) -> Iterator[StreamDocument]:
    rest = iter(range(len(strokes := _strokes(reading))))
    while places := list(islice(rest, WINDOWS_PER_DOCUMENT)):
        on_skin = 1.0 if reading.contact_fraction is None else reading.contact_fraction
        told = {name: _column(getattr(reading, own), places) for name, own in _WINDOWS.items()}
        facts = {
            "place": _place(reading),
            "window_ms": WINDOW_MS,
            "offset_ms": [number * WINDOW_MS for number in range(len(places))],
            "stroke_count": [strokes[place] for place in places],
            "contact_fraction": _column(on_skin, places),
        }
        head = pen.head("needling.windows", len(places) * WINDOW_MS)
        yield NeedlingWindows.model_validate(head | facts | told)


def _strokes(reading: ExampleReading) -> list[int]:
    """Return the strokes of each window."""
    if isinstance(reading.strokes, list):
        return reading.strokes
    whole, left = divmod(reading.strokes or 0, STROKES_PER_WINDOW)
    return [STROKES_PER_WINDOW] * whole + [left] * bool(left)


def _column(value: Number | None, places: Iterable[int]) -> list[float | None] | None:
    return None if value is None else [_at(value, place) for place in places]


def _at(value: Number | None, place: int) -> float | None:
    return value[place] if isinstance(value, list) else value


def _shots(pen: _Pen, reading: ExampleReading) -> Iterator[StreamDocument]:
    for place in range(reading.shots or 0):
        pulse = {name: _at(getattr(reading, told), place) for name, told in _PULSE.items()}
        scope = {"energy_scope": reading.energy_scope}
        has_pulse = any(value is not None for value in pulse.values())
        depth = RfDepth(
            depth_commanded_mm=_at(reading.set_depth_mm, place),
            depth_measured_mm=_at(reading.measured_depth_mm, place),
            sub_pulses=[SubPulse.model_validate(pulse | scope)] if has_pulse else [],
        )
        yield RfShot(
            **pen.head("rf.shot", SHOT_INTERVAL_MS),
            place=_place(reading),
            purpose=reading.purpose or "treatment",
            depths=[depth],
        )


def _place(reading: ExampleReading) -> Place:
    return Place(zone=reading.zone, laterality=reading.laterality, pass_number=reading.pass_number)
