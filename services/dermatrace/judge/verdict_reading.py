"""What the journal has of the judge's verdicts on one session, generation by generation."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.chart import SessionId
from dermatrace.judge.telling import GENERATIONS_MAX
from dermatrace_schemas.finding import Finding
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.verdict import (
    VerdictClosed,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictOpened,
    VerdictState,
    VerdictSummary,
)
from dermatrace_schemas.verdict_streams import verdict_stream_id


@dataclass(slots=True)
class ToldFinding:
    """A finding as it was raised, and how it was cleared if it was."""

    number: int
    finding: Finding
    cleared: VerdictFindingCleared | None = None


@dataclass(slots=True)
class Generation:
    """One judgement of a session, as far as it is on record."""

    number: int
    """0 is what was shown live; the newest holds."""
    stream_id: str
    opened: VerdictOpened | None = None
    """None if its first document is not on record."""
    findings: list[ToldFinding] = field(default_factory=list)
    summaries: list[VerdictSummary] = field(default_factory=list)
    state: VerdictState | None = None
    """The last one told."""
    closed: VerdictClosed | None = None

    @property
    def protocol(self) -> RegistryPin | None:
        """The treatment protocol it went by, or None if it had none or that is not on record."""
        pins = () if self.opened is None else self.opened.pins
        return next((pin for pin in pins if pin.registry_kind == "protocol"), None)


def read_generations(reader: JournalReader, session: SessionId) -> list[Generation]:
    """Return every generation on record, the oldest first; what was erased is not in it."""
    found = (_read(reader, session, number) for number in range(GENERATIONS_MAX + 1))
    return [generation for generation in found if generation is not None]


def _read(reader: JournalReader, session: SessionId, number: int) -> Generation | None:
    stream_id = verdict_stream_id(session.sender, session.stream_id, number)
    stream = reader.stream(StreamKey(session.clinic, JUDGE_SENDER, "verdict", stream_id))
    if stream is None or stream.coverage.erased:
        return None
    # One call returns all: the judge bounds what it says of a generation far below its limit.
    payloads = (entry.payload for entry in reader.read_stream(stream.row))
    generation = Generation(number, stream_id)
    _take(generation, (parse("verdict", payload) for payload in payloads if payload is not None))
    return generation


def _take(generation: Generation, documents: Iterable[object]) -> None:
    by_number: dict[int, ToldFinding] = {}
    for document in documents:
        match document:
            case VerdictOpened():
                generation.opened = document
            case VerdictFindingRaised():
                told = ToldFinding(document.finding_number, document.finding)
                by_number[told.number] = told
            case VerdictFindingCleared() if document.finding_number in by_number:
                by_number[document.finding_number].cleared = document
            case VerdictSummary():
                generation.summaries.append(document)
            case VerdictState():
                generation.state = document
            case VerdictClosed():
                generation.closed = document
    generation.findings = list(by_number.values())
