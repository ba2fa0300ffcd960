"""A whole session as data: what a device will say, and when, before anything is sent."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count as count_from
from random import Random
from typing import Final, Self

from pydantic import JsonValue

from dermatrace.simulator.devices import DeviceProfile
from dermatrace.simulator.seeded import seeded
from dermatrace.simulator.signals import PenSignal, RfSignal, end_ms
from dermatrace.simulator.timeline import ScriptedDocument, Timeline, count, facts_of
from dermatrace.simulator.treatments import Dose, RfSettings, Treatment, ZonePlan
from dermatrace_schemas.rf import Position
from dermatrace_schemas.session import DeviceDescriptor, Place, Tip

SESSION_MIN_MS: Final = 2_000
"""A shorter session is refused: it has no room for a start, a zone, a reading and a stop."""
SESSION_MAX_MS: Final = 4 * 3_600_000
"""A longer one is refused: it would hold tens of thousands of documents in memory."""
WINDOW_MS: Final = 100
WINDOWS_PER_DOCUMENT: Final = 10
"""Ten windows of 100 ms are the one second that a live document may span."""
SHOT_ROOM_MS: Final = 1_000
"""No scripted shot lasts longer; the next may begin after it."""
SHOT_INTERVAL_MS: Final = (1_800, 3_200)
"""At 20 minutes some 400 shots: a full face takes 150 to 500."""
ZONE_PAUSE_MAX_MS: Final = 8_000
TEST_PAUSE_MAX_MS: Final = 20_000
"""Time to look at the test spot before the treatment goes on."""
GRID_COLUMNS: Final = 8
TIP_EXPIRES_MS: Final = 4_102_444_800_000
"""The year 2100, so that no demonstration ever shows an expired tip by accident."""


class ScriptedSession(tuple[ScriptedDocument, ...]):  # noqa: SLOT001  it has facts of its own
    """The documents of one session in order, from `session.started` to `session.stopped`.

    Pure: the same arguments give the same documents. A short one visits as many passes as fit.
    """

    treatment: Treatment
    descriptor: DeviceDescriptor
    duration_ms: int

    def __new__(
        cls,
        seed: int,
        treatment: Treatment,
        device: DeviceProfile,
        minutes: float,
        *,
        serial: str = "SIM-0001",
        lifetime_session_number: int = 1,
    ) -> Self:
        """Write the whole script. Raises ValueError if length or device do not suit it."""
        duration_ms = int(minutes * 60_000)
        if not SESSION_MIN_MS <= duration_ms <= SESSION_MAX_MS:
            raise ValueError(
                f"a session of {minutes} minutes cannot be scripted: "
                f"choose {SESSION_MIN_MS / 60_000:.3f} to {SESSION_MAX_MS / 60_000:.0f}"
            )
        descriptor = device.descriptor(serial)
        identity = seeded(seed, "identity")
        tip = _tip(device, identity)
        started: dict[str, JsonValue] = {
            "salt": f"{identity.getrandbits(128):032x}",
            "device": facts_of(descriptor),
            "tip": facts_of(tip),
            "setting": treatment.setting,
            "lifetime_session_number": lifetime_session_number,
        }
        scene = _Scene(treatment, duration_ms, tip.unit_id, seeded(seed, "signal"))
        scene.timeline.say("session.started", started)
        scene.play(device)
        scene.timeline.wait_until(duration_ms)
        # A device counts what it can do, and here each does it at least once.
        counted = {name: n for name, n in count(scene.timeline.documents).items() if n}
        scene.timeline.say("session.stopped", {"outcome": "completed", **counted})
        script = super().__new__(cls, scene.timeline.documents)
        script.treatment, script.descriptor, script.duration_ms = treatment, descriptor, duration_ms
        return script


def _tip(device: DeviceProfile, rng: Random) -> Tip:
    return Tip(
        unit_id=f"TIP-{rng.getrandbits(32):08X}",
        model=f"{device.model} tip",
        lot=f"LOT-{rng.randrange(100, 1_000)}",
        expires_ms=TIP_EXPIRES_MS,
        attach_count=1,
        needle_count=device.needle_count,
        needle_length_mm=device.needle_length_mm,
        insulation=device.insulation,
        shot_count=0 if device.rf is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of a session spent on one pass over one zone."""

    place: dict[str, JsonValue]
    depth_mm: float


def _slots(zone: ZonePlan) -> list[Slot]:
    """Return the passes over a zone in order."""
    return [
        Slot(facts_of(Place(zone=zone.zone, laterality=zone.laterality, pass_number=n)), depth_mm)
        for n, depth_mm in enumerate(zone.pass_depths_mm, start=1)
    ]


