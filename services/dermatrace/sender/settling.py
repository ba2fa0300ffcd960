"""The sender's half of the contract: a pure state machine, no clock, no I/O.

Tell it what happened (`recorded`, `connected`, `acknowledged`, `receipt` ...); ask it what to do
(`next_to_publish`, `outbox_due`, `freeable`). Its rules in one breath: keep every document until a
receipt covers it; an answer of the broker's only makes room in flight; after a reconnect publish
what the broker has not answered and say what you hold; publish older documents again only when
asked; when nobody answers, ask; when another journal answers, forget what the last one said, and
believe the new one once it alone has spoken for a while.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from dermatrace.sender.in_flight import InFlight, Key
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.limits import (
    IN_FLIGHT_MAX,
    MISSING_AFTER_MS,
    RECEIPT_SILENCE_MAX_MS,
    RECEIPT_SILENCE_MS,
    REFUSED_WAIT_MS,
)
from dermatrace_schemas.settling import LossReason, OutboxStream, Receipt

__all__ = ["Key", "Settling"]

ASKED_AGAIN_MS: Final = 2 * MISSING_AFTER_MS
"""A number is published again on request at most once in this time: it may be on its way."""
OUTBOX_INTERVAL_MS: Final = 1_000
"""An outbox follows the last one no sooner: many losses in a row share one."""
JOURNAL_DOUBT_MS: Final = RECEIPT_SILENCE_MS
"""A journal that replaces another is believed once only it has been heard for this long: a receipt
of the old one may still be under way, and must not make room for what the new one lacks."""
SETTLED_ASK_MS: Final = RECEIPT_SILENCE_MAX_MS
"""A settled sender asks too, after this long without a receipt: see `account`."""
SETTLED_TOLD_MAX: Final = 320
"""Settled streams told after a reconnect, the newest: ten outbox documents, not all of a life."""


class Settling:
    """Decides what to publish, what to ask, and what may be freed."""

    def __init__(self, random: Random, *, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        self.streams: dict[StreamName, StreamState] = {}
        self.journal_id: str | None = None
        self._random = random
        self._in_flight_max = in_flight_max
        self._in_flight = InFlight()
        self._connected = False
        self._paused_until_ms = 0
        self._account_all = False
        self._outbox_due_ms: int | None = None
        self._outbox_sent_ms = -ASKED_AGAIN_MS
        self._heard_ms = 0
        self._alone_since_ms: int | None = None
        self._repeats_since_ms = 0
        self._losses: list[tuple[StreamName, Span, LossReason]] = []

    # --- what happened ------------------------------------------------------------------------

    def recorded(self, key: Key, now_ms: int, *, queue: bool = True) -> None:
        """Take note of a document that now lies safely in the outbox.

        Without `queue` it waits there until it is asked for.
        """
        name, seq = key
        stream = self.streams[name]
        self._expect_receipt(stream, now_ms)
        stream.held.add(seq)
        stream.next_seq = max(stream.next_seq, seq + 1)
        if queue:
            (stream.live if self._connected else stream.backlog).add(seq)

    def lost(self, key: Key, reason: LossReason, now_ms: int) -> None:
        """Take note of a document that cannot be given (any more)."""
        name, seq = key
        stream = self.streams[name]
        self._expect_receipt(stream, now_ms)
        stream.next_seq = max(stream.next_seq, seq + 1)
        self._give_up(stream, (seq, seq), reason, now_ms)

    def ended(self, name: StreamName, now_ms: int) -> None:
        """Take note that a stream gets no further number; the recorder is told at once."""
        stream = self.streams[name]
        self._expect_receipt(stream, now_ms)
        stream.ended = True
        self._want_outbox(now_ms)

    def connected(self, receive_max: int, now_ms: int) -> None:
        """Start on a new connection: what was unanswered is published again, and all is told."""
        self._connected = True
        self._in_flight.window_max = min(self._in_flight_max, receive_max)
        for stream in self.streams.values():
            stream.heard_ms, stream.silence_ms = now_ms, RECEIPT_SILENCE_MS
        self._account_all = True
        self._want_outbox(now_ms)

    def disconnected(self, now_ms: int) -> None:
        """Take note that whatever the broker has not answered is open again."""
        self._connected = False
        for name, seq in self._in_flight.cut():
            self._give_up(self.streams[name], (seq, seq), "too_large", now_ms)
        for stream in self.streams.values():
            stream.reopen()
            stream.repeated, stream.repeated_before = SeqSet(), SeqSet()

    def published(self, key: Key, size_bytes: int) -> None:
        """Take note that a document is on its way to the broker."""
        name, seq = key
        stream = self.streams[name]
        if seq in stream.backlog:
            stream.repeated.add(seq)
        stream.live.discard(seq)
        stream.backlog.discard(seq)
        stream.in_flight.add(seq)
        self._in_flight.add(key, size_bytes)

    def acknowledged(self, key: Key) -> None:
        """Take note of the broker's success: room in flight, no more. It proves no storage."""
        name, seq = key
        self.streams[name].in_flight.discard(seq)
        self._in_flight.accepted(key)

    def refused(self, key: Key | None, now_ms: int) -> None:
        """Take note of any other answer of the broker's (key None: to an outbox): back off."""
        if key is None:
            self._account_all = True
            self._want_outbox(now_ms)
        else:
            name, seq = key
            self.streams[name].in_flight.discard(seq)
            self.streams[name].backlog.add_all(self.streams[name].held.part(seq, seq))
            self._in_flight.refused(key)
        wait_ms = REFUSED_WAIT_MS * self._random.uniform(1.0, 1.5)
        self._paused_until_ms = max(self._paused_until_ms, now_ms + int(wait_ms))

    def receipt(self, receipt: Receipt, now_ms: int) -> None:
        """Take note of what the recorder has of one stream."""
        believed = self._hear(receipt.journal_id, now_ms)
        stream = self.streams.get((receipt.stream_class, receipt.stream_id))
        if stream is None:
            return
        stream.heard_ms, stream.silence_ms = now_ms, RECEIPT_SILENCE_MS
        if believed:
            if receipt.next_seq < stream.settled_seq:
                self._want_outbox(now_ms)
            stream.settled_seq = receipt.next_seq
            stream.complete = receipt.complete is not None
            stream.backlog.discard_span(0, receipt.next_seq - 1)
            self._in_flight.forget(stream.name, (0, receipt.next_seq - 1))
        self._forget_old_repeats(now_ms)
        for span in receipt.missing:
            stream.offer(span.first_seq, span.last_seq)
            if stream.lacks_any(span.first_seq, span.last_seq):
                self._want_outbox(max(now_ms, self._outbox_sent_ms + ASKED_AGAIN_MS))

    def freed(self, name: StreamName, span: Span) -> None:
        """Take note that settled documents were removed to make room."""
        self.streams[name].release(*span)

    # --- what to do ---------------------------------------------------------------------------

    def next_to_publish(self, now_ms: int) -> Key | None:
        """Return the next document to publish, or None for now. Live before backlog."""
        if not self._may_speak(now_ms) or not self._in_flight.has_room:
            return None
        for name, stream in self.streams.items():
            if stream.live:
                return name, stream.live.lowest()
        for name, stream in self.streams.items():
            if stream.backlog:
                return name, stream.backlog.lowest()
        return None

    def outbox_due(self, now_ms: int) -> bool:
        """Tell whether to send an outbox now."""
        if not self._may_speak(now_ms):
            return False
        if self._outbox_due_ms is not None and now_ms >= self._outbox_due_ms:
            return True
        if any(self._is_overdue(stream, now_ms) for stream in self.streams.values()):
            return True
        return bool(self.streams) and now_ms >= self._ask_anyway_ms()

    def account(self, now_ms: int) -> list[OutboxStream]:
        """Return what we hold, to be sent now: what is unsettled, and some of what is settled.

        Only an answer about that shows that an older copy of the journal was restored meanwhile.
        """
        worth_telling = [stream for stream in self.streams.values() if stream.is_worth_telling]
        told = [stream for stream in worth_telling if not stream.is_settled]
        if self._account_all:
            told += [s for s in worth_telling if s.is_settled][-SETTLED_TOLD_MAX:]
        for stream in told:
            if self._is_overdue(stream, now_ms):
                stream.silence_ms = min(2 * stream.silence_ms, RECEIPT_SILENCE_MAX_MS)
            stream.heard_ms = now_ms
        self._account_all = False
        self._outbox_due_ms = None
        self._outbox_sent_ms = now_ms
        return [stream.account() for stream in told or worth_telling[-1:]]

    def freeable(self) -> Iterator[tuple[StreamName, Span]]:
        """Yield settled documents, oldest stream first: what may be freed if room is needed."""
        for name, stream in self.streams.items():
            if stream.settled_seq > 0:
                for span in stream.held.spans(0, stream.settled_seq - 1):
                    yield name, span

    def wake_ms(self, now_ms: int) -> int | None:
        """Return when to ask again even if nothing happens, or None to wait for an event."""
        if not self._connected:
            return None
        times = [self._ask_anyway_ms()] if self.streams else []
        for stream in self.streams.values():
            if not stream.is_settled:
                times.append(stream.heard_ms + stream.silence_ms)
            if now_ms < self._paused_until_ms and (stream.live or stream.backlog):
                times.append(self._paused_until_ms)
        if self._outbox_due_ms is not None:
            times.append(self._outbox_due_ms)
        return max(min(times), self._paused_until_ms, now_ms) if times else None

    def take_losses(self) -> list[tuple[StreamName, Span, LossReason]]:
        """Return what was given up since the last call, for the outbox to remember."""
        taken, self._losses = self._losses, []
        return taken

    @property
    def waiting_count(self) -> int:
        """Documents waiting to be published."""
        return sum(len(stream.live) + len(stream.backlog) for stream in self.streams.values())

    def all_settled(self) -> bool:
        """Tell whether the recorder has everything there is, ends included."""
        return all(stream.is_settled for stream in self.streams.values())

    # --- the rules in detail ------------------------------------------------------------------

    def _hear(self, journal_id: str, now_ms: int) -> bool:
        """Tell whether what this journal says is to be believed.

        A journal never heard in this run is believed at once if nothing was known before, or if the
        outbox remembers what it said; otherwise only after nobody else was heard for a while.
        """
        self._heard_ms = now_ms
        if self._alone_since_ms is None or journal_id != self.journal_id:
            remembered = journal_id == self.journal_id and self._knows_anything()
            if self.journal_id is None or remembered:
                self._alone_since_ms = now_ms - JOURNAL_DOUBT_MS
            else:
                self._alone_since_ms = now_ms
            if self.journal_id not in {None, journal_id}:
                self._start_over(now_ms)
            self.journal_id = journal_id
        return now_ms - self._alone_since_ms >= JOURNAL_DOUBT_MS

    def _knows_anything(self) -> bool:
        return any(stream.settled_seq > 0 for stream in self.streams.values())

    def _start_over(self, now_ms: int) -> None:
        """Meet another journal: nothing we know of the old one's receipts counts."""
        for stream in self.streams.values():
            stream.settled_seq, stream.complete = 0, False
            stream.repeated, stream.repeated_before = SeqSet(), SeqSet()
            stream.heard_ms, stream.silence_ms = now_ms, RECEIPT_SILENCE_MS
        self._want_outbox(max(now_ms, self._outbox_sent_ms + ASKED_AGAIN_MS))

    def _forget_old_repeats(self, now_ms: int) -> None:
        if now_ms - self._repeats_since_ms < ASKED_AGAIN_MS:
            return
        self._repeats_since_ms = now_ms
        for stream in self.streams.values():
            stream.repeated_before, stream.repeated = stream.repeated, SeqSet()

    def _give_up(self, stream: StreamState, span: Span, reason: LossReason, now_ms: int) -> None:
        stream.declare_lost(*span, reason)
        self._losses.append((stream.name, span, reason))
        self._in_flight.forget(stream.name, span)
        self._want_outbox(now_ms)

    def _may_speak(self, now_ms: int) -> bool:
        return self._connected and now_ms >= self._paused_until_ms

    def _is_overdue(self, stream: StreamState, now_ms: int) -> bool:
        return not stream.is_settled and now_ms - stream.heard_ms >= stream.silence_ms

    def _expect_receipt(self, stream: StreamState, now_ms: int) -> None:
        if stream.silence_ms == 0 or stream.is_settled:
            stream.heard_ms, stream.silence_ms = now_ms, RECEIPT_SILENCE_MS

    def _want_outbox(self, at_ms: int) -> None:
        earliest_ms = max(at_ms, self._outbox_sent_ms + OUTBOX_INTERVAL_MS)
        if self._outbox_due_ms is None or earliest_ms < self._outbox_due_ms:
            self._outbox_due_ms = earliest_ms

    def _ask_anyway_ms(self) -> int:
        return max(self._heard_ms, self._outbox_sent_ms) + SETTLED_ASK_MS
