"""A pretend network under virtual time: one agenda, one broker, connections that come and go."""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

from dermatrace.sender.stream_state import StreamName
from dermatrace_schemas.settling import OutboxStream, Receipt

LATENCY_MS = (5, 60)
LATE_MAX_MS = 8_000
"""Longest delay of a message of the recorder's; its process may be gone by then."""
DOCUMENT_MAX_BYTES = 10_000
"""The pretend broker ends the connection on a larger document."""

Payload: TypeAlias = bytes
"""`number|kind|nonce|size`; the number is `?` where it cannot be read."""


class Document(NamedTuple):
    """One numbered message of a sender."""

    sender: str
    stream: StreamName
    payload: Payload


class Account(NamedTuple):
    """One `outbox` message of a sender."""

    sender: str
    streams: tuple[OutboxStream, ...]


class Refusal(NamedTuple):
    """One `rejection` without a number."""

    sha256: str


Upward: TypeAlias = Document | Account
Downward: TypeAlias = Receipt | Refusal


def digest(payload: Payload) -> str:
    """Return SHA-256 as the contract writes it."""
    return hashlib.sha256(payload).hexdigest()


def kind_of(payload: Payload) -> str:
    """Return what a document pretends to be: plain, stop, invalid, nameless or huge."""
    return payload.split(b"|")[1].decode()


def size_bytes(payload: Payload) -> int:
    """Return the size a document pretends to have."""
    return int(payload.rpartition(b"|")[2])


class Agenda:
    """What happens when. Time jumps from one event to the next."""

    def __init__(self, random: Random, *, keep_history: bool) -> None:
        self.random = random
        self.now_ms = 0
        self.step_count = 0
        self.history: list[str] | None = [] if keep_history else None
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        """Do something at a moment, after what was put down for it earlier."""
        self._count += 1
        heapq.heappush(self._events, (max(at_ms, self.now_ms), self._count, action))

    def after(self, wait_ms: int, action: Callable[[], None]) -> None:
        """Do something later."""
        self.at(self.now_ms + wait_ms, action)

    def step(self, until_ms: int) -> bool:
        """Do the next thing, if there is one before `until_ms`."""
        if not self._events or self._events[0][0] > until_ms:
            return False
        self.now_ms, _, action = heapq.heappop(self._events)
        self.step_count += 1
        action()
        return True

    def note(self, *what: object) -> None:
        """Remember what happened, if anybody wants to know."""
        if self.history is not None:
            self.history.append(f"{self.now_ms:>9} " + " ".join(map(str, what)))

    def latency_ms(self) -> int:
        """Return how long a message takes this time."""
        return self.random.randint(*LATENCY_MS)


class Publisher(Protocol):
    """A sender as the broker knows it."""

    sender_id: str

    def on_answer(self, connection: "Connection", packet_id: int, *, success: bool) -> None:
        """Take the broker's answer."""
        ...

    def on_down(self) -> None:
        """Learn that the connection is gone."""
        ...

    def on_message(self, message: Downward) -> None:
        """Take a receipt or a rejection."""
        ...


