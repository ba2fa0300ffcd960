"""What the broker says it has dropped is shown, and asking for it never costs a message."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final, Literal

import pytest

from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.subscriber import DROPPED_TOPIC, WISH_CUTS_MAX, Subscriber
from dermatrace.journal.reader import JournalReader
from dermatrace.mqtt import NOT_AUTHORIZED, BrokerAddress
from dermatrace_schemas.topics import SUBSCRIPTIONS
from support.broker import Mosquitto, StartMosquitto
from support.ingest_thread import IngestThread
from support.manual_clock import ManualClock
from support.mqtt_ends import connected, publish_all
from support.scripted_broker import CONNACK_V5, ScriptedBroker
from support.waiting import wait_until

pytestmark = pytest.mark.broker
TOPIC: Final = "dermatrace/v1/north-clinic/pen-7/session/s-1"
METRIC: Final = "broker_dropped_messages"
TELLING: Final = "sys_interval 1\n"
SMALL: Final = f"{TELLING}max_queued_messages 20\nmax_inflight_messages 10\n"
GRANTED: Final = bytes([0x90, 3 + len(SUBSCRIPTIONS), 0, 1, 0, *[1] * len(SUBSCRIPTIONS)])
"""The answer to the first subscription: quality of service 1 for all topics of ours."""
DYNAMIC_SECURITY: Final = "mosquitto_dynamic_security.so"


def address_of(broker: Mosquitto, protocol: Literal["5", "3.1.1"] = "5") -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=broker.port, protocol=protocol)


def numbered(count: int) -> list[tuple[str, bytes]]:
    return [(TOPIC, b"%05d" % number) for number in range(count)]


def topics_in(journal: Path) -> set[str]:
    with JournalReader(journal) as reader:
        return {entry.topic for entry in reader.read_after(0)}


def dropped_by(broker: Mosquitto) -> int:
    """Ask the broker itself, on a connection of the test's own."""
    with connected(address_of(broker), "watch", DROPPED_TOPIC) as (_, listener):
        wait_until(lambda: listener.deliveries, what="the broker's own number")
        return int(listener.payloads[-1])


@pytest.mark.parametrize("mosquitto", [SMALL], indirect=True)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_overflow_of_the_brokers_queue_is_shown_and_not_recorded(
    mosquitto: Mosquitto, tmp_path: Path, protocol: Literal["5", "3.1.1"]
) -> None:
    address, journal = address_of(mosquitto, protocol), tmp_path / "journal.db"
    with IngestThread(journal, address) as recorder:
        recorder.wait_healthy()
        wait_until(lambda: recorder.metrics().get(METRIC) == 0, what="a first number")
    publish_all(address, numbered(200))
    with IngestThread(journal, address) as recorder:
        recorder.wait_healthy()
        wait_until(lambda: recorder.metrics().get(METRIC, 0) > 0, what="the number of dropped ones")
        assert recorder.metrics()[METRIC] == dropped_by(mosquitto)
        wait_until(lambda: recorder.metrics()["in_flight_messages"] == 0, what="all being decided")
        metrics = recorder.metrics()
        assert metrics["received_messages_total"] + metrics[METRIC] == 200
        assert not any("$SYS" in topic for topic in topics_in(journal))


@pytest.mark.parametrize("mosquitto", [TELLING], indirect=True)
def test_number_is_gone_with_the_connection_and_there_again_with_the_next(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with IngestThread(tmp_path / "journal.db", address_of(mosquitto)) as recorder:
        wait_until(lambda: recorder.metrics().get(METRIC) == 0, what="a number")
        mosquitto.kill()
        wait_until(lambda: METRIC not in recorder.metrics(), what="no number")
        mosquitto.start()
        wait_until(lambda: recorder.metrics().get(METRIC) == 0, what="a number again")


def denying_by_acl(folder: Path) -> str:
    rules = folder / "acl"
    rules.write_text("topic readwrite dermatrace/#\n", encoding="utf-8")
    return f"{TELLING}acl_file {rules}\n"


def denying_by_plugin(folder: Path) -> str:
    """Refuse the subscription itself, in so many words, as later mosquittos may."""
    places = [*Path("/usr/lib").glob(f"**/{DYNAMIC_SECURITY}"), *Path("/usr/local/lib").glob("*")]
    found = [place for place in places if place.name == DYNAMIC_SECURITY]
    if not found:
        pytest.skip(f"no {DYNAMIC_SECURITY} beside this mosquitto")
    allowed = [
        {"acltype": acltype, "topic": "dermatrace/#", "allow": True}
        for acltype in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]
    rules = {
        "defaultACLAccess": dict.fromkeys(
            ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), False
        ),
        "roles": [{"rolename": "recorder", "acls": allowed}],
        "groups": [{"groupname": "all", "roles": [{"rolename": "recorder"}]}],
        "anonymousGroup": "all",
    }
    file = folder / "security.json"
    file.write_text(json.dumps(rules), encoding="utf-8")
    return f"{TELLING}plugin {found[0]}\nplugin_opt_config_file {file}\n"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize(
    "configure",
    [lambda _: "sys_interval 0\n", denying_by_acl, denying_by_plugin],
    ids=["never told", "denied by acl", "subscription refused"],
)
def test_broker_that_does_not_tell_is_recorded_from_as_ever(
    start_mosquitto: StartMosquitto,
    tmp_path: Path,
    configure: Callable[[Path], str],
    protocol: Literal["5", "3.1.1"],
) -> None:
    broker = start_mosquitto(configure(tmp_path))
    address = address_of(broker, protocol)
    with IngestThread(tmp_path / "journal.db", address) as recorder:
        recorder.wait_healthy()
        publish_all(address, numbered(50))
        wait_until(lambda: recorder.metrics()["received_messages_total"] == 50, what="all of them")
        assert METRIC not in recorder.metrics()
        assert recorder.metrics()["connections_total"] == 1
        assert recorder.health()[0] == 200


