"""Judging one document, in processor time, against decoding it.

Half-hour sessions of the sample clinic, judged by its registry, its treatment protocol and what was
entered before the session, as `SessionJudge.feed` judges them live: ten windows of 100 ms a
message, or one RF shot. In the session with findings every other minute is set one millimetre too
deep, which raises and clears findings of protocol, label and scope. The baseline is `parse` of the
very same bytes, which the judge has to do first. The aim is 1.5 or less.

It is not all that the judge process does: reading the journal, keeping index.db and sending what it
has to say come on top, and `verdict_latency` has them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from benchmarks import filled, judged, visits
from benchmarks.rounds import Row, Run, alternate
from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.context import SessionContext
from dermatrace.judge.hindsight import Hindsight
from dermatrace.judge.index import Index
from dermatrace.judge.judgement import SessionJudge
from dermatrace.simulator.fleet import PEN_NORTH, RF_NORTH
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse

WINDOWS = "needling.windows"
SHOT = "rf.shot"
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Size:
    """How long the sessions are, and of how many documents a stretch that is too deep."""

    minutes: float
    stretch: int
    rounds: int


FULL = Size(minutes=30.0, stretch=60, rounds=15)
QUICK = Size(minutes=1.0, stretch=10, rounds=2)


@dataclass(frozen=True, slots=True)
class Session:
    """One session to be judged, and the kind of its documents that counts."""

    context: SessionContext
    kind: str
    payloads: Sequence[bytes]
    """Of that kind."""
    documents: Sequence[StreamDocument]
    """All of them."""


def measure(run: Run) -> list[Row]:
    """Measure all sessions in alternation, each decoded and judged."""
    size = run.size(FULL, QUICK)
    baselines: dict[str, str] = {}
    cases: dict[str, Callable[[], float]] = {}
    for name, session in _sessions(run, size).items():
        parsed, fed = f"{name}, parsed", f"{name}, judged"
        baselines |= {parsed: parsed, fed: parsed}
        cases |= {parsed: partial(_parsed_us, session), fed: partial(_judged_us, session)}
    alternate(1, cases)  # the first call of each builds its reader
    found = alternate(size.rounds, cases)
    return [Row(name, "µs/message", samples, baselines[name]) for name, samples in found.items()]


def _sessions(run: Run, size: Size) -> dict[str, Session]:
    pen, rf = (visits.script_of(device, size.minutes) for device in (PEN_NORTH, RF_NORTH))
    too_deep = visits.every_other(size.stretch, len(pen))
    told = {
        "windows": (WINDOWS, visits.visit(PEN_NORTH, pen, 1)),
        "windows with findings": (WINDOWS, visits.visit(PEN_NORTH, pen, 2, too_deep)),
        "RF shots": (SHOT, visits.visit(RF_NORTH, rf, 1)),
    }
    with run.scratch() as folder:
        journal, index = folder / "journal.db", folder / "index.db"
        filled.record(journal, visits.registry())
        for _, visit in told.values():
            filled.record(journal, [*visit.before, *visit.session])
        judged.follow(journal, index, judged.unsaid)
        with JournalReader(journal) as reader, Index(index, read_only=True) as kept:
            again = Hindsight(reader, kept)
            return {
                name: _session(again, reader, visit, kind) for name, (kind, visit) in told.items()
            }


def _session(again: Hindsight, reader: JournalReader, visit: visits.Visit, kind: str) -> Session:
    stream = reader.stream(visit.stream)
    context = None if stream is None else again.context(stream.row)
    if context is None:
        raise DermatraceError(f"nothing was judged of {visit.stream}")
    documents = [
        document
        for message in visit.session
        if isinstance(document := parse("session", message.payload), StreamDocument)
    ]
    payloads = [m.payload for m, d in zip(visit.session, documents, strict=True) if d.kind == kind]
    return Session(context, kind, payloads, documents)


def _parsed_us(session: Session) -> float:
    started_s = time.process_time()
    for payload in session.payloads:
        parse("session", payload)
    return (time.process_time() - started_s) / len(session.payloads) * MICROSECONDS


def _judged_us(session: Session) -> float:
    judge, taken_s = SessionJudge(session.context), 0.0
    for kind, stretch in groupby(session.documents, key=lambda document: document.kind):
        documents = list(stretch)
        started_s = time.process_time()
        for document in documents:
            judge.feed(document)
        taken_s += (time.process_time() - started_s) * (kind == session.kind)
    return taken_s / len(session.payloads) * MICROSECONDS
