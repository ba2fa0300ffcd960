"""Helper: follow a console's floor as so many open pages do, and note when what was there.

Prints a line once every viewer has the whole floor. After the given time it prints the bytes that
came meanwhile, and how long each document that is on record took to be told of, at each viewer.
Both ends of a delay are noted here: when a look at the journal, every two milliseconds, finds the
document committed, and when an event that counts it has come whole.
"""

import argparse
import json
import re
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.floor import tile_key
from benchmarks.pacer import MILLISECONDS
from benchmarks.stack import HELPER_MAX_S
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.topics import TopicError, parse_topic

LOOK_INTERVAL_S: Final = 0.002
READ_BYTES: Final = 256 * 1024
_RECORDED: Final = re.compile(r"recorded to ([\d,]+)")
_DATA: Final = b"\ndata: "


@dataclass(eq=False, slots=True)
class Viewer:
    """One open page: what has come to it."""

    socket: socket.socket
    held: bytes = b""
    byte_count: int = 0
    events: list[tuple[float, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, port: int, token: str) -> "Viewer":
        """Ask for the floor's events."""
        connection = socket.create_connection(("127.0.0.1", port))
        lines = (
            "GET /floor/live HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Authorization: Bearer {token}",
            "Accept: text/event-stream",
        )
        connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        return cls(connection)

    def read(self) -> None:
        """Take in what has come. An event ends with an empty line, which none holds inside."""
        told = self.socket.recv(READ_BYTES)
        if not told:
            raise ConnectionError(f"the console ended the stream: {self.held[:200]!r}")
        self.byte_count += len(told)
        *whole, self.held = (self.held + told).split(b"\n\n")
        now_s = time.monotonic()
        self.events += [(now_s, event) for event in whole if _DATA in event]

    def delays_ms(self, committed_s: dict[tuple[str, int], float]) -> list[float]:
        """Return how long each document took from its commit to this viewer."""
        found, shown = [], dict[str, int]()
        for at_s, event in self.events:
            tiles = json.loads(event.partition(_DATA)[2])["tiles"]
            for key, told in tiles.items():
                counted = _RECORDED.search(json.dumps(told))
                if counted is None:
                    continue
                last = int(counted[1].replace(",", ""))
                counted_for = ((key, seq) for seq in range(shown.get(key, last), last))
                known_s = [committed_s[one] for one in counted_for if one in committed_s]
                found += [(at_s - one_s) * MILLISECONDS for one_s in known_s]
                shown[key] = last
        return found


def follow(port: int, token: str, journal: Path, count: int, seconds: float) -> dict[str, object]:
    """Look for so long; return what came."""
    viewers = [Viewer.of(port, token) for _ in range(count)]
    committed_s: dict[tuple[str, int], float] = {}
    with selectors.DefaultSelector() as selector, JournalReader(journal) as reader:
        for viewer in viewers:
            selector.register(viewer.socket, selectors.EVENT_READ, viewer.read)
        last_id, until_s, before = reader.head().entry_id, 0.0, 0
        while not until_s or time.monotonic() < until_s:
            for key, _ in selector.select(LOOK_INTERVAL_S):
                key.data()
            now_s = time.monotonic()
            for entry in reader.read_after(last_id):
                last_id = entry.entry_id
                try:
                    topic = parse_topic(entry.topic)
                except TopicError:
                    continue
                if topic.message_class == "session" and entry.seq is not None:
                    committed_s[tile_key(topic.sender), entry.seq] = now_s
            if not until_s and all(len(viewer.events) > 1 for viewer in viewers):
                print("ready", flush=True)
                until_s = time.monotonic() + seconds
                before = sum(viewer.byte_count for viewer in viewers)
    came = sum(viewer.byte_count for viewer in viewers) - before
    delays_ms = [delay for viewer in viewers for delay in viewer.delays_ms(committed_s)]
    return {"bytes": came, "delays_ms": delays_ms}


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("token")
    parser.add_argument("journal", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    told = follow(given.port, given.token, given.journal, given.count, given.seconds)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
