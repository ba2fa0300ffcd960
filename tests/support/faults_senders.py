"""Senders that write down what they were told: the product's, and the kind that trusts PUBACK.

`ReceiptSender` is the product's outbox, rules and network half, with a notebook between them and a
clock that runs fast, so that a minute's back-off does not take a minute. `TrustingSender` keeps a
document until the broker has answered and then forgets it, as most MQTT clients do: it shows what
the broker and the recorder's acknowledgements are worth by themselves.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Literal, Protocol

from dermatrace.clock import SystemClock
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.desk import SenderDesk
from dermatrace.sender.outbox import CAPACITY_DEFAULT_BYTES, IN_MEMORY, Outbox
from dermatrace.sender.publisher import Message, Publisher
from dermatrace.sender.sender import OutgoingStream
from dermatrace.sender.settling import Key as DocumentKey
from dermatrace.sender.settling import Settling
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.settling import Receipt
from dermatrace_schemas.topics import Topic, receipt_topic, rejection_topic
from support.checker import History

if TYPE_CHECKING:
    from pydantic import JsonValue

CLINIC: Final = "north-clinic"
STREAM_ID: Final = "2026-03-01-a"
CLOCK_FACTOR: Final = 20
"""A sender's minute in these tests takes 3 s."""
IN_FLIGHT_MAX: Final = 200

Protocols = Literal["5", "3.1.1"]


class FastClock:
    """The machine's clocks, with a monotonic one that runs fast."""

    def __init__(self, factor: int = CLOCK_FACTOR) -> None:
        self._factor = factor
        self._clock = SystemClock()

    def utc_ms(self) -> int:
        """Return the wall clock as it is."""
        return self._clock.utc_ms()

    def monotonic_ms(self) -> int:
        """Return time that passes faster."""
        return self._clock.monotonic_ms() * self._factor


class Eager(Random):
    """Chooses the shortest of all allowed waits: senders are back before anybody else is."""

    def uniform(self, a: float, b: float) -> float:
        """Return the lower bound."""
        return min(a, b)


class FaultSender(Protocol):
    """What the load asks of a sender."""

    def start(self) -> None:
        """Begin to connect and publish."""
        ...

    def write(self) -> None:
        """Make one document."""
        ...

    def end(self) -> None:
        """Make the last document, if this kind of sender has one."""
        ...

    def is_done(self) -> bool:
        """Whether it has nothing left to do, by what it was told."""
        ...

    def stop(self) -> None:
        """End the connection."""
        ...


class _NotingDesk(SenderDesk):
    """The product's desk, noting what passes over it."""

    history: History

    def next_document(self) -> tuple[DocumentKey, Message] | None:
        """Note what is published."""
        due = super().next_document()
        if due is not None:
            (_, seq), (topic, payload, _) = due
            self.history.note_published((topic, seq), payload)
        return due

    def answered(self, key: DocumentKey | None, *, success: bool) -> None:
        """Note the broker's answers; to this sender they are no promise."""
        if key is not None and success:
            self.history.note_answered((self._topic(key[0]), key[1]), is_trusted=False)
        super().answered(key, success=success)

    def received(self, topic: str, payload: bytes) -> None:
        """Note receipts."""
        receipt = _receipt_in(topic, payload)
        if receipt is not None:
            name = (receipt.stream_class, receipt.stream_id)
            with self.changed:
                state = self.settling.streams[name]
                lost = [span for numbers in state.lost.values() for span in numbers.spans()]
            rejected = [(span.first_seq, span.last_seq) for span in receipt.rejected]
            self.history.note_receipt(self._topic(name), receipt.next_seq, rejected, lost)
        super().received(topic, payload)

    def wake_in_s(self) -> float:
        """Translate the fast clock's seconds."""
        return super().wake_in_s() / CLOCK_FACTOR