class Subscriber(Protocol):
    """The recorder as the broker knows it."""

    def on_message(self, connection: "Connection", packet_id: int, message: Upward) -> None:
        """Take a message."""
        ...

    def on_down(self) -> None:
        """Learn that the connection is gone."""
        ...


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection; each direction keeps its order."""

    agenda: Agenda
    is_up: bool = True
    _last_ms: list[int] = field(default_factory=lambda: [0, 0])

    def carry(self, direction: int, action: Callable[[], None]) -> None:
        """Let a message arrive at the other end, unless the connection ends before."""
        agenda = self.agenda
        arrives_ms = max(self._last_ms[direction], agenda.now_ms + agenda.latency_ms())
        self._last_ms[direction] = arrives_ms
        agenda.at(arrives_ms, lambda: action() if self.is_up else None)


class Broker:
    """QoS 1, hop by hop: its success means that it saw a message, nothing more."""

    def __init__(self, agenda: Agenda, *, persistent: bool, queue_max: int) -> None:
        self.persistent = persistent
        self.queue_max = queue_max
        self.is_up = True
        self.refuses = False
        self.shuffles = False
        self._agenda = agenda
        self._publishers: dict[str, tuple[Publisher, Connection]] = {}
        self._subscriber: tuple[Subscriber, Connection] | None = None
        self._subscribed = False
        self._queue: deque[tuple[int, Upward]] = deque()
        self._unanswered: dict[int, Upward] = {}
        self._packet_id = 0

    # --- senders ------------------------------------------------------------------------------

    def connect(self, publisher: Publisher) -> Connection | None:
        """Let a sender in; a former connection under its name ends."""
        if not self.is_up:
            return None
        self.drop(publisher.sender_id)
        connection = Connection(self._agenda)
        self._publishers[publisher.sender_id] = (publisher, connection)
        return connection

    def drop(self, sender_id: str) -> None:
        """End a sender's connection, if there is one."""
        publisher, connection = self._publishers.pop(sender_id, (None, None))
        if publisher is not None and connection is not None:
            connection.is_up = False
            publisher.on_down()

    def publish(self, sender_id: str, packet_id: int, message: Upward) -> None:
        """Take a message from a sender's connection, after the time that takes."""
        publisher, connection = self._publishers[sender_id]

        def arrive() -> None:
            if isinstance(message, Document) and size_bytes(message.payload) > DOCUMENT_MAX_BYTES:
                self._agenda.note("broker cuts", sender_id)
                self.drop(sender_id)
                return
            success = not self.refuses
            if success:
                self._route(message)
            connection.carry(1, lambda: publisher.on_answer(connection, packet_id, success=success))

        connection.carry(0, arrive)

    def inject(self, message: Upward) -> None:
        """Take a message that nobody we know has published."""
        self._route(message)

    def _route(self, message: Upward) -> None:
        if not self._subscribed or len(self._queue) + len(self._unanswered) >= self.queue_max:
            self._agenda.note("broker drops", message)
            return
        self._packet_id += 1
        self._queue.append((self._packet_id, message))
        self._deliver()

    # --- the recorder -------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> Connection | None:
        """Let the recorder in; what it has not answered comes again, perhaps in another order."""
        if not self.is_up:
            return None
        connection = Connection(self._agenda)
        again = [*self._unanswered.items(), *self._queue]
        if self.shuffles:
            self._agenda.random.shuffle(again)
        self._queue = deque(again)
        self._unanswered.clear()
        self._subscriber, self._subscribed = (subscriber, connection), True
        self._deliver()
        return connection

    def unsubscribe(self) -> None:
        """End the recorder's connection; its session stays."""
        if self._subscriber is not None:
            subscriber, connection = self._subscriber
            self._subscriber = None
            connection.is_up = False
            subscriber.on_down()

    def answered(self, packet_id: int) -> None:
        """Take the recorder's PUBACK: the broker forgets the message."""
        self._unanswered.pop(packet_id, None)

    def announce(self, sender_id: str, message: Downward, delay_ms: int) -> None:
        """Pass a message of the recorder's on to whoever is connected when it gets here."""

        def arrive() -> None:
            if sender_id in self._publishers:
                self._publishers[sender_id][0].on_message(message)

        self._agenda.after(delay_ms, arrive)

    def _deliver(self) -> None:
        if self._subscriber is None:
            return
        subscriber, connection = self._subscriber
        while self._queue:
            packet_id, message = self._queue.popleft()
            self._unanswered[packet_id] = message
            connection.carry(0, partial(subscriber.on_message, connection, packet_id, message))

    # --- its own fate -------------------------------------------------------------------------

    def crash(self) -> None:
        """End every connection; without persistence forget everything."""
        self.is_up = False
        for sender_id in list(self._publishers):
            self.drop(sender_id)
        self.unsubscribe()
        if not self.persistent:
            self._queue.clear()
            self._unanswered.clear()
            self._subscribed = False
