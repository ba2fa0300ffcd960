"""Judges a session once more without saying anything: to prove a verdict, or to ask what if."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import Archive
from dermatrace.judge.case import Ending
from dermatrace.judge.context import EarlierSession, SessionContext
from dermatrace.judge.file_state import ending_of
from dermatrace.judge.index import Index
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.past_state import Past, had_ended, past_of
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace.judge.registry_reading import read_history
from dermatrace.judge.summarising import Summary, summaries


@dataclass(frozen=True, slots=True)
class Judged:
    """A session judged as far as it was known."""

    judge: SessionJudge
    ending: Ending
    summaries: list[Summary]
    is_closed: bool
    """Whether it had ended; else nothing was judged that can only be told at the end."""


Change = Callable[[SessionContext], SessionContext]


def unchanged(context: SessionContext) -> SessionContext:
    """Return a context as it is: judge by what was in force."""
    return context


class Hindsight:
    """Reads journal and index, writes neither."""

    def __init__(
        self, reader: JournalReader, index: Index, *, up_to_entry_id: int | None = None
    ) -> None:
        """Judge by what stood in the journal at an entry; without one, by all the index takes in.

        Raises JournalForked if the index was made from another journal.
        """
        self._reader = reader
        self._index = index
        self._is_of_the_past = up_to_entry_id is not None
        head, _ = index.cursor()
        reader.follow_from(head)
        self.as_of = head.entry_id if up_to_entry_id is None else up_to_entry_id
        self.history: RegistryHistory = read_history(reader, up_to_entry_id=self.as_of)
        self._archive = Archive(reader, index, self.history)

    def judge(self, stream_row: int, change: Change = unchanged) -> Judged | None:
        """Judge a session again; None if the index does not know it or it was erased.

        `change` may put other things in the place of what was in force. Raises Unreadable if an
        accepted document cannot be understood any more.
        """
        judged = self.judge_each(stream_row, (change,))
        return judged[0] if judged else None

    def judge_each(self, stream_row: int, changes: Sequence[Change]) -> list[Judged]:
        """Judge a session several times while reading it once; empty where `judge` says None."""
        past = self._past(stream_row)
        if past is None:
            return []
        state, end = past.state, past.coverage.known_last + 1
        context = self._context(past)
        judges = [SessionJudge(change(context)) for change in changes]
        for document in self._archive.documents(state.row, end, self.as_of):
            for judge in judges:
                if document.seq not in judge.context.chart.withdrawn_seqs:
                    judge.feed(document)
        return [self._closed(judge, past) for judge in judges]

    def context(self, stream_row: int) -> SessionContext | None:
        """Return what a session is judged against; None where `judge` says None."""
        past = self._past(stream_row)
        return None if past is None else self._context(past)

    def _past(self, stream_row: int) -> Past | None:
        kept = self._index.file(stream_row)
        if kept is None or kept.state.is_erased or kept.state.generation < 0:
            return None
        if self._is_of_the_past:
            return past_of(self._reader, kept, self.as_of)
        return Past(kept.state, kept.coverage)

    def _context(self, past: Past) -> SessionContext:
        context = self._archive.context(past.state, self.as_of)
        if not self._is_of_the_past:
            return context
        clinic = context.session.clinic
        earlier = [other for other in context.earlier if self._had_ended(clinic, other)]
        return replace(context, earlier=tuple(earlier))

    def _had_ended(self, clinic: str, other: EarlierSession) -> bool:
        """Whether another session had ended by then: the index only knows that it has."""
        streams = self._reader.streams_named("session", other.stream_id)
        rows = [stream.row for stream in streams if stream.key.clinic == clinic]
        return any(had_ended(self._reader, row, self.as_of) for row in rows)

    def _closed(self, judge: SessionJudge, past: Past) -> Judged:
        state = past.state
        chain = self._archive.chain(state.row, judge.state.stopped, self.as_of)
        ending = ending_of(state, past.coverage, chain)
        if state.is_closed:
            judge.close(ending)
        return Judged(judge, ending, summaries(judge, ending), state.is_closed)


def with_protocol(version: Version) -> Change:
    """Return a change that judges by another treatment protocol, as if it had been approved."""

    def change(context: SessionContext) -> SessionContext:
        return replace(context, registry=replace(context.registry, protocol=version))

    return change
