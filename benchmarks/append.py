"""Entries appended and committed per second, in batches of 1, 20 and 500.

The messages are decoded beforehand. What is measured is the recorder's append and commit: is the
number new, hash chain, entry, payload, index of the stream, then a commit that survives a power
cut (`synchronous=FULL`). The baseline puts the same bytes into one bare SQLite table: same
settings, same batches, same disk. At batches of one, both measure the disk.

It is not what the recorder reaches: receiving and decoding come on top, and `throughput` has them.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import filled
from benchmarks.rounds import Row, Run, alternate
from dermatrace import sqlite
from dermatrace.clock import SystemClock
from dermatrace.ingest.decode import Message
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.ingest.recorder import Recorder
from dermatrace.journal.writer import Journal

SESSIONS = range(20)


@dataclass(frozen=True, slots=True)
class Size:
    """How many commits of each batch size."""

    commits: tuple[tuple[int, int], ...]
    """(messages in a batch, commits)."""
    rounds: int


FULL = Size(((1, 1_000), (20, 500), (500, 40)), rounds=5)
QUICK = Size(((1, 5), (20, 3), (500, 1)), rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure both in alternation, batch size by batch size."""
    size = run.size(FULL, QUICK)
    rows = []
    for messages_each, commits in size.commits:
        batches = list(_batches(messages_each, commits))
        bare, ours = (f"{what}, batches of {messages_each}" for what in ("bare insert", "appended"))
        found = alternate(
            size.rounds,
            {bare: partial(_bare_rate, run, batches), ours: partial(_rate, run, batches)},
        )
        rows += [Row(name, "entries/s", samples, bare) for name, samples in found.items()]
    return rows


def _batches(messages_each: int, commits: int) -> Iterator[list[Message]]:
    seq_count = -(-messages_each * commits // len(SESSIONS))
    messages = list(filled.messages_of(SESSIONS, range(seq_count), seq_count, ended=False))
    for at in range(commits):
        yield messages[at * messages_each : (at + 1) * messages_each]


def _rate(run: Run, batches: Sequence[Sequence[Message]]) -> float:
    clock = SystemClock()
    with run.scratch() as folder, contextlib.closing(Journal(folder / "j.db", clock)) as journal:
        streams = OpenStreams((), clock)
        recorder = Recorder(streams, clock)
        started_s = time.perf_counter()
        for messages in batches:
            with journal.batch() as batch:
                recorder.take(batch, messages)
            streams.committed()
        return _count(batches) / (time.perf_counter() - started_s)


def _bare_rate(run: Run, batches: Sequence[Sequence[Message]]) -> float:
    with run.scratch() as folder:
        path = folder / "bare.db"
        with contextlib.closing(sqlite.open_writer(path)) as connection:
            connection.execute(
                "CREATE TABLE bare (id INTEGER PRIMARY KEY, topic TEXT, payload BLOB)"
            )
            started_s = time.perf_counter()
            for messages in batches:
                with sqlite.transaction(connection, path):
                    for message in messages:
                        connection.execute(
                            "INSERT INTO bare VALUES (NULL, ?, ?)",
                            (message.topic_text, message.payload),
                        )
            return _count(batches) / (time.perf_counter() - started_s)


def _count(batches: Sequence[Sequence[Message]]) -> int:
    return sum(len(messages) for messages in batches)
