"""InfluxDB as the boards find it: sample sessions through recorder, judge and forwarder."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dermatrace.forward.account import Account
from dermatrace.forward.pipeline import lines_of
from dermatrace.forward.pipeline_parts import Facts, Part
from dermatrace.simulator.faults import Gap, Garbage, LimitCrossing
from dermatrace.simulator.fleet import FleetSession
from dermatrace_schemas.system import SystemLost
from support import judged_clinic
from support.forward_bench import ForwardBench, influx_of
from support.influx_org import InfluxOrg
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_messages,
    device_messages,
    session_of,
)
from support.manual_clock import NOON_MS

LATER_MS: Final = judged_clinic.FIRST_MS + 70 * judged_clinic.DAY_MS
"""When the extra sessions begin: after all those of the judged clinic."""
MINUTES: Final = 0.5
SILENCE_MS: Final = 90_000
"""Long enough for a session to be called silent, by the recorder's clock."""
SAMPLES: Final = 40
SAMPLE_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A session and where it is found."""

    clinic: str
    device: str
    session: str

    @classmethod
    def of(cls, session: FleetSession) -> "Placed":
        """Return where a session of the fleet is found."""
        device = session.device
        return cls(device.clinic, device.sender_id, session.stream_id(RUN))


RUNNING_PEN: Final = session_of(
    0, minutes=MINUTES, number=9, faults=(LimitCrossing(12, 30, over_mm=0.6),)
)
PAST_RF: Final = session_of(1, minutes=MINUTES, number=5)
RUNNING_RF: Final = session_of(1, minutes=MINUTES, number=9)
SILENT: Final = session_of(2, minutes=MINUTES, number=8)
FAULTY: Final = session_of(
    2,
    minutes=MINUTES,
    number=7,
    faults=(Gap(8, 11), Garbage(14), LimitCrossing(16, 22, over_mm=0.6)),
)


def fill_journal(folder: Path) -> int:
    """Record and judge everything; return the time at which it ends."""
    judged_clinic.fill(folder)
    bench = JudgeBench(folder)
    bench.bench.clock.advance(LATER_MS - NOON_MS)
    begins_ms = bench.bench.clock.utc_ms()
    _visit(bench, FAULTY, begins_ms, _as_fault)
    _visit(bench, PAST_RF, begins_ms)
    bench.record(_reports())
    _lose_the_broker(bench)
    bench.judge()
    _start(bench, SILENT, bench.bench.clock.utc_ms())
    bench.pass_time(SILENCE_MS)
    bench.judge()
    for session in (RUNNING_RF, RUNNING_PEN):
        _start(bench, session, bench.bench.clock.utc_ms())
        bench.judge()
    ends_ms = bench.bench.clock.utc_ms()
    bench.close()
    return ends_ms


def forward(folder: Path, org: InfluxOrg, until_ms: int) -> Account:
    """Bring all of it into InfluxDB, with samples of how the pipeline did meanwhile."""
    account = ForwardBench(folder, influx_of(org, folder)).catch_up()
    lines = [
        line
        for step in range(SAMPLES)
        for line in lines_of(_parts(step, account), until_ms - (SAMPLES - 1 - step) * SAMPLE_MS)
    ]
    answer = org.write("\n".join(lines))
    assert answer.status == 204, answer.text
    return account


def _visit(
    bench: JudgeBench,
    session: FleetSession,
    begins_ms: int,
    change: judged_clinic.Change = lambda told: told,
) -> None:
    chart = chart_messages(session, begins_ms)
    before = [one for one in chart if json.loads(one.payload)["wall_time_ms"] <= begins_ms]
    bench.record(before, step_ms=1)
    bench.record(
        judged_clinic.changed([one], "device.event", change)[0]
        if b'"device.event"' in one.payload
        else one
        for one in device_messages(session, begins_ms)
    )
    bench.record((one for one in chart if one not in before), step_ms=1)


def _as_fault(told: dict[str, Any]) -> dict[str, Any]:
    """Let a device report a fault where it paused."""
    if told["event"] != "paused":
        return told
    return told | {"event": "fault", "fault_code": "MOTOR_STALL"}


def _lose_the_broker(bench: JudgeBench) -> None:
    """Let the recorder note that the broker was away for a second."""
    lost_ms = bench.bench.clock.utc_ms()
    lost = SystemLost(kind="system.lost", at_ms=lost_ms, reason="keepalive")
    bench.bench.pipeline.note(lost)
    bench.bench.clock.advance(1_000)


def _start(bench: JudgeBench, session: FleetSession, begins_ms: int) -> None:
    """Let a session begin and go on for a while; the clock goes with it."""
    chart = chart_messages(session, begins_ms)
    bench.record(
        (one for one in chart if json.loads(one.payload)["wall_time_ms"] <= begins_ms), step_ms=1
    )
    messages = device_messages(session, begins_ms)
    bench.record(messages[: len(messages) * 3 // 4], step_ms=500)


def _reports() -> Iterable[Message]:
    """Return what devices say of themselves outside their sessions."""
    for session in (RUNNING_PEN, RUNNING_RF, SILENT):
        device = session.device
        topic = f"dermatrace/v1/{device.clinic}/{device.sender_id}"
        descriptor = device.profile.descriptor(device.serial)
        told = descriptor.model_dump(mode="json", exclude_none=True)
        announced = {
            "kind": "announcement",
            "boot_id": "boot-1",
            "wall_time_ms": LATER_MS,
            "device": told,
        }
        yield Message(f"{topic}/announcement", json.dumps(announced).encode())
        status = {
            "kind": "status",
            "boot_id": "boot-1",
            "state": "in_session",
            "battery_fraction": 0.8,
            "outbox_bytes": 4_096,
        }
        yield Message(f"{topic}/status", json.dumps(status).encode())


def _parts(step: int, account: Account) -> dict[Part, Facts]:
    """Return how every part was at one moment, with the account of points that was kept."""
    entries = 1_000 + step * 20
    points = {f"points_{name}": value for name, value in asdict(account).items()}
    return {
        "ingest": {
            "is_up": 1,
            "is_connected": 1,
            "received_count": entries,
            "rejected_count": step // 10,
            "waiting_count": step % 3,
            "receipts_due_count": step % 2,
        },
        "broker": {"is_up": 1, "broker_dropped_count": step // 30},
        "journal": {"is_up": 1, "journal_entries": entries},
        "judge": {"is_up": 1, "judged_entries": entries - 1, "behind_entries": 1},
        "forward": {
            "is_up": 1,
            "forwarded_entries": entries - 2,
            "behind_entries": 2,
            "behind_s": 0.2,
            **points,
        },
    }
