"""A connection is kept, its end is noticed, and nothing unacknowledged is lost on the way."""

from collections.abc import Callable
from random import Random
from typing import Self

import pytest

from dermatrace.errors import DermatraceError, TakenOver
from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.subscriber import (
    CLIENT_ID,
    CUT_SHORT_MAX,
    LIVED_MIN_MS,
    RECONNECT_MAX_S,
    STEP_AGE_MAX_MS,
    Subscriber,
)
from dermatrace.mqtt import BrokerAddress, Connection
from support.broker import Mosquitto
from support.manual_clock import ManualClock
from support.mqtt_ends import connected, publish_all
from support.pipeline_bench import FakeArrival
from support.scripted_broker import CONNACK_V5, ScriptedBroker
from support.waiting import wait_until

pytestmark = pytest.mark.broker
TOPIC = "dermatrace/v1/north-clinic/pen-7/session/s-1"
SPACIOUS = "max_queued_messages 100000\nmax_inflight_messages 1000\n"


class NotingEars:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.dropped: list[int | None] = []

    def up(self, connection: Connection, *, session_present: bool, receive_max: int) -> None:
        """Note it."""
        assert connection.is_running
        assert receive_max > 0
        self.heard.append("up again" if session_present else "up")

    def down(self, reason: str) -> None:
        """Note it."""
        assert reason
        self.heard.append("down")

    def answered(self, reason_code: int) -> None:
        """Nothing is published here."""

    def told_dropped(self, count: int | None) -> None:
        """Note it."""
        self.dropped.append(count)


class RaisingEars(NotingEars):
    """Breaks its promise."""

    def up(self, connection: Connection, *, session_present: bool, receive_max: int) -> None:  # noqa: ARG002  the protocol's
        """Raise."""
        raise ZeroDivisionError("ears must not raise")


