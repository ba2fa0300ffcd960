"""What becomes of each message: stored, counted, settled. All within one batch, no network.

The recorder knows no protocol and no limit; what must not happen is recorded like everything else.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel

from dermatrace.clock import Clock
from dermatrace.ingest.decode import Message
from dermatrace.ingest.erasure import Eraser
from dermatrace.ingest.mentions import mentions_of
from dermatrace.ingest.open_streams import OpenStreams, reference
from dermatrace.journal.entry import NewEntry, Outcome, Reason
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.writer import Batch
from dermatrace_schemas.registry import RegistryErasure
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.settling import Outbox
from dermatrace_schemas.system import SystemReopened, SystemStreamComplete
from dermatrace_schemas.topics import Topic
from dermatrace_schemas.verdict import VerdictClosed

Fate = Literal["stored", "duplicate", "conflict", "rejected", "report", "erased"]
"""What a message counts as, in the conservation equation."""

LAST_DOCUMENTS: Final = frozenset[type[BaseModel]]({SessionStopped, VerdictClosed})
"""Documents after which a stream gets no further number."""
CLOCK_MEMBERS: Final = {"uptime_ms", "wall_time_ms"}
ANCHOR_STEP_MS: Final = 10_000
"""A sender's clock counts as stepped once it is off by more than about this much."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejection to announce."""

    message: Message
    reason: Reason
    entry_id: int


@dataclass(slots=True)
class Taken:
    """What a batch came to, to be announced once it is committed."""

    fates: Counter[Fate] = field(default_factory=Counter)
    streams: dict[StreamKey, StreamRecord] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)


class Recorder:
    """Decides and appends; the only one who changes a stream's coverage."""

    def __init__(self, streams: OpenStreams, clock: Clock) -> None:
        self._streams = streams
        self._clock = clock

    def take(self, batch: Batch, messages: Iterable[Message]) -> Taken:
        """Append what is new in these messages, in the order they came."""
        taking = _Taking(batch, self._streams, self._clock)
        fates = taking.taken.fates
        for message in messages:
            fates[taking.take(message)] += 1
        return taking.finish()


class _Kept(NamedTuple):
    entry_id: int
    is_erased: bool
    """Whether it spoke of somebody erased, so that its payload is gone again."""


