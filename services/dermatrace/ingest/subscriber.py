"""Keeps a connection to the broker, and notices when one has died without a word."""

import threading
from dataclasses import replace
from random import Random
from typing import Final, Protocol

from dermatrace import logs
from dermatrace.backoff import Backoff
from dermatrace.clock import Clock
from dermatrace.errors import BrokerUnavailable, DermatraceError, TakenOver
from dermatrace.ingest.inbox import Inbox
from dermatrace.intake import Intake
from dermatrace.mqtt import SESSION_TAKEN_OVER, BrokerAddress, Connection, Delivery
from dermatrace_schemas.limits import REGISTRY_DOCUMENT_MAX_BYTES
from dermatrace_schemas.topics import SUBSCRIPTIONS

CLIENT_ID: Final = "dermatrace-ingest"
"""The same at every start: under it the broker keeps what arrives while we are away."""
SESSION_EXPIRY_S: Final = 0xFFFFFFFF
"""Never: a recorder that was away for a month must still find what came."""
RECEIVE_MAX: Final = 2_000
"""Unacknowledged messages the broker may have with us: four batches."""
PACKET_MAX_BYTES: Final = REGISTRY_DOCUMENT_MAX_BYTES + 16 * 1024
"""Largest packet we take; the topic and its properties come on top of the document."""
DROPPED_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
"""Where mosquitto tells how many messages it has dropped since its start; no `#` covers it."""
DROPPED_DIGITS_MAX: Final = 18
"""A longer number, or none, is not believed: it is as if the broker had told nothing."""
WISH_CUTS_MAX: Final = 2
"""Connections in a row that ended before the broker answered to that topic. Then it is not asked
for again: some brokers cut off whoever asks for what he may not read, and recording comes first."""
INTAKE: Final = Intake(
    session_expiry_s=SESSION_EXPIRY_S,
    receive_max=RECEIVE_MAX,
    packet_max_bytes=PACKET_MAX_BYTES,
    wishes=(DROPPED_TOPIC,),
)
RECONNECT_FIRST_S: Final = 0.2
RECONNECT_MAX_S: Final = 5.0
"""A recorder comes back fast: it is one, and everybody waits for it."""
LIVED_MIN_MS: Final = 10_000
"""A connection that was cut before this age does not count as a success; see CUT_SHORT_MAX."""
CUT_SHORT_MAX: Final = 3
"""So many in a row may be chance. More, and two recorders are throwing each other out: brokers
before MQTT 5, and Mosquitto before 2.1, do not say so."""
STEP_AGE_MAX_MS: Final = 5_000
"""A network thread that has not finished a step for this long hangs."""


class Ears(Protocol):
    """Who wants to know about the connection; called from its thread, so: note it and return."""

    def up(self, connection: Connection, *, session_present: bool, receive_max: int) -> None:
        """There is a connection."""
        ...

    def down(self, reason: str) -> None:
        """It is over, or there was none after all."""
        ...

    def answered(self, reason_code: int) -> None:
        """The broker has answered one of our publications; 0 is success."""
        ...

    def told_dropped(self, count: int | None) -> None:
        """So many messages the broker says it has dropped since its start, if it says so."""
        ...


class _Listener:
    """Notes what one connection says. Nothing here waits, publishes or can raise."""

    def __init__(self, subscriber: "Subscriber", inbox: Inbox, ears: Ears) -> None:
        self._subscriber = subscriber
        self._inbox = inbox
        self._ears = ears

    def on_up(self, *, session_present: bool, receive_max: int) -> None:
        connection = self._subscriber.current
        self._ears.up(connection, session_present=session_present, receive_max=receive_max)
        self._subscriber.is_up = True

    def on_message(self, delivery: Delivery) -> None:
        if delivery.topic == DROPPED_TOPIC:
            # About the broker and from the broker: no message of anybody's, so not for the record.
            delivery.acknowledge()
            self._ears.told_dropped(_number(delivery.payload))
            return
        self._inbox.put(delivery)

    def on_published(self, packet_id: int, reason_code: int) -> None:  # noqa: ARG002  the protocol's
        self._ears.answered(reason_code)

    def on_down(self, reason: str, reason_code: int) -> None:
        self._inbox.reopen()
        self._ears.down(reason)
        self._subscriber.ended(reason, reason_code)


