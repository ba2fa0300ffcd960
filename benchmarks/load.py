"""Helper: publish as fast as the broker acknowledges, on a connection a session.

Prints when it began, when everything was covered, and what it cost. Who receives says how far it
is: a recorder by receipts, the baseline by datagrams, a peer not at all. Times are those of the
machine's monotonic clock, which all its processes share.
"""

import argparse
import json
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from benchmarks import documents
from benchmarks.stack import HELPER_MAX_S
from benchmarks.wire import PUBLISH, Link, publish_packets, topic_and_payload
from dermatrace_schemas.topics import Topic, receipt_topic

UNACKNOWLEDGED_MAX: Final = 50
"""Packets of one session without PUBACK; beyond it the session waits. More would only move the
queue from here into the broker."""
AHEAD_MAX: Final = 500
"""Messages of one session that nobody has received yet; beyond it the session waits. Without it all
would be published within a moment, and most of the time nothing but a queue would be drained."""
PROGRESS_BYTES: Final = 32
NO_PROGRESS: Final = -1
Shape: TypeAlias = Callable[[int], bytes]
"""Makes the message with a number."""
SHAPES: Final[dict[str, Shape]] = {"columns": documents.windows, "objects": documents.objects}


def sender_id(number: int) -> str:
    """Return the name of a session's sender."""
    return f"pen-{number:03d}"


def session_topic(number: int) -> str:
    """Return the topic of a session."""
    return str(Topic(documents.CLINIC, sender_id(number), "session", f"session-{number:03d}"))


class Session:
    """One session's packets, and how far they are out, acknowledged and received."""

    def __init__(self, port: int, number: int, message_count: int, shape: Shape) -> None:
        payloads = [shape(seq) for seq in range(message_count)]
        self._packets = publish_packets(session_topic(number), payloads)
        self._message_count = message_count
        self.link = Link(port, sender_id(number))
        self.socket = self.link.socket
        self._sent_count = 0
        self._acknowledged_count = 0
        self.covered_count = 0

    def fill(self) -> None:
        """Send what may be out, in one write: it is less than the broker's socket takes."""
        until = min(self._acknowledged_count + UNACKNOWLEDGED_MAX, self.covered_count + AHEAD_MAX)
        due = self._packets[self._sent_count : until]
        if due:
            self.socket.sendall(b"".join(due))
            self._sent_count += len(due)

    def read(self) -> None:
        """Count what has been acknowledged, and go on."""
        self._acknowledged_count += self.link.acknowledged_count()
        self.fill()

    @property
    def is_acknowledged(self) -> bool:
        """Whether the broker has all of it."""
        return self._acknowledged_count == self._message_count

    def cover(self, count: int) -> None:
        """Take note of how much has been received, and go on."""
        self.covered_count = count
        self.fill()

    def close(self) -> None:
        """Leave."""
        self.link.close()


class Nobody:
    """Learns nothing: as much is published as the broker takes."""

    def __init__(self, sessions: Sequence[Session], message_count: int) -> None:
        for session in sessions:
            session.covered_count = message_count

    def close(self) -> None:
        """Nothing is open."""


class Receipts:
    """Learns from receipts what is settled of each session."""

    def __init__(self, port: int, sessions: Sequence[Session]) -> None:
        self._link = Link(port, "receipts")
        self._link.subscribe(receipt_topic(documents.CLINIC, "+"))
        self.socket = self._link.socket
        self._sessions = {
            session_topic(number).rpartition("/")[2]: session
            for number, session in enumerate(sessions)
        }

    def read(self) -> None:
        """Take the receipts that have come."""
        for kind, body in self._link.packets():
            if kind & 0xF0 == PUBLISH:
                receipt = json.loads(topic_and_payload(body)[1])
                self._sessions[receipt["stream_id"]].cover(receipt["next_seq"])

    def close(self) -> None:
        """Leave."""
        self._link.close()


class Progress:
    """Learns from datagrams how many messages have been received, of all sessions alike."""

    def __init__(self, port: int, sessions: Sequence[Session]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self._sessions = sessions

    def read(self) -> None:
        """Take one datagram."""
        count = int(self.socket.recv(PROGRESS_BYTES))
        for session in self._sessions:
            session.cover(count // len(self._sessions))

    def close(self) -> None:
        """Leave."""
        self.socket.close()


def run(
    port: int, session_count: int, message_count: int, progress_port: int, shape: Shape
) -> dict[str, float]:
    """Publish everything and return the times; without a progress port receipts are awaited."""
    sessions = [Session(port, number, message_count, shape) for number in range(session_count)]
    covering = _covering(port, sessions, message_count, progress_port)
    readers: list[Session | Receipts | Progress] = [*sessions]
    if not isinstance(covering, Nobody):
        readers.append(covering)
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader.read)
        processor_s, started_s = time.process_time(), time.monotonic()
        for session in sessions:
            session.fill()
        while not all(
            session.covered_count >= message_count and session.is_acknowledged
            for session in sessions
        ):
            for key, _ in selector.select():
                key.data()
        covered_s, processor_s = time.monotonic(), time.process_time() - processor_s
    for reader in readers:
        reader.close()
    return {"started_s": started_s, "covered_s": covered_s, "processor_s": processor_s}


def _covering(
    port: int, sessions: Sequence[Session], message_count: int, progress_port: int
) -> Nobody | Receipts | Progress:
    if progress_port == NO_PROGRESS:
        return Nobody(sessions, message_count)
    return Progress(progress_port, sessions) if progress_port else Receipts(port, sessions)


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("sessions", type=int)
    parser.add_argument("messages", type=int, help="of each session")
    parser.add_argument("progress_port", type=int, help="0: receipts tell, -1: nobody does")
    parser.add_argument("--shape", choices=SHAPES, default="columns")
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    shape = SHAPES[given.shape]
    times = run(given.port, given.sessions, given.messages, given.progress_port, shape)
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
