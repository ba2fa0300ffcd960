"""The sender's network half: one thread that does what `Settling` says.

All publishing and all handling of answers happens on this thread, so packet ids and documents can
be matched without locks around the network. The connection's own thread only notes events.
"""

import threading
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from random import Random
from typing import Final, Literal, Protocol, TypeAlias

from dermatrace import logs
from dermatrace.backoff import Backoff
from dermatrace.clock import Clock
from dermatrace.errors import BrokerUnavailable, StorageError
from dermatrace.mqtt import SESSION_TAKEN_OVER, SUCCESS, BrokerAddress, Connection, Delivery
from dermatrace.sender.settling import Key
from dermatrace_schemas.limits import REFUSED_WAIT_MS

RECONNECT_FIRST_S: Final = 1.0
RECONNECT_MAX_S: Final = 60.0
"""After this many failures in a row a device tries about twice a minute."""
LIVED_MIN_MS: Final = 30_000
"""A connection that ends sooner was no success: two clients of one name throw each other out."""
WAKE_MAX_S: Final = 1.0
"""Longest sleep of the thread; bounds how long a stop takes."""
DISK_WAIT_MS: Final = 5_000
"""Wait before the outbox is read again after its disk has failed."""
EXTRA_MAX: Final = 10_000
"""Messages waiting that no outbox keeps; beyond it the oldest are dropped."""

Message: TypeAlias = tuple[str, bytes, bool]
"""Topic, payload, retain."""
_Beside: TypeAlias = Literal["account", "extra"]
"""What else than a document can be published: an outbox, or something not kept."""


class Desk(Protocol):
    """What the publisher asks and tells; implemented by `SenderDesk` under its lock."""

    def up(self, receive_max: int) -> None:
        """There is a connection."""
        ...

    def down(self) -> None:
        """There is none any more."""
        ...

    def next_document(self) -> tuple[Key, Message] | None:
        """Return the next document to publish; it counts as published."""
        ...

    def next_account(self) -> list[Message]:
        """Return the outbox documents due now, often none."""
        ...

    def answered(self, key: Key | None, *, success: bool) -> None:
        """Take the broker's answer to a document, or to an account (None)."""
        ...

    def received(self, topic: str, payload: bytes) -> None:
        """Take a receipt or a rejection."""
        ...

    def wake_in_s(self) -> float:
        """Return how long nothing is due."""
        ...


@dataclass(frozen=True, slots=True)
class _Up:
    receive_max: int


@dataclass(frozen=True, slots=True)
class _Answer:
    packet_id: int
    reason_code: int


@dataclass(frozen=True, slots=True)
class _Down:
    reason: str
    reason_code: int


class _Events:
    """The listener of one connection; what a former connection still says falls on deaf ears."""

    def __init__(self, wake: threading.Event) -> None:
        self.queue: SimpleQueue[_Up | _Answer | _Down | Delivery] = SimpleQueue()
        self._wake = wake

    def on_up(self, *, session_present: bool, receive_max: int) -> None:  # noqa: ARG002
        self._note(_Up(receive_max))

    def on_message(self, delivery: Delivery) -> None:
        self._note(delivery)

    def on_published(self, packet_id: int, reason_code: int) -> None:
        self._note(_Answer(packet_id, reason_code))

    def on_down(self, reason: str, reason_code: int) -> None:
        self._note(_Down(reason, reason_code))

    def _note(self, event: "_Up | _Answer | _Down | Delivery") -> None:
        self.queue.put(event)
        self._wake.set()