class ReceiptSender:
    """One session of one device, sent by the product's sender."""

    def __init__(
        self,
        port: int,
        number: int,
        history: History,
        *,
        protocol: Protocols = "5",
        settling: Callable[[Random], Settling] = Settling,
        capacity_bytes: int = CAPACITY_DEFAULT_BYTES,
        outbox: Path = IN_MEMORY,
    ) -> None:
        self.sender_id = f"pen-{number}"
        self.topic = str(Topic(CLINIC, self.sender_id, "session", STREAM_ID))
        random, clock = Eager(number), FastClock()
        self.desk = _NotingDesk(
            Outbox(outbox, f"{CLINIC}/{self.sender_id}", capacity_bytes=capacity_bytes),
            settling(random),
            clinic=CLINIC,
            sender_id=self.sender_id,
            clock=clock,
            device_time=lambda: (0, None),
        )
        self.desk.history = history
        self._publisher = Publisher(
            BrokerAddress(host="127.0.0.1", port=port, protocol=protocol),
            self.sender_id,
            self.desk,
            subscriptions=_answers_to(self.sender_id),
            clock=clock,
            random=random,
        )
        stored = self.desk.stream(("session", STREAM_ID))
        self.state = stored.state
        self.stream = OutgoingStream(self.desk, self._publisher, stored)

    def start(self) -> None:
        """Begin to connect and publish."""
        self._publisher.start()

    def write(self) -> None:
        """Make one document."""
        self._send("device.event", event="alive")

    def end(self) -> None:
        """Make the last document and say that it is the last."""
        facts = {"outcome": "completed"}
        chain = self.stream.chain
        self._send("session.stopped", **facts if chain is None else facts | {"chain": chain})
        self.stream.end()

    def is_done(self) -> bool:
        """Whether a receipt covers everything."""
        with self.desk.changed:
            return self.state.is_settled

    def publish_all_again(self) -> int:
        """Publish everything held past the rules, as a sender does that heard of no erasure.

        Returns how much that was.
        """
        messages = self.desk.held(("session", STREAM_ID), 0, self.state.next_seq - 1)
        for message in messages:
            self._publisher.extra.append(message)
        self._publisher.wake.set()
        return len(messages)

    @property
    def is_all_published_again(self) -> bool:
        """Whether the broker has answered all of that."""
        return self._publisher.unanswered_count == 0

    def stop(self) -> None:
        """End the connection and close the outbox."""
        self._publisher.stop()
        self.desk.outbox.close()

    def _send(self, kind: str, **facts: str) -> None:
        self.stream.send(kind, facts, uptime_ms=self.stream.next_seq, wall_time_ms=None)


class Clerk(ReceiptSender):
    """A tool that sends reference data; here, orders to erase."""

    def order_erasure(self, sender_ids: Iterable[str]) -> None:
        """Order the sessions of these senders to be erased."""
        streams: list[JsonValue] = [
            {"clinic": CLINIC, "sender": name, "stream_class": "session", "stream_id": STREAM_ID}
            for name in sender_ids
        ]
        stored = self.desk.stream(("registry", "erasure-1"))
        self.order = stored.state
        OutgoingStream(self.desk, self._publisher, stored).send(
            "registry.erasure",
            {"streams": streams, "reason": "asked for", "ordered_by": "director-1"},
            uptime_ms=0,
            wall_time_ms=None,
        )

    def is_done(self) -> bool:
        """Whether the order is recorded."""
        with self.desk.changed:
            return self.order.is_settled


