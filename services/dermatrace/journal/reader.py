"""The journal as everybody else sees it: read after an entry, read a stream, know the head.

A reader never blocks the writer and is never blocked by it; each call sees one moment of the file.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from dermatrace import sqlite
from dermatrace.errors import JournalDamaged, JournalForked, JournalReplaced
from dermatrace.journal.entry import Entry, Head
from dermatrace.journal.migrations import APPLICATION_ID, MIGRATIONS
from dermatrace.journal.streams import StreamKey, StreamRecord, find_stream, select_streams
from dermatrace.journal.writer import read_head
from dermatrace_schemas.limits import SEQ_MAX

READ_ENTRIES_MAX: Final = 10_000
"""Entries one call returns at most: about 10 MB. A caller that wants more calls again."""

READ_STREAMS_MAX: Final = 1_000
"""Streams read at a time: a hostile one costs 400 KB."""

_SELECT: Final = (
    "SELECT e.entry_id, e.received_ms, e.outcome, e.topic, e.seq, e.reason, e.payload_sha256,"
    " e.entry_hash, e.stream_key, p.payload"
    " FROM entries e LEFT JOIN payloads p USING (entry_id)"
)
# The index is named: by itself SQLite would walk back through all entries for their order.
_REFUSED: Final = (
    "SELECT entry_id, topic FROM entries INDEXED BY entries_rejected"
    " WHERE outcome = 'rejected' AND entry_id < ?"
    " UNION ALL SELECT entry_id, topic FROM entries WHERE outcome = 'conflict' AND entry_id < ?"
    " AND stream_key IN (SELECT stream_key FROM streams WHERE conflict_count > 0)"
    " ORDER BY 1 DESC"
)
_SENDERS: Final = (
    "SELECT clinic, sender, count(*), max(last_received_ms) FROM streams"
    " WHERE stream_class = 'session' GROUP BY clinic, sender ORDER BY clinic, sender"
)


class SenderRecord(NamedTuple):
    """What the index of streams says of one sender of sessions."""

    clinic: str
    sender: str
    session_count: int
    last_received_ms: int | None


def is_made(path: Path) -> bool:
    """Tell whether there is a journal in the form that this program reads, or not yet.

    The recorder makes it in several commits, and brings one of an older form up to this one.
    Raises WrongFile if what lies there will never be a journal for this program.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    with closing(sqlite.open_reader(path)) as connection, sqlite.storage_errors(path):
        if not connection.execute("SELECT count(*) FROM sqlite_schema").get:
            return False
        is_ours = connection.pragma("application_id") == APPLICATION_ID
        if is_ours and int(connection.pragma("user_version")) < len(MIGRATIONS):
            return False
        sqlite.check_form(connection, path, len(MIGRATIONS), application_id=APPLICATION_ID)
    return True


