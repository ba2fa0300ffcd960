"""A real journal, sessions played into it without a network, and a judge that follows it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import BOOT_ID, Verdict
from dermatrace.registry.load import load_folder
from dermatrace.simulator.faults import Fault
from dermatrace.simulator.fleet import FLEET, FleetDevice, FleetSession
from dermatrace.simulator.omissions import Omission
from dermatrace.simulator.pace import ImmediatePace
from dermatrace.simulator.performance import perform
from dermatrace.simulator.player import Opening, Player
from dermatrace.simulator.visits import visit_facts
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.topics import Topic
from support.fake_sender import FakePower, FakeSender, FakeWire
from support.manual_clock import NOON_MS
from support.pipeline_bench import PipelineBench, held, outbox

RUN: Final = "run"
STEP_MS: Final = 100
"""From one arrival to the next, by the recorder's clock: a live session at its usual pace."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something published."""

    topic: str
    payload: bytes


class DeviceSender(FakeSender):
    """One boot of any device of the fleet."""

    def __init__(self, wire: FakeWire, device: FleetDevice, boot_id: str = "boot-1") -> None:
        super().__init__(wire, boot_id)
        self._device = device

    @property
    def clinic(self) -> str:
        """Where it is used."""
        return self._device.clinic

    @property
    def sender_id(self) -> str:
        """What it is called."""
        return self._device.sender_id


class DevicePower(FakePower):
    """Restarts such a device."""

    def __init__(self, wire: FakeWire, device: FleetDevice) -> None:
        super().__init__(wire)
        self._device, self._device_wire = device, wire

    def restart(self, *, keeps_outbox: bool) -> FakeSender:
        """Return the sender of the next boot."""
        super().restart(keeps_outbox=keeps_outbox)
        return DeviceSender(self._device_wire, self._device, f"boot-{len(self.restarts) + 1}")


@cache
def registry_messages(folder: Path | None = None) -> tuple[Message, ...]:
    """Return a folder's registry as each of its clinics sends it."""
    folder_read = load_folder(folder or sample_clinic())
    return tuple(
        Message(
            str(Topic(clinic, "registry", "registry", f"import-{clinic}")),
            _document(seq, f"registry.{document.kind}", document.facts, NOON_MS),
        )
        for clinic in folder_read.clinics
        for seq, document in enumerate(folder_read.documents_of(clinic))
    )


def device_messages(
    session: FleetSession, begins_ms: int = NOON_MS, run: str = RUN
) -> list[Message]:
    """Return what a device publishes of a session, its account at the end included."""
    wire, device = FakeWire(), session.device
    player = Player(
        DeviceSender(wire, device),
        device.profile.descriptor(device.serial),
        power=DevicePower(wire, device),
    )
    opening = Opening(session.stream_id(run), 30_000, begins_ms)
    player.play(perform(session.script, session.faults), opening, ImmediatePace())
    messages = [Message(topic, payload) for topic, payload in wire.published]
    accounts = [
        held(
            stream_id,
            last=stream.next_seq - 1,
            lost=tuple((seq, seq) for seq in stream.lost),
            ended=stream.ended,
        )
        for stream_id, stream in wire.streams.items()
    ]
    topic = f"dermatrace/v1/{device.clinic}/{device.sender_id}/outbox"
    return [*messages, Message(topic, outbox(*accounts))]


def chart_messages(
    session: FleetSession,
    begins_ms: int = NOON_MS,
    omissions: Sequence[Omission] = (),
    run: str = RUN,
) -> list[Message]:
    """Return what a front desk enters about the session's visit."""
    topic = str(
        Topic(session.device.clinic, "front-desk", "chart", f"visit-{session.stream_id(run)}")
    )
    facts = visit_facts(session, run, begins_ms, omissions=omissions)
    return [
        Message(topic, _document(seq, fact.kind, fact.facts, fact.entered_ms))
        for seq, fact in enumerate(facts)
    ]


def chart_message(
    clinic: str,
    kind: str,
    *,
    seq: int = 0,
    sitting: str = "later",
    entered_ms: int = NOON_MS,
    **facts: object,
) -> Message:
    """Return one fact that somebody enters."""
    head = {"salt": "0" * 32, "entered_ms": entered_ms, "source": "console"}
    topic = str(Topic(clinic, "front-desk", "chart", sitting))
    return Message(topic, _document(seq, kind, head | facts, entered_ms))


def erasure_message(clinic: str, order: str = "order-1", **facts: object) -> Message:
    """Return an order to erase a subject or streams."""
    head = {"reason": "asked for it", "ordered_by": "north-physician"}
    topic = str(Topic(clinic, "registry", "registry", order))
    return Message(topic, _document(0, "registry.erasure", head | facts, NOON_MS))


