"""A sender without a network: numbers and serialises as the contract says, and keeps it all.

Use `FakePower` to restart it; everything published, in order, stays in one `FakeWire`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, JsonValue

from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.identifiers import StreamClass
from dermatrace_schemas.topics import Topic


@dataclass(slots=True)
class FakeWire:
    """What was published, and what each stream's sender knows; survives reboots."""

    published: list[tuple[str, bytes]] = field(default_factory=list)
    reports: list[tuple[BaseModel, bool]] = field(default_factory=list)
    streams: dict[str, "FakeStream"] = field(default_factory=dict)

    def payloads(self, stream_id: str) -> list[bytes]:
        """Return everything published on one session's topic, in order."""
        return [bytes_ for topic, bytes_ in self.published if topic.endswith(f"/{stream_id}")]


class FakeStream:
    """One stream: its documents by number, its losses, its chain."""

    def __init__(self, sender: "FakeSender", topic: Topic, stream_id: str) -> None:
        self.sender = sender
        self.topic = topic
        self.documents: dict[int, bytes] = {}
        self.lost: list[int] = []
        self.ended = False
        self._stream_id = stream_id
        self._next_seq = 0
        self._chain = chain_start(stream_id)

    @property
    def stream_id(self) -> str:
        """The stream's name on its topic."""
        return self._stream_id

    @property
    def next_seq(self) -> int:
        """The number the next document gets."""
        return self._next_seq

    @property
    def chain(self) -> str | None:
        """The chain over all documents so far, None once any was lost."""
        return None if self.lost else self._chain.hex()

    def send(
        self,
        kind: str,
        facts: Mapping[str, JsonValue],
        *,
        uptime_ms: int,
        wall_time_ms: int | None,
    ) -> int:
        """Store and publish."""
        seq = self.keep(kind, facts, uptime_ms=uptime_ms, wall_time_ms=wall_time_ms)
        self.sender.publish_raw(str(self.topic), self.documents[seq])
        return seq

    def keep(
        self,
        kind: str,
        facts: Mapping[str, JsonValue],
        *,
        uptime_ms: int,
        wall_time_ms: int | None,
    ) -> int:
        """Store without publishing."""
        seq = self._take_seq()
        head: dict[str, JsonValue] = {
            "seq": seq,
            "kind": kind,
            "boot_id": self.sender.boot_id,
            "uptime_ms": uptime_ms,
            "wall_time_ms": wall_time_ms,
        }
        payload = json.dumps(head | dict(facts), separators=(",", ":")).encode()
        self.documents[seq] = payload
        self._chain = chain_next(self._chain, payload_sha256(payload))
        return seq

    def lose(self) -> int:
        """Use up a number."""
        seq = self._take_seq()
        self.lost.append(seq)
        return seq

    def end(self) -> None:
        """Refuse all further numbers."""
        self.ended = True

    def _take_seq(self) -> int:
        assert not self.ended, f"{self._stream_id} has ended"
        self._next_seq += 1
        return self._next_seq - 1


class FakeSender:
    """One boot of a device's sender."""

    def __init__(self, wire: FakeWire, boot_id: str = "boot-1") -> None:
        self.wire = wire
        self._boot_id = boot_id

    @property
    def clinic(self) -> str:
        """Always the same one."""
        return "north-clinic"

    @property
    def sender_id(self) -> str:
        """Always the same one."""
        return "pen-north-1"

    @property
    def boot_id(self) -> str:
        """The boot this sender stands for."""
        return self._boot_id

    def open_stream(self, stream_class: StreamClass, stream_id: str) -> FakeStream:
        """Open a stream, or go on with the one of that name."""
        stream = self.wire.streams.get(stream_id)
        if stream is None:
            topic = Topic(self.clinic, self.sender_id, stream_class, stream_id)
            stream = self.wire.streams[stream_id] = FakeStream(self, topic, stream_id)
        stream.sender = self
        return stream

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """Note what would go out."""
        self.wire.published.append((topic, payload))

    def replay(self, stream_id: str, first_seq: int, last_seq: int) -> None:
        """Publish stored documents again; one that is not stored is the caller's mistake."""
        stream = self.wire.streams[stream_id]
        for seq in range(first_seq, last_seq + 1):
            self.publish_raw(str(stream.topic), stream.documents[seq])

    def publish_report(self, document: BaseModel, *, retain: bool) -> None:
        """Note the report."""
        self.wire.reports.append((document, retain))


class FakePower:
    """Restarts the fake device: a new boot on the same wire."""

    def __init__(self, wire: FakeWire) -> None:
        self._wire = wire
        self.restarts: list[bool] = []
        """Whether the outbox was kept, restart by restart."""

    def restart(self, *, keeps_outbox: bool) -> FakeSender:
        """Return the sender of the next boot."""
        self.restarts.append(keeps_outbox)
        return FakeSender(self._wire, f"boot-{len(self.restarts) + 1}")