class JournalReader:
    """A read-only view of a journal, live or not."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises WrongFile if it is not a journal or its form is not the one this program knows.
        """
        self.path = path
        self._connection = sqlite.open_reader(path)
        try:
            sqlite.check_form(
                self._connection, path, len(MIGRATIONS), application_id=APPLICATION_ID
            )
            self._file = _file_at(path)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Read everything inside as of one moment; not for long, since the WAL grows meanwhile."""
        return sqlite.snapshot(self._connection, self.path)

    @property
    def journal_id(self) -> str:
        """Which journal this is; a restored backup is another one."""
        return str(self._value("SELECT journal_id FROM journal"))

    def head(self) -> Head:
        """Return the newest entry's id and hash."""
        with sqlite.storage_errors(self.path):
            return read_head(self._connection)

    def read_after(self, entry_id: int, *, limit: int = READ_ENTRIES_MAX) -> list[Entry]:
        """Return up to `limit` entries following `entry_id`, oldest first.

        Raises JournalDamaged if one of them holds text that is none.
        """
        rows = self._rows(
            f"{_SELECT} WHERE e.entry_id > ? ORDER BY e.entry_id LIMIT ?",
            (entry_id, min(limit, READ_ENTRIES_MAX)),
        )
        entries: list[Entry] = []
        try:
            entries.extend(Entry(*row) for row in rows)
        except UnicodeDecodeError as error:
            last_id = entries[-1].entry_id if entries else entry_id
            what = f"the entry after {last_id} holds text that is not UTF-8"
            raise JournalDamaged(self.path, what) from error
        return entries

    def follow_from(self, seen: Head) -> None:
        """Check that a follower's last entry is in this journal.

        Raises JournalForked if it is not: the follower has read another journal.
        """
        found = self._value("SELECT entry_hash FROM entries WHERE entry_id = ?", (seen.entry_id,))
        if seen.entry_id > 0 and found != seen.entry_hash:
            raise JournalForked(self.path, seen.entry_id)

    def check_in_place(self) -> None:
        """Check that the file being read is the one that is written.

        Raises JournalReplaced if another one lies there by now, or none. Whoever follows a journal
        would else read a file for ever into which nobody writes, and find nothing wrong.
        """
        if _file_at(self.path) != self._file:
            raise JournalReplaced(self.path)

    def entry(self, entry_id: int) -> Entry | None:
        """Return one entry, or None if there is none of that number."""
        return next(
            (Entry(*row) for row in self._rows(f"{_SELECT} WHERE e.entry_id = ?", (entry_id,))),
            None,
        )

    def read_stream(
        self,
        row: int,
        first_seq: int = 0,
        last_seq: int = SEQ_MAX,
        *,
        limit: int = READ_ENTRIES_MAX,
    ) -> list[Entry]:
        """Return the accepted entries of a stream with numbers in a range, in their order."""
        rows = self._rows(
            f"{_SELECT} WHERE e.stream_key = ? AND e.seq BETWEEN ? AND ?"
            " AND e.outcome = 'accepted' ORDER BY e.seq LIMIT ?",
            (row, first_seq, last_seq, limit),
        )
        return [Entry(*row) for row in rows]

    def accepted_after(self, row: int, entry_id: int, *, limit: int) -> list[Entry]:
        """Return the accepted entries of a stream that came after an entry, by their number."""
        rows = self._rows(
            f"{_SELECT} WHERE e.stream_key = ? AND e.entry_id > ? AND e.outcome = 'accepted'"
            " ORDER BY e.seq LIMIT ?",
            (row, entry_id, limit),
        )
        return [Entry(*row) for row in rows]

    def stream_entries(self, row: int, outcome: str) -> Iterator[Entry]:
        """Yield a stream's entries of one outcome in the order they arrived."""
        rows = self._rows(
            f"{_SELECT} WHERE e.stream_key = ? AND e.outcome = ? ORDER BY e.entry_id",
            (row, outcome),
        )
        return (Entry(*row) for row in rows)

    def rejected_without_seq_count(self, row: int) -> int:
        """Return how many messages of a stream were kept whose number could not be read."""
        return int(
            self._value(
                "SELECT count(*) FROM entries WHERE stream_key = ? AND seq IS NULL"
                " AND outcome = 'rejected'",
                (row,),
            )
        )

    def refused_ids(self, before_entry_id: int) -> Iterator[tuple[int, str]]:
        """Yield entry and topic of what was kept and not taken up, the newest first.

        That is what was rejected, or in conflict with other bytes of its number. What this costs
        follows from how many there are, not from the length of the journal.
        """
        return self._rows(_REFUSED, (before_entry_id, before_entry_id))

    def report(self, topic: str) -> Entry | None:
        """Return the last message of an unnumbered sort: an announcement, a status; or None."""
        rows = self._rows("SELECT entry_id FROM reports WHERE topic = ?", (topic,))
        entry_id = next((int(row[0]) for row in rows), None)
        return None if entry_id is None else self.entry(entry_id)

    def senders(self) -> list[SenderRecord]:
        """Return who has sent sessions, by clinic and sender."""
        return [SenderRecord(*row) for row in self._rows(_SENDERS)]

    def stray_entry_id(self) -> int | None:
        """Return a number below 1 that an entry has, or under which only a payload lies, if any."""
        found = self._value(
            "SELECT min(entry_id) FROM (SELECT entry_id FROM entries WHERE entry_id < 1"
            " UNION ALL SELECT entry_id FROM payloads WHERE entry_id NOT IN"
            " (SELECT entry_id FROM entries))"
        )
        return None if found is None else int(found)

    def payload_digests(self, row: int, last_seq: int) -> Iterator[tuple[int, bytes]]:
        """Yield (seq, SHA-256 of the payload) of a stream's accepted entries up to `last_seq`."""
        return self._rows(
            "SELECT seq, payload_sha256 FROM entries WHERE stream_key = ? AND seq <= ?"
            " AND outcome = 'accepted' ORDER BY seq",
            (row, last_seq),
        )

    def stream(self, key: StreamKey) -> StreamRecord | None:
        """Return the index's record of a stream, or None."""
        with sqlite.storage_errors(self.path):
            return find_stream(self._connection, key)

    def stream_by_row(self, row: int) -> StreamRecord | None:
        """Return the index's record of a stream by its row, or None."""
        return next(iter(self._select("stream_key = ?", (row,))), None)

    def streams_of_class(self, stream_class: str, *, newest: int) -> list[StreamRecord]:
        """Return the streams of a class, the newest first, at most `newest`."""
        return self._select(
            "stream_class = ? ORDER BY first_entry_id DESC LIMIT ?", (stream_class, newest)
        )

    def newest_entry_of_class(self, stream_class: str) -> int:
        """Return the last entry that any stream of a class has; 0 if there is none."""
        query = "SELECT coalesce(max(last_entry_id), 0) FROM streams WHERE stream_class = ?"
        return int(self._value(query, (stream_class,)))

    def streams_named(self, stream_class: str, stream_id: str) -> list[StreamRecord]:
        """Return the streams with this id, of whatever sender."""
        return self._select("stream_class = ? AND stream_id = ?", (stream_class, stream_id))

    def streams_erased_by(self, order_entry_id: int) -> list[StreamRecord]:
        """Return the streams that an order to erase has emptied."""
        return self._select("erased_by = ?", (order_entry_id,))

    def all_streams(self) -> Iterator[StreamRecord]:
        """Yield every stream of the index, in the order in which they were first heard of."""
        row = -1
        while found := self._select(
            "stream_key > ? ORDER BY stream_key LIMIT ?", (row, READ_STREAMS_MAX)
        ):
            yield from found
            row = found[-1].row

    def _select(self, where: str, bindings: tuple[int | str, ...]) -> list[StreamRecord]:
        with sqlite.storage_errors(self.path):
            return select_streams(self._connection, where, bindings)

    def _value(self, query: str, bindings: tuple[int | str, ...] = ()) -> Any:  # noqa: ANN401  a column
        with sqlite.storage_errors(self.path):
            return self._connection.execute(query, bindings).get

    def _rows(self, query: str, bindings: tuple[int | str, ...] = ()) -> Iterator[Any]:
        with sqlite.storage_errors(self.path):
            yield from self._connection.execute(query, bindings)


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return which file lies at a path, or None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
