"""From starting `dermatrace ingest` until its health page is green.

Green means: journal opened, open sessions read back, connected to the broker and subscribed. The
journal is empty; or holds twenty open half-hour sessions (1,800 documents each); or those and ten
times as many closed sessions, which should make no difference. The baseline is starting Python and
importing the command line, which no design of ours can go below.

It is not the time after a crash of the machine: the file lies in the system's cache, and what a
torn WAL costs is not in it.
"""

import contextlib
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import filled, stack
from benchmarks.documents import HALF_HOUR_DOCUMENTS
from benchmarks.rounds import Row, Run, alternate
from dermatrace.clock import SystemClock
from dermatrace.journal.writer import Journal


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions of how many documents."""

    open_sessions: int
    closed_sessions: int
    documents: int
    rounds: int


FULL = Size(20, 200, HALF_HOUR_DOCUMENTS, rounds=7)
QUICK = Size(2, 4, 20, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure all starts in alternation."""
    size = run.size(FULL, QUICK)
    with run.scratch() as folder, stack.broker(folder / "broker") as (port, _):
        cases = {stack.IMPORTED: stack.import_s}
        for name, journal_folder in _journals(folder, size):
            cases[name] = partial(_start_s, journal_folder, port)
        found = alternate(size.rounds, cases)
    return [Row(name, "s", samples, stack.IMPORTED) for name, samples in found.items()]


def _journals(folder: Path, size: Size) -> list[tuple[str, Path]]:
    empty, opened, history = (folder / name for name in ("empty", "open", "history"))
    with contextlib.closing(Journal(empty / "journal.db", SystemClock())):
        pass
    open_numbers = range(size.open_sessions)
    closed_numbers = range(size.open_sessions, size.open_sessions + size.closed_sessions)
    filled.fill(opened / "journal.db", open_numbers, size.documents, ended=False)
    filled.fill(history / "journal.db", closed_numbers, size.documents)
    filled.fill(history / "journal.db", open_numbers, size.documents, ended=False)
    sessions = f"{size.open_sessions} open sessions of {size.documents:,} documents"
    return [
        ("ingest, empty journal", empty),
        (f"ingest, {sessions}", opened),
        (f"ingest, the same and {size.closed_sessions} closed sessions", history),
    ]


def _start_s(folder: Path, port: int) -> float:
    started_s = time.monotonic()
    with stack.recorder(folder, port):
        return time.monotonic() - started_s
