"""The outbox: the one file a sender's memory is. Everything offered lies here first."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermatrace import sqlite
from dermatrace.errors import WrongFile
from dermatrace.sender.settling import Key
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import SeqSet, Span
from dermatrace.sqlite import Connection
from dermatrace_schemas.digest import chain_start
from dermatrace_schemas.settling import LossReason

CAPACITY_DEFAULT_BYTES: Final = 256 * 1024 * 1024
"""Room for documents; when it is used up, settled ones make place for new ones."""
APPLICATION_ID: Final = int.from_bytes(b"dtob")
"""Marks a file as an outbox."""
FREED_AT_ONCE_FRACTION: Final = 0.01
"""Of the capacity, freed in one go once it is used up: one commit makes room for many documents."""
IDENTITY: Final = "identity"
JOURNAL_ID: Final = "journal_id"
"""Facts an outbox remembers: whose it is, and which journal the last receipts came from."""
IN_MEMORY: Final = Path(":memory:")
"""Path of an outbox that a reboot forgets: for devices without durable storage."""


def _first(connection: Connection) -> None:
    connection.execute(
        """
        CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE streams (
            stream_row INTEGER PRIMARY KEY,
            stream_class TEXT NOT NULL,
            stream_id TEXT NOT NULL,
            next_seq INTEGER NOT NULL,
            ended INTEGER NOT NULL,
            settled_seq INTEGER NOT NULL,
            complete INTEGER NOT NULL,
            chain BLOB,
            UNIQUE (stream_class, stream_id)
        ) STRICT;
        CREATE TABLE documents (
            stream_row INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            payload BLOB NOT NULL,
            payload_sha256 BLOB NOT NULL,
            PRIMARY KEY (stream_row, seq)
        ) STRICT;
        CREATE INDEX documents_by_digest ON documents (payload_sha256);
        CREATE TABLE losses (
            stream_row INTEGER NOT NULL,
            first_seq INTEGER NOT NULL,
            last_seq INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (stream_row, first_seq, last_seq)
        ) STRICT, WITHOUT ROWID;
        """
    )


_MIGRATIONS: Final = (_first,)
_HELD_BYTES: Final = "SELECT coalesce(sum(length(payload)), 0) FROM documents"


@dataclass(slots=True)
class StoredStream:
    """One stream as it was found in the outbox."""

    row: int
    state: StreamState
    chain: bytes | None


class Outbox:
    """Documents kept until they are settled, on disk or in memory; one process at a time."""

    def __init__(
        self, path: Path, identity: str, *, capacity_bytes: int = CAPACITY_DEFAULT_BYTES
    ) -> None:
        """Open or create the outbox of one sender.

        `identity` (clinic/sender) is written into a new file and must match in an old one: streams
        offered under another name would be other streams.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
        self.path = path
        self._capacity_bytes = capacity_bytes
        with ExitStack() as if_it_fails:
            self._lock = None if path == IN_MEMORY else sqlite.FileLock(path)
            if self._lock is not None:
                if_it_fails.callback(self._lock.close)
            in_memory = path == IN_MEMORY
            self._connection = Connection(str(path)) if in_memory else sqlite.open_writer(path)
            if_it_fails.callback(self._connection.close)
            sqlite.migrate(self._connection, path, _MIGRATIONS, application_id=APPLICATION_ID)
            self._check_owner(identity)
            with sqlite.storage_errors(path):
                self.streams = {stored.state.name: stored for stored in self._load()}
                self.held_bytes = int(self._connection.execute(_HELD_BYTES).get)
            if_it_fails.pop_all()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def fact(self, name: str) -> str | None:
        """Return one remembered fact, or None."""
        query = "SELECT value FROM facts WHERE name = ?"
        with sqlite.storage_errors(self.path):
            value = self._connection.execute(query, (name,)).get
        return None if value is None else str(value)

    def add_stream(self, name: StreamName) -> StoredStream:
        """Begin a new stream; raises StorageError."""
        chain = chain_start(name[1])
        with self._changes():
            self._connection.execute(
                "INSERT INTO streams VALUES (NULL, ?, ?, 0, 0, 0, 0, ?)", (*name, chain)
            )
            row = self._connection.last_insert_rowid()
        self.streams[name] = stored = StoredStream(row, StreamState(name), chain)
        return stored

    def has_room(self, size_bytes: int) -> bool:
        """Tell whether a document of this size fits without freeing anything."""
        return self.held_bytes + size_bytes <= self._capacity_bytes

    def lacking_bytes(self, size_bytes: int) -> int:
        """Return how much to free before a document of this size fits."""
        return self.held_bytes + size_bytes - self._capacity_bytes

    def store(self, key: Key, payload: bytes, digest: bytes, chain: bytes | None) -> None:
        """Put one document where neither crash nor power cut loses it.

        Raises StorageError; then nothing was stored and the number is to be declared lost.
        """
        stored = self.streams[key[0]]
        with self._changes():
            self._connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?)", (stored.row, key[1], payload, digest)
            )
            self._connection.execute(
                "UPDATE streams SET next_seq = ?, chain = ? WHERE stream_row = ?",
                (key[1] + 1, chain, stored.row),
            )
        stored.chain = chain
        self.held_bytes += len(payload)

    def lose(self, name: StreamName, span: Span, reason: LossReason) -> None:
        """Remember that numbers cannot be given; whatever is held of them goes."""
        stored = self.streams[name]
        with self._changes():
            freed_bytes = self._delete(stored.row, span)
            self._connection.execute(
                "INSERT OR REPLACE INTO losses VALUES (?, ?, ?, ?)", (stored.row, *span, reason)
            )
            self._connection.execute(
                "UPDATE streams SET next_seq = max(next_seq, ?), chain = NULL WHERE stream_row = ?",
                (span[1] + 1, stored.row),
            )
        stored.chain = None
        self.held_bytes -= freed_bytes

    def end(self, name: StreamName) -> None:
        """Remember that a stream gets no further number."""
        with self._changes():
            self._connection.execute(
                "UPDATE streams SET ended = 1 WHERE stream_row = ?", (self.streams[name].row,)
            )

    def note_receipts(self, journal_id: str | None, states: Iterable[StreamState]) -> None:
        """Remember what the receipts of a journal said of these streams, all of it or nothing.

        What one journal has settled must never be taken for what another one has.
        """
        rows = [(state.settled_seq, state.complete, *state.name) for state in states]
        with self._changes():
            if journal_id is not None:
                self._set_fact(JOURNAL_ID, journal_id)
            self._connection.executemany(
                "UPDATE streams SET settled_seq = ?, complete = ?"
                " WHERE stream_class = ? AND stream_id = ?",
                rows,
            )

    def free(self, name: StreamName, span: Span, size_bytes: int) -> Span:
        """Remove the lowest documents of a span until so much is freed; return their span."""
        row, last_seq = self.streams[name].row, span[1]
        goal_bytes = max(size_bytes, int(FREED_AT_ONCE_FRACTION * self._capacity_bytes))
        with self._changes():
            for seq, document_bytes in self._connection.execute(
                "SELECT seq, length(payload) FROM documents"
                " WHERE stream_row = ? AND seq BETWEEN ? AND ? ORDER BY seq",
                (row, *span),
            ):
                goal_bytes -= document_bytes
                if goal_bytes <= 0:
                    last_seq = seq
                    break
            freed_bytes = self._delete(row, (span[0], last_seq))
        self.held_bytes -= freed_bytes
        return span[0], last_seq

    def payload(self, key: Key) -> bytes | None:
        """Return the bytes of one document exactly as they were stored, None if not held."""
        query = "SELECT payload FROM documents WHERE stream_row = ? AND seq = ?"
        with sqlite.storage_errors(self.path):
            payload = self._connection.execute(query, (self.streams[key[0]].row, key[1])).get
        return None if payload is None else bytes(payload)

    def find(self, digest: bytes) -> list[Key]:
        """Return the held documents with this SHA-256: two streams may well hold equal bytes."""
        with sqlite.storage_errors(self.path):
            rows = self._connection.execute(
                "SELECT stream_class, stream_id, seq FROM documents JOIN streams USING (stream_row)"
                " WHERE payload_sha256 = ?",
                (digest,),
            )
            return [((stream_class, stream_id), seq) for stream_class, stream_id, seq in rows]

    def _check_owner(self, identity: str) -> None:
        owner = self.fact(IDENTITY)
        if owner is None:
            with self._changes():
                self._set_fact(IDENTITY, identity)
        elif owner != identity:
            raise WrongFile(
                f"{self.path} is the outbox of {owner}, not of {identity}",
                remedy="Give every sender a file of its own.",
            )

    def _set_fact(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _delete(self, row: int, span: Span) -> int:
        """Delete documents and return how many bytes they had; they count until the commit."""
        where = "stream_row = ? AND seq BETWEEN ? AND ?"
        bindings = (row, *span)
        freed_bytes = self._connection.execute(f"{_HELD_BYTES} WHERE {where}", bindings).get
        self._connection.execute(f"DELETE FROM documents WHERE {where}", bindings)  # noqa: S608  a constant
        return int(freed_bytes)

    def _changes(self) -> AbstractContextManager[None]:
        return sqlite.transaction(self._connection, self.path)

    def _load(self) -> Iterator[StoredStream]:
        rows = self._connection.execute(
            "SELECT stream_row, stream_class, stream_id, next_seq, ended, settled_seq, complete,"
            " chain FROM streams ORDER BY stream_row"
        )
        for row, stream_class, stream_id, next_seq, ended, settled_seq, complete, chain in rows:
            state = StreamState((stream_class, stream_id), next_seq, bool(ended))
            state.settled_seq, state.complete = settled_seq, bool(complete)
            for (seq,) in self._connection.execute(
                "SELECT seq FROM documents WHERE stream_row = ?", (row,)
            ):
                state.held.add(seq)
            for first, last, reason in self._connection.execute(
                "SELECT first_seq, last_seq, reason FROM losses WHERE stream_row = ?", (row,)
            ):
                state.lost.setdefault(reason, SeqSet()).add_span(first, last)
            yield StoredStream(row, state, chain)
