"""A connection against brokers that refuse, fall silent, talk nonsense, or cannot be trusted."""

import gc
import shutil
import subprocess
from pathlib import Path

import pytest

from dermatrace.errors import BrokerUnavailable, UsageError
from dermatrace.mqtt import (
    NOT_AUTHORIZED,
    SESSION_TAKEN_OVER,
    SUCCESS,
    UP_WAIT_MS,
    BrokerAddress,
    Connection,
)
from support.broker import StartMosquitto
from support.manual_clock import ManualClock
from support.mqtt_ends import NotingListener, connected, publish_all
from support.scripted_broker import CONNACK_V5, ScriptedBroker
from support.waiting import wait_until

pytestmark = pytest.mark.broker


def address_of(broker: ScriptedBroker) -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=broker.port)


def test_connection_taken_over_is_told_with_its_reason() -> None:
    taken_over = bytes.fromhex("e0028e00")
    with (
        ScriptedBroker(CONNACK_V5 + taken_over, then_close=True) as broker,
        connected(address_of(broker), "ingest") as (_, listener),
    ):
        wait_until(lambda: listener.down, what="the end of the connection")
    assert listener.down == [("Session taken over", SESSION_TAKEN_OVER)]


def test_brokers_receive_maximum_is_told() -> None:
    connack = bytes.fromhex("2006000003210007")
    with ScriptedBroker(connack) as broker, connected(address_of(broker), "x") as (_, listener):
        assert listener.up == [(False, 7)]


@pytest.mark.parametrize("granted", ["00", "80", "87"], ids=["qos-0", "failure", "forbidden"])
def test_anything_less_than_asked_for_ends_the_connection(granted: str) -> None:
    suback = bytes.fromhex(f"9004000100{granted}")
    with (
        ScriptedBroker(CONNACK_V5, suback) as broker,
        connected(address_of(broker), "x", "t/#") as (_, listener),
    ):
        wait_until(lambda: listener.down, what="the end of the connection")
    assert listener.up == []
    ((reason, code),) = listener.down
    assert "refused to subscribe: t/#" in reason
    assert code == NOT_AUTHORIZED


def test_broker_that_never_answers_is_given_up() -> None:
    clock, listener = ManualClock(), NotingListener()
    with ScriptedBroker() as broker:
        connection = Connection(address_of(broker), "x", listener, clock=clock)
        connection.open()
        clock.advance(UP_WAIT_MS)
        wait_until(lambda: listener.down, what="the end of the connection")
        connection.close()
    assert "did not answer" in listener.down[0][0]


@pytest.mark.parametrize(
    "packet",
    ["30ff", "f0ffffffff7f", "4003000795", "3006000500ffff0001", "e0017f"],
    ids=["cut off", "unknown", "PUBACK of an unknown code", "bad properties", "odd goodbye"],
)
def test_nonsense_from_the_broker_ends_the_connection_in_words(packet: str) -> None:
    with (
        ScriptedBroker(CONNACK_V5 + bytes.fromhex(packet), then_close=True) as broker,
        connected(address_of(broker), "x") as (connection, listener),
    ):
        wait_until(lambda: not connection.is_running, what="the end of the thread")
    assert len(listener.down) == 1
    assert listener.down[0][0]


def test_topic_that_is_not_utf8_is_delivered_with_its_bytes_escaped() -> None:
    publish = bytes.fromhex("320a0004742f31ff000100") + b"x"
    with (
        ScriptedBroker(CONNACK_V5 + publish) as broker,
        connected(address_of(broker), "x") as (_, listener),
    ):
        wait_until(lambda: listener.deliveries, what="a message")
    (delivery,) = listener.deliveries
    assert (delivery.topic, delivery.topic_is_utf8) == ("t/1\\xff", False)
    assert delivery.payload == b"x"


def test_close_writes_every_acknowledgement_given_before_and_says_goodbye() -> None:
    numbers = range(1, 901)
    publish = b"".join(b"\x32\x07\x00\x01t%b\x00x" % n.to_bytes(2) for n in numbers)
    with ScriptedBroker(CONNACK_V5 + publish) as broker:
        with connected(address_of(broker), "x") as (_, listener):
            wait_until(lambda: len(listener.deliveries) == len(numbers), what="all messages")
            for delivery in listener.deliveries:
                delivery.acknowledge()
        goodbye = bytes.fromhex("e000")
        wait_until(lambda: broker.received.endswith(goodbye), what="goodbye")
    pubacks = b"".join(b"\x40\x02%b" % n.to_bytes(2) for n in numbers)
    assert broker.received == pubacks + goodbye


def test_tls_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    address = BrokerAddress(host="127.0.0.1", port=1, tls_ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match=r"none\.pem"):
        Connection(address, "x", NotingListener())


def make_certificate(folder: Path, name: str) -> tuple[str, str]:
    """Make a certificate for 127.0.0.1 that is its own authority; return its and its key's file."""
    certificate, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    out = ["-out", certificate, "-keyout", key]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *subject, *out], check=True, capture_output=True
    )
    return certificate, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on PATH")
def test_tls_connects_to_the_broker_that_is_trusted(
    tmp_path: Path, start_mosquitto: StartMosquitto
) -> None:
    certificate, key = make_certificate(tmp_path, "broker")
    broker = start_mosquitto(f"certfile {certificate}\nkeyfile {key}\n")
    trusting = BrokerAddress(host="127.0.0.1", port=broker.port, tls_ca_file=certificate)
    with connected(trusting, "reader", "t/#") as (_, listener):
        # Larger than one TLS record: what is left in its buffer must not wait for the next packet.
        publish_all(trusting, [("t/1", b"x" * 50_000), ("t/1", b"y")])
        wait_until(lambda: len(listener.deliveries) == 2, what="both messages")


# paho leaves the socket of a failed TLS handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on PATH")
def test_tls_does_not_connect_to_a_broker_that_is_not_trusted(
    tmp_path: Path, start_mosquitto: StartMosquitto
) -> None:
    certificate, key = make_certificate(tmp_path, "broker")
    stranger, _ = make_certificate(tmp_path, "stranger")
    broker = start_mosquitto(f"certfile {certificate}\nkeyfile {key}\n")
    address = BrokerAddress(host="127.0.0.1", port=broker.port, tls_ca_file=stranger)
    with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
        Connection(address, "x", NotingListener()).open()
    gc.collect()


@pytest.mark.slow
def test_half_open_connection_is_noticed_by_keepalive() -> None:
    with ScriptedBroker(CONNACK_V5) as broker:
        address = BrokerAddress(host="127.0.0.1", port=broker.port, keepalive_s=1)
        with connected(address, "x") as (_, listener):
            wait_until(lambda: listener.down, wait_max_s=5.0, what="the end of the connection")
    assert listener.down[0][1] == SUCCESS
