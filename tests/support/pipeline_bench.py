"""The recorder's pipeline on a real journal, without network and with a clock that stands still."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dermatrace.ingest.pipeline import Pipeline
from dermatrace.ingest.recorder import Taken
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.verify import Report, verify
from dermatrace.journal.writer import Journal
from dermatrace_schemas.parse import parse
from dermatrace_schemas.settling import Receipt, Rejection
from dermatrace_schemas.topics import Topic
from support.manual_clock import ManualClock
from support.vectors import with_changes

SESSION = StreamKey("north-clinic", "pen-7", "session", "s-1")
OUTBOX_TOPIC = "dermatrace/v1/north-clinic/pen-7/outbox"
ROOM_MAX = 100_000


@dataclass(slots=True)
class FakeArrival:
    """A message that notes how often it was acknowledged, and after which others."""

    topic: str
    payload: bytes
    topic_is_utf8: bool = True
    acknowledged: list["FakeArrival"] = field(default_factory=list, repr=False)
    """Shared by a batch."""

    def acknowledge(self) -> None:
        """Note it."""
        self.acknowledged.append(self)


@dataclass(slots=True)
class Told:
    """What was published."""

    topic: str
    document: Receipt | Rejection


class PipelineBench:
    """A journal, a pipeline, and short words for what is sent through it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self._receipts: dict[str, Receipt] = {}
        self.open()

    def open(self) -> None:
        """Open the journal, as a start does."""
        self.journal = Journal(self.path, self.clock)
        self.pipeline = Pipeline(self.journal, self.clock)

    def reopen(self) -> None:
        """Stop and start."""
        self.journal.close()
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()

    def send(self, *payloads: bytes, to: StreamKey | str = SESSION) -> Taken:
        """Send a batch on one topic; every message of it must be acknowledged, in order."""
        topic = to if isinstance(to, str) else str(Topic(*to))
        return self.run(*(FakeArrival(topic, payload) for payload in payloads))

    def run(self, *arrivals: FakeArrival) -> Taken:
        """Send a batch; every message of it must be acknowledged, once and in order."""
        order: list[FakeArrival] = []
        for arrival in arrivals:
            arrival.acknowledged = order
        taken = self.pipeline.run(arrivals)
        assert [id(arrival) for arrival in order] == [id(arrival) for arrival in arrivals]
        return taken

    def account(self, *streams: dict[str, Any], to: str = OUTBOX_TOPIC, **clock: Any) -> Taken:  # noqa: ANN401  JSON
        """Send an outbox."""
        return self.send(outbox(*streams, **clock), to=to)

    def entries(self, outcome: str | None = None) -> list[Entry]:
        """Return what the journal holds."""
        with JournalReader(self.path) as reader:
            return [entry for entry in reader.read_after(0) if outcome in {None, entry.outcome}]

    def system(self, kind: str) -> list[dict[str, Any]]:
        """Return the recorder's own documents of one kind."""
        entries = self.entries("system")
        documents = [json.loads(entry.payload) for entry in entries if entry.payload is not None]
        return [document for document in documents if document["kind"] == kind]

    def record(self, key: StreamKey = SESSION) -> StreamRecord:
        """Return the index's record of a stream as it lies in the file."""
        with JournalReader(self.path) as reader:
            record = reader.stream(key)
        assert record is not None, f"the index has no {key}"
        return record

    def announce(self, room: int = ROOM_MAX) -> list[Told]:
        """Publish what is due and return it."""
        told: list[Told] = []

        def publish(topic: str, payload: bytes) -> bool:
            document = parse(topic.rpartition("/")[2], payload)
            assert isinstance(document, Receipt | Rejection)
            told.append(Told(topic, document))
            if isinstance(document, Receipt):
                self._receipts[document.stream_id] = document
            return True

        self.pipeline.announcer.publish_due(publish, room)
        return told

    def receipt(self, key: StreamKey = SESSION) -> Receipt:
        """Let enough time pass for a receipt, and return the newest of this stream."""
        self.clock.advance(1_000)
        self.announce()
        assert key.stream_id in self._receipts, f"no receipt for {key}"
        return self._receipts[key.stream_id]

    def rejections(self) -> list[Rejection]:
        """Return the rejections that are due."""
        documents = [told.document for told in self.announce()]
        return [document for document in documents if isinstance(document, Rejection)]

    def verify(self) -> Report:
        """Verify the file; it must be intact."""
        report = verify(self.path)
        assert report.is_intact, "\n".join(map(str, report.faults))
        return report

    def raw(self) -> bytes:
        """Return every byte of the database and its WAL."""
        parts = (self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal"))
        return b"".join(part.read_bytes() for part in parts if part.exists())


def outbox(*streams: dict[str, Any], uptime_ms: int = 0, wall_time_ms: int | None = None) -> bytes:
    """Return an outbox document."""
    return with_changes(
        "outbox", streams=list(streams), uptime_ms=uptime_ms, wall_time_ms=wall_time_ms
    )


def held(
    stream_id: str = "s-1",
    *,
    last: int | None = None,
    lost: tuple[tuple[int, int], ...] = (),
    ended: bool = False,
    stream_class: str = "session",
) -> dict[str, Any]:
    """Return what an outbox says of one stream."""
    return {
        "stream_class": stream_class,
        "stream_id": stream_id,
        "first_seq": None if last is None else 0,
        "last_seq": last,
        "ended": ended,
        "lost": [{"first_seq": a, "last_seq": b, "reason": "not_stored"} for a, b in lost],
    }


def alive(seq: int, **members: object) -> bytes:
    """Return a small valid document of a session."""
    return with_changes("device.event", seq=seq, event="alive", **members)


def stopped(seq: int) -> bytes:
    """Return the last document of a session."""
    return with_changes("session.stopped", seq=seq)


def numbers(ranges: list[Any]) -> list[tuple[int, int]]:
    """Return the ranges of a receipt as pairs."""
    return [(span.first_seq, span.last_seq) for span in ranges]
