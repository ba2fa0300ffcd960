"""One connection at a time, everything due on it, and patience with a broker that refuses."""

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from dermatrace.errors import StorageFailed
from dermatrace.mqtt import BrokerAddress, Connection, Delivery
from dermatrace.sender.publisher import (
    DISK_WAIT_MS,
    LIVED_MIN_MS,
    RECONNECT_FIRST_S,
    Message,
    Publisher,
)
from dermatrace.sender.settling import Key
from dermatrace_schemas.limits import REFUSED_WAIT_MS
from support.broker import Mosquitto, StartMosquitto
from support.manual_clock import ManualClock
from support.waiting import wait_until

pytestmark = pytest.mark.broker

TOPIC = "a/documents"
ACCOUNTS = "a/accounts"
ANSWERS = "a/answers"
FIRST_WAIT_MAX_MS = int(1_000 * RECONNECT_FIRST_S)


class PretendDesk:
    """Publishes what a test puts into it, and notes everything it is told."""

    def __init__(self) -> None:
        self.documents: deque[bytes] = deque()
        self.accounts: deque[bytes] = deque()
        self.receive_maxes: list[int] = []
        self.down_count = 0
        self.answers: list[tuple[Key | None, bool]] = []
        self.heard: list[tuple[str, bytes]] = []
        self.trouble: Exception | None = None
        self._given = 0

    def up(self, receive_max: int) -> None:
        """Take note of a connection."""
        self.receive_maxes.append(receive_max)

    def down(self) -> None:
        """Take note of its end."""
        self.down_count += 1

    def next_document(self) -> tuple[Key, Message] | None:
        """Return what is next, or raise what the test wants."""
        if self.trouble is not None:
            raise self.trouble
        if not self.documents:
            return None
        self._given += 1
        return (("session", "s-1"), self._given - 1), (TOPIC, self.documents.popleft(), False)

    def next_account(self) -> list[Message]:
        """Return all accounts."""
        due = [(ACCOUNTS, payload, False) for payload in self.accounts]
        self.accounts.clear()
        return due

    def answered(self, key: Key | None, *, success: bool) -> None:
        """Take note of an answer."""
        self.answers.append((key, success))

    def received(self, topic: str, payload: bytes) -> None:
        """Take note of a message."""
        self.heard.append((topic, payload))

    def wake_in_s(self) -> float:
        """Return a long time: a test wakes the publisher."""
        return 60.0


class Subscriber:
    """Another client, which hears what is published."""

    def __init__(self, address: BrokerAddress, client_id: str = "subscriber") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.is_up = threading.Event()
        self.is_down = threading.Event()
        self.connection = Connection(address, client_id, self, subscriptions=["a/#"])

    def on_up(self, *, session_present: bool, receive_max: int) -> None:  # noqa: ARG002  not asked for
        """Take note that it listens."""
        self.is_up.set()

    def on_message(self, delivery: Delivery) -> None:
        """Take note of a message."""
        self.heard.append((delivery.topic, delivery.payload))
        delivery.acknowledge()

    def on_published(self, packet_id: int, reason_code: int) -> None:
        """Ignore answers."""

    def on_down(self, reason: str, reason_code: int) -> None:  # noqa: ARG002  not asked for
        """Take note of the end."""
        self.is_down.set()

    def open(self) -> "Subscriber":
        """Connect and wait until it listens."""
        self.connection.open()
        wait_until(self.is_up.is_set, what="a subscription")
        return self


class Bench:
    """A publisher on a broker, with a clock and a desk in a test's hands."""

    def __init__(self, address: BrokerAddress) -> None:
        self.address = address
        self.desk = PretendDesk()
        self.clock = ManualClock()
        self.publisher = Publisher(
            address,
            "pen-7",
            self.desk,
            subscriptions=(ANSWERS,),
            clock=self.clock,
            random=Random(1),
            will=("a/will", b"gone without a word"),
        )

    def start(self) -> "Bench":
        """Connect; return once it is up."""
        self.publisher.start()
        wait_until(lambda: self.publisher.is_up, what="the publisher's connection")
        return self

    def put(self, *payloads: bytes) -> None:
        """Have documents published."""
        self.desk.documents.extend(payloads)
        self.publisher.wake.set()

    def wait_down(self, count: int) -> None:
        """Wait until so many connections, or attempts at one, have ended."""
        wait_until(lambda: self.desk.down_count == count, what=f"the end of connection {count}")

    def advance(self, step_ms: int) -> None:
        """Let time pass for the publisher."""
        self.clock.advance(step_ms)
        self.publisher.wake.set()