def test_plugin_that_refuses_ends_a_connection_that_insists(
    start_mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    """The sabotage twin of the test above: asked for as our own topics are."""
    broker = start_mosquitto(denying_by_plugin(tmp_path))
    insisting = (*SUBSCRIPTIONS, DROPPED_TOPIC)
    with connected(address_of(broker), "ingest", *insisting) as (_, listener):
        wait_until(lambda: listener.down, what="the end of the connection")
    assert listener.up == []
    assert listener.down[0][1] == NOT_AUTHORIZED


class CuttingBroker:
    """Lets everybody in, grants our own topics, and cuts off whoever subscribes to more."""

    def __init__(self) -> None:
        self.cut_count = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Take connections until the block ends."""
        thread = threading.Thread(target=self._serve, name="cutting-broker")
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown(socket.SHUT_RDWR)
            thread.join()
            self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            with peer:
                peer.recv(4_096)
                peer.sendall(CONNACK_V5)
                peer.recv(4_096)
                peer.sendall(GRANTED)
                # Another SUBSCRIBE, or goodbye.
                self.cut_count += peer.recv(4_096).startswith(b"\x82")


class Dropped:
    """Hears only what the test is about."""

    def __init__(self) -> None:
        self.up_count = 0
        self.told: list[int | None] = []

    def up(self, *_: object, **__: object) -> None:
        """Count it."""
        self.up_count += 1

    def down(self, reason: str) -> None:
        """Nothing to do."""

    def answered(self, reason_code: int) -> None:
        """Nothing is published."""

    def told_dropped(self, count: int | None) -> None:
        """Note it."""
        self.told.append(count)


def test_broker_that_cuts_off_whoever_asks_is_not_asked_for_ever() -> None:
    broker, ears, clock = CuttingBroker(), Dropped(), ManualClock()
    address = BrokerAddress(host="127.0.0.1", port=broker.port)
    with broker.serving():
        subscriber = Subscriber(address, Inbox(), ears, clock=clock, random=Random(1))

        def attended() -> bool:
            clock.advance(10)
            subscriber.attend()
            return ears.up_count == WISH_CUTS_MAX + 1 and subscriber.is_up

        wait_until(attended, what="a connection that stays")
        assert broker.cut_count == WISH_CUTS_MAX
        assert subscriber.current.is_running
        subscriber.close()
    assert broker.cut_count == WISH_CUTS_MAX


def told(payload: bytes) -> bytes:
    """Return the packet by which a broker tells something under that topic."""
    body = len(DROPPED_TOPIC).to_bytes(2) + DROPPED_TOPIC.encode() + b"\x00" + payload
    return b"\x30" + bytes([len(body)]) + body


@pytest.mark.parametrize(
    ("payload", "shown"),
    [(b"0", 0), (b"123", 123), (b"", None), (b"-1", None), (b"a lot", None), (b"9" * 19, None)],
)
def test_only_a_plain_number_is_believed(payload: bytes, shown: int | None) -> None:
    inbox, ears, clock = Inbox(), Dropped(), ManualClock()
    with ScriptedBroker(CONNACK_V5, GRANTED + told(payload)) as broker:
        address = BrokerAddress(host="127.0.0.1", port=broker.port)
        subscriber = Subscriber(address, inbox, ears, clock=clock, random=Random(1))
        subscriber.attend()
        wait_until(lambda: ears.told, what="what the broker tells")
        subscriber.close()
    assert ears.told == [shown]
    assert inbox.books().received_count == 0


def test_broker_is_asked_to_keep_nothing_of_it_while_the_recorder_is_away() -> None:
    wish = len(DROPPED_TOPIC).to_bytes(2) + DROPPED_TOPIC.encode()
    with ScriptedBroker(CONNACK_V5, GRANTED) as broker:
        address = BrokerAddress(host="127.0.0.1", port=broker.port)
        subscriber = Subscriber(address, Inbox(), Dropped(), clock=ManualClock(), random=Random(1))
        subscriber.attend()
        wait_until(lambda: wish in broker.received, what="the subscription")
        subscriber.close()
    options = broker.received[broker.received.index(wish) + len(wish)]
    assert options & 0b11 == 0, "quality of service 0"
