"""A small recorder in memory, which decides with the real `Coverage` and commits in groups."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, TypeAlias

from dermatrace.journal.coverage import Coverage
from dermatrace.sender.stream_state import StreamName
from dermatrace.seqset import PAGE_BITS, SeqSet
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.limits import RECEIPTS_MAX_PER_SECOND
from dermatrace_schemas.settling import Completion, Receipt
from support.settling_network import (
    LATE_MAX_MS,
    Account,
    Agenda,
    Broker,
    Connection,
    Document,
    Payload,
    Refusal,
    Upward,
    digest,
    kind_of,
)

RECEIPT_INTERVAL_MS: Final = 1_000 // RECEIPTS_MAX_PER_SECOND
COMMIT_MS: Final = (3, 40)
RECONNECT_MS: Final = (200, 2_000)

Stream: TypeAlias = tuple[str, StreamName]
"""(sender, stream name)."""
Outcome = Literal["accepted", "rejected", "conflict"]


@dataclass(slots=True)
class Record:
    """What a journal durably holds of one stream."""

    kept: dict[int, dict[Payload, Outcome]] = field(default_factory=dict)
    pages: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    known_last: int = -1
    end_seq: int | None = None
    erased: bool = False
    reasons: dict[int, str] = field(default_factory=dict)

    def sets(self) -> tuple[SeqSet, SeqSet, SeqSet]:
        """Return what is settled, rejected, lost."""
        settled, rejected, lost = (
            SeqSet.from_pages({number: bits[at] for number, bits in self.pages.items()})
            for at in range(3)
        )
        return settled, rejected, lost

    def coverage(self, make: Callable[..., Coverage], now_ms: int) -> Coverage:
        """Return the stream's coverage as it is after a restart."""
        coverage = make(*self.sets(), self.known_last, self.end_seq, self.erased)
        coverage.loaded(now_ms)
        return coverage

    def has(self, seq: int) -> bool:
        """Tell whether a number is durably settled."""
        if self.erased or seq in self.kept:
            return True
        number, bit = divmod(seq, PAGE_BITS)
        return bool(self.pages.get(number, (0, 0, 0))[2] >> bit & 1)


@dataclass(slots=True)
class Journal:
    """What survives a crash. `birth` counts restorations."""

    birth: int = 0
    records: dict[Stream, Record] = field(default_factory=dict)
    nameless: dict[str, Payload] = field(default_factory=dict)

    @property
    def journal_id(self) -> str:
        """What senders are told."""
        return f"journal-{self.birth}"

    def restored(self, birth: int) -> "Journal":
        """Return a journal that goes on from here."""
        return Journal(birth, deepcopy(self.records), dict(self.nameless))

    def record(self, stream: Stream) -> Record:
        """Return what is held of a stream, perhaps nothing."""
        return self.records.setdefault(stream, Record())


@dataclass(slots=True)
class Batch:
    """Decided, and lost in a crash until it is committed."""

    messages: list[tuple[Connection, int, Upward]]
    kept: list[tuple[Stream, int, Payload, Outcome]] = field(default_factory=list)
    nameless: list[Document] = field(default_factory=list)
    reasons: list[tuple[Stream, int, str]] = field(default_factory=list)
    touched: dict[Stream, None] = field(default_factory=dict)


class Witness:
    """Is told what the recorder says and does; checks it."""

    def on_receipt(self, recorder: "PretendRecorder", stream: Stream, receipt: Receipt) -> None:
        """See a receipt before it leaves."""

    def on_puback(self, recorder: "PretendRecorder", message: Upward) -> None:
        """See a PUBACK before it leaves."""

    def on_commit(self, recorder: "PretendRecorder", batch: Batch) -> None:
        """See what has become durable."""


