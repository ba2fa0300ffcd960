"""Which finding is meant, and what the journal has of it."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from dermatrace.errors import UsageError
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.judge.chart import SessionId
from dermatrace.judge.rules.live import LATE
from dermatrace.judge.verdict_reading import Generation, ToldFinding, read_generations
from dermatrace_schemas.finding import Finding
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.verdict import VerdictClosed, VerdictFindingRaised, VerdictOpened

_LIST: Final = "`dermatrace sessions list` shows what is on record."


@dataclass(frozen=True, slots=True)
class Asked:
    """Which finding is meant; None where only one can be."""

    session: str
    number: int
    generation: int | None = None
    """None: the newest."""
    clinic: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class OnRecord:
    """One finding of one generation of judgement."""

    told: ToldFinding
    generation: int
    newest_generation: int
    opened: VerdictOpened
    closed: VerdictClosed | None
    raised_by: Entry
    """The entry of the verdict document that raised it."""
    raised_ms: int | None
    """When the entry that led to it had been received; the verdict repeats it."""
    was_late: bool
    """Whether the generation went on without documents that came after all."""

    @property
    def finding(self) -> Finding:
        """As it was raised; with the range it turned out to rest on if it was cleared."""
        finding, cleared = self.told.finding, self.told.cleared
        if cleared is None:
            return finding
        return finding.model_copy(update={"seq_range": cleared.finding.seq_range})

    @property
    def is_live(self) -> bool:
        """Whether the generation was judged document by document, while they came."""
        if self.closed is None:
            return True
        return self.closed.as_of_entry_id != self.opened.as_of_entry_id


def find_session(reader: JournalReader, asked: Asked) -> StreamRecord:
    """Return the session that is meant. Raises UsageError if there is none, or several."""
    streams = [
        stream
        for stream in reader.streams_named("session", asked.session)
        if asked.sender in {None, stream.key.sender} and asked.clinic in {None, stream.key.clinic}
    ]
    if not streams:
        raise UsageError(f"there is no session {asked.session}", remedy=_LIST)
    if len(streams) > 1:
        senders = ", ".join(f"{stream.key.clinic}/{stream.key.sender}" for stream in streams)
        raise UsageError(
            f"{len(streams)} sessions are called {asked.session}: {senders}",
            remedy="--clinic and --sender pick one.",
        )
    if streams[0].erased_by is not None:
        raise UsageError(
            f"{asked.session} was erased by order of entry {streams[0].erased_by}",
            remedy="What was found in it was erased with it.",
        )
    return streams[0]


def find_on_record(reader: JournalReader, session: StreamRecord, asked: Asked) -> OnRecord:
    """Return what the record has of a finding. Raises UsageError if it has nothing of it."""
    key = session.key
    generations = read_generations(reader, SessionId(key.clinic, key.sender, key.stream_id))
    if not generations:
        raise UsageError(
            f"nothing has been judged of {asked.session}",
            remedy="Start `dermatrace judge` or `dermatrace up`, then ask again.",
        )
    by_number = {generation.number: generation for generation in generations}
    newest = generations[-1].number
    chosen = by_number.get(newest if asked.generation is None else asked.generation)
    if chosen is None:
        raise UsageError(
            f"{asked.session} has no generation g{asked.generation}",
            remedy=f"On record are: {', '.join(f'g{number}' for number in by_number)}.",
        )
    told = next((told for told in chosen.findings if told.number == asked.number), None)
    raised = None if told is None else _raised(reader, key, chosen, told)
    if told is None or raised is None or chosen.opened is None:
        numbers = ", ".join(str(told.number) for told in chosen.findings) or "none"
        raise UsageError(
            f"{asked.session} has no finding {asked.number} in generation g{chosen.number}",
            remedy=f"Its findings are: {numbers}. Other generations: SESSION/gN/NUMBER.",
        )
    entry, raised_ms = raised
    was_late = any(other.finding.rule == LATE.id for other in chosen.findings)
    ends = chosen.opened, chosen.closed
    return OnRecord(told, chosen.number, newest, *ends, entry, raised_ms, was_late)


def _raised(
    reader: JournalReader, key: StreamKey, generation: Generation, told: ToldFinding
) -> tuple[Entry, int | None] | None:
    """Return the entry that raised a finding, and when what led to it had been received."""
    stream = reader.stream(StreamKey(key.clinic, JUDGE_SENDER, "verdict", generation.stream_id))
    for entry in () if stream is None else reader.read_stream(stream.row):
        document = None if entry.payload is None else parse("verdict", entry.payload)
        if isinstance(document, VerdictFindingRaised) and document.finding_number == told.number:
            return entry, document.wall_time_ms
    return None


def entry_that_led_to(reader: JournalReader, on_record: OnRecord, row: int) -> int:
    """Return the journal entry as of which a finding was raised.

    A judgement made in one go says so itself. A live one repeats when the entry had been received;
    of the session's entries received by then the last one counts.
    """
    ends = [on_record.opened.as_of_entry_id]
    if on_record.closed is not None:
        ends.append(on_record.closed.as_of_entry_id)
    raised_ms = on_record.raised_ms
    if not on_record.is_live or raised_ms is None:
        return ends[-1]
    named = (entry for entry_id in ends if (entry := reader.entry(entry_id)) is not None)
    candidates = chain(named, reader.stream_entries(row, "accepted"))
    by_then = (entry.entry_id for entry in candidates if entry.received_ms <= raised_ms)
    return max(by_then, default=ends[-1])