@pytest.fixture
def opened() -> Iterator[list[Subscriber]]:
    """Close whatever subscribers a test opens."""
    subscribers: list[Subscriber] = []
    yield subscribers
    for subscriber in subscribers:
        subscriber.connection.close()


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    """Return an MQTT version."""
    version: str = request.param
    return version


@pytest.fixture
def benches() -> Iterator[list[Bench]]:
    """Stop whatever publishers a test starts."""
    started: list[Bench] = []
    yield started
    for bench in started:
        bench.publisher.stop()


def _address(broker: Mosquitto, protocol: str = "5") -> BrokerAddress:
    return BrokerAddress(host=broker.host, port=broker.port, protocol=protocol)  # type: ignore[arg-type]  # one of the two


def _bench(benches: list[Bench], broker: Mosquitto, protocol: str = "5") -> Bench:
    benches.append(Bench(_address(broker, protocol)))
    return benches[-1]


# --- publishing ---------------------------------------------------------------------------------


def test_accounts_go_before_documents_and_the_rest_last(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber], protocol: str
) -> None:
    opened.append(Subscriber(_address(mosquitto)).open())
    bench = _bench(benches, mosquitto, protocol)
    bench.publisher.extra.append(("a/extra", b"e", False))
    bench.desk.documents.extend([b"0", b"1"])
    bench.desk.accounts.append(b"account")
    bench.start()
    wait_until(lambda: len(opened[0].heard) == 4)
    assert opened[0].heard == [
        (ACCOUNTS, b"account"),
        (TOPIC, b"0"),
        (TOPIC, b"1"),
        ("a/extra", b"e"),
    ]
    wait_until(lambda: bench.publisher.unanswered_count == 0)
    keys = [(("session", "s-1"), seq) for seq in (0, 1)]
    assert bench.desk.answers == [(None, True), *((key, True) for key in keys)]


def test_answers_are_handed_on_and_acknowledged(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber], protocol: str
) -> None:
    bench = _bench(benches, mosquitto, protocol).start()
    opened.append(Subscriber(_address(mosquitto)).open())
    for number in range(50):
        opened[0].connection.publish(ANSWERS, b"%d" % number)
    wait_until(lambda: len(bench.desk.heard) == 50)
    assert bench.desk.heard == [(ANSWERS, b"%d" % number) for number in range(50)]


@pytest.mark.parametrize("mosquitto", ["max_inflight_messages 3"], indirect=True)
def test_no_more_is_in_flight_than_the_broker_takes(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber]
) -> None:
    opened.append(Subscriber(_address(mosquitto)).open())
    bench = _bench(benches, mosquitto)
    bench.desk.accounts.extend(b"account %d" % number for number in range(20))
    bench.publisher.extra.extend(("a/extra", b"%d" % number, False) for number in range(100))
    bench.put(*(b"%d" % number for number in range(300)))
    bench.start()
    wait_until(lambda: len(opened[0].heard) == 420)
    assert bench.desk.receive_maxes == [3]
    assert bench.desk.down_count == 0


# --- a broker that does not accept --------------------------------------------------------------


def test_message_nobody_listens_for_is_not_accepted(
    mosquitto: Mosquitto, benches: list[Bench]
) -> None:
    bench = _bench(benches, mosquitto).start()
    bench.desk.accounts.append(b"account")
    bench.put(b"document")
    wait_until(lambda: len(bench.desk.answers) == 2)
    assert bench.desk.answers == [(None, False), ((("session", "s-1"), 0), False)]


def test_mqtt_3_cannot_say_that_nobody_listens(mosquitto: Mosquitto, benches: list[Bench]) -> None:
    bench = _bench(benches, mosquitto, "3.1.1").start()
    bench.put(b"document")
    wait_until(lambda: bench.desk.answers)
    assert bench.desk.answers == [((("session", "s-1"), 0), True)]


def test_topic_that_is_not_ours_is_not_accepted(
    start_mosquitto: StartMosquitto, tmp_path: Path, benches: list[Bench], opened: list[Subscriber]
) -> None:
    acl = tmp_path / "acl"
    acl.write_text(f"topic read #\ntopic write {ACCOUNTS}\n")
    broker = start_mosquitto(f"acl_file {acl}")
    opened.append(Subscriber(_address(broker)).open())
    bench = _bench(benches, broker).start()
    bench.desk.accounts.append(b"account")
    bench.put(b"document")
    wait_until(lambda: len(bench.desk.answers) == 2)
    assert bench.desk.answers == [(None, True), ((("session", "s-1"), 0), False)]


def test_refused_message_beside_the_outbox_concerns_nobody(
    mosquitto: Mosquitto, benches: list[Bench]
) -> None:
    bench = _bench(benches, mosquitto).start()
    bench.publisher.extra.append(("a/extra", b"e", False))
    bench.publisher.wake.set()
    wait_until(lambda: bench.publisher.unanswered_count == 0)
    assert bench.desk.answers == []


