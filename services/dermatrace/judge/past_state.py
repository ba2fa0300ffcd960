"""A session's file as it stood at an earlier entry, put together again from the journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.file_state import FileState
from dermatrace.judge.index import Kept
from dermatrace.judge.session_file import CONFLICTS_KEPT_MAX
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.settling import Outbox
from dermatrace_schemas.system import SystemClosed, SystemReopened, SystemStreamComplete
from dermatrace_schemas.topics import Topic

READ_ENTRIES_MAX: Final = 1_000
"""Entries held at a time while the past is read; more are read page by page."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was known of a session at an entry."""

    state: FileState
    coverage: Coverage


def past_of(reader: JournalReader, kept: Kept, as_of: int) -> Past:
    """Return what was known of a session once the journal had got to an entry.

    What the index keeps is of today. It is taken where nothing has come since; else every entry
    from the session's first to the one asked for is read again.
    """
    stream = reader.stream_by_row(kept.state.row)
    ended_by = None if stream is None else stream.completed_by
    last_entry_id = None if stream is None else stream.last_entry_id
    if (
        kept.state.is_closed
        and ended_by is not None
        and last_entry_id is not None
        and max(ended_by, last_entry_id) <= as_of
    ):
        return Past(kept.state, kept.coverage)
    replay = _Replay(kept.state)
    for entry in _entries(reader, kept.state.first_entry_id, as_of):
        replay.take(entry)
    return Past(replay.state, replay.coverage)


def had_ended(reader: JournalReader, row: int, as_of: int) -> bool:
    """Whether a session counted as ended once the journal had got to an entry."""
    ended = False
    for entry in reader.stream_entries(row, "system"):
        if entry.entry_id <= as_of and entry.payload is not None:
            document = parse("system", entry.payload)
            if isinstance(document, SystemStreamComplete | SystemClosed | SystemReopened):
                ended = not isinstance(document, SystemReopened)
    return ended


def _entries(reader: JournalReader, first_entry_id: int, last_entry_id: int) -> Iterator[Entry]:
    after = first_entry_id - 1
    while after < last_entry_id:
        page = reader.read_after(after, limit=min(READ_ENTRIES_MAX, last_entry_id - after))
        if not page:
            return
        yield from page
        after = page[-1].entry_id


@dataclass(slots=True)
class _Replay:
    """Hears again what the journal told of one session."""

    now: FileState
    """As the index keeps it: says which session it is and how many generations it has."""
    state: FileState = field(init=False)
    coverage: Coverage = field(default_factory=Coverage)

    def __post_init__(self) -> None:
        now = self.now
        self.state = FileState(
            now.session,
            now.row,
            now.first_entry_id,
            now.first_received_ms,
            pinned_entry_id=now.pinned_entry_id,
            is_erased=now.is_erased,
            generation=now.generation,
        )

    @property
    def _account_topic(self) -> str:
        session = self.now.session
        return str(Topic(session.clinic, session.sender, "outbox"))

    def take(self, entry: Entry) -> None:
        """Do what the judge did with an entry when it came."""
        if entry.outcome == "report" and entry.topic == self._account_topic:
            self._declare(entry)
        elif entry.stream_key == self.now.row and entry.payload is not None:
            if entry.outcome == "system":
                self._hear(entry.payload)
            elif entry.seq is not None:
                self._count(entry, entry.seq, entry.payload)

    def _count(self, entry: Entry, seq: int, payload: bytes) -> None:
        if entry.outcome == "rejected":
            self.coverage.reject(seq, entry.received_ms)
        elif entry.outcome == "conflict":
            self._note_conflict(seq)
        elif entry.outcome == "accepted":
            document = parse("session", payload)
            if isinstance(document, StreamDocument):
                self._accept(entry, document)

    def _note_conflict(self, seq: int) -> None:
        if len(self.state.conflicts) < CONFLICTS_KEPT_MAX:
            self.state.conflicts.append(seq)

    def _accept(self, entry: Entry, document: StreamDocument) -> None:
        if document.seq in self.coverage.rejected:
            self._note_conflict(document.seq)
        self.coverage.accept(document.seq, entry.received_ms)
        if isinstance(document, SessionStopped):
            self.coverage.end(document.seq)
        self.state.note_clock(document)

    def _declare(self, entry: Entry) -> None:
        account = None if entry.payload is None else parse("outbox", entry.payload)
        for told in account.streams if isinstance(account, Outbox) else ():
            if (told.stream_class, told.stream_id) == ("session", self.now.session.stream_id):
                lost = [(span.first_seq, span.last_seq) for span in told.lost]
                self.coverage.declare(
                    last=told.last_seq, lost=lost, ended=told.ended, now_ms=entry.received_ms
                )

    def _hear(self, payload: bytes) -> None:
        match parse("system", payload):
            case SystemStreamComplete():
                self.state.is_closed, self.state.is_by_silence = True, False
            case SystemClosed():
                self.state.is_closed, self.state.is_by_silence = True, True
            case SystemReopened():
                self.state.is_closed, self.state.is_by_silence = False, False