class PretendRecorder:
    """Decode, append, commit, acknowledge, announce: in this order and no other."""

    def __init__(
        self,
        agenda: Agenda,
        broker: Broker,
        witness: Witness,
        make_coverage: Callable[..., Coverage] = Coverage,
    ) -> None:
        self.journal = Journal()
        self.is_up = True
        self.link_up = True
        self.lateness = 0.0
        self.last_words: dict[Stream, Receipt] = {}
        self._agenda = agenda
        self._broker = broker
        self._witness = witness
        self._make_coverage = make_coverage
        self._life = 0
        self._forget()
        self.connect()

    def _forget(self) -> None:
        self._life += 1
        self._connection: Connection | None = None
        self._inbox: list[tuple[Connection, int, Upward]] = []
        self._batch: Batch | None = None
        self._coverages: dict[Stream, Coverage] = {}
        self._due_ms: dict[Stream, int] = {}
        self._sent_ms: dict[Stream, int] = {}

    # --- life and death -----------------------------------------------------------------------

    def connect(self) -> None:
        """Subscribe, or try again later."""
        if not self.is_up or self._connection is not None:
            return
        if self.link_up:
            self._connection = self._broker.subscribe(self)
        if self._connection is None:
            self._later(self._agenda.random.randint(*RECONNECT_MS), self.connect)

    def crash(self) -> None:
        """Lose whatever was not committed."""
        self.is_up = False
        self._broker.unsubscribe()
        self._forget()

    def start(self, journal: Journal | None = None) -> None:
        """Start again, on the same journal or on another."""
        self.journal = journal or self.journal
        self.is_up = True
        self.connect()

    def on_down(self) -> None:
        """Learn that the connection is gone; the session is the broker's."""
        self._connection = None
        self._later(self._agenda.random.randint(*RECONNECT_MS), self.connect)

    def _later(self, wait_ms: int, action: Callable[[], None]) -> None:
        life = self._life
        self._agenda.after(wait_ms, lambda: action() if life == self._life else None)

    # --- decode, append -----------------------------------------------------------------------

    def on_message(self, connection: Connection, packet_id: int, message: Upward) -> None:
        """Put a message into the inbox."""
        self._inbox.append((connection, packet_id, message))
        self._begin()

    def _begin(self) -> None:
        if self._batch is None and self._inbox:
            self._batch, self._inbox = Batch(self._inbox), []
            self._take_batch(self._batch)
            self._later(self._agenda.random.randint(*COMMIT_MS), self._commit)

    def _take_batch(self, batch: Batch) -> None:
        for _, _, message in batch.messages:
            self._take(batch, message)

    def coverage(self, stream: Stream) -> Coverage:
        """Return a stream's coverage, from the journal if it was not heard of in this life."""
        coverage = self._coverages.get(stream)
        if coverage is None:
            record = self.journal.record(stream)
            coverage = record.coverage(self._make_coverage, self._agenda.now_ms)
            self._coverages[stream] = coverage
        return coverage

    def _take(self, batch: Batch, message: Upward) -> None:
        if isinstance(message, Account):
            self._take_account(batch, message)
        elif message.payload.startswith(b"?"):
            batch.nameless.append(message)
        else:
            self._take_numbered(batch, message)

    def _take_account(self, batch: Batch, account: Account) -> None:
        for told in account.streams:
            stream = (account.sender, (told.stream_class, told.stream_id))
            coverage = self.coverage(stream)
            batch.touched[stream] = None
            for span in told.lost:
                for first, last in coverage.settled.gaps(span.first_seq, span.last_seq):
                    batch.reasons += [(stream, n, span.reason) for n in range(first, last + 1)]
            coverage.declare(
                last=told.last_seq,
                lost=[(span.first_seq, span.last_seq) for span in told.lost],
                ended=told.ended,
                now_ms=self._agenda.now_ms,
            )

    def _take_numbered(self, batch: Batch, message: Document) -> None:
        stream, seq = (message.sender, message.stream), int(message.payload.partition(b"|")[0])
        coverage, kind, now_ms = (
            self.coverage(stream),
            kind_of(message.payload),
            self._agenda.now_ms,
        )
        batch.touched[stream] = None
        match coverage.standing(seq):
            case "erased":
                return
            case "settled":
                kept = self._kept(batch, stream, seq)
                if message.payload in kept:
                    return
                first_readable = kind != "invalid" and "accepted" not in kept.values()
                outcome: Outcome = "accepted" if first_readable else "conflict"
                coverage.reject(seq, now_ms)
            case _ if kind == "invalid":
                outcome = "rejected"
                coverage.reject(seq, now_ms)
            case _:
                outcome = "accepted"
                coverage.accept(seq, now_ms)
        if kind == "stop":
            coverage.end(seq)
        batch.kept.append((stream, seq, message.payload, outcome))

    def _kept(self, batch: Batch, stream: Stream, seq: int) -> dict[Payload, Outcome]:
        kept = dict(self.journal.record(stream).kept.get(seq, {}))
        kept |= {p: outcome for s, n, p, outcome in batch.kept if (s, n) == (stream, seq)}
        return kept

    # --- commit, acknowledge, announce --------------------------------------------------------

    def _commit(self) -> None:
        batch = self._batch
        if batch is not None:
            self._store(batch)
            self._witness.on_commit(self, batch)
            self._batch = None
            self._acknowledge(batch)
            self._announce(batch)
            self._begin()

    def _store(self, batch: Batch) -> None:
        for stream, seq, payload, outcome in batch.kept:
            self.journal.record(stream).kept.setdefault(seq, {})[payload] = outcome
        for message in batch.nameless:
            self.journal.nameless[digest(message.payload)] = message.payload
        for stream, seq, reason in batch.reasons:
            self.journal.record(stream).reasons[seq] = reason
        for stream in batch.touched:
            coverage, record = self.coverage(stream), self.journal.record(stream)
            for page in coverage.dirty:
                record.pages[page] = (
                    coverage.settled.page(page),
                    coverage.rejected.page(page),
                    coverage.lost.page(page),
                )
            coverage.dirty.clear()
            record.known_last, record.end_seq = coverage.known_last, coverage.end_seq

    def _acknowledge(self, batch: Batch) -> None:
        for connection, packet_id, message in batch.messages:
            if connection.is_up:
                self._witness.on_puback(self, message)
                connection.carry(1, partial(self._broker.answered, packet_id))

    def _announce(self, batch: Batch) -> None:
        for message in batch.nameless:
            self._say(message.sender, Refusal(digest(message.payload)))
        for stream in batch.touched:
            self._want_receipt(stream, self._agenda.now_ms)

    def _want_receipt(self, stream: Stream, at_ms: int) -> None:
        earliest_ms = self._sent_ms.get(stream, -RECEIPT_INTERVAL_MS) + RECEIPT_INTERVAL_MS
        due_ms = max(at_ms, earliest_ms)
        if stream not in self._due_ms or due_ms < self._due_ms[stream]:
            self._due_ms[stream] = due_ms
            self._later(due_ms - self._agenda.now_ms, lambda: self._receipt_due(stream, due_ms))

    def _receipt_due(self, stream: Stream, due_ms: int) -> None:
        if self._due_ms.get(stream) != due_ms:
            return
        if self._batch is not None:  # never between deciding and committing
            self._due_ms[stream] = due_ms + 1
            self._later(1, lambda: self._receipt_due(stream, due_ms + 1))
            return
        del self._due_ms[stream]
        self.send_receipt(stream)

    def send_receipt(self, stream: Stream) -> None:
        """Say what we have of a stream."""
        now_ms, coverage = self._agenda.now_ms, self.coverage(stream)
        held = coverage.held(now_ms)
        matures_ms = coverage.matures_ms()
        self._sent_ms[stream] = now_ms
        if matures_ms is not None:
            self._want_receipt(stream, max(matures_ms, now_ms + 1))
        sender, (stream_class, stream_id) = stream
        receipt = Receipt.model_construct(
            kind="receipt",
            journal_id=self.journal.journal_id,
            stream_class=stream_class,  # type: ignore[arg-type]  # as it was told
            stream_id=stream_id,
            next_seq=held.next_seq,
            missing=[SeqRange.model_construct(first_seq=a, last_seq=b) for a, b in held.missing],
            rejected=[SeqRange.model_construct(first_seq=a, last_seq=b) for a, b in held.rejected],
            more=held.more,
            complete=Completion.model_construct(entry_id=1, entry_hash="0" * 64)
            if held.complete
            else None,
        )
        self._witness.on_receipt(self, stream, receipt)
        self.last_words[stream] = receipt
        self._say(sender, receipt)

    def _say(self, sender_id: str, message: Receipt | Refusal) -> None:
        if self._connection is None:
            return
        random = self._agenda.random
        self._broker.announce(sender_id, message, self._agenda.latency_ms())
        if random.random() < self.lateness:  # the same again, much later
            self._broker.announce(sender_id, message, random.randint(500, LATE_MAX_MS))

    def erase(self, stream: Stream) -> None:
        """Carry out an order of erasure, in a commit of its own."""
        if self.is_up and self._batch is None:
            self.coverage(stream).erase()
            record = self.journal.record(stream)
            record.erased, record.kept = True, {}
            self._want_receipt(stream, self._agenda.now_ms)