def test_broker_that_refuses_the_connection_is_left_alone_for_a_minute(
    start_mosquitto: StartMosquitto, benches: list[Bench]
) -> None:
    broker = start_mosquitto("allow_anonymous false")
    bench = _bench(benches, broker)
    bench.publisher.start()
    bench.wait_down(1)
    bench.advance(REFUSED_WAIT_MS - 1)
    bench.put(b"document")  # wakes it in any case
    wait_until(lambda: not bench.publisher.wake.is_set())
    assert bench.desk.down_count == 1
    bench.advance(REFUSED_WAIT_MS // 2 + 1)
    bench.wait_down(2)


def test_two_clients_of_one_name_throw_each_other_out_ever_more_seldom(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber]
) -> None:
    bench = _bench(benches, mosquitto).start()
    for count in range(1, 9):
        opened.append(Subscriber(_address(mosquitto), client_id="pen-7").open())
        bench.wait_down(count)
        if count < 8:
            bench.advance(REFUSED_WAIT_MS)
            wait_until(lambda: bench.publisher.is_up)
    bench.advance(FIRST_WAIT_MAX_MS)
    wait_until(lambda: not bench.publisher.wake.is_set())
    assert not bench.publisher.is_up
    bench.advance(REFUSED_WAIT_MS)
    wait_until(lambda: bench.publisher.is_up)


def test_after_a_long_connection_the_next_is_made_soon(
    mosquitto: Mosquitto, benches: list[Bench]
) -> None:
    bench = _bench(benches, mosquitto).start()
    for count in range(1, 5):
        bench.advance(LIVED_MIN_MS)
        mosquitto.kill()
        bench.wait_down(count)
        mosquitto.start()
        bench.advance(FIRST_WAIT_MAX_MS)
        wait_until(lambda: bench.publisher.is_up)


# --- connections that come and go ---------------------------------------------------------------


def test_broker_that_is_not_there_yet_is_found_later(
    mosquitto: Mosquitto, benches: list[Bench]
) -> None:
    mosquitto.stop()
    bench = _bench(benches, mosquitto)
    bench.publisher.start()
    bench.advance(0)
    mosquitto.start()
    bench.advance(1_000)
    wait_until(lambda: bench.publisher.is_up)


def test_each_connection_is_told_of_and_so_is_its_end(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber]
) -> None:
    bench = _bench(benches, mosquitto).start()
    mosquitto.kill()
    bench.wait_down(1)
    assert not bench.publisher.is_up
    mosquitto.start()
    opened.append(Subscriber(_address(mosquitto)).open())
    bench.advance(60_000)
    wait_until(lambda: len(bench.desk.receive_maxes) == 2)
    bench.put(b"document")
    wait_until(lambda: opened[0].heard == [(TOPIC, b"document")])


def test_publisher_that_is_stopped_says_goodbye(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber]
) -> None:
    opened.append(Subscriber(_address(mosquitto)).open())
    bench = _bench(benches, mosquitto).start()
    bench.publisher.stop()
    assert not bench.publisher.is_up
    assert bench.desk.down_count == 1
    opened[0].connection.publish("a/later", b"")
    wait_until(lambda: opened[0].heard)
    assert opened[0].heard == [("a/later", b"")]  # and not its will


def test_publisher_that_never_started_can_be_stopped(mosquitto: Mosquitto) -> None:
    Bench(_address(mosquitto)).publisher.stop()


# --- trouble of our own -------------------------------------------------------------------------


def test_outbox_that_cannot_be_read_is_tried_again_later(
    mosquitto: Mosquitto, benches: list[Bench], opened: list[Subscriber]
) -> None:
    opened.append(Subscriber(_address(mosquitto)).open())
    bench = _bench(benches, mosquitto)
    bench.desk.trouble = StorageFailed(Path("outbox.db"), "a read failed")
    bench.start()
    bench.put(b"document")
    wait_until(lambda: not bench.publisher.wake.is_set())
    bench.desk.trouble = None
    bench.advance(DISK_WAIT_MS)
    wait_until(lambda: opened[0].heard == [(TOPIC, b"document")])
    assert bench.publisher.failure is None


def test_any_other_error_ends_it_and_is_kept_for_the_owner(
    mosquitto: Mosquitto, benches: list[Bench]
) -> None:
    bench = _bench(benches, mosquitto).start()
    bench.desk.trouble = error = RuntimeError("a mistake of ours")
    bench.put(b"document")
    wait_until(lambda: bench.publisher.failure is error)
    bench.wait_down(1)
    assert not bench.publisher.is_up
