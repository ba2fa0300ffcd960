"""How complete the record of one session is: counted, graded, and compared with the device."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, Literal

from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.seqset import Span
from dermatrace_schemas.digest import chain_next, chain_start
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.verdict import Grade

Chain = Literal["matches", "differs", "cannot_be_checked", "not_stated"]

SPANS_LISTED_MAX: Final = 100
"""Ranges listed of each sort; `*_count` always counts them all."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Something the device counted itself, beside what its documents add up to."""

    name: str
    stated: float | None
    arrived: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be said of a session's record. Spans are first and last number, both included."""

    clinic: str
    sender: str
    session_id: str
    grade: Grade | Literal["erased"]
    """The worst that applies; an erased session has none of the others."""
    accepted_count: int
    settled_seq: int
    """Everything below this number is settled."""
    known_seq: int
    """One more than the highest number known to exist."""
    ended: bool
    gaps: tuple[Span, ...]
    gap_count: int
    lost: tuple[Span, ...]
    lost_count: int
    rejected: tuple[Span, ...]
    rejected_count: int
    rejected_without_seq_count: int
    """Messages whose number could not be read; they stand for no number of the stream."""
    conflict_count: int
    duplicate_count: int
    late_count: int
    chain: Chain
    counters: tuple[Counter, ...]
    closed_by: int | None
    completed_by: int | None
    erased_by: int | None

    def as_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)


def certify(reader: JournalReader, stream: StreamRecord) -> Certificate:
    """Examine one session stream as it lies in the journal now.

    Reads every document of the session once, to compare the device's own counters and chain.
    """
    with reader.snapshot():
        # What the caller holds may be older than the documents.
        return _certify(reader, reader.stream_by_row(stream.row) or stream)


def _certify(reader: JournalReader, stream: StreamRecord) -> Certificate:
    coverage = stream.coverage
    gaps = coverage.settled.gaps(0, coverage.known_last)
    tally = _Tally()
    for entry in _documents(reader, stream.row):
        tally.add(entry)
    chain = _check_chain(reader, stream, tally.stop)
    return Certificate(
        clinic=stream.key.clinic,
        sender=stream.key.sender,
        session_id=stream.key.stream_id,
        grade="erased" if coverage.erased else _grade(stream, gaps, chain),
        accepted_count=tally.accepted_count,
        settled_seq=coverage.next_seq,
        known_seq=coverage.known_last + 1,
        ended=coverage.end_seq is not None,
        gaps=_listed(gaps),
        gap_count=_numbers(gaps),
        lost=_listed(coverage.lost.spans()),
        lost_count=len(coverage.lost),
        rejected=_listed(coverage.rejected.spans()),
        rejected_count=len(coverage.rejected),
        rejected_without_seq_count=reader.rejected_without_seq_count(stream.row),
        conflict_count=stream.conflict_count,
        duplicate_count=stream.duplicate_count,
        late_count=stream.late_count,
        chain=chain,
        counters=tally.counters(),
        closed_by=stream.closed_by,
        completed_by=stream.completed_by,
        erased_by=stream.erased_by,
    )


class _Tally:
    """What a session's documents add up to."""

    def __init__(self) -> None:
        self.accepted_count = 0
        self.stop: SessionStopped | None = None
        self._strokes = 0
        self._shots = 0
        self._energy_mj = 0.0

    def add(self, entry: Entry) -> None:
        """Count one accepted document; one whose payload was erased counts only as such."""
        self.accepted_count += 1
        if entry.payload is None:
            return
        document = parse("session", entry.payload)
        if isinstance(document, NeedlingWindows):
            self._strokes += sum(count or 0 for count in document.stroke_count or ())
        elif isinstance(document, RfShot):
            pulses = [pulse for depth in document.depths for pulse in depth.sub_pulses]
            self._shots += bool(pulses)
            self._energy_mj += sum(pulse.energy_delivered_mj or 0.0 for pulse in pulses)
        elif isinstance(document, SessionStopped):
            self.stop = document

    def counters(self) -> tuple[Counter, ...]:
        """Set the device's own counts beside what arrived; None where it stated none."""
        stop = self.stop
        return (
            Counter("stroke_count", stop.stroke_count if stop else None, self._strokes),
            Counter("shot_count", stop.shot_count if stop else None, self._shots),
            Counter(
                "energy_delivered_mj", stop.energy_delivered_mj if stop else None, self._energy_mj
            ),
        )


def _documents(reader: JournalReader, row: int) -> Iterator[Entry]:
    seq = 0
    while entries := reader.read_stream(row, seq):
        yield from entries
        seq = (entries[-1].seq or 0) + 1


def _grade(stream: StreamRecord, gaps: list[Span], chain: Chain) -> Grade:
    coverage = stream.coverage
    if stream.conflict_count or chain == "differs":
        return "disputed"
    if coverage.end_seq is None and stream.closed_by is None:
        return "open"
    if gaps or coverage.end_seq is None or coverage.end_seq > coverage.known_last:
        return "incomplete"
    if coverage.lost:
        return "with_declared_losses"
    return "with_rejections" if coverage.rejected else "complete"


def _check_chain(reader: JournalReader, stream: StreamRecord, stop: SessionStopped | None) -> Chain:
    """Recompute the stream chain up to the stop and compare; with any loss it cannot be done."""
    if stream.coverage.erased:
        return "cannot_be_checked"
    if stop is None or stop.chain is None:
        return "not_stated"
    value, expected_seq = chain_start(stream.key.stream_id), 0
    for seq, digest in reader.payload_digests(stream.row, stop.seq - 1):
        if seq != expected_seq:
            return "cannot_be_checked"
        value, expected_seq = chain_next(value, digest), seq + 1
    if expected_seq != stop.seq:
        return "cannot_be_checked"
    return "matches" if value.hex() == stop.chain else "differs"


def _numbers(spans: list[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)


def _listed(spans: list[Span]) -> tuple[Span, ...]:
    return tuple(spans[:SPANS_LISTED_MAX])