def session_of(
    device_number: int,
    *,
    minutes: float = 1.0,
    seed: int = 1,
    number: int = 1,
    faults: tuple[Fault, ...] = (),
) -> FleetSession:
    """Return a session of one device of the fleet."""
    device = FLEET[device_number]
    whole = device.session(seed, number, 0, minutes)
    return FleetSession(device, whole.script, 0, number, faults)


def _document(seq: int, kind: str, facts: Any, wall_ms: int) -> bytes:  # noqa: ANN401  JSON
    head: dict[str, Any] = {
        "seq": seq,
        "kind": kind,
        "boot_id": "boot-1",
        "uptime_ms": 1_000 + seq,
        "wall_time_ms": wall_ms,
    }
    return json.dumps(head | dict(facts), separators=(",", ":")).encode()


@dataclass
class JudgeBench:
    """A journal and a judge; every verdict goes back into the journal, as over the broker."""

    folder: Path
    index_name: str = "index.db"
    bench: PipelineBench = field(init=False)
    verdicts: list[Verdict] = field(default_factory=list)
    """Everything the judge has sent, in order, repetitions included."""

    def __post_init__(self) -> None:
        self.bench = PipelineBench(self.folder / "journal.db")

    def close(self) -> None:
        """Close the journal."""
        self.bench.journal.close()

    def record(self, messages: Iterable[Message], *, step_ms: int = STEP_MS) -> None:
        """Let messages arrive, one after the other."""
        for message in messages:
            self.bench.clock.advance(step_ms)
            self.bench.send(message.payload, to=message.topic)

    def pass_time(self, step_ms: int) -> None:
        """Let time pass; the recorder notes what it notices by then."""
        self.bench.clock.advance(step_ms)
        self.bench.pipeline.look()

    def judge(self, *, batches: int | None = None, index_name: str | None = None) -> None:
        """Follow the journal to its end, or for so many batches; then stop, with a commit."""
        with JournalReader(self.bench.path) as reader, Index(self._index(index_name)) as index:
            follower = Follower(reader, index, self.send)
            taken = 0
            while (batches is None or taken < batches) and follower.catch_up():
                taken += 1
            follower.commit()

    def send(self, verdict: Verdict) -> None:
        """Take a verdict: note it, and record it as the broker would bring it."""
        self.verdicts.append(verdict)
        topic = str(Topic(verdict.clinic, JUDGE_SENDER, "verdict", verdict.stream_id))
        self.bench.send(payload_of(verdict), to=topic)

    def streams(self) -> dict[str, list[dict[str, Any]]]:
        """Return every verdict stream on record, its documents in order."""
        found: dict[str, list[dict[str, Any]]] = {}
        with JournalReader(self.bench.path) as reader:
            for stream in reader.streams_of_class("verdict", newest=1_000):
                entries = reader.read_stream(stream.row)
                found[stream.key.stream_id] = [json.loads(e.payload or b"{}") for e in entries]
        return found

    def newest(self, session: FleetSession, run: str = RUN) -> list[dict[str, Any]]:
        """Return the newest generation's documents of a session."""
        prefix = f"{session.device.sender_id}.{session.stream_id(run)}.g"
        streams = {k: v for k, v in self.streams().items() if k.startswith(prefix)}
        return streams[max(streams, key=lambda name: int(name.rpartition(".g")[2]))]

    def _index(self, index_name: str | None) -> Path:
        return self.folder / (index_name or self.index_name)


def payload_of(verdict: Verdict) -> bytes:
    """Return a verdict as it is published."""
    head: dict[str, Any] = {
        "seq": verdict.seq,
        "kind": verdict.kind,
        "boot_id": BOOT_ID,
        "uptime_ms": verdict.uptime_ms,
        "wall_time_ms": verdict.wall_time_ms,
    }
    return json.dumps(head | verdict.facts, separators=(",", ":")).encode()


def digest_of(verdicts: Iterable[Verdict]) -> dict[tuple[str, str, int], bytes]:
    """Return each verdict's digest by its key; says `different` if a number was used twice."""
    found: dict[tuple[str, str, int], bytes] = {}
    for verdict in verdicts:
        key = verdict.clinic, verdict.stream_id, verdict.seq
        digest = payload_sha256(payload_of(verdict))
        assert found.setdefault(key, digest) == digest, f"{key} was said in two ways"
    return found


def raised(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings that a generation has raised."""
    return [d["finding"] for d in documents if d["kind"] == "verdict.finding_raised"]