class _Taking:
    """One batch on its way into the journal."""

    def __init__(self, batch: Batch, streams: OpenStreams, clock: Clock) -> None:
        self.taken = Taken()
        self._batch = batch
        self._streams = streams
        self._utc_ms = clock.utc_ms()
        self._monotonic_ms = clock.monotonic_ms()
        self._eraser = Eraser(batch, streams, self._utc_ms)
        self._told_anew: set[StreamKey] = set()

    def take(self, message: Message) -> Fate:
        """Decide about one message."""
        if message.stream is None:
            return self._take_unnumbered(message)
        record = self._touch(message.stream)
        record.last_received_ms = self._utc_ms
        if record.coverage.erased:
            record.erased_count += 1
            return "erased"
        if message.seq is None:
            return self._reject_once(message, record)
        if record.coverage.standing(message.seq) == "settled":
            return self._take_again(message, message.seq, record)
        if message.reason is not None:
            return self._reject(message, message.seq, record)
        return self._accept(message, message.seq, record)

    def finish(self) -> Taken:
        """State what is now complete, and store the index with the entries it speaks of."""
        for record in self._streams.touched():
            coverage = record.coverage
            is_complete = coverage.is_complete()
            unstated = record.completed_by is None or record.key in self._told_anew
            if is_complete and unstated and not coverage.erased:
                record.completed_by = self._batch.append_system(
                    SystemStreamComplete(
                        kind="system.stream_complete",
                        at_ms=self._utc_ms,
                        stream=reference(record.key),
                        next_seq=coverage.next_seq,
                        chain=None,
                    ),
                    record.row,
                )
            record.is_open = not is_complete and record.closed_by is None
            self._batch.store_stream(record)
            self.taken.streams[record.key] = record
        return self.taken

    def _accept(self, message: Message, seq: int, record: StreamRecord) -> Fate:
        """Store a new document, and learn from it what the index must know."""
        record.late_count += record.coverage.is_late(seq)
        record.coverage.accept(seq, self._monotonic_ms)
        kept = self._append(message, "accepted", record)
        self._learn(message, seq, record, kept.entry_id)
        return "erased" if kept.is_erased else "stored"

    def _learn(self, message: Message, seq: int, record: StreamRecord, entry_id: int) -> None:
        document = message.document
        if type(document) in LAST_DOCUMENTS:
            record.coverage.end(seq)
        elif type(document) is RegistryErasure:
            self._eraser.obey(document, entry_id)

    def _reject(self, message: Message, seq: int, record: StreamRecord) -> Fate:
        """Keep bytes that could not be read, under the number that could."""
        record.coverage.reject(seq, self._monotonic_ms)
        kept = self._append(message, "rejected", record)
        self._refuse(message, kept.entry_id)
        return "erased" if kept.is_erased else "rejected"

    def _reject_once(self, message: Message, record: StreamRecord | None) -> Fate:
        """Keep bytes without a number once, however often they come; say so each time."""
        known = self._batch.rejected_entry(message.topic_text, message.digest)
        if known is not None:
            self._refuse(message, known)
            if record is not None:
                record.duplicate_count += 1
            return "duplicate"
        kept = self._append(message, "rejected", record)
        self._refuse(message, kept.entry_id)
        return "erased" if kept.is_erased else "rejected"

    def _take_again(self, message: Message, seq: int, record: StreamRecord) -> Fate:
        """Take a number that is settled: the same bytes are counted, others are a conflict.

        Readable bytes that follow rejected ones are accepted, since no others were: but under a
        number used twice.
        """
        outcomes = self._batch.outcomes_at(record.row, seq)
        if message.digest in outcomes:
            record.duplicate_count += 1
            if message.reason is not None:
                known = self._batch.rejected_entry(message.topic_text, message.digest)
                if known is not None:
                    self._refuse(message, known)
            return "duplicate"
        first_readable = message.reason is None and "accepted" not in outcomes.values()
        record.conflict_count += 1
        record.coverage.reject(seq, self._monotonic_ms)
        kept = self._append(message, "accepted" if first_readable else "conflict", record)
        if first_readable:
            self._learn(message, seq, record, kept.entry_id)
        reason = Reason("conflict", "seq", f"number {seq} was used for other bytes before")
        self.taken.refusals.append(Refusal(message, reason, kept.entry_id))
        return "erased" if kept.is_erased else "conflict"

    def _take_unnumbered(self, message: Message) -> Fate:
        """Journal a report when its content changed; act on an outbox each time."""
        if message.topic is None or message.document is None:
            return self._reject_once(message, None)
        if isinstance(message.document, Outbox):
            self._take_account(message.topic, message.document)
        content, nearly = _content_digests(message.document)
        if all(self._batch.report_is_news(message.topic_text, told) for told in (content, nearly)):
            kept = self._append(message, "report", None)
            self._batch.remember_report(message.topic_text, content, kept.entry_id)
        return "report"

    def _take_account(self, topic: Topic, outbox: Outbox) -> None:
        for told in outbox.streams:
            key = StreamKey(topic.clinic, topic.sender, told.stream_class, told.stream_id)
            is_new = self._touch(key).coverage.declare(
                last=told.last_seq,
                lost=[(span.first_seq, span.last_seq) for span in told.lost],
                ended=told.ended,
                now_ms=self._monotonic_ms,
            )
            if is_new:
                self._told_anew.add(key)

    def _touch(self, key: StreamKey) -> StreamRecord:
        record = self._streams.touch(self._batch, key)
        if key.stream_class == "verdict" and record.first_entry_id is None:
            self._eraser.inherit(record)
        return record

    def _append(self, message: Message, outcome: Outcome, record: StreamRecord | None) -> _Kept:
        entry_id = self._batch.append(
            NewEntry(
                self._utc_ms,
                outcome,
                message.topic_text,
                message.payload,
                message.digest,
                message.seq,
                None if message.reason is None else message.reason.as_text(),
                None if record is None else record.row,
            )
        )
        if record is not None:
            record.first_entry_id = record.first_entry_id or entry_id
            record.last_entry_id = entry_id
            record.completed_by = None
            self._reopen(record, entry_id)
        names = mentions_of(message)
        for name in names:
            self._batch.mention(name, entry_id)
        is_erased = bool(names) and self._eraser.meets_order(names)
        if is_erased and record is not None:
            record.erased_count += 1
        return _Kept(entry_id, is_erased)

    def _reopen(self, record: StreamRecord, entry_id: int) -> None:
        if record.closed_by is not None:
            record.closed_by = None
            self._batch.append_system(
                SystemReopened(
                    kind="system.reopened",
                    at_ms=self._utc_ms,
                    stream=reference(record.key),
                    by_entry_id=entry_id,
                ),
                record.row,
            )

    def _refuse(self, message: Message, entry_id: int) -> None:
        if message.reason is None:
            raise AssertionError("refused without a reason")
        self.taken.refusals.append(Refusal(message, message.reason, entry_id))


def _content_digests(document: BaseModel) -> tuple[bytes, bytes]:
    """Return what a report says apart from the passing of time, once exactly and once nearly.

    The sender's clock against its uptime is part of it, in steps: a stepped clock is a change. The
    second digest is of the next step, so that a clock that trembles on an edge is none.
    """
    content = document.model_dump_json(exclude=CLOCK_MEMBERS).encode()
    uptime_ms, wall_time_ms = (getattr(document, name, None) for name in sorted(CLOCK_MEMBERS))
    if uptime_ms is None or wall_time_ms is None:
        digest = hashlib.sha256(content).digest()
        return digest, digest
    step, rest_ms = divmod(wall_time_ms - uptime_ms, ANCHOR_STEP_MS)
    beside = step - 1 if 2 * rest_ms < ANCHOR_STEP_MS else step + 1
    return (
        hashlib.sha256(content + b" %d" % step).digest(),
        hashlib.sha256(content + b" %d" % beside).digest(),
    )