class Subscriber:
    """One connection after another, each with its own fate; called from one thread, often."""

    def __init__(
        self, address: BrokerAddress, inbox: Inbox, ears: Ears, *, clock: Clock, random: Random
    ) -> None:
        self._address = address
        self._inbox = inbox
        self._ears = ears
        self._clock = clock
        self._backoff = Backoff(random, first_s=RECONNECT_FIRST_S, max_s=RECONNECT_MAX_S)
        self._log = logs.log("ingest")
        self._connection: Connection | None = None
        self._retry_ms = self._connected_ms = clock.monotonic_ms()
        self._cut_short_count = self._wish_cut_count = 0
        self._ended: tuple[str, int] | None = None
        self.is_up = False
        self.changed = threading.Event()

    @property
    def current(self) -> Connection:
        """The connection in use. Raises AssertionError if there is none."""
        if self._connection is None:
            raise AssertionError("no connection")
        return self._connection

    def attend(self) -> None:
        """Connect if there is no connection and it is time; let go of one that has ended.

        Raises TakenOver if another recorder took our session, DermatraceError if the network thread
        failed: then the program is at fault, and going on would only repeat it.
        """
        self.changed.clear()
        if self._ended is not None:
            self._let_go(*self._ended)
        if self._connection is None and self._clock.monotonic_ms() >= self._retry_ms:
            self._connect()

    def check(self) -> None:
        """Raise DermatraceError if the network thread is dead or hangs."""
        if self.is_stuck():
            remedy = "The process ends; its supervisor restarts it."
            raise DermatraceError("the network thread is dead or hangs", remedy=remedy)

    def is_stuck(self) -> bool:
        """Tell whether the network thread is dead or hangs, whatever the connection believes."""
        connection = self._connection
        if connection is None or self._ended is not None:
            return False
        age_ms = self._clock.monotonic_ms() - connection.last_step_ms
        # It tells its end before it is dead, so the order of these two questions matters.
        return age_ms > STEP_AGE_MAX_MS or (not connection.is_running and self._ended is None)

    @property
    def problem(self) -> str:
        """What a person should look at, or nothing; recording goes on as well as it can."""
        if self._cut_short_count <= CUT_SHORT_MAX:
            return ""
        return (
            f"the last {self._cut_short_count} connections were cut right after they were made:"
            f" is another recorder connected as {CLIENT_ID!r}?"
        )

    def drop(self) -> None:
        """Cut the connection without goodbye, so that the broker delivers again what it had out."""
        if self._connection is not None:
            self._connection.abort()
            self._connected_ms -= LIVED_MIN_MS  # nobody else cuts it short

    def close(self) -> None:
        """End in an orderly way; the broker keeps our session."""
        if self._connection is not None:
            self._connection.close()

    def ended(self, reason: str, reason_code: int) -> None:
        """Note the end of the connection; called from its thread."""
        self._ended = (reason, reason_code)
        self.changed.set()

    def _let_go(self, reason: str, reason_code: int) -> None:
        failure, wish_is_open = self.current.failure, self.current.wish_is_open
        self._connection = self._ended = None
        was_up, self.is_up = self.is_up, False
        if was_up:
            self._wish_cut_count = self._wish_cut_count + 1 if wish_is_open else 0
        if failure is not None:
            remedy = "The process ends; its supervisor restarts it. Please report this."
            raise DermatraceError(reason, remedy=remedy) from failure
        if reason_code == SESSION_TAKEN_OVER:
            raise TakenOver(CLIENT_ID)
        if was_up and self._clock.monotonic_ms() - self._connected_ms >= LIVED_MIN_MS:
            self._backoff.reset()
            self._cut_short_count = 0
        else:
            self._cut_short_count += was_up
        self._log.warning("connection ended", **{logs.REASON: self.problem or reason})
        self._retry_later()

    def _connect(self) -> None:
        listener = _Listener(self, self._inbox, self._ears)
        wishes = INTAKE.wishes if self._wish_cut_count < WISH_CUTS_MAX else ()
        connection = Connection(
            self._address,
            CLIENT_ID,
            listener,
            subscriptions=SUBSCRIPTIONS,
            intake=replace(INTAKE, wishes=wishes),
            clock=self._clock,
        )
        self._connection = connection
        self._connected_ms = self._clock.monotonic_ms()
        try:
            connection.open()
        except BrokerUnavailable as error:
            self._connection = None
            self._cut_short_count = 0
            self._log.warning("broker unavailable", **{logs.ERROR: str(error)})
            self._retry_later()

    def _retry_later(self) -> None:
        self._retry_ms = self._clock.monotonic_ms() + int(self._backoff.next_s() * 1_000)


def _number(payload: bytes) -> int | None:
    is_one = payload.isdigit() and len(payload) <= DROPPED_DIGITS_MAX
    return int(payload) if is_one else None
