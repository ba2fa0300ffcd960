"""Visits to the sample clinic as messages: its registry, what people enter, what a device says.

The same sessions as the demonstration's, for which every gate is answered and every reading lies in
its band, unless a fault says otherwise. Here nothing has a network or an outbox.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic import JsonValue

from benchmarks import documents
from dermatrace.journal.streams import StreamKey
from dermatrace.registry.load import load_folder
from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.fleet import NORTH, FleetDevice, FleetSession
from dermatrace.simulator.performance import Send, perform
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.visits import visit_facts
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.topics import Topic

RUN: Final = "benchmark"
SEED: Final = 1
BEGINS_MS: Final = 1_780_000_000_000
"""When every session begins, some day in 2026: the sample clinic's approvals are valid then."""
TOO_DEEP_MM: Final = 1.0
"""By how much a session with findings is set too deep: beyond every limit of the sample clinic."""


class Message(NamedTuple):
    """Something published."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit with one session, in the order in which it is published."""

    stream: StreamKey
    """Of the session."""
    before: list[Message]
    """What people enter until the session begins."""
    session: list[Message]
    after: list[Message]
    """What people enter once it has ended."""


def registry() -> list[Message]:
    """Return what the sample clinic in the north has on record."""
    told = load_folder(sample_clinic()).documents_of(NORTH)
    return registry_messages(f"import-{NORTH}", [(one.kind, one.facts) for one in told])


def registry_messages(
    stream_id: str, told: Sequence[tuple[str, Mapping[str, JsonValue]]]
) -> list[Message]:
    """Return kinds and facts as what that clinic enters into its registry, as one stream."""
    topic = str(Topic(NORTH, "registry", "registry", stream_id))
    return [
        Message(topic, _document(seq, f"registry.{kind}", facts, seq, BEGINS_MS))
        for seq, (kind, facts) in enumerate(told)
    ]


def script_of(device: FleetDevice, minutes: float) -> ScriptedSession:
    """Return what a device does in one session."""
    return device.session(SEED, 1, 0, minutes).script


def visit(
    device: FleetDevice,
    script: ScriptedSession,
    number: int,
    too_deep: Sequence[range] = (),
    *,
    begins_ms: int = BEGINS_MS,
    room_id: str | None = None,
) -> Visit:
    """Return the visit of one more person who gets this session, under a number of its own.

    In these ranges of the session's documents the device is set too deep. It is planned for the
    room its treatment usually takes place in, or for another one.
    """
    faults = tuple(
        LimitCrossing(span.start, span.stop - 1, over_mm=TOO_DEEP_MM, dialled=True)
        for span in too_deep
    )
    session = FleetSession(device, script, 0, number, faults)
    steps = [step for step in perform(script, faults) if isinstance(step, Send)]
    stream_id = session.stream_id(RUN)
    stream = StreamKey(device.clinic, device.sender_id, "session", stream_id)
    topic = str(Topic(device.clinic, "front-desk", "chart", f"visit-{stream_id}"))
    told: dict[str, list[Message]] = {"before": [], "after": []}
    for seq, fact in enumerate(visit_facts(session, RUN, begins_ms)):
        facts, plan = dict(fact.facts), fact.facts.get("plan")
        if room_id is not None and isinstance(plan, dict):
            facts["plan"] = {**plan, "room_id": room_id}
        payload = _document(seq, fact.kind, facts, seq, fact.entered_ms)
        told[fact.when].append(Message(topic, payload))
    return Visit(stream, told["before"], _session(stream, steps, begins_ms), told["after"])


def every_other(length: int, document_count: int) -> list[range]:
    """Return every other stretch of so many documents, beginning with the second one."""
    starts = range(length, document_count - length, 2 * length)
    return [range(start, start + length) for start in starts]


def _session(stream: StreamKey, steps: Sequence[Send], begins_ms: int) -> list[Message]:
    messages: list[Message] = []
    topic, chain = str(Topic(*stream)), chain_start(stream.stream_id)
    for seq, step in enumerate(steps):
        told, facts = step.document, dict(step.document.facts)
        if told.kind == "session.stopped":
            facts["chain"] = chain.hex()
        payload = _document(seq, told.kind, facts, told.at_ms, begins_ms + told.at_ms)
        chain = chain_next(chain, payload_sha256(payload))
        messages.append(Message(topic, payload))
    return messages


def _document(
    seq: int, kind: str, facts: Mapping[str, JsonValue], uptime_ms: int, wall_time_ms: int
) -> bytes:
    head: dict[str, JsonValue] = {
        "seq": seq,
        "kind": kind,
        "boot_id": documents.BOOT_ID,
        "uptime_ms": uptime_ms,
        "wall_time_ms": wall_time_ms,
    }
    return json.dumps(head | dict(facts), separators=(",", ":")).encode()
