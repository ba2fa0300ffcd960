"""A connection lives once, tells everything, and never acknowledges what is not its own."""

import threading
from collections.abc import Callable
from typing import Literal

import pytest

from dermatrace.errors import BrokerUnavailable
from dermatrace.intake import Intake
from dermatrace.mqtt import (
    NOT_AUTHORIZED,
    RECEIVE_MAX_DEFAULT,
    SESSION_TAKEN_OVER,
    SUCCESS,
    BrokerAddress,
    Connection,
)
from support.broker import Mosquitto
from support.careless_client import CarelessClient
from support.manual_clock import ManualClock
from support.mqtt_ends import (
    HangingListener,
    NotingListener,
    RaisingListener,
    connected,
    publish_all,
)
from support.waiting import wait_until

pytestmark = pytest.mark.broker
BOTH_PROTOCOLS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
KEPT = Intake(session_expiry_s=3_600)


def address_of(broker: Mosquitto, protocol: Literal["5", "3.1.1"] = "5") -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=broker.port, protocol=protocol)


def numbered(count: int, prefix: str = "m") -> list[tuple[str, bytes]]:
    return [("t/1", f"{prefix}{number}".encode()) for number in range(count)]


def wait_for_messages(listener: NotingListener, count: int) -> None:
    wait_until(lambda: len(listener.deliveries) >= count, what=f"{count} messages")


@BOTH_PROTOCOLS
def test_published_message_arrives_as_it_was(
    mosquitto: Mosquitto, protocol: Literal["5", "3.1.1"]
) -> None:
    address = address_of(mosquitto, protocol)
    with connected(address, "reader", "t/#") as (_, listener):
        assert listener.up[0][0] is False
        assert publish_all(address, [("t/ä", b"\x00\xff")]) == [SUCCESS]
        wait_for_messages(listener, 1)
    (delivery,) = listener.deliveries
    assert (delivery.topic, delivery.payload, delivery.topic_is_utf8) == ("t/ä", b"\x00\xff", True)
    assert listener.down == [("Normal disconnection", SUCCESS)]


@BOTH_PROTOCOLS
def test_all_that_was_published_while_away_arrives(
    mosquitto: Mosquitto, protocol: Literal["5", "3.1.1"]
) -> None:
    address = address_of(mosquitto, protocol)
    with connected(address, "ingest", "t/#", intake=KEPT):
        pass
    publish_all(address, numbered(100))
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, listener):
        assert listener.up[0][0] is True, "the session is still there"
        acknowledged = 0
        while acknowledged < 100:
            wait_for_messages(listener, acknowledged + 1)
            for delivery in listener.deliveries[acknowledged:]:
                delivery.acknowledge()
                acknowledged += 1
    assert listener.payloads == [payload for _, payload in numbered(100)]


@BOTH_PROTOCOLS
def test_without_an_expiry_all_that_was_published_while_away_is_lost(
    mosquitto: Mosquitto, protocol: Literal["5", "3.1.1"]
) -> None:
    """The sabotage twin of the test above."""
    address = address_of(mosquitto, protocol)
    with connected(address, "ingest", "t/#"):
        pass
    assert len(publish_all(address, numbered(100))) == 100
    with connected(address, "ingest", "t/#") as (_, listener):
        publish_all(address, [("t/1", b"last")])
        wait_for_messages(listener, 1)
        assert listener.payloads == [b"last"]


def test_unacknowledged_messages_come_again_and_acknowledged_ones_do_not(
    mosquitto: Mosquitto,
) -> None:
    address = address_of(mosquitto)
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, listener):
        publish_all(address, numbered(10))
        wait_for_messages(listener, 10)
        for delivery in listener.deliveries[:4]:
            delivery.acknowledge()
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, listener):
        wait_for_messages(listener, 6)
        assert listener.payloads == [payload for _, payload in numbered(10)[4:]]


def test_acknowledgement_of_an_older_connection_has_no_effect_on_the_new_one(
    mosquitto: Mosquitto,
) -> None:
    address = address_of(mosquitto)
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, old):
        publish_all(address, numbered(3, "old"))
        wait_for_messages(old, 3)
        mosquitto.kill()
        wait_until(lambda: old.down, what="the end of the connection")
        mosquitto.restart()
        with connected(address, "ingest", "t/#", intake=KEPT) as (_, new):
            publish_all(address, numbered(3, "new"))
            wait_for_messages(new, 3)
            for delivery in old.deliveries:
                delivery.acknowledge()
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, again):
        wait_for_messages(again, 3)
        assert again.payloads == [b"new0", b"new1", b"new2"]


@pytest.mark.slow
def test_client_that_reconnects_by_itself_loses_messages_nobody_stored(
    mosquitto: Mosquitto,
) -> None:
    """The sabotage twin of the test above."""
    address = address_of(mosquitto)
    careless = CarelessClient(mosquitto.port, "ingest", "t/#")
    try:
        wait_until(lambda: careless.up_count == 1, what="the subscription")
        publish_all(address, numbered(3, "old"))
        careless.wait_for(3)
        mosquitto.kill()
        mosquitto.restart()
        wait_until(lambda: careless.up_count == 2, what="the second subscription")
        publish_all(address, numbered(3, "new"))
        careless.wait_for_payload(b"new2")  # the old ones come again before it
        del careless.messages[3:]  # the new ones are in hand, and never stored
        careless.acknowledge_all()
    finally:
        careless.close()
    with connected(address, "ingest", "t/#", intake=KEPT) as (_, again):
        publish_all(address, [("t/1", b"last")])
        wait_for_messages(again, 1)
        assert again.payloads == [b"last"], "new0 to new2 are gone"


