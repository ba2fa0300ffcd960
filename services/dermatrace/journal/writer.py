"""The journal as its one writer sees it: append a batch, all of it or nothing.

Commit is the moment of truth. Before it nothing has happened; after it (synchronous=FULL) a power
cut cannot undo it. Whoever appends acknowledges only after `batch()` has ended without an error.
"""

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from dermatrace import sqlite
from dermatrace.clock import Clock
from dermatrace.errors import JournalDamaged, StorageFailed
from dermatrace.journal.entry import EMPTY, SYSTEM_TOPIC, Head, NewEntry, entry_hash
from dermatrace.journal.migrations import APPLICATION_ID, MIGRATIONS
from dermatrace.journal.streams import (
    StreamKey,
    StreamRecord,
    find_stream,
    insert_stream,
    select_streams,
    store_stream,
)
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.system import SystemDocument, SystemRestored

SQLiteValue: TypeAlias = int | str | bytes | None

ROWS_PER_INSERT_MAX: Final = 64
"""Rows of one INSERT. SQLite lets the network thread run at each statement, and each such hand-over
costs more than the row itself."""
_ROW_OF: Final = {"entries": "(?, ?, ?, ?, ?, ?, ?, ?, ?)", "payloads": "(?, ?)"}


class Batch:
    """Appends that will be committed together. Reads see what was appended before them."""

    def __init__(self, connection: sqlite.Connection, head: Head) -> None:
        self._connection = connection
        self._entries: list[tuple[SQLiteValue, ...]] = []
        self._payloads: list[tuple[SQLiteValue, ...]] = []
        self.head = head
        self.payloads_erased = False

    def append(self, entry: NewEntry) -> int:
        """Add one entry to the end of the chain and return its id."""
        entry_id = self.head.entry_id + 1
        digest = entry_hash(self.head.entry_hash, entry_id, entry)
        self._entries.append(
            (
                entry_id,
                entry.received_ms,
                entry.outcome,
                entry.topic,
                entry.seq,
                entry.reason,
                entry.payload_sha256,
                digest,
                entry.stream_key,
            )
        )
        self._payloads.append((entry_id, entry.payload))
        self.head = Head(entry_id, digest)
        if len(self._entries) == ROWS_PER_INSERT_MAX:
            self.flush()
        return entry_id

    def flush(self) -> None:
        """Write what was appended so far; `Journal.batch` does so before it commits."""
        for table, rows in (("entries", self._entries), ("payloads", self._payloads)):
            done = 0
            while done < len(rows):
                # Powers of two: few statements, which then stay prepared.
                size = 1 << (len(rows) - done).bit_length() - 1
                values = [value for part in rows[done : done + size] for value in part]
                query = f"INSERT INTO {table} VALUES {', '.join([_ROW_OF[table]] * size)}"  # noqa: S608  ours
                self._connection.execute(query, values)
                done += size
            rows.clear()

    def _execute(self, query: str, bindings: tuple[SQLiteValue, ...]) -> Iterator[Any]:
        """Run a statement that sees everything appended before it."""
        self.flush()
        return self._connection.execute(query, bindings)

    def append_system(self, document: SystemDocument, stream_row: int | None = None) -> int:
        """Add what the recorder itself knows; returns the entry id."""
        payload = document.model_dump_json(exclude_unset=True).encode()
        return self.append(
            NewEntry(
                document.at_ms,
                "system",
                SYSTEM_TOPIC,
                payload,
                payload_sha256(payload),
                stream_key=stream_row,
            )
        )

    def stream(self, key: StreamKey) -> StreamRecord:
        """Return the index's record of a stream, a new one if it was never heard of."""
        return find_stream(self._connection, key) or insert_stream(self._connection, key)

    def store_stream(self, record: StreamRecord) -> None:
        """Write what changed of a stream's record."""
        store_stream(self._connection, record)

    def outcomes_at(self, stream_row: int, seq: int) -> dict[bytes, str]:
        """Return SHA-256 and outcome of every payload kept under one number of a stream."""
        rows = self._execute(
            "SELECT payload_sha256, outcome FROM entries WHERE stream_key = ? AND seq = ?",
            (stream_row, seq),
        )
        return dict(rows)

    def rejected_entry(self, topic: str, digest: bytes) -> int | None:
        """Return the entry that already keeps these rejected bytes of this topic, if any."""
        rows = self._execute(
            "SELECT entry_id FROM entries WHERE payload_sha256 = ? AND outcome = 'rejected'"
            " AND topic = ? LIMIT 1",
            (digest, topic),
        )
        return next((entry_id for (entry_id,) in rows), None)

    def report_is_news(self, topic: str, content_sha256: bytes) -> bool:
        """Tell whether an unnumbered message differs from the last one on its topic."""
        rows = self._execute("SELECT content_sha256 FROM reports WHERE topic = ?", (topic,))
        return next((digest for (digest,) in rows), None) != content_sha256

    def remember_report(self, topic: str, content_sha256: bytes, entry_id: int) -> None:
        """Make this the last report on its topic."""
        self._execute(
            "INSERT OR REPLACE INTO reports VALUES (?, ?, ?)", (topic, content_sha256, entry_id)
        )

    def mention(self, subject: str, entry_id: int) -> None:
        """Note that an entry speaks of somebody or something that may have to be erased."""
        self._execute("INSERT OR IGNORE INTO mentions VALUES (?, ?)", (subject, entry_id))

    def entries_mentioning(self, subject: str) -> list[int]:
        """Return the entries noted with `mention`."""
        rows = self._execute("SELECT entry_id FROM mentions WHERE subject = ?", (subject,))
        return [entry_id for (entry_id,) in rows]

    def mentions_in(self, entry_id: int) -> list[str]:
        """Return everything an entry was noted to speak of."""
        rows = self._execute("SELECT subject FROM mentions WHERE entry_id = ?", (entry_id,))
        return [subject for (subject,) in rows]

    def entries_of_stream(self, stream_row: int) -> list[int]:
        """Return the entries whose payload belongs to a stream, in order."""
        rows = self._execute(
            "SELECT entry_id FROM entries WHERE stream_key = ? AND outcome != 'system'"
            " ORDER BY entry_id",
            (stream_row,),
        )
        return [entry_id for (entry_id,) in rows]

    def streams_where(self, where: str, bindings: tuple[int | str, ...]) -> list[StreamRecord]:
        """Return the streams that satisfy a condition of ours."""
        return select_streams(self._connection, where, bindings)

    def stream_key_of(self, entry_id: int) -> StreamKey | None:
        """Return the stream an entry belongs to, or None."""
        self.flush()
        where = "stream_key = (SELECT stream_key FROM entries WHERE entry_id = ?)"
        records = select_streams(self._connection, where, (entry_id,))
        return next((record.key for record in records), None)

    def erase_payloads(self, entry_ids: Iterable[int]) -> list[int]:
        """Delete payloads, overwriting them; returns the entries that still had one."""
        erased = []
        for entry_id in entry_ids:
            self._execute("DELETE FROM payloads WHERE entry_id = ?", (entry_id,))
            if self._connection.changes():
                erased.append(entry_id)
        self._execute(
            "DELETE FROM mentions WHERE entry_id IN (SELECT value FROM json_each(?))",
            (str(erased),),
        )
        self.payloads_erased = self.payloads_erased or bool(erased)
        return erased


