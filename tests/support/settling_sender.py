"""A small sender: the real `Settling` over an outbox that survives reboots."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Final

from dermatrace.sender.in_flight import Key
from dermatrace.sender.settling import Settling
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.limits import IN_FLIGHT_MAX, STREAMS_PER_OUTBOX_MAX
from dermatrace_schemas.settling import LossReason
from support.settling_network import (
    Account,
    Agenda,
    Broker,
    Connection,
    Document,
    Downward,
    Payload,
    Refusal,
    Upward,
    digest,
    size_bytes,
)

RECONNECT_MS: Final = (300, 3_000)


@dataclass(slots=True)
class Stored:
    """What the outbox durably says of one stream."""

    next_seq: int = 0
    ended: bool = False
    lost: dict[LossReason, SeqSet] = field(default_factory=dict)
    settled_seq: int = 0
    complete: bool = False


@dataclass(slots=True)
class Disk:
    """What survives a reboot."""

    streams: dict[StreamName, Stored] = field(default_factory=dict)
    documents: dict[Key, Payload] = field(default_factory=dict)
    journal_id: str | None = None


class Witness:
    """Is told what the sender does; checks it."""

    def on_freed(self, sender: "PretendSender", key: Key) -> None:
        """See a document before its bytes go."""

    def on_publish(self, sender: "PretendSender", message: Upward) -> None:
        """See a message on its way to the broker."""

    def on_heard(self, sender: "PretendSender", journal_id: str) -> None:
        """See which journal a sender has heard of."""


class PretendSender:
    """Assign, store, publish; keep until settled."""

    def __init__(
        self,
        sender_id: str,
        agenda: Agenda,
        broker: Broker,
        witness: Witness,
        *,
        capacity: int,
        make_settling: Callable[[Random], Settling] = Settling,
        make_stream: Callable[..., StreamState] = StreamState,
    ) -> None:
        self.sender_id = sender_id
        self.disk = Disk()
        self.link_up = True
        self.is_up = False
        self._agenda = agenda
        self._broker = broker
        self._witness = witness
        self._capacity = capacity
        self._make_settling = make_settling
        self._make_stream = make_stream
        self._life = 0
        self.start()

    # --- life and death -----------------------------------------------------------------------

    def start(self) -> None:
        """Begin with what the outbox holds."""
        self.is_up = True
        self._life += 1
        self._connection: Connection | None = None
        self._packets: dict[int, Key | None] = {}
        self._packet_id = 0
        self._wake_ms: int | None = None
        self.settling = self._make_settling(self._agenda.random)
        self.settling.journal_id = self.disk.journal_id
        for name, stored in self.disk.streams.items():
            held = SeqSet((seq, seq) for other, seq in self.disk.documents if other == name)
            self.settling.streams[name] = self._make_stream(
                name,
                next_seq=stored.next_seq,
                ended=stored.ended,
                held=held,
                lost=deepcopy(stored.lost),
                settled_seq=stored.settled_seq,
                complete=stored.complete,
            )
        self.connect()

    def crash(self) -> None:
        """Lose all but the outbox."""
        self.is_up = False
        self._life += 1
        self._connection = None
        self._broker.drop(self.sender_id)

    def connect(self) -> None:
        """Connect, or try again later."""
        if not self.is_up or self._connection is not None:
            return
        if self.link_up:
            self._connection = self._broker.connect(self)
        if self._connection is None:
            self._later(self._agenda.random.randint(*RECONNECT_MS), self.connect)
            return
        self.settling.connected(self._agenda.random.choice([1, 3, 20]), self._agenda.now_ms)
        self._agenda.note(self.sender_id, "connected")
        self.pump()

    def on_down(self) -> None:
        """Learn that the connection is gone."""
        if self.is_up and self._connection is not None:
            self._connection = None
            self._packets.clear()
            self.settling.disconnected(self._agenda.now_ms)
            self._store_losses()
            self._later(self._agenda.random.randint(*RECONNECT_MS), self.connect)

    def _later(self, wait_ms: int, action: Callable[[], None]) -> None:
        life = self._life
        self._agenda.after(wait_ms, lambda: action() if life == self._life else None)

    # --- writing ------------------------------------------------------------------------------

    def open(self, name: StreamName) -> None:
        """Begin a stream."""
        self.disk.streams[name] = Stored()
        self.settling.streams[name] = self._make_stream(name)

    def write(self, name: StreamName, payload: Payload) -> bool:
        """Store and queue a document under the stream's next number; return whether it fitted."""
        key = (name, self.disk.streams[name].next_seq)
        self._make_room()
        has_room = len(self.disk.documents) < self._capacity
        if has_room:
            self.disk.documents[key] = payload
            self.disk.streams[name].next_seq += 1
            queue = self._agenda.random.random() < 0.9
            self.settling.recorded(key, self._agenda.now_ms, queue=queue)
        else:
            self.settling.lost(key, "not_stored", self._agenda.now_ms)
            self._store_losses()
        self.pump()
        return has_room

    def end(self, name: StreamName) -> None:
        """Promise no further number."""
        self.disk.streams[name].ended = True
        self.settling.ended(name, self._agenda.now_ms)
        self.pump()

    def _make_room(self) -> None:
        for name, (first, last) in list(self.settling.freeable()):
            if len(self.disk.documents) < self._capacity:
                return
            greedy = self._agenda.random.random() < 0.5
            self.free(name, (first, last if greedy else first))

    def free(self, name: StreamName, span: Span) -> None:
        """Remove documents to make room."""
        for seq in range(span[0], span[1] + 1):
            self._witness.on_freed(self, (name, seq))
            del self.disk.documents[(name, seq)]
        self.settling.freed(name, span)

    def _store_losses(self) -> None:
        for name, (first, last), reason in self.settling.take_losses():
            stored = self.disk.streams[name]
            stored.lost.setdefault(reason, SeqSet()).add_span(first, last)
            stored.next_seq = max(stored.next_seq, last + 1)
            for seq in range(first, last + 1):
                self.disk.documents.pop((name, seq), None)

    # --- publishing ---------------------------------------------------------------------------

    def pump(self) -> None:
        """Do what is due, and come back when more is."""
        now_ms = self._agenda.now_ms
        if not self.is_up or self._connection is None:
            return
        while (key := self.settling.next_to_publish(now_ms)) is not None:
            payload = self.disk.documents[key]
            self.settling.published(key, size_bytes(payload))
            self._publish(key, Document(self.sender_id, key[0], payload))
        if self.settling.outbox_due(now_ms):
            told = list(self.settling.account(now_ms))
            for start in range(0, max(len(told), 1), STREAMS_PER_OUTBOX_MAX):
                streams = tuple(told[start : start + STREAMS_PER_OUTBOX_MAX])
                self._publish(None, Account(self.sender_id, streams))
        wake_ms = self.settling.wake_ms(now_ms)
        if wake_ms is not None and wake_ms != self._wake_ms:
            self._wake_ms = wake_ms
            self._agenda.at(wake_ms, lambda: self._woken(wake_ms))

    def _woken(self, wake_ms: int) -> None:
        if wake_ms == self._wake_ms:
            self._wake_ms = None
            self.pump()

    def _publish(self, key: Key | None, message: Upward) -> None:
        self._packet_id += 1
        self._packets[self._packet_id] = key
        if len(self._packets) > IN_FLIGHT_MAX:
            raise AssertionError("more in flight than agreed")
        self._witness.on_publish(self, message)
        self._broker.publish(self.sender_id, self._packet_id, message)

    def on_answer(self, connection: Connection, packet_id: int, *, success: bool) -> None:
        """Take the broker's answer."""
        if connection is not self._connection:
            return
        key = self._packets.pop(packet_id)
        if not success:
            self.settling.refused(key, self._agenda.now_ms)
        elif key is not None:
            self.settling.acknowledged(key)
        self.pump()

    # --- being answered -----------------------------------------------------------------------

    def on_message(self, message: Downward) -> None:
        """Take a receipt or a rejection."""
        if isinstance(message, Refusal):
            self._take_refusal(message)
        else:
            now_ms = self._agenda.now_ms
            self._witness.on_heard(self, message.journal_id)
            self.settling.receipt(message, now_ms)
            self._store_losses()
            name = (message.stream_class, message.stream_id)
            if self.settling.journal_id != self.disk.journal_id:
                self.disk.journal_id = self.settling.journal_id
                self._note(*self.settling.streams)
            elif name in self.settling.streams and self._agenda.random.random() < 0.5:
                self._note(name)  # now and then: losing it costs only being told again
        self.pump()

    def _note(self, *names: StreamName) -> None:
        for name in names:
            stored, state = self.disk.streams[name], self.settling.streams[name]
            stored.settled_seq, stored.complete = state.settled_seq, state.complete

    def _take_refusal(self, refusal: Refusal) -> None:
        for key, payload in list(self.disk.documents.items()):
            if digest(payload) == refusal.sha256:
                self.settling.lost(key, "rejected", self._agenda.now_ms)
                self._store_losses()
