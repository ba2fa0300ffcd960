"""Writes journals entry by entry, without ingest, and keeps their index as it must be kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from dermatrace.journal.entry import NewEntry, Outcome, Reason
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.writer import Batch, Journal
from dermatrace.seqset import Span
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.references import StreamKey as StreamReference
from dermatrace_schemas.settling import LostRange, Outbox, OutboxStream
from dermatrace_schemas.system import (
    EntryRange,
    SystemClosed,
    SystemErased,
    SystemStreamComplete,
)
from dermatrace_schemas.topics import Topic
from support.manual_clock import ManualClock
from support.vectors import with_changes

SESSION = StreamKey("north-clinic", "pen-7", "session", "s-1")
CHART = StreamKey("north-clinic", "console-1", "chart", "c-1")
REASON = Reason("invalid", "place.zone", "Input should be a valid string").as_text()


def alive(seq: int) -> bytes:
    """Return a small valid document of a session."""
    return with_changes("device.event", seq=seq)


class Scribe:
    """A journal and short words for what happens to it; every call is one batch."""

    def __init__(self, path: Path, clock: ManualClock | None = None) -> None:
        self.path = path
        self.clock = clock or ManualClock()
        self.journal = Journal(path, self.clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()

    def accept(self, key: StreamKey, first_seq: int, *payloads: bytes) -> int:
        """Record documents with consecutive numbers; return the last entry's id."""
        entry_id = 0
        with self.journal.batch() as batch:
            record = batch.stream(key)
            for seq, payload in enumerate(payloads, start=first_seq):
                record.coverage.accept(seq, self.clock.monotonic_ms())
                entry_id = self._append(batch, record, "accepted", seq, payload)
            batch.store_stream(record)
        return entry_id

    def refuse(
        self, key: StreamKey, seq: int | None, payload: bytes, outcome: Outcome = "rejected"
    ) -> int:
        """Record bytes that were rejected, or are in conflict."""
        with self.journal.batch() as batch:
            record = batch.stream(key)
            if seq is not None:
                record.coverage.reject(seq, self.clock.monotonic_ms())
            record.conflict_count += outcome == "conflict"
            entry_id = self._append(batch, record, outcome, seq, payload)
            batch.store_stream(record)
        return entry_id

    def account(
        self,
        key: StreamKey,
        *,
        last_seq: int | None = None,
        lost: Sequence[Span] = (),
        ended: bool = False,
    ) -> int:
        """Record what a sender says it holds of one stream."""
        told = OutboxStream(
            stream_class=key.stream_class,
            stream_id=key.stream_id,
            first_seq=None if last_seq is None else 0,
            last_seq=last_seq,
            ended=ended,
            lost=[LostRange(first_seq=a, last_seq=b, reason="not_stored") for a, b in lost],
        )
        outbox = Outbox(
            kind="outbox", boot_id="boot-1", uptime_ms=0, wall_time_ms=None, streams=[told]
        )
        payload = outbox.model_dump_json().encode()
        topic = str(Topic(key.clinic, key.sender, "outbox"))
        now_ms = self.clock.monotonic_ms()
        with self.journal.batch() as batch:
            record = batch.stream(key)
            record.coverage.declare(last=last_seq, lost=list(lost), ended=ended, now_ms=now_ms)
            batch.store_stream(record)
            return batch.append(
                NewEntry(self.clock.utc_ms(), "report", topic, payload, payload_sha256(payload))
            )

    def end(self, key: StreamKey, last_seq: int) -> None:
        """Let the stream have ended with its last document."""
        with self.journal.batch() as batch:
            record = batch.stream(key)
            record.coverage.end(last_seq)
            batch.store_stream(record)

    def complete(self, key: StreamKey) -> int:
        """State that a stream is complete."""
        with self.journal.batch() as batch:
            record = batch.stream(key)
            document = SystemStreamComplete(
                kind="system.stream_complete",
                at_ms=self.clock.utc_ms(),
                stream=reference(key),
                next_seq=record.coverage.next_seq,
                chain=None,
            )
            record.completed_by = batch.append_system(document, record.row)
            record.is_open = False
            batch.store_stream(record)
        return record.completed_by

    def close_session(self, key: StreamKey) -> int:
        """State that a session is taken for ended."""
        with self.journal.batch() as batch:
            record = batch.stream(key)
            document = SystemClosed(
                kind="system.closed",
                at_ms=self.clock.utc_ms(),
                stream=reference(key),
                reason="silence",
            )
            record.closed_by = batch.append_system(document, record.row)
            record.is_open = False
            batch.store_stream(record)
        return record.closed_by

    def erase(self, key: StreamKey, order_entry_id: int) -> int:
        """Erase a whole stream by order of an entry; return the entry that says so."""
        with self.journal.batch() as batch:
            record = batch.stream(key)
            record.coverage.erase()
            record.erased_by = order_entry_id
            erased = batch.erase_payloads(batch.entries_of_stream(record.row))
            entry_id = batch.append_system(
                SystemErased(
                    kind="system.erased",
                    at_ms=self.clock.utc_ms(),
                    order_entry_id=order_entry_id,
                    erased_stream_count=1,
                    erased_payload_count=len(erased),
                    entries=[EntryRange(first_entry_id=i, last_entry_id=i) for i in erased],
                )
            )
            batch.store_stream(record)
        return entry_id

    def _append(
        self, batch: Batch, record: StreamRecord, outcome: Outcome, seq: int | None, payload: bytes
    ) -> int:
        key = record.key
        entry_id = batch.append(
            NewEntry(
                self.clock.utc_ms(),
                outcome,
                str(Topic(key.clinic, key.sender, key.stream_class, key.stream_id)),
                payload,
                payload_sha256(payload),
                seq,
                None if outcome == "accepted" else REASON,
                record.row,
            )
        )
        record.first_entry_id = record.first_entry_id or entry_id
        record.last_entry_id = entry_id
        record.closed_by = record.completed_by = None
        return entry_id


def reference(key: StreamKey) -> StreamReference:
    """Return a stream's name as documents word it."""
    return StreamReference(
        clinic=key.clinic,
        sender=key.sender,
        stream_class=key.stream_class,
        stream_id=key.stream_id,
    )
