"""From starting `dermatrace judge` until everything in the journal is judged.

Twenty half-hour pen sessions of the sample clinic are under way and recorded but for their last
document, and every verdict on them is on record. *With index.db* the process takes up the
judgements where they were; *without* the file was deleted, and it judges everything again, only to
find that all of it has been said. The baseline is starting Python and importing the command line,
which no design of ours can go below.

It is not the time after a crash of the machine: the files lie in the system's cache. Recording goes
on while the judge is away.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import filled, judged, stack, visits
from benchmarks.rounds import Row, Run, alternate
from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.judge.sending import VerdictSender
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import PEN_NORTH

SETTLED_MAX_S = 60.0
"""Longest wait for the receipts of all verdicts; then the run fails."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions of what length."""

    sessions: int
    minutes: float
    rounds: int


FULL = Size(sessions=20, minutes=30.0, rounds=5)
QUICK = Size(sessions=2, minutes=0.5, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure all starts in alternation."""
    size = run.size(FULL, QUICK)
    with run.scratch() as folder, stack.broker(folder) as (port, _):
        settings = stack.settings_for(folder, port)
        documents = _fill(settings.journal_file, size)
        with stack.recorder(folder, port):
            _judge(settings)
        sessions = f"{size.sessions} open sessions of {documents:,} documents"
        cases = {
            stack.IMPORTED: partial(stack.import_s),
            f"judge, {sessions}, with index.db": partial(_start_s, settings, keeps_index=True),
            f"judge, {sessions}, without": partial(_start_s, settings, keeps_index=False),
        }
        found = alternate(size.rounds, cases)
    return [Row(name, "s", samples, stack.IMPORTED) for name, samples in found.items()]


def _fill(journal: Path, size: Size) -> int:
    """Record visits with sessions that run at the same time; return the documents of each."""
    script = visits.script_of(PEN_NORTH, size.minutes)
    told = [visits.visit(PEN_NORTH, script, number) for number in range(size.sessions)]
    filled.record(journal, visits.registry())
    filled.record(journal, [message for visit in told for message in visit.before])
    in_turn = zip(*(visit.session[:-1] for visit in told), strict=True)
    filled.record(journal, [message for at_once in in_turn for message in at_once])
    return len(script) - 1


def _judge(settings: Settings) -> None:
    """Judge everything, and see that every verdict is on record and settled."""
    with VerdictSender(settings.broker_address(), settings.outbox_file) as sender:
        judged.follow(settings.journal_file, settings.index_file, sender.send)
        if not sender.wait_settled(SETTLED_MAX_S):
            raise DermatraceError(f"verdicts were not settled after {SETTLED_MAX_S:.0f} s")
        judged.follow(settings.journal_file, settings.index_file, sender.send)


def _start_s(settings: Settings, *, keeps_index: bool) -> float:
    if not keeps_index:
        for path in settings.data.glob(f"{settings.index_file.name}*"):
            path.unlink()
    started_s = time.monotonic()
    with stack.judge(settings.data, settings.broker_port):
        taken_s = time.monotonic() - started_s
    with (
        JournalReader(settings.journal_file) as reader,
        Index(settings.index_file, read_only=True) as index,
    ):
        if index.cursor()[0] != reader.head():
            raise DermatraceError("the judge had not judged everything")
    return taken_s