def test_nobody_there_is_said_at_once(free_port: int) -> None:
    address = BrokerAddress(host="127.0.0.1", port=free_port)
    connection = Connection(address, "x", NotingListener())
    with pytest.raises(BrokerUnavailable, match=str(free_port)):
        connection.open()


@BOTH_PROTOCOLS
@pytest.mark.parametrize("mosquitto", ["allow_anonymous false\n"], indirect=True)
def test_refused_connection_is_told_with_the_brokers_reason(
    mosquitto: Mosquitto, protocol: Literal["5", "3.1.1"]
) -> None:
    with connected(address_of(mosquitto, protocol), "x") as (connection, listener):
        wait_until(lambda: not connection.is_running, what="the end of the thread")
    assert listener.up == []
    ((reason, code),) = listener.down
    assert reason.startswith("broker refused the connection")
    assert code == NOT_AUTHORIZED


def test_older_client_of_the_same_name_is_cut_off(mosquitto: Mosquitto) -> None:
    """With the reason from Mosquitto 2.1 on, without a word before."""
    address = address_of(mosquitto)
    with connected(address, "ingest") as (_, first), connected(address, "ingest"):
        wait_until(lambda: first.down, what="the end of the first connection")
    assert {code for _, code in first.down} <= {SESSION_TAKEN_OVER, SUCCESS}


def test_lost_connection_carries_no_code_since_the_broker_said_nothing(
    mosquitto: Mosquitto,
) -> None:
    with connected(address_of(mosquitto), "x") as (connection, listener):
        mosquitto.kill()
        wait_until(lambda: listener.down, what="the end of the connection")
        assert [code for _, code in listener.down] == [SUCCESS]
        assert connection.publish("t/1", b"x") == 0


def test_publishing_after_an_abort_is_refused(mosquitto: Mosquitto) -> None:
    with connected(address_of(mosquitto), "x") as (connection, listener):
        connection.abort()
        assert connection.publish("t/1", b"x") == 0
        wait_until(lambda: listener.down, what="the end of the connection")


def end_with_a_will(
    address: BrokerAddress, client_id: str, end: Callable[[Connection], None]
) -> None:
    listener = NotingListener()
    connection = Connection(address, client_id, listener, will=(f"t/{client_id}", b"gone"))
    connection.open()
    wait_until(lambda: listener.up, what="the connection")
    end(connection)
    wait_until(lambda: listener.down, what="its end")


def test_will_is_published_after_an_abort_and_not_after_a_close(mosquitto: Mosquitto) -> None:
    address = address_of(mosquitto)
    with connected(address, "reader", "t/#") as (_, listener):
        for client_id, end in (("closes", Connection.close), ("aborts", Connection.abort)):
            end_with_a_will(address, client_id, end)
        wait_for_messages(listener, 1)
        assert [delivery.topic for delivery in listener.deliveries] == ["t/aborts"]


def test_exception_in_the_listener_ends_the_thread_and_is_kept(mosquitto: Mosquitto) -> None:
    address = address_of(mosquitto)
    listener = RaisingListener()
    with connected(address, "x", "t/#", listener=listener) as (connection, _):
        publish_all(address, numbered(1))
        wait_until(lambda: not connection.is_running, wait_max_s=5.0, what="the end of the thread")
        assert isinstance(connection.failure, ZeroDivisionError)
    ((reason, code),) = listener.down
    assert "network thread failed" in reason
    assert code == SUCCESS


def test_hanging_listener_shows_in_the_heartbeat(mosquitto: Mosquitto) -> None:
    address, clock, listener = address_of(mosquitto), ManualClock(), HangingListener()
    connection = Connection(address, "x", listener, subscriptions=["t/#"], clock=clock)
    connection.open()
    wait_until(lambda: listener.up, what="the connection")
    clock.advance(1_000)
    wait_until(lambda: connection.last_step_ms == clock.monotonic_ms(), what="a heartbeat")
    publish_all(address, numbered(1))
    wait_for_messages(listener, 1)
    clock.advance(5_000)
    assert clock.monotonic_ms() - connection.last_step_ms == 5_000
    assert connection.is_running
    listener.let_go.set()
    connection.close()


def test_threads_may_publish_at_once_and_every_packet_stays_whole(mosquitto: Mosquitto) -> None:
    address = address_of(mosquitto)
    with (
        connected(address, "reader", "t/#") as (_, listener),
        connected(address, "writer") as (connection, _),
    ):
        payloads = [bytes([number]) * 3_000 for number in range(4)]

        def publish(payload: bytes) -> None:
            for _ in range(50):
                connection.publish("t/1", payload)

        threads = [threading.Thread(target=publish, args=(payload,)) for payload in payloads]
        for thread in threads:
            thread.start()
        acknowledged = 0
        while acknowledged < 200:
            wait_for_messages(listener, acknowledged + 1)
            for delivery in listener.deliveries[acknowledged:]:
                delivery.acknowledge()
                acknowledged += 1
    assert sorted(listener.payloads) == sorted(payloads * 50)


def test_broker_that_states_no_receive_maximum_takes_the_most(mosquitto: Mosquitto) -> None:
    address = address_of(mosquitto, "3.1.1")
    with connected(address, "x") as (_, listener):
        assert listener.up == [(False, RECEIVE_MAX_DEFAULT)]
