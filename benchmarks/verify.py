"""Entries verified per second: every hash recomputed, the index held against the entries.

The journal holds whole sessions of 1,800 documents and is read in this process. The baseline is
reading the same entries from the same file without looking at them, which any verifier has to do.

It is not `dermatrace verify` from the shell, which has to start first, and not a cold file.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import filled
from benchmarks.documents import HALF_HOUR_DOCUMENTS
from benchmarks.rounds import Row, Run, alternate
from dermatrace.errors import JournalDamaged
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify

READ = "read only"
VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions of how many documents."""

    sessions: int
    documents: int
    rounds: int


FULL = Size(28, HALF_HOUR_DOCUMENTS, rounds=5)
QUICK = Size(2, 20, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure both in alternation."""
    size = run.size(FULL, QUICK)
    with run.scratch() as folder:
        path = folder / "journal.db"
        filled.fill(path, range(size.sessions), size.documents)
        found = alternate(
            size.rounds, {READ: lambda: _read_rate(path), VERIFIED: lambda: _verified_rate(path)}
        )
    return [Row(name, "entries/s", samples, READ) for name, samples in found.items()]


def _read_rate(path: Path) -> float:
    started_s, count, seen = time.perf_counter(), 0, 0
    with JournalReader(path) as reader:
        while entries := reader.read_after(seen):
            count, seen = count + len(entries), entries[-1].entry_id
    return count / (time.perf_counter() - started_s)


def _verified_rate(path: Path) -> float:
    started_s = time.perf_counter()
    report = verify(path)
    taken_s = time.perf_counter() - started_s
    if not report.is_intact:
        raise JournalDamaged(path, str(report.faults[0]))
    return report.entry_count / taken_s
