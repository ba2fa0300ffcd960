"""What the judge has made of the sessions that were played, beside what it must make of them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from dermatrace import sqlite
from dermatrace.demo.comparison import RuleLine, compare
from dermatrace.demo.limits import SampleClinic, read_sample_clinic
from dermatrace.demo.once import Played
from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.verdict_reading import Generation, read_generations
from dermatrace.settings import Settings
from dermatrace.simulator.expected_findings import ExpectedFindings, expected_findings
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.practices import practice_of
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.treatment import Gate
from dermatrace_schemas.verdict import VerdictSummary
from dermatrace_schemas.verdict_streams import verdict_stream_id

JUDGE_WAIT_S: Final = 180.0
"""Longest wait for the last verdict; then the demonstration has failed and says what is missing."""
ASK_INTERVAL_S: Final = 0.1


class Expectation(NamedTuple):
    """One stream and what its judgement must say."""

    session: SessionId
    expected: ExpectedFindings


@dataclass(frozen=True, slots=True)
class JudgementSummary:
    """How one stream was judged, beside what its script says must be found."""

    clinic: str
    sender: str
    session: str
    state: Literal["closed", "open"]
    """Open: the device has not told its end, so nothing is final and nothing is compared."""
    generation: int | None
    """None: nothing has been judged."""
    cause: str | None
    """Why that generation was made."""
    adherence: float | None
    why_not: str | None
    """Why adherence cannot be assessed; None also while the session is open."""
    data_coverage: float | None
    open_gates: list[Gate] | None
    """None: nothing has been told."""
    findings: list[RuleLine]
    """By rule; what is missing is among them. Empty while the session is open."""

    @property
    def differs(self) -> list[str]:
        """What is not as the script says it must be; empty if all is."""
        return [str(line) for line in self.findings if line.is_wrong]


def expectations_of(played: Played) -> list[Expectation]:
    """Return what to expect of every stream that was played, by the sample clinic's own limits."""
    clinic = read_sample_clinic()
    return [
        Expectation(SessionId(session.device.clinic, session.device.sender_id, e.stream_id), e)
        for session in played.sessions
        for e in expected_of(session, clinic, played.run)
    ]


def expected_of(
    session: FleetSession, clinic: SampleClinic, run: str
) -> tuple[ExpectedFindings, ...]:
    """Return what must be found in each stream of a session."""
    return expected_findings(
        session.script,
        session.faults,
        session.stream_id(run),
        (practice_of(session.script.treatment), clinic.limits_of(session)),
        omissions=session.omissions,
    )


def await_verdicts(
    settings: Settings,
    expectations: Iterable[Expectation],
    attend: Callable[[], None],
    *,
    wait_max_s: float = JUDGE_WAIT_S,
) -> None:
    """Return once the last verdict on every session that has ended is on record.

    `attend` is called all the while. Raises DermatraceError, saying what is missing, if that takes
    longer than `wait_max_s`.
    """
    ended = [asked.session for asked in expectations if asked.expected.ended]
    asking, missing = threading.Event(), ""
    with JournalReader(settings.journal_file) as reader:
        wait = _Wait(settings, reader, ended)
        for _ in range(int(wait_max_s / ASK_INTERVAL_S)):
            attend()
            missing = next(wait.missing(), "")
            if not missing:
                return
            asking.wait(ASK_INTERVAL_S)
    raise DermatraceError(
        f"not everything was judged in {wait_max_s:g} s: {missing}",
        remedy="Look into the logs folder: what does the judge say?",
    )


def judgements_of(
    settings: Settings, expectations: Iterable[Expectation]
) -> list[JudgementSummary]:
    """Return how each stream was judged, read from the record."""
    with JournalReader(settings.journal_file) as reader:
        return [_summary(reader, asked) for asked in expectations]


class _Wait:
    """What the judgement of a run still lacks."""

    def __init__(self, settings: Settings, reader: JournalReader, ended: list[SessionId]) -> None:
        self._index_file = settings.index_file
        self._reader = reader
        self._ended = ended
        self._last_entry_id: int | None = None
        """The last entry that anybody but the judge has caused, or one after it."""

    def missing(self) -> Iterator[str]:
        """Yield what is missing, first things first."""
        if self._last_entry_id is None:
            yield from self._unfinished()
            self._last_entry_id = self._reader.head().entry_id
        try:
            with Index(self._index_file, read_only=True) as index:
                yield from self._unjudged(index, self._last_entry_id)
        except DermatraceError as error:
            yield str(error)

    def _unfinished(self) -> Iterator[str]:
        """Yield the sessions whose completion the recorder has not stated yet."""
        for session in self._ended:
            stream = self._reader.stream(_session_key(session))
            if stream is None or stream.completed_by is None:
                yield f"the end of {session.stream_id} is not on record"

    def _unjudged(self, index: Index, last_entry_id: int) -> Iterator[str]:
        with sqlite.snapshot(index.connection, index.path):
            read_to = index.cursor()[0].entry_id
            found = [_found(index, session) for session in self._ended]
        if read_to < last_entry_id:
            yield f"the judge has read {read_to:,} of {last_entry_id:,} entries"
        for session, one in zip(self._ended, found, strict=True):
            if one is None or one.state != "closed":
                yield f"{session.stream_id} is not judged"
            elif not self._is_told(session, one.generation):
                yield f"the verdict on {session.stream_id} is not on record"

    def _is_told(self, session: SessionId, generation: int) -> bool:
        """Tell whether everything of a generation has arrived."""
        name = verdict_stream_id(session.sender, session.stream_id, generation)
        stream = self._reader.stream(StreamKey(session.clinic, JUDGE_SENDER, "verdict", name))
        return stream is not None and stream.completed_by is not None


def _summary(reader: JournalReader, asked: Expectation) -> JudgementSummary:
    session, expected = asked
    generations = read_generations(reader, session)
    newest = generations[-1] if generations else None
    is_closed = expected.ended
    raised = [] if newest is None else [told.finding for told in newest.findings]
    whole = None if newest is None else _whole(newest)
    return JudgementSummary(
        clinic=session.clinic,
        sender=session.sender,
        session=session.stream_id,
        state="closed" if is_closed else "open",
        generation=None if newest is None else newest.number,
        cause=None if newest is None or newest.opened is None else newest.opened.cause,
        adherence=None if whole is None else whole.adherence.fraction,
        why_not=None if whole is None else whole.adherence.why_not,
        data_coverage=None if whole is None else whole.data_coverage_fraction,
        open_gates=_open_gates(newest),
        findings=compare(expected, raised) if is_closed else [],
    )


def _whole(generation: Generation) -> VerdictSummary | None:
    return next((told for told in generation.summaries if told.scope == "session"), None)


def _open_gates(newest: Generation | None) -> list[Gate] | None:
    if newest is None:
        return None
    told = _whole(newest) or newest.state
    return None if told is None else list(told.open_gates)


def _found(index: Index, session: SessionId) -> FoundSession | None:
    query = SessionQuery(
        clinic=session.clinic, sender=session.sender, stream_id=session.stream_id, newest=1
    )
    return next(iter(search(index, query)), None)


def _session_key(session: SessionId) -> StreamKey:
    return StreamKey(session.clinic, session.sender, "session", session.stream_id)