class TrustingDesk:
    """Keeps documents until the broker has answered; implements `publisher.Desk`."""

    def __init__(self, topic: str, history: History) -> None:
        self._topic = topic
        self._history = history
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._in_flight: dict[int, tuple[int, bytes]] = {}
        self._packet_count = 0
        self.receipt: Receipt | None = None
        """The newest one; nothing here follows from it."""

    def queue(self, documents: Iterable[tuple[int, bytes]]) -> None:
        """Queue documents: their numbers and their bytes."""
        with self._lock:
            self._waiting.extend(documents)

    def is_done(self) -> bool:
        """Whether the broker has answered everything."""
        with self._lock:
            return not self._waiting and not self._in_flight

    def up(self, receive_max: int) -> None:
        """There is a connection."""

    def down(self) -> None:
        """Queue again what the broker has not answered."""
        with self._lock:
            self._waiting.extendleft(reversed(self._in_flight.values()))
            self._in_flight.clear()

    def next_document(self) -> tuple[DocumentKey, Message] | None:
        """Return the next document."""
        with self._lock:
            if not self._waiting or len(self._in_flight) >= IN_FLIGHT_MAX:
                return None
            seq, payload = self._waiting.popleft()
            self._packet_count += 1
            packet = self._packet_count
            self._in_flight[packet] = seq, payload
        self._history.note_published((self._topic, seq), payload)
        return (("session", STREAM_ID), packet), (self._topic, payload, False)

    def next_account(self) -> list[Message]:
        """It gives no account of itself."""
        return []

    def answered(self, key: DocumentKey | None, *, success: bool) -> None:
        """Forget what the broker has taken; offer again what it has refused."""
        if key is None:
            return
        with self._lock:
            seq, payload = self._in_flight.pop(key[1])
            if not success:
                self._waiting.append((seq, payload))
        if success:
            self._history.note_answered((self._topic, seq), is_trusted=True)

    def received(self, topic: str, payload: bytes) -> None:
        """Keep the newest receipt, for the test to read."""
        self.receipt = _receipt_in(topic, payload) or self.receipt

    def wake_in_s(self) -> float:
        """Nothing is ever due."""
        return 1.0


class TrustingSender:
    """One session of one device that trusts PUBACK."""

    def __init__(
        self, port: int, number: int, history: History, *, protocol: Protocols = "5"
    ) -> None:
        self.sender_id = f"trusting-{number}"
        self.desk = TrustingDesk(str(Topic(CLINIC, self.sender_id, "session", STREAM_ID)), history)
        self._written_count = 0
        self._publisher = Publisher(
            BrokerAddress(host="127.0.0.1", port=port, protocol=protocol),
            self.sender_id,
            self.desk,
            subscriptions=_answers_to(self.sender_id),
            clock=SystemClock(),
            random=Eager(number),
        )

    def start(self) -> None:
        """Begin to connect and publish."""
        self._publisher.start()

    def write(self) -> None:
        """Make one document."""
        self.publish([(self._written_count, event_payload(self._written_count))])
        self._written_count += 1

    def publish(self, documents: Iterable[tuple[int, bytes]]) -> None:
        """Queue documents that were made elsewhere, in this order."""
        self.desk.queue(documents)
        self._publisher.wake.set()

    def end(self) -> None:
        """It has no last document."""

    def is_done(self) -> bool:
        """Whether the broker has answered everything."""
        return self.desk.is_done()

    def stop(self) -> None:
        """End the connection."""
        self._publisher.stop()


class NeverLooksBack(Settling):
    """Takes no notice of who speaks and believes no lower number than it was told before."""

    def receipt(self, receipt: Receipt, now_ms: int) -> None:
        """Take note of a receipt, unless it tells of less than the last."""
        stream = self.streams.get((receipt.stream_class, receipt.stream_id))
        if stream is not None and receipt.next_seq < stream.settled_seq:
            return
        journal_id = self.journal_id or receipt.journal_id
        super().receipt(receipt.model_copy(update={"journal_id": journal_id}), now_ms)


def event_payload(seq: int) -> bytes:
    """Return a small valid document of a session."""
    document = {"seq": seq, "kind": "device.event", "boot_id": "boot-1", "uptime_ms": seq}
    return json.dumps({**document, "wall_time_ms": None, "event": "alive"}).encode()


def _answers_to(sender_id: str) -> tuple[str, str]:
    return receipt_topic(CLINIC, sender_id), rejection_topic(CLINIC, sender_id)


def _receipt_in(topic: str, payload: bytes) -> Receipt | None:
    try:
        document = parse(topic.rpartition("/")[2], payload)
    except (Unreadable, KeyError):
        return None
    return document if isinstance(document, Receipt) else None
