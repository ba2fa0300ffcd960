"""A clinic in the middle of its day: eight rooms, devices that speak, one that has fallen silent.

Played by the simulator into a real journal and judged; the clock of bench and console stands at the
moment that is looked at.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.fleet import NORTH, PEN_NORTH, RF_NORTH, FleetDevice, FleetSession
from dermatrace.simulator.omissions import Omission
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    JudgeBench,
    Message,
    chart_messages,
    device_messages,
    registry_messages,
)
from support.judged_clinic import changed
from support.manual_clock import NOON_MS, ManualClock

ROOM_COUNT: Final = 8
MINUTES: Final = 2.0
BEGINS_MS: Final = NOON_MS + 48_800_000
"""Noon by the clock of the clinic in which it plays."""
NOW_MS: Final = BEGINS_MS + 61_000
ARRIVES_AFTER_MS: Final = 300
DEEP_FROM_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Played:
    """What takes place in one room."""

    room: int
    is_rf: bool = False
    is_deep: bool = False
    """Whether somebody dials a millimetre more half a minute in."""
    omissions: tuple[Omission, ...] = ()
    silent_for_ms: int = 0
    """How long before now its last document was sent."""
    begins_ms: int = BEGINS_MS
    has_device: bool = True

    @property
    def sender(self) -> str:
        """What the device of the room is called."""
        return f"{'rf' if self.is_rf else 'pen'}-north-{self.room}"

    def session(self) -> FleetSession:
        """Return it as a device plays it."""
        like = RF_NORTH if self.is_rf else PEN_NORTH
        device = FleetDevice(
            NORTH, self.sender, f"{like.serial}-{self.room}", like.profile, like.treatments
        )
        plain = device.session(self.room, 1, 0, MINUTES)
        first = next(
            number
            for number, document in enumerate(plain.script)
            if document.kind in {"needling.windows", "rf.shot"} and document.at_ms > DEEP_FROM_MS
        )
        deep = LimitCrossing(first, first + 20, over_mm=1.0, dialled=True)
        return replace(plain, faults=(deep,) if self.is_deep else ())


CALM: Final = Played(1)
BUSY: Final = (
    CALM,
    Played(2, is_rf=True),
    Played(3, is_deep=True),
    Played(4, omissions=(Omission("consent"), Omission("exam"))),
    Played(5, is_rf=True),
    Played(6),
    Played(7, omissions=(Omission("plan"), Omission("attach"))),
    Played(8, is_rf=True),
)
"""Eight rooms, one high finding, one session that nobody has planned."""
TROUBLED: Final = (
    CALM,
    Played(2, is_rf=True, silent_for_ms=25_000),
    Played(3, silent_for_ms=200_000, begins_ms=BEGINS_MS - 240_000),
    Played(4, has_device=False),
    Played(5, begins_ms=BEGINS_MS - 180_000),
    Played(6, has_device=False, begins_ms=NOW_MS + 600_000),
)
"""Calm, stale, interrupted, without telemetry, ended, planned; two rooms free."""


def fill_floor(
    folder: Path, scenes: Iterable[Played], before: Callable[[JudgeBench], None] | None = None
) -> ManualClock:
    """Make journal.db and index.db in a folder; return a clock that stands at the moment.

    `before` records what happened on earlier days.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bench = JudgeBench(folder)
    if before is not None:
        before(bench)
    played = list(scenes)
    bench.record([*registry_messages(), *_rooms(played)], step_ms=1)
    told: list[tuple[int, Message]] = []
    for scene in played:
        told += _messages(scene)
    for at_ms, message in sorted(told, key=lambda one: one[0]):
        if at_ms <= NOW_MS:
            clock = bench.bench.clock
            bench.record([message], step_ms=max(0, at_ms - clock.utc_ms()))
    bench.judge()
    bench.pass_time(max(0, NOW_MS - bench.bench.clock.utc_ms()))
    bench.close()
    return ManualClock(NOW_MS)


def _messages(scene: Played) -> list[tuple[int, Message]]:
    session = scene.session()
    room = f"north-room-{scene.room}"
    chart = changed(
        chart_messages(session, scene.begins_ms, scene.omissions), "chart.plan", _in(room)
    )
    told = [(_wall_ms(one), one) for one in chart]
    if not scene.has_device:
        return [(ms, m) for ms, m in told if '"chart.attach"' not in m.payload.decode()]
    last_ms = NOW_MS - scene.silent_for_ms
    for one in device_messages(session, scene.begins_ms):
        at_ms = _wall_ms(one) + ARRIVES_AFTER_MS
        if "/session/" in one.topic and at_ms <= last_ms:
            told.append((at_ms, one))
    return told


def _wall_ms(message: Message) -> int:
    document = json.loads(message.payload)
    span_ms = (document.get("offset_ms") or [0])[-1]
    return int(document.get("wall_time_ms") or 0) + int(span_ms)


def _in(room: str) -> Any:  # noqa: ANN401  a change of a document
    def change(told: dict[str, Any]) -> dict[str, Any]:
        return {**told, "plan": {**told["plan"], "room_id": room}}

    return change


def _rooms(scenes: Iterable[Played]) -> list[Message]:
    """Return rooms and devices beyond those of the sample clinic."""
    contents: list[tuple[str, str, dict[str, Any]]] = [
        ("room", f"north-room-{number}", {"name": f"Room {number}"})
        for number in range(1, ROOM_COUNT + 1)
    ]
    for scene in scenes:
        model = "single-depth-rf-console" if scene.is_rf else "constant-rate-pen"
        serial = scene.session().device.serial
        content: dict[str, Any] = {
            "sender": scene.sender,
            "device_model_id": model,
            "serial": serial,
        }
        contents.append(("device", scene.sender, content | {"room_id": f"north-room-{scene.room}"}))
    topic = str(Topic(NORTH, "registry", "registry", "floor"))
    found = []
    for seq, (kind, registry_id, content) in enumerate(contents):
        told = {
            "seq": seq,
            "kind": f"registry.{kind}",
            "boot_id": "boot-1",
            "uptime_ms": seq,
            "wall_time_ms": NOON_MS,
            "registry_id": registry_id,
            "version": "2",
            "content": content,
            "digest": registry_digest(content),
        }
        found.append(Message(topic, json.dumps(told).encode()))
    return found
