"""Helper: publish at a steady pace and note when each document is acknowledged and receipted.

Prints the percentiles asked for, in milliseconds since each document was due.
"""

import argparse
import json
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from statistics import quantiles

from benchmarks import documents
from benchmarks.load import sender_id, session_topic
from benchmarks.stack import HELPER_MAX_S
from benchmarks.wire import PUBLISH, Link, publish_packets, topic_and_payload
from dermatrace_schemas.topics import receipt_topic

MILLISECONDS = 1e3


class Session:
    """A session's packets, when each is due, and how long each answer took."""

    def __init__(self, port: int, client_id: str, topic: str, payloads: Sequence[bytes]) -> None:
        self.stream_id = topic.rpartition("/")[2]
        self.packets = publish_packets(topic, payloads)
        self.link = Link(port, client_id)
        self.due_s: list[float] = []
        self.acknowledged_ms: list[float] = []
        self.receipted_ms: list[float] = []

    @property
    def is_done(self) -> bool:
        """Whether every document is receipted, and so acknowledged."""
        return len(self.receipted_ms) == len(self.packets) == len(self.acknowledged_ms)

    def send(self, due_s: float) -> None:
        """Send the next document, which was due at `due_s`."""
        self.link.socket.sendall(self.packets[len(self.due_s)])
        self.due_s.append(due_s)

    def read(self) -> None:
        """Note acknowledgements; they come in the order of the documents."""
        count = len(self.acknowledged_ms) + self.link.acknowledged_count()
        _note(self.acknowledged_ms, self.due_s, count)

    def receipted(self, next_seq: int) -> None:
        """Note what a receipt covers for the first time."""
        _note(self.receipted_ms, self.due_s, next_seq)


class Receipts:
    """Hands each receipt to the session it speaks of."""

    def __init__(self, port: int, topic_filter: str, sessions: Sequence[Session]) -> None:
        self.link = Link(port, "receipts")
        self.link.subscribe(topic_filter)
        self._sessions = {session.stream_id: session for session in sessions}

    def read(self) -> None:
        """Take the receipts that have come."""
        for kind, body in self.link.packets():
            if kind & 0xF0 == PUBLISH:
                receipt = json.loads(topic_and_payload(body)[1])
                session = self._sessions.get(receipt["stream_id"])
                if session is not None:
                    session.receipted(receipt["next_seq"])


def run(port: int, session_count: int, rate_hz: int, seconds: int) -> list[Session]:
    """Publish sessions of ten windows a document at the given pace."""
    payloads = [documents.windows(seq) for seq in range(rate_hz * seconds)]
    sessions = [
        Session(port, sender_id(number), session_topic(number), payloads)
        for number in range(session_count)
    ]
    pace(sessions, Receipts(port, receipt_topic(documents.CLINIC, "+"), sessions), rate_hz)
    return sessions


def pace(sessions: Sequence[Session], receipts: Receipts, rate_hz: int) -> None:
    """Publish sessions of equal length, in turn, until everything is receipted."""
    readers: list[Session | Receipts] = [*sessions, receipts]
    interval_s = 1 / (rate_hz * len(sessions))
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.link.socket, selectors.EVENT_READ, reader.read)
        due_s = time.monotonic() + interval_s
        for _ in sessions[0].packets:
            for session in sessions:
                while (wait_s := due_s - time.monotonic()) > 0:
                    _read(selector, wait_s)
                session.send(due_s)
                due_s += interval_s
        while not all(session.is_done for session in sessions):
            _read(selector, None)
    for reader in readers:
        reader.link.close()


def _read(selector: selectors.BaseSelector, wait_s: float | None) -> None:
    for key, _ in selector.select(wait_s):
        key.data()


def _note(answered_ms: list[float], due_s: Sequence[float], count: int) -> None:
    now_s = time.monotonic()
    answered_ms.extend((now_s - due) * MILLISECONDS for due in due_s[len(answered_ms) : count])


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("sessions", type=int)
    parser.add_argument("rate_hz", type=int)
    parser.add_argument("seconds", type=int)
    parser.add_argument("percentiles", type=int, nargs="+")
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    sessions = run(given.port, given.sessions, given.rate_hz, given.seconds)
    found = {}
    for what in ("acknowledged_ms", "receipted_ms"):
        cuts = quantiles((taken for one in sessions for taken in getattr(one, what)), n=100)
        found[what] = {str(percentile): cuts[percentile - 1] for percentile in given.percentiles}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