@dataclass(slots=True)
class _Scene:
    """One person treating another with one device, told on a timeline."""

    treatment: Treatment
    duration_ms: int
    tip_unit_id: str | None
    rng: Random
    timeline: Timeline = field(default_factory=Timeline)
    shots: int = 0

    def play(self, device: DeviceProfile) -> None:
        """Treat, from the first zone to the last."""
        if device.pen is not None and self.treatment.modality == "pen":
            self._needle(PenSignal(self.rng, device.pen))
        elif device.rf is not None and self.treatment.rf is not None:
            self._deliver(RfSignal(self.rng, device, device.rf), self.treatment.rf)
        else:
            raise ValueError(
                f"{device.model} is a {device.modality} device, {self.treatment.name} "
                f"wants {self.treatment.modality}: choose a device of that modality"
            )

    def _each_slot(self, slot_min_ms: int) -> Iterator[tuple[Slot, int]]:
        """Enter the passes that fit, at least one; yield each with the time its work must end."""
        timeline, begin_ms = self.timeline, self.timeline.now_ms
        room_ms = self.duration_ms - begin_ms
        slots = [slot for zone in self.treatment.zones for slot in _slots(zone)]
        slots = slots[: max(1, room_ms // slot_min_ms)]
        for number, slot in enumerate(slots, start=1):
            until_ms = begin_ms + room_ms * number // len(slots)
            pause_ms = 0
            if number < len(slots) and slots[number].place["zone"] != slot.place["zone"]:
                pause_ms = min(ZONE_PAUSE_MAX_MS, room_ms // len(slots) // 10)
            timeline.say("zone.entered", {"place": slot.place})
            yield slot, until_ms - pause_ms
            timeline.wait_until(until_ms - pause_ms)
            timeline.pause_until(until_ms)

    def _needle(self, signal: PenSignal) -> None:
        """Run the pen through every pass, a document a second."""
        for slot, until_ms in self._each_slot(slot_min_ms=2 * WINDOW_MS):
            while (fitting := (until_ms - self.timeline.now_ms) // WINDOW_MS) > 0:
                numbers = range(min(WINDOWS_PER_DOCUMENT, fitting))
                windows = [asdict(signal.window(slot.depth_mm, WINDOW_MS)) for _ in numbers]
                facts: dict[str, JsonValue] = {
                    "place": slot.place,
                    "tip_unit_id": self.tip_unit_id,
                    "window_ms": WINDOW_MS,
                    "offset_ms": [number * WINDOW_MS for number in numbers],
                    "depth_commanded_mm": [slot.depth_mm for _ in numbers],
                }
                facts |= {name: [window[name] for window in windows] for name in windows[0]}
                self.timeline.say("needling.windows", facts, span_ms=len(windows) * WINDOW_MS)

    def _deliver(self, signal: RfSignal, settings: RfSettings) -> None:
        """Take the test shots, look at them, then cover every pass with shots."""
        timeline, (test_slot, *_) = self.timeline, _slots(settings.test_zone)
        timeline.say("zone.entered", {"place": test_slot.place})
        test_room = max(1, self.duration_ms // (3 * SHOT_ROOM_MS))
        for cell in range(min(settings.test_shot_count, test_room)):
            next_ms = timeline.now_ms + SHOT_ROOM_MS
            self._shoot(signal, test_slot, cell, settings.test_dose, test=True)
            timeline.wait_until(next_ms)
        timeline.pause_until(timeline.now_ms + min(TEST_PAUSE_MAX_MS, self.duration_ms // 10))
        for slot, until_ms in self._each_slot(slot_min_ms=SHOT_ROOM_MS):
            for cell in count_from(0):
                if until_ms - timeline.now_ms < SHOT_ROOM_MS:
                    break
                next_ms = timeline.now_ms + self.rng.randint(*SHOT_INTERVAL_MS)
                self._shoot(signal, slot, cell, settings.dose)
                timeline.wait_until(min(next_ms, until_ms))

    def _shoot(
        self, signal: RfSignal, slot: Slot, cell: int, dose: Dose, *, test: bool = False
    ) -> None:
        """Place one shot on a cell of the zone; test shots overlap by half."""
        self.shots += 1
        traits = signal.traits
        row, column = divmod(cell, GRID_COLUMNS)
        step_mm = traits.tip_side_mm / (2 if test else 1)
        # Deepest first: delivered while the tip retracts.
        retracted_mm = [n * traits.depth_spacing_mm for n in range(traits.depths_per_insertion)]
        depths_mm = [round(slot.depth_mm - back_mm, 3) for back_mm in retracted_mm]
        depths = signal.insertion([depth_mm for depth_mm in depths_mm if depth_mm > 0.0], dose)
        position = Position(x_mm=column * step_mm, y_mm=row * step_mm, cell=f"r{row}c{column}")
        facts: dict[str, JsonValue] = {
            "place": slot.place,
            "tip_unit_id": self.tip_unit_id,
            "shot_number": self.shots,
            "purpose": "test" if test else "treatment",
            "position": facts_of(position),
            "depths": [facts_of(depth) for depth in depths],
        }
        span_ms = math.ceil(end_ms(depths[-1].sub_pulses[-1]))
        self.timeline.say("rf.shot", facts, span_ms=span_ms)
