"""As much of MQTT 3.1.1 as a load generator needs, on a bare socket.

A client library takes longer to send a message than a recorder to take it; what it would measure
is itself. Here packets are encoded beforehand, and an acknowledgement is four bytes to be counted.
"""

import socket
from collections.abc import Iterator, Sequence
from typing import Final

from dermatrace.errors import BrokerUnavailable

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90
ACKNOWLEDGEMENT_BYTES: Final = 4
READ_BYTES: Final = 256 * 1024
PACKET_ID_MAX: Final = 65_535
ANSWER_MAX_S: Final = 10.0
"""Longest wait of one read or write; then the broker is given up and the run fails."""


def publish_packets(topic: str, payloads: Sequence[bytes]) -> list[bytes]:
    """Return PUBLISH packets of QoS 1, ready to be sent."""
    head = _text(topic)
    return [
        _packet(0x32, head + _short(at % PACKET_ID_MAX + 1) + payload)
        for at, payload in enumerate(payloads)
    ]


class Link:
    """One connection to the broker, without keep-alive and with a clean start."""

    def __init__(self, port: int, client_id: str) -> None:
        """Connect. Raises BrokerUnavailable if the broker does not want us."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_MAX_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""
        try:
            self._connect(client_id)
        except BaseException:
            self.close()
            raise

    def _connect(self, client_id: str) -> None:
        clean, keepalive_s = b"\x02", _short(0)
        self.socket.sendall(
            _packet(0x10, _text("MQTT") + b"\x04" + clean + keepalive_s + _text(client_id))
        )
        self._expect(CONNACK)

    def close(self) -> None:
        """Leave without goodbye."""
        self.socket.close()

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe with QoS 0: what comes is only counted, and nothing has to be acknowledged."""
        self.socket.sendall(_packet(0x82, _short(1) + _text(topic_filter) + b"\x00"))
        self._expect(SUBACK)

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Read what is there and yield first byte and body of every whole packet."""
        read = self.socket.recv(READ_BYTES)
        if not read:
            raise BrokerUnavailable("the broker closed the connection")
        self._held += read
        while (found := _first_packet(self._held)) is not None:
            kind, body, end = found
            self._held = self._held[end:]
            yield kind, body

    def acknowledged_count(self) -> int:
        """Read what is there on a connection that only publishes; return the PUBACKs in it."""
        read = self.socket.recv(READ_BYTES)
        if not read:
            raise BrokerUnavailable("the broker closed the connection")
        held = self._held + read
        count, rest = divmod(len(held), ACKNOWLEDGEMENT_BYTES)
        self._held = held[len(held) - rest :]
        if held[::ACKNOWLEDGEMENT_BYTES].count(PUBACK) != count + (rest > 0):
            raise BrokerUnavailable("the broker answered a publication with something else")
        return count

    def _expect(self, kind: int) -> None:
        for found, body in self.packets():
            if found != kind or body[-1] >= 0x80 or (kind == CONNACK and body[-1]):
                raise BrokerUnavailable(f"the broker answered {found:#x} with code {body[-1]}")
            return
        self._expect(kind)


def topic_and_payload(body: bytes) -> tuple[str, bytes]:
    """Take the body of a PUBLISH of QoS 0 apart."""
    end = 2 + int.from_bytes(body[:2], "big")
    return body[2:end].decode(), body[end:]


def _first_packet(held: bytes) -> tuple[int, bytes, int] | None:
    length, shift = 0, 0
    for at in range(1, len(held)):
        length |= (held[at] & 0x7F) << shift
        shift += 7
        if held[at] < 0x80:
            end = at + 1 + length
            return (held[0], held[at + 1 : end], end) if len(held) >= end else None
    return None


def _packet(first: int, body: bytes) -> bytes:
    length, coded = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        coded.append(low | (0x80 if length else 0))
        if not length:
            return bytes((first, *coded)) + body


def _short(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _text(value: str) -> bytes:
    coded = value.encode()
    return _short(len(coded)) + coded