class Attended:
    """A subscriber that is attended to whenever something is waited for."""

    def __init__(
        self, port: int, *, ears: NotingEars | None = None, inbox: Inbox | None = None
    ) -> None:
        self.ears = ears or NotingEars()
        self.inbox = inbox or Inbox()
        self.clock = ManualClock()
        address = BrokerAddress(host="127.0.0.1", port=port)
        self.subscriber = Subscriber(
            address, self.inbox, self.ears, clock=self.clock, random=Random(1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.subscriber.close()

    def wait_heard(self, *heard: str) -> None:
        """Attend until exactly this was heard."""
        self.wait(lambda: self.ears.heard == list(heard), what=f"{heard}, not {self.ears.heard}")

    def wait(self, condition: Callable[[], object], *, what: str) -> None:
        """Attend until a condition holds."""

        def attend_and_ask() -> object:
            self.clock.advance(10)
            self.subscriber.attend()
            if self.inbox.must_reconnect():
                self.subscriber.drop()
            return condition()

        wait_until(attend_and_ask, what=what)

    def heard_count(self, word: str) -> int:
        """Return how often something was heard that begins with a word."""
        return sum(heard.startswith(word) for heard in self.ears.heard)


def test_broker_that_comes_later_and_goes_and_comes_is_connected_to_each_time(
    mosquitto: Mosquitto,
) -> None:
    mosquitto.stop()
    with Attended(mosquitto.port) as attended:
        attended.subscriber.attend()
        assert attended.ears.heard == []
        mosquitto.start()
        attended.wait_heard("up")
        mosquitto.kill()
        attended.wait_heard("up", "down")
        mosquitto.start()
        attended.wait_heard("up", "down", "up")


def test_waits_grow_while_there_is_no_broker_but_stay_short(free_port: int) -> None:
    attended = Attended(free_port)
    tries = 0
    for _ in range(600):
        before = attended.clock.monotonic_ms()
        retry_ms = attended.subscriber._retry_ms  # noqa: SLF001  the subject
        if retry_ms <= before:
            tries += 1
        attended.subscriber.attend()
        assert attended.subscriber._retry_ms - before <= RECONNECT_MAX_S * 1_000  # noqa: SLF001
        attended.clock.advance(100)
    assert 15 < tries < 60


def test_session_is_kept_over_a_close(mosquitto: Mosquitto) -> None:
    with Attended(mosquitto.port) as attended:
        attended.wait_heard("up")
    publish_all(BrokerAddress(host="127.0.0.1", port=mosquitto.port), [(TOPIC, b"kept")] * 3)
    with Attended(mosquitto.port) as attended:
        attended.wait_heard("up again")
        attended.wait(lambda: attended.inbox.books().waiting_count == 3, what="three messages")


@pytest.mark.slow
@pytest.mark.parametrize("mosquitto", [SPACIOUS], indirect=True)
@pytest.mark.parametrize(
    "small", [Inbox(messages_max=50), Inbox(waiting_max_bytes=60_000)], ids=["count", "bytes"]
)
def test_overflow_drops_the_connection_and_everything_comes_again(
    mosquitto: Mosquitto, small: Inbox
) -> None:
    messages = [(TOPIC, b"%05d" % number + b"x" * 1_000) for number in range(200)]
    seen: set[bytes] = set()
    with Attended(mosquitto.port, inbox=small) as attended:
        attended.wait_heard("up")
        publish_all(BrokerAddress(host="127.0.0.1", port=mosquitto.port), messages)

        def record() -> bool:
            batch = attended.inbox.take(0.0)
            for arrival in batch:
                arrival.acknowledge()
                seen.add(arrival.payload)
            attended.inbox.decided({"stored": len(batch)})
            return len(seen) == len(messages)

        attended.wait(record, what="all messages")
        books = attended.inbox.books()
        assert books.shed_count > 0
        assert books.received_count == books.shed_count + books.fates["stored"]
        assert "up again" in attended.ears.heard
        assert attended.subscriber.problem == "", "it was we who cut the connection"


def test_listener_that_raises_ends_the_process_with_the_cause(mosquitto: Mosquitto) -> None:
    with Attended(mosquitto.port, ears=RaisingEars()) as attended:
        with pytest.raises(DermatraceError, match="network thread failed") as raised:
            attended.wait(lambda: False, what="the error")
        assert isinstance(raised.value.__cause__, ZeroDivisionError)


class HangingInbox(Inbox):
    """Takes for ever over one message."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = FakeArrival(TOPIC, b"")

    def put(self, arrival: object) -> None:
        """Hang until there is something to take."""
        del arrival
        wait_until(lambda: self.hold.acknowledged, what="being let go")


def test_hanging_callback_is_noticed_after_five_seconds(mosquitto: Mosquitto) -> None:
    inbox = HangingInbox()
    with Attended(mosquitto.port, inbox=inbox) as attended:
        attended.wait_heard("up")
        publish_all(BrokerAddress(host="127.0.0.1", port=mosquitto.port), [(TOPIC, b"x")])
        attended.clock.advance(STEP_AGE_MAX_MS)
        wait_until(attended.subscriber.is_stuck, what="a stuck connection")
        with pytest.raises(DermatraceError, match="dead or hangs"):
            attended.subscriber.check()
        inbox.hold.acknowledge()


def test_running_connection_is_not_stuck_however_long_it_is_quiet(mosquitto: Mosquitto) -> None:
    with Attended(mosquitto.port) as attended:
        attended.wait_heard("up")
        attended.clock.advance(60_000)
        wait_until(lambda: not attended.subscriber.is_stuck(), what="a heartbeat")
        attended.subscriber.check()


def test_session_taken_over_needs_a_person() -> None:
    taken_over = bytes.fromhex("e0028e00")
    suback = bytes.fromhex("900a000100") + bytes([1] * 7)
    with (
        ScriptedBroker(CONNACK_V5, suback + taken_over, then_close=True) as broker,
        Attended(broker.port) as attended,
        pytest.raises(TakenOver, match=CLIENT_ID),
    ):
        attended.wait(lambda: False, what="the error")


def throw_out(attended: Attended, address: BrokerAddress, round_: int) -> None:
    attended.wait(lambda: attended.heard_count("up") == round_, what="a connection")
    assert attended.subscriber.problem == ""
    with connected(address, CLIENT_ID):
        attended.wait(lambda: attended.heard_count("down") == round_, what="being thrown out")


@pytest.mark.slow
def test_two_recorders_that_throw_each_other_out_are_named_as_the_problem(
    mosquitto: Mosquitto,
) -> None:
    """What shows on brokers that do not tell a client that its session was taken over."""
    address = BrokerAddress(host="127.0.0.1", port=mosquitto.port, protocol="3.1.1")
    with Attended(mosquitto.port) as attended:
        try:
            for round_ in range(1, CUT_SHORT_MAX + 2):
                throw_out(attended, address, round_)
        except TakenOver:
            return  # Mosquitto 2.1 or newer said it in so many words
        attended.wait(lambda: attended.subscriber.problem, what="the problem")
        assert "another recorder" in attended.subscriber.problem
        attended.wait(lambda: attended.ears.heard[-1].startswith("up"), what="a connection")
        attended.clock.advance(LIVED_MIN_MS)
        mosquitto.restart()
        attended.wait(lambda: not attended.subscriber.problem, what="all well again")
