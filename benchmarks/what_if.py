"""Half-hour pen sessions judged once more per second, as `whatif` and `explain` do it.

The journal holds sessions of the sample clinic, each closed and judged. Judged again means: context
looked up, every document read, decoded and judged, the stream chain recomputed, totals and
adherence at the end. By what was in force; as if the clinic's protocol for cosmetic needling had
been in force, whose depths nearly all of the session exceeds; and by both, to compare them, for
which a session is read and decoded once. The baseline is decoding the same documents from memory
and nothing else.

It is not `dermatrace whatif` from the shell, which has to start first, and not a cold file.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import filled, judged, visits
from benchmarks.rounds import Row, Run, alternate
from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.hindsight import Change, Hindsight, unchanged, with_protocol
from dermatrace.judge.index import Index
from dermatrace.simulator.fleet import NORTH, PEN_NORTH
from dermatrace_schemas.parse import parse

DECODED = "decoded only"
READ = "read and decoded only"
AS_IT_WAS = "judged by what was in force"
AS_IF = "judged by another protocol"
BOTH = "judged by both at once"
OTHER_PROTOCOL = "example-cosmetic-needling"


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions of what length."""

    sessions: int
    minutes: float
    rounds: int


FULL = Size(sessions=10, minutes=30.0, rounds=5)
QUICK = Size(sessions=2, minutes=0.5, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure all in alternation."""
    size = run.size(FULL, QUICK)
    script = visits.script_of(PEN_NORTH, size.minutes)
    told = [visits.visit(PEN_NORTH, script, number) for number in range(size.sessions)]
    with run.scratch() as folder:
        journal, index = folder / "journal.db", folder / "index.db"
        filled.record(journal, visits.registry())
        for visit in told:
            filled.record(journal, [*visit.before, *visit.session])
        judged.follow(journal, index, judged.unsaid)
        with JournalReader(journal) as reader, Index(index, read_only=True) as kept:
            again = Hindsight(reader, kept)
            rows, other_protocol = [_row(reader, visit) for visit in told], _other_protocol(again)
            cases: dict[str, Callable[[], float]] = {
                DECODED: partial(_decoded_rate, told),
                READ: partial(_read_rate, journal, rows),
                AS_IT_WAS: partial(_judged_rate, again, rows, [unchanged]),
                AS_IF: partial(_judged_rate, again, rows, [other_protocol]),
                BOTH: partial(_judged_rate, again, rows, [unchanged, other_protocol]),
            }
            found = alternate(size.rounds, cases)
    return [Row(name, "sessions/s", samples, DECODED) for name, samples in found.items()]


def _row(reader: JournalReader, visit: visits.Visit) -> int:
    stream = reader.stream(visit.stream)
    if stream is None:
        raise DermatraceError(f"the journal has never heard of {visit.stream}")
    return stream.row


def _other_protocol(again: Hindsight) -> Change:
    *_, newest = again.history.versions(NORTH, "protocol", OTHER_PROTOCOL)
    return with_protocol(newest)


def _decoded_rate(told: Sequence[visits.Visit]) -> float:
    started_s = time.perf_counter()
    for visit in told:
        for message in visit.session:
            parse("session", message.payload)
    return len(told) / (time.perf_counter() - started_s)


def _read_rate(journal: Path, rows: Sequence[int]) -> float:
    started_s = time.perf_counter()
    with JournalReader(journal) as reader:
        for row in rows:
            for entry in reader.read_stream(row):
                parse("session", entry.payload or b"")
    return len(rows) / (time.perf_counter() - started_s)


def _judged_rate(again: Hindsight, rows: Sequence[int], changes: Sequence[Change]) -> float:
    started_s = time.perf_counter()
    for row in rows:
        if not again.judge_each(row, changes):
            raise DermatraceError(f"stream {row} could not be judged again")
    return len(rows) / (time.perf_counter() - started_s)
