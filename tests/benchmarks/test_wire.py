"""The load generator's MQTT: bytes as the standard has them, answers counted however they come."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from benchmarks.wire import ANSWER_MAX_S, Link, publish_packets, topic_and_payload

from dermatrace.errors import BrokerUnavailable

CONNACK = bytes((0x20, 2, 0, 0))
Serve = Callable[[bytes], tuple[Link, socket.socket]]


@pytest.fixture
def connected() -> Iterator[Serve]:
    """Offer links to a peer that first sends the given bytes; both ends are closed afterwards."""
    ends: list[socket.socket] = []

    def connect(first: bytes) -> tuple[Link, socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                peer, _ = server.accept()
                peer.recv(1_024)
                peer.sendall(first)
                ends.append(peer)

            thread = threading.Thread(target=answer)
            thread.start()
            try:
                link = Link(server.getsockname()[1], "client")
            finally:
                thread.join(ANSWER_MAX_S)
            ends.append(link.socket)
            return link, ends[0]

    yield connect
    for end in ends:
        end.close()


def test_publish_packet_has_qos_1_topic_packet_id_and_payload() -> None:
    first, second = publish_packets("a/b", [b"x", b"y" * 200])
    assert first == bytes((0x32, 8, 0, 3)) + b"a/b" + bytes((0, 1)) + b"x"
    # 207 bytes follow: 207 - 128 with the continuation bit, then 1.
    assert second[:3] == bytes((0x32, 79 | 0x80, 1))
    assert second[8:10] == bytes((0, 2))


def test_packet_ids_begin_anew_after_the_highest_and_are_never_0() -> None:
    packets = publish_packets("t", [b""] * 65_537)
    ids = [int.from_bytes(packet[-2:], "big") for packet in packets]
    assert (ids[65_534], ids[65_535], min(ids)) == (65_535, 1, 1)


def test_acknowledgements_are_counted_also_when_cut_apart(connected: Serve) -> None:
    link, peer = connected(CONNACK)
    answers = bytes((0x40, 2, 0, 1, 0x40, 2, 0, 2))
    peer.sendall(answers[:6])
    counted = link.acknowledged_count()
    peer.sendall(answers[6:])
    assert counted + link.acknowledged_count() == 2


def test_answer_that_is_no_acknowledgement_is_an_error(connected: Serve) -> None:
    link, peer = connected(CONNACK)
    peer.sendall(bytes((0xE0, 1, 0x87, 0)))
    with pytest.raises(BrokerUnavailable, match="something else"):
        link.acknowledged_count()


def test_refused_connection_is_an_error(connected: Serve) -> None:
    with pytest.raises(BrokerUnavailable, match="code 5"):
        connected(bytes((0x20, 2, 0, 5)))


def test_publication_cut_apart_is_read_whole(connected: Serve) -> None:
    link, peer = connected(CONNACK)
    packet = bytes((0x30, 6, 0, 1)) + b"t" + b"abc"
    peer.sendall(packet[:5])
    assert list(link.packets()) == []
    peer.sendall(packet[5:])
    ((kind, body),) = link.packets()
    assert (kind, topic_and_payload(body)) == (0x30, ("t", b"abc"))


def test_closed_connection_is_an_error(connected: Serve) -> None:
    link, peer = connected(CONNACK)
    peer.close()
    with pytest.raises(BrokerUnavailable, match="closed"):
        link.acknowledged_count()
