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


def _first(connection: Connection) -> None:
    for part in (_PEOPLE, _AUDIT, _SEARCHES):
        connection.execute(part)


MIGRATIONS: Final[tuple[Migration, ...]] = (_first,)
"""Numbered by their place; a released one is never changed."""
