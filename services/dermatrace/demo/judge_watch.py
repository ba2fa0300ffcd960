"""What the judge has said lately, for somebody who looks several times a second.

Findings, states and scores are read from the record, so they show whether or not the judge runs.
Only how far it has got, and how a running session stands this second, come from its index.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from dermatrace import sqlite
from dermatrace.clock import Clock
from dermatrace.errors import DermatraceError
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.state import SessionState, spot_of_key
from dermatrace_schemas.finding import Envelope, Finding, Priority
from dermatrace_schemas.identifiers import JUDGE_SENDER, Laterality
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import TopicError, parse_topic
from dermatrace_schemas.treatment import Gate
from dermatrace_schemas.verdict import (
    VerdictClosed,
    VerdictFindingRaised,
    VerdictOpened,
    VerdictState,
    VerdictSummary,
)

ENTRIES_PER_LOOK_MAX: Final = 1_000
"""Entries one look takes in; the next look goes on from there, so that none holds up the screen."""
FINDINGS_KEPT: Final = 5
"""Newest findings kept to be shown; older ones are in the record."""
SESSIONS_KEPT_MAX: Final = 100
"""Sessions followed at a time; beyond it the one heard of first is no longer followed."""
INDEX_INTERVAL_MS: Final = 1_000
"""How often the index is opened: the judge writes it about as often."""


@dataclass(slots=True)
class SessionJudgement:
    """How one session stands in its newest judgement."""

    generation: int
    status: str
    """running, paused, silent, stopped; closed when judged finally."""
    open_gates: list[Gate] = field(default_factory=list)
    counts: dict[Priority, int] = field(default_factory=dict)
    """Findings raised, whether or not they were cleared since."""
    adherence: float | None = None
    """Final once closed; before that, of what has been delivered so far."""
    said: set["FindingName"] = field(default_factory=set)
    """What any judgement of this session has raised: the next one repeats most of it."""


class FindingName(NamedTuple):
    """What makes a finding the same in two judgements of a session."""

    rule: str
    envelope: Envelope
    zone: str | None
    laterality: Laterality | None


class NewFinding(NamedTuple):
    """A finding when it was raised for the first time."""

    at_ms: int
    """When what led to it had been received, UTC."""
    sender: str
    finding: Finding


class JudgeWatch:
    """Follows the verdicts on record from now on."""

    def __init__(self, journal_file: Path, index_file: Path, clock: Clock) -> None:
        """Begin at the journal's head. Raises WrongFile if there is no journal yet."""
        self.newest: deque[NewFinding] = deque(maxlen=FINDINGS_KEPT)
        """The last one last."""
        self.finding_count = 0
        self.behind_count: int | None = None
        """Entries the judge has not written down as read; None if there is no index to tell."""
        self._index_file = index_file
        self._clock = clock
        self._reader = JournalReader(journal_file)
        self._read_to = self._reader.head().entry_id
        self._sessions: OrderedDict[SessionId, SessionJudgement] = OrderedDict()
        self._session_of: dict[tuple[str, str], tuple[SessionId, int]] = {}
        """Session and generation by clinic and verdict stream."""
        self._asked_ms: int | None = None

    def look(self, running: Iterable[SessionId]) -> None:
        """Take in what is new; of `running` sessions also how they do so far."""
        entries = self._reader.read_after(self._read_to, limit=ENTRIES_PER_LOOK_MAX)
        for entry in entries:
            self._take(entry)
            self._read_to = entry.entry_id
        now_ms = self._clock.monotonic_ms()
        if self._asked_ms is None or now_ms - self._asked_ms >= INDEX_INTERVAL_MS:
            self._asked_ms = now_ms
            self._ask_index(running)

    def of(self, session: SessionId) -> SessionJudgement | None:
        """Return how a session stands, or None if nothing has been said of it."""
        return self._sessions.get(session)

    def close(self) -> None:
        """Release the journal."""
        self._reader.close()

    # --- the record ---------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        if entry.outcome != "accepted" or entry.payload is None:
            return
        try:
            topic = parse_topic(entry.topic)
        except TopicError:
            return
        if (topic.sender, topic.message_class) != (JUDGE_SENDER, "verdict"):
            return
        document, name = parse("verdict", entry.payload), (topic.clinic, topic.stream_id or "")
        if isinstance(document, VerdictOpened):
            named = document.session
            session = SessionId(topic.clinic, named.sender, named.stream_id)
            self._open(name, session, document.generation)
        elif (known := self._session_of.get(name)) is not None:
            judgement = self._sessions.get(known[0])
            if judgement is not None and judgement.generation == known[1]:
                self._hear(known[0], judgement, document)

    def _open(self, name: tuple[str, str], session: SessionId, generation: int) -> None:
        before = self._sessions.get(session)
        said = set() if before is None else before.said
        status = "running" if before is None else before.status
        self._sessions[session] = SessionJudgement(generation, status, said=said)
        self._session_of[name] = session, generation
        while len(self._sessions) > SESSIONS_KEPT_MAX:
            gone, _ = self._sessions.popitem(last=False)
            self._session_of = {n: one for n, one in self._session_of.items() if one[0] != gone}

    def _hear(self, session: SessionId, judgement: SessionJudgement, document: object) -> None:
        match document:
            case VerdictFindingRaised():
                self._raise(session, judgement, document)
            case VerdictState():
                judgement.status = document.state
                judgement.open_gates = list(document.open_gates)
            case VerdictSummary(scope="session"):
                judgement.open_gates = list(document.open_gates)
                judgement.adherence = document.adherence.fraction
            case VerdictClosed(outcome="confirmed"):
                judgement.status = "closed"

    def _raise(
        self, session: SessionId, judgement: SessionJudgement, document: VerdictFindingRaised
    ) -> None:
        finding = document.finding
        judgement.counts[finding.priority] = judgement.counts.get(finding.priority, 0) + 1
        name = FindingName(finding.rule, finding.envelope, finding.zone, finding.laterality)
        if name not in judgement.said:
            judgement.said.add(name)
            self.finding_count += 1
            at_ms = document.wall_time_ms or 0  # a verdict always repeats when that was
            self.newest.append(NewFinding(at_ms, session.sender, finding))

    # --- the index ----------------------------------------------------------------------------

    def _ask_index(self, running: Iterable[SessionId]) -> None:
        """Ask the index; without one, or with one nobody can read, nothing is known."""
        try:
            with (
                Index(self._index_file, read_only=True) as index,
                sqlite.storage_errors(self._index_file),
            ):
                read_to = index.cursor()[0].entry_id
                self.behind_count = max(0, self._reader.head().entry_id - read_to)
                for session in running:
                    self._ask_so_far(index, session)
        except (DermatraceError, ValueError):
            # ValueError: a judgement under way that another version of the judge has kept.
            self.behind_count = None

    def _ask_so_far(self, index: Index, session: SessionId) -> None:
        judgement, found = self._sessions.get(session), _found(index, session)
        if judgement is None or found is None or found.state != "open":
            return
        # A state is told when something happens; a gate may have been answered since.
        judgement.open_gates = list(found.open_gates)
        kept = index.file(found.stream_row)
        if kept is not None and kept.judgement is not None:
            judgement.adherence = _within_so_far(kept.judgement)


def _found(index: Index, session: SessionId) -> FoundSession | None:
    query = SessionQuery(
        clinic=session.clinic, sender=session.sender, stream_id=session.stream_id, newest=1
    )
    return next(iter(search(index, query)), None)


def _within_so_far(state: SessionState) -> float | None:
    """Return the share within the protocol of what could be asked; None if nothing could."""
    known = (key for key in state.tallies if spot_of_key(key).zone is not None)
    tallies = [state.tallies[key] for key in known]
    assessed = sum(tally.assessed_count for tally in tallies)
    return sum(tally.within_count for tally in tallies) / assessed if assessed else None
