"""What sessions would have come to under treatment protocols that are not on record.

Each session is judged twice by all that is on record today: by what was in force, and by a draft in
its place. Nothing is written. A draft is not approved, so what the rule about approval says is left
out of the comparison.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from dermatrace.judge.chart import SessionId
from dermatrace.judge.hindsight import Hindsight, Judged, unchanged, with_protocol
from dermatrace.judge.registry_history import Version
from dermatrace.judge.state import Standing
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.parse import Unreadable
from dermatrace_schemas.registry import digest_of_content
from dermatrace_schemas.registry_protocols import ProtocolContent

LEFT_OUT: Final = "gate.approval"
"""The rule that a draft can only break."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A treatment protocol as it is written in a file."""

    registry_id: str
    version: str
    clinic: str | None
    """None: of every clinic."""
    content: ProtocolContent

    def at(self, clinic: str) -> Version:
        """Return the draft as if a clinic had it on record."""
        digest = digest_of_content(self.content)
        return Version(
            clinic, "protocol", self.registry_id, self.version, digest, self.content, entry_id=0
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be asked about."""

    stream_row: int
    session: SessionId
    protocol_id: str | None
    """The treatment protocol its plan names."""
    started_ms: int | None
    is_closed: bool


class Kind(NamedTuple):
    """What findings of two judgements are told to be the same by."""

    rule: str
    envelope: Envelope
    zone: str | None
    laterality: Laterality | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding that one of both judgements has not, or ranks otherwise."""

    rule: str
    envelope: Envelope
    zone: str | None
    laterality: Laterality | None
    nature: Nature
    before: Priority | None
    """None: it is new."""
    after: Priority | None
    """None: it has vanished."""
    sentence: str
    """As the draft has it; of one that vanished, as it was."""


@dataclass(frozen=True, slots=True)
class Score:
    """Adherence, or why it cannot be assessed."""

    fraction: float | None
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One session, judged by what was in force and by the draft."""

    session: SessionId
    protocol: str
    """Id and version of the draft."""
    changes: tuple[Changed, ...]
    before: Score
    after: Score
    data_coverage: float | None

    @property
    def new(self) -> tuple[Changed, ...]:
        """Findings that only the draft raises."""
        return tuple(change for change in self.changes if change.before is None)

    @property
    def vanished(self) -> tuple[Changed, ...]:
        """Findings that the draft does not raise."""
        return tuple(change for change in self.changes if change.after is None)

    @property
    def reranked(self) -> tuple[Changed, ...]:
        """Findings of another priority."""
        return tuple(change for change in self.changes if None not in {change.before, change.after})

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.changes) or self.before != self.after


@dataclass(frozen=True, slots=True)
class NotJudged:
    """One session that cannot be judged."""

    session: SessionId
    why: str


Outcome: TypeAlias = Compared | NotJudged


def candidates_of(
    candidates: Iterable[Candidate], drafts: Sequence[Draft], *, named: bool
) -> Iterator[Candidate]:
    """Yield the sessions to compare: what was named, else what has ended and used a draft's id."""
    ids = {draft.registry_id for draft in drafts}
    for candidate in candidates:
        if named or (candidate.is_closed and candidate.protocol_id in ids):
            yield candidate


def compare(hindsight: Hindsight, candidate: Candidate, drafts: Sequence[Draft]) -> Outcome:
    """Judge one session twice and tell what differs, or why it cannot be judged."""
    session = candidate.session
    draft = _draft_for(candidate, drafts)
    if draft is None:
        used = candidate.protocol_id or "no protocol"
        return NotJudged(session, f"it used {used}, and no draft given is for it")
    if not candidate.is_closed:
        return NotJudged(session, "it has not ended")
    change = with_protocol(draft.at(session.clinic))
    try:
        judged = hindsight.judge_each(candidate.stream_row, (unchanged, change))
    except Unreadable as error:
        return NotJudged(session, f"a document cannot be understood any more: {error}")
    if not judged:
        return NotJudged(session, "it was erased, or nothing readable is on record")
    before, after = judged
    return Compared(
        session,
        f"{draft.registry_id} version {draft.version}",
        tuple(changes_between(before.judge.state.findings, after.judge.state.findings)),
        _score(before),
        _score(after),
        before.summaries[0].data_coverage_fraction,
    )


def changes_between(before: Iterable[Standing], after: Iterable[Standing]) -> Iterator[Changed]:
    """Yield what differs between two judgements of one session.

    Of several findings of one kind the first is held against the first, and so on.
    """
    old, new = _by_kind(before), _by_kind(after)
    for kind in dict.fromkeys((*old, *new)):
        was, becomes = old[kind], new[kind]
        pairs = min(len(was), len(becomes))
        for one, other in zip(was, becomes, strict=False):
            if one.priority != other.priority:
                yield _changed(other, one.priority, other.priority)
        for one in was[pairs:]:
            yield _changed(one, one.priority, None)
        for other in becomes[pairs:]:
            yield _changed(other, None, other.priority)


def _by_kind(standings: Iterable[Standing]) -> defaultdict[Kind, list[Standing]]:
    found: defaultdict[Kind, list[Standing]] = defaultdict(list)
    for standing in standings:
        if standing.rule != LEFT_OUT:
            kind = Kind(standing.rule, standing.envelope, standing.zone, standing.laterality)
            found[kind].append(standing)
    return found


def _changed(standing: Standing, before: Priority | None, after: Priority | None) -> Changed:
    return Changed(
        standing.rule,
        standing.envelope,
        standing.zone,
        standing.laterality,
        standing.nature,
        before,
        after,
        standing.sentence,
    )


def _draft_for(candidate: Candidate, drafts: Sequence[Draft]) -> Draft | None:
    """Return the draft of the session's own id, of several the last; a lone draft fits any."""
    fitting = [draft for draft in drafts if draft.clinic in {None, candidate.session.clinic}]
    same = [draft for draft in fitting if draft.registry_id == candidate.protocol_id]
    if same:
        return same[-1]
    return fitting[0] if len(fitting) == 1 else None


def _score(judged: Judged) -> Score:
    adherence = judged.summaries[0].adherence
    return Score(adherence.fraction, adherence.why_not)
