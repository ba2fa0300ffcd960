"""Sessions worth looking at: calm, with a high finding, with gaps, many shots, running, broken off.

Played by the simulator into a real journal and judged; each by name.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reordering,
    UnsetClock,
)
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.omissions import Omission
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_message,
    chart_messages,
    device_messages,
    raised,
    registry_messages,
    session_of,
)
from support.judge_runs import close_by_silence
from support.judged_clinic import DAY_MS, FIRST_MS
from support.manual_clock import NOON_MS

PEN, RF, NANO, RF_MULTI = 0, 1, 2, 3
LIVE_STEP_MS: Final = 1_000
"""Between two arrivals, as live: what comes five documents late was missed by then."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One session: which device plays how long, what befalls it, what people forget."""

    name: str
    device_number: int
    number: int
    minutes: float = 1.0
    faults: tuple[str, ...] = ()
    omissions: tuple[Omission, ...] = ()
    withheld: tuple[int, ...] = ()
    """Tenths of the session of which one document never comes, and nobody says why."""
    withdrawn: tuple[int, ...] = ()
    """Documents that somebody corrects afterwards, with nothing in their place."""
    is_half: bool = False
    """Whether it is still running."""

    def session(self) -> FleetSession:
        """Return it as a device plays it."""
        plain = session_of(self.device_number, minutes=self.minutes, number=self.number)
        faults = tuple(_fault(name, plain) for name in self.faults)
        return FleetSession(plain.device, plain.script, 0, self.number, faults)

    @property
    def clinic(self) -> str:
        """Where it was."""
        return session_of(self.device_number, minutes=0.1).device.clinic

    @property
    def address(self) -> str:
        """Return where its page is."""
        device = session_of(self.device_number, minutes=0.1).device
        stream_id = f"{RUN}-{device.sender_id}-{self.number}"
        return f"/sessions/{device.clinic}/{device.sender_id}/{stream_id}"


CALM: Final = Scene("calm", PEN, 11)
HIGH: Final = Scene("high", PEN, 13, faults=("deep",))
GAPS: Final = Scene(
    "gaps",
    PEN,
    15,
    2.0,
    ("gap", "late", "broken", "garbage", "clock", "deep"),
    (Omission("operator"), Omission("answer_unknown", "herpes")),
    withheld=(8,),
)
SHOTS: Final = Scene("shots", RF_MULTI, 11, 1.5, ("hot",))
BROKEN_OFF: Final = Scene("broken off", PEN, 17, 1.0, ("tail",))
NOTHING: Final = Scene("nothing", PEN, 19, 0.05, ("start only",), (Omission("plan"),))
CLOCKLESS: Final = Scene("clockless", RF, 11, 0.5, ("unset",))
RUNNING: Final = Scene("running", NANO, 11, 1.0, is_half=True)
WITHDRAWN: Final = Scene("withdrawn", PEN, 23, 0.5, withdrawn=(20, 21, 22))
WITHDRAWN_SHOTS: Final = Scene("withdrawn shots", RF_MULTI, 23, 0.5, withdrawn=(8, 9))
SCENES: Final = (
    CALM,
    HIGH,
    GAPS,
    SHOTS,
    BROKEN_OFF,
    NOTHING,
    CLOCKLESS,
    WITHDRAWN,
    WITHDRAWN_SHOTS,
    RUNNING,
)
"""The running one comes last: nothing is heard after it."""
HUGE_PEN: Final = Scene("huge", PEN, 21, 30.0, ("deep",))
HUGE_RF: Final = Scene("huge RF", RF, 21, 22.5)
"""18,000 windows, and 500 shots: what must still pan and zoom smoothly."""


def fill_scenes(folder: Path, scenes: Iterable[Scene] = SCENES) -> None:
    """Make journal.db and index.db in a folder."""
    bench = JudgeBench(folder)
    bench.record(registry_messages(), step_ms=1)
    for place, scene in enumerate(scenes):
        if scene.is_half:
            close_by_silence(bench)
        play_scene(bench, scene, FIRST_MS + place * DAY_MS)
        if scene.name == HIGH.name:
            bench.judge()
            bench.record([justification(bench, scene.session())])
    bench.judge()
    bench.close()


def play_scene(
    bench: JudgeBench, scene: Scene, begins_ms: int, chart: list[Message] | None = None
) -> None:
    """Record a session and its visit, of which people may have told something else."""
    session = scene.session()
    chart = chart or chart_messages(session, begins_ms, scene.omissions)
    before = [m for m in chart if json.loads(m.payload)["wall_time_ms"] <= begins_ms]
    bench.record(before)
    messages = device_messages(session, begins_ms)
    if scene.is_half:
        bench.record(messages[: len(messages) // 2])
        return
    withheld = {1 + tenth * (len(messages) // 10) for tenth in scene.withheld}
    heard = [message for place, message in enumerate(messages) if place not in withheld]
    bench.record(heard, step_ms=LIVE_STEP_MS)
    bench.record(message for message in chart if message not in before)
    bench.record(withdrawal(session, seq, begins_ms + DAY_MS // 2) for seq in scene.withdrawn)


def withdrawal(session: FleetSession, seq: int, entered_ms: int) -> Message:
    """Return a correction of one document of a session."""
    device, stream_id = session.device, session.stream_id(RUN)
    earlier = {"sender": device.sender_id, "stream_class": "session", "stream_id": stream_id}
    return chart_message(
        device.clinic,
        "chart.correction",
        sitting=f"{stream_id}-{seq}",
        entered_ms=entered_ms,
        earlier=earlier | {"seq": seq},
        reason="The pen lay on the table.",
    )


def _fault(name: str, plain: FleetSession) -> Fault:
    """Return a fault at its place in a script; places never meet."""
    script = plain.script
    tenth = len(script) // 10
    readings = ("needling.windows", "rf.shot")
    reading = next(at for at in range(4 * tenth, len(script)) if script[at].kind in readings)
    places: dict[str, Fault] = {
        "gap": Gap(3 * tenth, 3 * tenth + max(1, tenth // 3)),
        "late": Reordering(tenth + 2, tenth + 8),
        "broken": BrokenJson(7 * tenth),
        "garbage": Garbage(7 * tenth + 2),
        "clock": ClockStep(9 * tenth, 90_000),
        "deep": LimitCrossing(reading, reading + max(6, tenth), over_mm=1.0, dialled=True),
        "hot": LimitCrossing(reading, reading + 3, over_energy_fraction=0.5),
        "tail": LostTail(6 * tenth),
        "start only": LostTail(1),
        "unset": UnsetClock(3 * tenth),
    }
    return places[name]


def justification(bench: JudgeBench, session: FleetSession) -> Message:
    """Return a reason for everything found in a session so far."""
    names = ("session", "rule", "envelope", "zone", "laterality", "seq_range")
    found = raised(bench.newest(session))
    told: dict[str, Any] = {
        "seq": 0,
        "kind": "chart.justification",
        "boot_id": "boot-1",
        "uptime_ms": 1,
        "wall_time_ms": NOON_MS + DAY_MS,
        "salt": "0123456789abcdef",
        "source": "console",
        "author": "north-physician",
        "findings": [{name: one.get(name) for name in names} for one in found],
        "reason": "Scar in the middle of the zone; set back before the next.",
    }
    topic = str(Topic(session.device.clinic, "front-desk", "chart", "review-scene"))
    return Message(topic, json.dumps(told).encode())
