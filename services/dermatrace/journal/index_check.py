"""Hold the index of streams against the entries it was made from.

Everybody but a verifier believes the index, so whoever cannot change an entry unseen could try to
change what the index says of it. What is compared here follows from the entries alone; how often a
message came again, or how late, was only counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dermatrace.journal.entry import Entry
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.references import StreamKey as StreamReference
from dermatrace_schemas.settling import Outbox
from dermatrace_schemas.system import SystemClosed, SystemStreamComplete
from dermatrace_schemas.topics import Topic, TopicError, parse_topic


@dataclass(slots=True)
class _Told:
    """What the entries say of one stream."""

    accepted: SeqSet = field(default_factory=SeqSet)
    refused: SeqSet = field(default_factory=SeqSet)
    declared_lost: SeqSet = field(default_factory=SeqSet)
    number_used_twice: bool = False
    first_entry_id: int | None = None
    last_entry_id: int | None = None
    closed_by: int | None = None
    completed_by: int | None = None


class IndexCheck:
    """Is shown every entry in order, then says how the index differs from them."""

    def __init__(self, streams: Iterable[StreamRecord]) -> None:
        self._row_of = {_topic_of(stream.key): stream.row for stream in streams}
        self._told: dict[int, _Told] = {}

    def note(self, entry: Entry) -> str | None:
        """Take an entry; return what is wrong with where the index files it, if anything."""
        try:
            topic = self._stream_topic(entry)
        except Unreadable as unreadable:
            return f"what the recorder wrote cannot be read: {unreadable.detail}"
        row = None if topic is None else self._row_of.get(topic)
        if row != entry.stream_key:
            return f"is filed under stream {entry.stream_key} of the index instead of {row}"
        if entry.outcome == "accepted" and (row is None or entry.seq is None):
            return "was accepted, but belongs to no stream of the index"
        if row is not None and entry.outcome != "system":
            _note_document(self._told.setdefault(row, _Told()), entry)
        return None

    def differences(self, streams: Iterable[StreamRecord]) -> Iterator[str]:
        """Yield what the index says of a stream and the entries do not, or the other way round."""
        for stream in streams:
            told = self._told.pop(stream.row, None) or _Told()
            for what, (first, last) in _differing_numbers(stream, told):
                yield f"{stream.key} {first}-{last} {what}"
            for what in _differing_facts(stream, told):
                yield f"{stream.key} {what}"

    def _stream_topic(self, entry: Entry) -> str | None:
        """Return the topic of the stream that an entry must be filed under, None if of none."""
        if entry.outcome == "report":
            self._note_report(entry)
            return None
        if entry.outcome != "system":
            return entry.topic if entry.topic in self._row_of else None
        document = None if entry.payload is None else parse("system", entry.payload)
        reference = getattr(document, "stream", None)
        if not isinstance(reference, StreamReference):
            return None
        topic = _topic_of(
            StreamKey(
                reference.clinic, reference.sender, reference.stream_class, reference.stream_id
            )
        )
        if topic in self._row_of:
            told = self._told.setdefault(self._row_of[topic], _Told())
            if isinstance(document, SystemStreamComplete):
                told.completed_by = entry.entry_id
            elif isinstance(document, SystemClosed):
                told.closed_by = entry.entry_id
        return topic

    def _note_report(self, entry: Entry) -> None:
        """Take note of losses a sender declared."""
        try:
            topic = parse_topic(entry.topic)
        except TopicError:
            return
        if topic.message_class != "outbox" or entry.payload is None:
            return
        document = parse("outbox", entry.payload)
        for stream in document.streams if isinstance(document, Outbox) else ():
            key = StreamKey(topic.clinic, topic.sender, stream.stream_class, stream.stream_id)
            row = self._row_of.get(_topic_of(key))
            if row is not None:
                told = self._told.setdefault(row, _Told())
                for lost in stream.lost:
                    told.declared_lost.add_span(lost.first_seq, lost.last_seq)


def _note_document(told: _Told, entry: Entry) -> None:
    told.first_entry_id = told.first_entry_id or entry.entry_id
    told.last_entry_id = entry.entry_id
    told.closed_by = told.completed_by = None  # whatever comes opens it again
    if entry.seq is not None:
        told.number_used_twice |= entry.seq in told.accepted or entry.seq in told.refused
        (told.accepted if entry.outcome == "accepted" else told.refused).add(entry.seq)


def _differing_numbers(stream: StreamRecord, told: _Told) -> Iterator[tuple[str, Span]]:
    """Compare sets of numbers; of each difference only the lowest range is named."""
    coverage = stream.coverage
    recorded = SeqSet(coverage.settled.spans())
    recorded.discard_all(coverage.lost)
    arrived = SeqSet(told.accepted.spans())
    arrived.add_all(told.refused)
    pairs = [
        (recorded, arrived, "recorded according to the index, but no entry has it"),
        (arrived, recorded, "in an entry, but not recorded according to the index"),
        (coverage.rejected, told.refused, "rejected according to the index, but no entry says so"),
        (told.refused, coverage.rejected, "rejected by an entry, but not according to the index"),
        (coverage.lost, told.declared_lost, "lost according to the index, but never declared lost"),
    ]
    if not coverage.erased:  # for an erased stream nothing is taken down any more
        what = "declared lost, but not settled in the index"
        pairs.append((told.declared_lost, coverage.settled, what))
    for some, others, what in pairs:
        rest = SeqSet(some.spans())
        rest.discard_all(others)
        for span in rest.spans(limit=1):
            yield what, span


def _differing_facts(stream: StreamRecord, told: _Told) -> Iterator[str]:
    coverage = stream.coverage
    pairs = (
        ("first entry", stream.first_entry_id, told.first_entry_id),
        ("last entry", stream.last_entry_id, told.last_entry_id),
        ("closed by entry", stream.closed_by, told.closed_by),
        ("completed by entry", stream.completed_by, told.completed_by),
        ("number used twice", stream.conflict_count > 0, told.number_used_twice),
        ("contiguous up to", coverage.next_seq, coverage.settled.first_absent()),
        ("settled beyond the end", coverage.settled.highest() > coverage.known_last, False),
    )
    for what, in_index, in_entries in pairs:
        if in_index != in_entries:
            yield f"{what}: {in_index} in the index, {in_entries} according to the entries"


def _topic_of(key: StreamKey) -> str:
    return str(Topic(*key))
