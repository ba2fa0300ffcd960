"""Reads the journal entry by entry and hands each to the session it concerns.

What it does follows from the entries alone: started again from an older place, it does the same
again and says the same bytes.
"""

from collections.abc import Callable
from typing import Final

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import Entry, Head
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.archive import Archive, fact_of
from dermatrace.judge.chart import SessionId
from dermatrace.judge.directory import Directory
from dermatrace.judge.file_state import FileState
from dermatrace.judge.filing import key_of_name, names_of
from dermatrace.judge.index import Index, Kept
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import Verdict
from dermatrace.judge.registry_reading import read_history
from dermatrace.judge.rows import row_of
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.session_file import SessionFile
from dermatrace_schemas.chart_review import ChartCorrection
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.registry import RegistryDocument
from dermatrace_schemas.settling import Outbox
from dermatrace_schemas.system import (
    SystemClosed,
    SystemErased,
    SystemReopened,
    SystemSilent,
    SystemStreamComplete,
)
from dermatrace_schemas.topics import TopicError, parse_topic
from dermatrace_schemas.verdict import Cause

BATCH_ENTRIES_MAX: Final = 500
"""Entries read at a time: what is waited for at most before a stop or a commit."""


class Follower:
    """The judge's place in the journal."""

    def __init__(
        self, reader: JournalReader, index: Index, send: Callable[[Verdict], None]
    ) -> None:
        """Go on where the index has got to; `send` must have stored what it is given.

        Raises JournalForked if the index was made from another journal.
        """
        self._reader = reader
        self._index = index
        self._send = send
        self.head, digest = index.cursor()
        reader.follow_from(self.head)
        self._history = read_history(reader, up_to_entry_id=self.head.entry_id)
        self._archive = Archive(reader, index, self._history)
        self._files: dict[int, SessionFile] = {}
        """Of the sessions that have not ended; the index has the others."""
        self._dirty: set[int] = set()
        self._directory = Directory(index, self._files)
        for kept in index.open_files():
            self._files[kept.state.row] = self._revived(kept)
        if digest not in {"", RULE_SET.digest}:
            self._judge_all_anew()

    @property
    def open_count(self) -> int:
        """Sessions that have not ended."""
        return len(self._files)

    def catch_up(self) -> int:
        """Take the next entries; return how many there were. `commit` makes it last."""
        entries = self._reader.read_after(self.head.entry_id, limit=BATCH_ENTRIES_MAX)
        if entries:
            self._index.begin()
        for entry in entries:
            self.take(entry)
            self.head = Head(entry.entry_id, entry.entry_hash)
        return len(entries)

    def commit(self) -> None:
        """Make everything taken so far last."""
        self._index.begin()
        for row in sorted(self._dirty):
            self._index.keep(row_of(self._files[row]))
        self._dirty.clear()
        self._index.move_cursor(self.head, RULE_SET.digest)
        self._index.commit()

    def take(self, entry: Entry) -> None:
        """Do what one entry calls for."""
        if entry.outcome == "system":
            self._take_system(entry)
            return
        try:
            topic = parse_topic(entry.topic)
        except TopicError:
            return  # kept because it came, but nobody's
        match topic.message_class:
            case "session":
                self._take_session(
                    entry, SessionId(topic.clinic, topic.sender, topic.stream_id or "")
                )
            case "chart" if entry.outcome == "accepted" and entry.payload is not None:
                self._take_chart(entry, topic.clinic)
            case "registry" if entry.outcome == "accepted" and entry.payload is not None:
                document = parse("registry", entry.payload)
                if isinstance(document, RegistryDocument):
                    self._take_registry(entry, topic.clinic, document)
            case "outbox" if entry.payload is not None and entry.outcome == "report":
                self._take_outbox(entry, topic.clinic, topic.sender)

    # --- sessions -----------------------------------------------------------------------------

    def _take_session(self, entry: Entry, session: SessionId) -> None:
        if entry.stream_key is None or entry.seq is None:
            return  # unreadable down to its number: it stands for nothing in the session
        file = self._file(entry.stream_key) or self._begun(entry, session, entry.stream_key)
        if file.state.is_erased:
            return
        file.state.pinned_entry_id = file.state.pinned_entry_id or entry.entry_id
        if entry.outcome == "accepted" and entry.payload is not None:
            document = parse("session", entry.payload)
            if isinstance(document, StreamDocument):
                file.accept(entry, document)
        elif entry.outcome in {"rejected", "conflict"}:
            file.refuse(entry, entry.seq, conflict=entry.outcome == "conflict")
        self._settle(entry, file)

    def _take_outbox(self, entry: Entry, clinic: str, sender: str) -> None:
        account = None if entry.payload is None else parse("outbox", entry.payload)
        for told in account.streams if isinstance(account, Outbox) else ():
            if told.stream_class != "session":
                continue
            stream = self._reader.stream(StreamKey(clinic, sender, "session", told.stream_id))
            if stream is None:
                continue
            file = self._file(stream.row)
            if file is None and not stream.coverage.erased:
                # What it tells is told once, and may come before the session's first document.
                session = SessionId(clinic, sender, told.stream_id)
                file = self._begun(entry, session, stream.row)
            if file is not None and not file.state.is_erased:
                lost = [(span.first_seq, span.last_seq) for span in told.lost]
                file.declare(entry, last=told.last_seq, lost=lost, ended=told.ended)
                self._settle(entry, file)

    def _take_system(self, entry: Entry) -> None:
        document = None if entry.payload is None else parse("system", entry.payload)
        if isinstance(document, SystemErased):
            self._erase(entry, document)
            return
        file = None if entry.stream_key is None else self._file(entry.stream_key)
        if file is None or file.state.is_erased:
            return
        match document:
            case SystemStreamComplete():
                file.close(entry, by_silence=False)
            case SystemClosed():
                file.close(entry, by_silence=True)
            case SystemReopened():
                file.reopen(entry)
            case SystemSilent():
                file.silent(entry)
        # Other sessions no longer see one that goes on: from this entry on, not from the commit.
        self._settle(entry, file, at_once=isinstance(document, SystemReopened))

    def _erase(self, entry: Entry, document: SystemErased) -> None:
        forgotten = [
            place
            for span in document.entries
            for place in self._index.forget_facts(span.first_entry_id, span.last_entry_id)
        ]
        for stream in self._reader.streams_erased_by(document.order_entry_id):
            file = self._file(stream.row)
            if file is not None and not file.state.is_erased:
                file.erase()
                self._settle(entry, file, cause="erasure")
        for clinic, name in dict.fromkeys(forgotten):
            names, corrected = [name], key_of_name(name)
            if corrected is not None:
                names += self._archive.names_of_corrected(clinic, corrected, entry.entry_id)
            for row in self._directory.rows_named(clinic, names):
                self._reconsider(entry, row, "erasure")

    # --- what people say ----------------------------------------------------------------------

    def _take_chart(self, entry: Entry, clinic: str) -> None:
        fact = fact_of(entry)
        if fact is None:
            return
        said = fact.document
        cause: Cause = "chart_fact"
        names = list(names_of(said))
        self._index.add_facts((clinic, name, entry.entry_id) for name in names)
        if isinstance(said, ChartCorrection):
            cause = "correction"
            names += self._archive.names_of_corrected(clinic, said.earlier, entry.entry_id)
        for row in self._directory.rows_named(clinic, names):
            self._reconsider(entry, row, cause)

    def _take_registry(self, entry: Entry, clinic: str, document: RegistryDocument) -> None:
        """Add to the history; tell the sessions that are judged by it already, or ought to be."""
        taken = self._history.take(clinic, entry.entry_id, document)
        if taken == "conflict":
            kind = document.kind.removeprefix("registry.")
            name = f"{kind}/{document.registry_id}/{document.version}"
            self._reconsider_resting_on(entry, clinic, name, "late_data")
        elif taken == "new":
            self._reconsider_resting_on(entry, clinic, document.digest, "correction")

    # --- judging anew -------------------------------------------------------------------------

    def _reconsider_resting_on(self, entry: Entry, clinic: str, name: str, cause: Cause) -> None:
        for row in self._directory.rows_resting_on(clinic, name):
            self._reconsider(entry, row, cause)

    def _reconsider(self, entry: Entry, row: int, cause: Cause) -> None:
        file = self._file(row)
        if file is not None and not file.state.is_erased:
            file.reconsider(entry, cause)
            self._settle(entry, file)

    def _judge_all_anew(self) -> None:
        """Other rules than the last time: every session gets another generation."""
        entry = self._reader.entry(self.head.entry_id)
        if entry is None:
            return
        self._index.begin()
        for row in self._index.all_rows():
            self._reconsider(entry, row, "rule_set")
        self.commit()

    # --- files --------------------------------------------------------------------------------

    def _file(self, row: int) -> SessionFile | None:
        """Return the file of a session, from the index if it has ended; None if it has none."""
        file = self._files.get(row)
        if file is None:
            kept = self._index.file(row)
            file = None if kept is None else self._revived(kept)
        return file

    def _begun(self, entry: Entry, session: SessionId, row: int) -> SessionFile:
        state = FileState(session, row, entry.entry_id, entry.received_ms)
        file = self._files[row] = SessionFile(state, Coverage(), self._archive, None)
        return file

    def _revived(self, kept: Kept) -> SessionFile:
        state, judge = kept.state, None
        if kept.judgement is not None:
            judge = SessionJudge(self._archive.context_again(state), kept.judgement)
        file = SessionFile(state, kept.coverage, self._archive, judge)
        for entry_id in list(state.waiting.values()):
            entry = self._reader.entry(entry_id)
            if entry is not None and entry.payload is not None:
                document = parse("session", entry.payload)
                if isinstance(document, StreamDocument):
                    file.hold(entry, document)
        return file

    def _settle(
        self,
        entry: Entry,
        file: SessionFile,
        *,
        cause: Cause = "late_data",
        at_once: bool = False,
    ) -> None:
        """Send what a file has to say, and see that it is kept: at once if the session has ended.

        If it is not what later sessions of the subject saw before, they are judged anew.
        """
        for verdict in file.teller.take():
            self._send(verdict)
        state, row = file.state, file.state.row
        self._files[row] = file
        self._dirty.add(row)
        has_ended = state.is_closed or state.is_erased
        if not has_ended and not at_once:
            return
        before = self._index.as_earlier(row)
        if file.judge is None and state.generation >= 0:  # something was heard, nothing was judged
            self._index.keep_file(state, file.coverage)
        else:
            self._index.keep(row_of(file))
        if has_ended:
            del self._files[row]
            self._dirty.discard(row)
        after = self._index.as_earlier(row)
        if after != before:
            for later in self._directory.rows_after((before, after)):
                self._reconsider(entry, later, cause)
