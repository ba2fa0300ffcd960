"""The form of console.db: who may come in, who is in, what they looked at, what they keep."""

from typing import Final

from dermatrace.sqlite import Connection, Migration

APPLICATION_ID: Final = int.from_bytes(b"dtco")
"""Marks a file as a console's."""

_PEOPLE: Final = """
    CREATE TABLE users (
        name TEXT PRIMARY KEY,
        role TEXT NOT NULL,
        clinics TEXT,
        vendor TEXT,
        created_ms INTEGER NOT NULL,
        revoked_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        token_sha256 BLOB PRIMARY KEY,
        kind TEXT NOT NULL,
        user_name TEXT REFERENCES users (name),
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        spent_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE logins (
        login_sha256 BLOB PRIMARY KEY,
        user_name TEXT NOT NULL REFERENCES users (name),
        created_ms INTEGER NOT NULL,
        seen_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
"""
# Without references: what somebody has looked at outlives whatever happens to them.
_AUDIT: Final = """
    CREATE TABLE reads (
        read_id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        user_name TEXT NOT NULL,
        reads TEXT NOT NULL,
        clinic TEXT,
        path TEXT NOT NULL,
        admitted INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX reads_by_path ON reads (path, read_id);
    CREATE INDEX reads_by_user ON reads (user_name, read_id);
"""
_SEARCHES: Final = """
    CREATE TABLE searches (
        user_name TEXT NOT NULL,
        title TEXT NOT NULL,
        question TEXT NOT NULL,
        saved_ms INTEGER NOT NULL,
        PRIMARY KEY (user_name, title)
    ) STRICT, WITHOUT ROWID;
"""
# What became of each is not kept: the outbox and the record know, and they alone.
_TOLD: Final = """
    CREATE TABLE told (
        clinic TEXT NOT NULL,
        stream_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        about TEXT NOT NULL,
        user_name TEXT NOT NULL,
        told_ms INTEGER NOT NULL,
        recorded_after_ms INTEGER,
        PRIMARY KEY (clinic, stream_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX told_about ON told (clinic, about, told_ms);
    CREATE TABLE photos (
        clinic TEXT NOT NULL,
        photo_sha256 TEXT NOT NULL,
        media_type TEXT NOT NULL,
        photo_bytes INTEGER NOT NULL,
        visit_id TEXT NOT NULL,
        stored_ms INTEGER NOT NULL,
        PRIMARY KEY (clinic, photo_sha256, visit_id)
    ) STRICT, WITHOUT ROWID;
"""


def _first(connection: Connection) -> None:
    for part in (_PEOPLE, _AUDIT, _SEARCHES):
        connection.execute(part)


def _second(connection: Connection) -> None:
    connection.execute(_TOLD)


MIGRATIONS: Final[tuple[Migration, ...]] = (_first, _second)
"""Numbered by their place; a released one is never changed."""