class Publisher:
    """Keeps a connection and does what is due on it, until stopped."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        desk: Desk,
        *,
        subscriptions: tuple[str, ...],
        clock: Clock,
        random: Random,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._will = will
        self._desk = desk
        self._clock = clock
        self._random = random
        self._backoff = Backoff(random, first_s=RECONNECT_FIRST_S, max_s=RECONNECT_MAX_S)
        self._log = logs.log("sender").bind(**{logs.SENDER: client_id})
        self._stopping = threading.Event()
        self._connection: Connection | None = None
        self._events = _Events(threading.Event())
        self._window: int | None = None
        self._packets: dict[int, Key | _Beside] = {}
        self._accounts: deque[Message] = deque()
        self._retry_ms = self._quiet_until_ms = self._up_since_ms = clock.monotonic_ms()
        self._is_moving = False
        self._thread = threading.Thread(target=self._run, name=f"sender.{client_id}", daemon=True)
        self.wake = threading.Event()
        self.extra: deque[Message] = deque(maxlen=EXTRA_MAX)
        self.failure: Exception | None = None
        self.trouble, self.has_tried = "no answer", threading.Event()

    def start(self) -> None:
        """Begin to connect and publish."""
        self._thread.start()

    def stop(self) -> None:
        """End the connection and the thread."""
        self._stopping.set()
        self.wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def is_up(self) -> bool:
        """Whether there is a connection right now."""
        return self._window is not None

    @property
    def unanswered_count(self) -> int:
        """Messages handed to the broker and not answered, and those that wait beside the outbox."""
        # In this order: what moves on meanwhile is rather counted twice than not at all.
        return len(self.extra) + self._is_moving + len(self._packets)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._step()
        except Exception as error:  # noqa: BLE001  kept for who owns us, and waits for receipts
            self._log.exception("sender stopped publishing")
            self.failure = error
        finally:
            if self._connection is not None:
                self._connection.close()
            self._window = None
            self.has_tried.set()
            self._desk.down()

    def _step(self) -> None:
        self.wake.clear()
        try:
            self._keep_connection()
            self._take_events()
            self._publish_what_is_due()
        except StorageError as error:
            # What lies in the outbox stays there until the disk can be read again.
            self._log.warning("outbox not readable", **{logs.ERROR: str(error)})
            self._quiet_until_ms = self._clock.monotonic_ms() + DISK_WAIT_MS
        self.wake.wait(min(WAKE_MAX_S, max(0.0, self._sleep_s())))

    def _keep_connection(self) -> None:
        if self._connection is not None or self._clock.monotonic_ms() < self._retry_ms:
            return
        self._events = _Events(self.wake)
        connection = Connection(
            self._address,
            self._client_id,
            self._events,
            subscriptions=self._subscriptions,
            will=self._will,
        )
        try:
            connection.open()
        except BrokerUnavailable as error:
            self._log.info("broker unavailable", **{logs.ERROR: str(error)})
            self._retry_in(self._backoff.next_s(), str(error))
            return
        self._connection = connection

    def _take_events(self) -> None:
        while True:
            try:
                event = self._events.queue.get_nowait()
            except Empty:
                return
            match event:
                case _Up(receive_max):
                    self._window, self._up_since_ms = receive_max, self._clock.monotonic_ms()
                    self.has_tried.set()
                    self._desk.up(receive_max)
                case _Answer(packet_id, reason_code):
                    self._take_answer(packet_id, reason_code)
                case Delivery():
                    self._desk.received(event.topic, event.payload)
                    event.acknowledge()
                case _Down(reason, reason_code):
                    self._lose_connection(reason, reason_code)
                    return

    def _take_answer(self, packet_id: int, reason_code: int) -> None:
        answered = self._packets.pop(packet_id, None)
        success = reason_code == SUCCESS
        if not success:
            self._log.info("not accepted by the broker", **{logs.REASON: f"{reason_code:#x}"})
        match answered:
            case None | "extra":
                pass
            case "account":
                self._desk.answered(None, success=success)
            case key:
                self._desk.answered(key, success=success)

    def _lose_connection(self, reason: str, reason_code: int) -> None:
        self._log.info("connection ended", **{logs.REASON: reason})
        refused = reason_code == SESSION_TAKEN_OVER or not (self.is_up or reason_code == SUCCESS)
        if self.is_up and self._clock.monotonic_ms() - self._up_since_ms >= LIVED_MIN_MS:
            self._backoff.reset()
        self._connection, self._window = None, None
        self._accounts.clear()
        self._desk.down()
        self._packets.clear()
        refused_s = REFUSED_WAIT_MS / 1_000 * self._random.uniform(1.0, 1.5)
        self._retry_in(refused_s if refused else self._backoff.next_s(), reason)

    def _publish_what_is_due(self) -> None:
        """Publish accounts, then documents, then the rest, as far as the broker takes them now."""
        while self._has_room:
            self._is_moving = True
            if not self._accounts:
                self._accounts.extend(self._desk.next_account())
            if self._accounts:
                self._publish(self._accounts.popleft(), "account")
            elif (due := self._desk.next_document()) is not None:
                key, message = due
                self._publish(message, key)
            elif self.extra:
                self._publish(self.extra.popleft(), "extra")
            else:
                break
        self._is_moving = False

    @property
    def _has_room(self) -> bool:
        if self._window is None or self._clock.monotonic_ms() < self._quiet_until_ms:
            return False
        return len(self._packets) < self._window

    def _publish(self, message: Message, what: "Key | _Beside") -> None:
        if self._connection is None:
            raise AssertionError("published without a connection")
        topic, payload, retain = message
        # 0 means that the connection has just ended: the event that says so reopens the document.
        self._packets[self._connection.publish(topic, payload, retain=retain)] = what

    def _retry_in(self, wait_s: float, trouble: str) -> None:
        self.trouble = trouble
        self.has_tried.set()
        self._retry_ms = self._clock.monotonic_ms() + int(wait_s * 1_000)

    def _sleep_s(self) -> float:
        if self._connection is None:
            return (self._retry_ms - self._clock.monotonic_ms()) / 1_000
        return self._desk.wake_in_s() if self._has_room else WAKE_MAX_S
