"""A data folder as a judge leaves it: both sample clinics, some sessions, journal and index."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.omissions import Omission
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    JudgeBench,
    Message,
    chart_messages,
    device_messages,
    raised,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS

DAY_MS: Final = 86_400_000
FIRST_MS: Final = NOON_MS + 3_600_000
FIRST_DAY: Final = "2026-05-28"
MINUTES: Final = 0.5
SUBJECT: Final = "s-series-0001"
MEDICAL_DAYS: Final = {1: 0, 3: 20, 5: 55}
"""Number of the session to its day: the second early by the sample protocol, the third on time."""
MEDICAL: Final = {number: f"run-pen-north-1-{number}" for number in MEDICAL_DAYS}
HOME_SUBJECT, HOME_SERIES = "sample-subject-0001", "south-home-series"
HOME_DAYS: Final = {1: 0, 2: 7, 3: 28}
"""The third comes later than the plan wants, or nobody was told of those before it."""
LATE_CONSENT: Final = "run-rf-south-1-1"
RUNNING: Final = "run-pen-south-1-1"
UNDATED: Final = "run-rf-north-1-1"
SESSION_COUNT: Final = len(MEDICAL_DAYS) + len(HOME_DAYS) + 3

Change = Callable[[dict[str, Any]], dict[str, Any]]


def fill(folder: Path) -> None:
    """Make journal.db and index.db in a folder."""
    bench = JudgeBench(folder)
    bench.record(registry_messages(), step_ms=1)
    for number, day in MEDICAL_DAYS.items():
        _visit(bench, session_of(0, minutes=MINUTES, number=number), day, _of(SUBJECT))
    for number, day in HOME_DAYS.items():
        planned = _of(HOME_SUBJECT, HOME_SERIES)
        _visit(bench, session_of(4, minutes=MINUTES, number=number), day, planned)
    late = [Omission("consent_late")]
    _visit(bench, session_of(3, minutes=MINUTES), 1, _of("s-other-0001"), omissions=late)
    running = device_messages(session_of(2, minutes=MINUTES), FIRST_MS + 2 * DAY_MS)
    bench.record(running[: len(running) // 2])
    bench.record(changed(device_messages(session_of(1, minutes=MINUTES)), "", _without_clock))
    bench.judge()
    bench.record([_justification(bench, session_of(3, minutes=MINUTES))])
    bench.judge()
    bench.close()


def changed(messages: Iterable[Message], kind: str, change: Change) -> list[Message]:
    """Return messages of which those of a kind say something else; `""` is every kind."""
    found = []
    for message in messages:
        told = json.loads(message.payload)
        if str(told.get("kind", "outbox")).startswith(kind) and "kind" in told:
            payload = json.dumps(change(told), separators=(",", ":")).encode()
            found.append(Message(message.topic, payload))
        else:
            found.append(message)
    return found


def _visit(
    bench: JudgeBench,
    session: FleetSession,
    day: int,
    plan: Change,
    *,
    omissions: Sequence[Omission] = (),
) -> None:
    begins_ms = FIRST_MS + day * DAY_MS
    chart = changed(chart_messages(session, begins_ms, omissions), "chart.plan", plan)
    before = [m for m in chart if json.loads(m.payload)["wall_time_ms"] <= begins_ms]
    bench.record(before)
    bench.record(device_messages(session, begins_ms))
    bench.record(message for message in chart if message not in before)


def _justification(bench: JudgeBench, session: FleetSession) -> Message:
    """Return a reason for everything found in a session so far."""
    names = ("session", "rule", "envelope", "zone", "laterality", "seq_range")
    found = raised(bench.newest(session))
    told = {
        "seq": 0,
        "kind": "chart.justification",
        "boot_id": "boot-1",
        "uptime_ms": 1,
        "wall_time_ms": FIRST_MS + 2 * DAY_MS,
        "salt": "0123456789abcdef",
        "source": "console",
        "findings": [{name: one.get(name) for name in names} for one in found],
        "reason": "Agreed to beforehand by word of mouth.",
    }
    topic = str(Topic(session.device.clinic, "front-desk", "chart", "review-1"))
    return Message(topic, json.dumps(told).encode())


def _of(subject_id: str, series_id: str | None = None) -> Change:
    def change(told: dict[str, Any]) -> dict[str, Any]:
        plan = {**told["plan"], "subject_id": subject_id}
        return {**told, "plan": plan} | ({"series_id": series_id} if series_id else {})

    return change


def _without_clock(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "wall_time_ms": None}