class Journal:
    """The open journal. One process holds it; readers are not disturbed and do not disturb."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or create the journal.

        A backup copy becomes a journal of its own: it gets a new id, which tells every sender to
        offer again what it still holds, and an entry that says so.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
        self.path = path
        self._failed = False
        # A WAL left by a crash may still hold what an erasure removed from the file.
        self._wal_may_hold_erased = True
        with contextlib.ExitStack() as if_it_fails:
            self._lock = sqlite.FileLock(path)
            if_it_fails.callback(self._lock.close)
            self._connection = sqlite.open_writer(path)
            if_it_fails.callback(sqlite.abandon, self._connection)
            sqlite.migrate(self._connection, path, MIGRATIONS, application_id=APPLICATION_ID)
            with sqlite.storage_errors(path):
                self.head = read_head(self._connection)
            self.journal_id = self._identify(clock)
            self._empty_wal()
            if_it_fails.pop_all()

    @contextlib.contextmanager
    def batch(self) -> Iterator[Batch]:
        """Append inside; on leaving, everything is durable, or an error says that it may not be.

        After any error the journal takes nothing more, and raises StorageFailed: what the file then
        holds must be read back by opening it again, not guessed from memory.
        """
        if self._failed:
            raise StorageFailed(self.path, "an earlier write failed")
        try:
            with sqlite.transaction(self._connection, self.path):
                batch = Batch(self._connection, self.head)
                yield batch
                batch.flush()
            self._wal_may_hold_erased |= batch.payloads_erased
            self._empty_wal()
        except BaseException:
            self._failed = True
            raise
        self.head = batch.head

    def open_streams(self) -> list[StreamRecord]:
        """Return the streams still expecting documents."""
        with sqlite.storage_errors(self.path):
            return select_streams(self._connection, "is_open = 1")

    def entry_head(self, entry_id: int) -> Head:
        """Return the hash of an entry, with its id.

        Raises JournalDamaged if there is no such entry.
        """
        query = "SELECT entry_hash FROM entries WHERE entry_id = ?"
        with sqlite.storage_errors(self.path):
            digest = self._connection.execute(query, (entry_id,)).get
        if digest is None:
            raise JournalDamaged(self.path, f"entry {entry_id} is not there")
        return Head(entry_id, digest)

    def close(self) -> None:
        """Release the file; after an error without writing to it."""
        with contextlib.ExitStack() as at_the_end:
            at_the_end.callback(self._lock.close)
            at_the_end.callback(sqlite.abandon, self._connection)
            if not self._failed:
                self._empty_wal()
                self._connection.close()

    def _empty_wal(self) -> None:
        """Remove erased bytes from the WAL too; with a reader in the way, after the next batch."""
        if self._wal_may_hold_erased:
            self._wal_may_hold_erased = not sqlite.checkpoint(self._connection, self.path)

    def _identify(self, clock: Clock) -> str:
        connection, now_ms = self._connection, clock.utc_ms()
        with sqlite.storage_errors(self.path):
            known = list(connection.execute("SELECT journal_id, is_copy FROM journal"))
        if known and not known[0][1]:
            return str(known[0][0])
        journal_id = secrets.token_hex(8)
        with self.batch() as batch:
            connection.execute(
                "INSERT OR REPLACE INTO journal VALUES (1, ?, ?, 0)", (journal_id, now_ms)
            )
            if known and self.head != EMPTY:
                batch.append_system(
                    SystemRestored(
                        kind="system.restored",
                        at_ms=now_ms,
                        journal_id=journal_id,
                        previous_journal_id=known[0][0],
                        as_of_entry_id=self.head.entry_id,
                        as_of_entry_hash=self.head.entry_hash.hex(),
                    )
                )
        return journal_id


def read_head(connection: sqlite.Connection) -> Head:
    """Return the newest entry's id and hash."""
    rows = connection.execute(
        "SELECT entry_id, entry_hash FROM entries ORDER BY entry_id DESC LIMIT 1"
    )
    return next((Head(entry_id, digest) for entry_id, digest in rows), EMPTY)
