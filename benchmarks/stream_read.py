"""Reading one half-hour session, or ten of its documents, from journals of growing size.

The entries of a session lie between those of nineteen others that ran at the same time. Each sample
opens the journal anew and reads by name: the stream's record, then its entries. *Warm* means that
the system holds the file's pages in its cache, *cold* that it was told to forget them first. The
baseline of each is the smallest journal: time should follow what is read, not what there is.

It is not the time to show a session: nothing is decoded here. How cold a read is under a virtual
machine's own cache is not known.
"""

import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import filled
from benchmarks.documents import HALF_HOUR_DOCUMENTS
from benchmarks.rounds import Row, Run, alternate
from benchmarks.stack import MEBIBYTE
from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader

RANGE_DOCUMENTS = 10
MILLISECONDS = 1e3


@dataclass(frozen=True, slots=True)
class Size:
    """How many entries the journals have at least, and how long a session is."""

    entries: tuple[int, ...]
    documents: int
    rounds: int


FULL = Size((10**5, 10**6), HALF_HOUR_DOCUMENTS, rounds=9)
LARGE = Size((10**5, 10**6, 10**7), HALF_HOUR_DOCUMENTS, rounds=9)
QUICK = Size((100, 200), 20, rounds=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """A journal and the session to read from it."""

    path: Path
    entries: int
    session: int
    documents: int


def measure(run: Run) -> list[Row]:
    """Fill the journals, then read from all of them in alternation."""
    size = run.size(LARGE if run.large else FULL, QUICK)
    with run.scratch() as folder:
        journals = [_fill(folder, entries, size.documents) for entries in size.entries]
        everything = range(size.documents)
        middle = range(size.documents // 2, size.documents // 2 + RANGE_DOCUMENTS)
        rows = [
            *_read(f"{size.documents:,} documents, warm", journals, everything, size.rounds),
            *_read(f"{RANGE_DOCUMENTS} documents, warm", journals, middle, size.rounds),
            *_read(
                f"{size.documents:,} documents, cold", journals, everything, size.rounds, cold=True
            ),
        ]
        sizes = [(one.entries, one.path.stat().st_size / MEBIBYTE) for one in journals]
    return [*rows, *(Row(f"file with {n:,} entries", "MiB", (mib,)) for n, mib in sizes)]


def _fill(folder: Path, entries: int, documents: int) -> Sought:
    path = folder / f"{entries}.db"
    sessions = -(-entries // documents)
    filled.fill(path, range(sessions), documents)
    return Sought(path, entries, sessions // 2, documents)


def _read(
    what: str, journals: list[Sought], seqs: range, rounds: int, *, cold: bool = False
) -> list[Row]:
    cases = {
        f"{what}, of {one.entries:,}": partial(_read_ms, one, seqs, cold=cold) for one in journals
    }
    if not cold:
        alternate(1, cases)
    baseline = next(iter(cases))
    found = alternate(rounds, cases)
    return [Row(name, "ms", samples, baseline) for name, samples in found.items()]


def _read_ms(sought: Sought, seqs: range, *, cold: bool) -> float:
    if cold:
        _forget(sought.path)
    started_s = time.perf_counter()
    with JournalReader(sought.path) as reader:
        stream = reader.stream(filled.session_key(sought.session))
        entries = reader.read_stream(-1 if stream is None else stream.row, seqs[0], seqs[-1])
    taken_ms = (time.perf_counter() - started_s) * MILLISECONDS
    if len(entries) != len(seqs):
        raise DermatraceError(f"{sought.path.name}: read {len(entries)} of {len(seqs)} documents")
    return taken_ms


def _forget(path: Path) -> None:
    """Ask the system to drop the file from its cache, which it does only for what is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
