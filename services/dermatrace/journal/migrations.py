"""The journal's tables, as numbered steps; a released step is never edited."""

from typing import Final

from dermatrace.sqlite import Connection, Migration

APPLICATION_ID: Final = int.from_bytes(b"dtjo")
"""Marks a file as a journal."""


def _first(connection: Connection) -> None:
    """`entries` and `payloads` are the record; what the other tables say follows from them."""
    connection.execute(_JOURNAL)
    connection.execute(_RECORD)
    connection.execute(_STREAMS)
    connection.execute(_LOOKUPS)


_JOURNAL: Final = """
    CREATE TABLE journal (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        journal_id TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        is_copy INTEGER NOT NULL
    ) STRICT;
"""

# Payloads have a table of their own so that they can be erased while the entries, and with them
# the chain, stay.
_RECORD: Final = """
    CREATE TABLE entries (
        entry_id INTEGER PRIMARY KEY,
        received_ms INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        topic TEXT NOT NULL,
        seq INTEGER,
        reason TEXT,
        payload_sha256 BLOB NOT NULL,
        entry_hash BLOB NOT NULL,
        stream_key INTEGER
    ) STRICT;
    CREATE TABLE payloads (entry_id INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT;
    CREATE INDEX entries_by_position ON entries (stream_key, seq) WHERE stream_key IS NOT NULL;
    CREATE INDEX entries_rejected ON entries (payload_sha256) WHERE outcome = 'rejected';
"""

_STREAMS: Final = """
    CREATE TABLE streams (
        stream_key INTEGER PRIMARY KEY,
        clinic TEXT NOT NULL,
        sender TEXT NOT NULL,
        stream_class TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        is_open INTEGER NOT NULL,
        first_entry_id INTEGER,
        last_entry_id INTEGER,
        last_received_ms INTEGER,
        known_last INTEGER NOT NULL,
        end_seq INTEGER,
        next_seq INTEGER NOT NULL,
        duplicate_count INTEGER NOT NULL,
        late_count INTEGER NOT NULL,
        conflict_count INTEGER NOT NULL,
        erased_count INTEGER NOT NULL,
        closed_by INTEGER,
        completed_by INTEGER,
        erased_by INTEGER,
        UNIQUE (clinic, sender, stream_class, stream_id)
    ) STRICT;
    CREATE INDEX streams_open ON streams (stream_key) WHERE is_open = 1;
    CREATE INDEX streams_by_class ON streams (stream_class, first_entry_id);
    CREATE TABLE coverage (
        stream_key INTEGER NOT NULL,
        page INTEGER NOT NULL,
        settled BLOB NOT NULL,
        rejected BLOB NOT NULL,
        lost BLOB NOT NULL,
        PRIMARY KEY (stream_key, page)
    ) STRICT, WITHOUT ROWID;
"""

_LOOKUPS: Final = """
    CREATE TABLE reports (
        topic TEXT PRIMARY KEY, content_sha256 BLOB NOT NULL, entry_id INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mentions (
        subject TEXT NOT NULL, entry_id INTEGER NOT NULL, PRIMARY KEY (subject, entry_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mentions_by_entry ON mentions (entry_id);
"""

MIGRATIONS: Final[tuple[Migration, ...]] = (_first,)
