"""The form of forward.db."""

from typing import Final

from dermatrace.sqlite import Connection

APPLICATION_ID: Final = int.from_bytes(b"dtfw")
"""Marks a file as forwarding's own."""

_FIRST: Final = """
        CREATE TABLE follower (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            entry_id INTEGER NOT NULL,
            entry_hash BLOB NOT NULL,
            rebuilt_to_entry_id INTEGER NOT NULL DEFAULT 0,
            must_empty INTEGER NOT NULL DEFAULT 0,
            bucket_ids TEXT NOT NULL DEFAULT '{}'
        ) STRICT;
        CREATE TABLE account (
            name TEXT PRIMARY KEY,
            point_count INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE streams (
            row INTEGER PRIMARY KEY,
            sort TEXT NOT NULL,
            memory BLOB NOT NULL,
            is_holding INTEGER NOT NULL DEFAULT 0,
            pending_count INTEGER NOT NULL DEFAULT 0,
            kept_count INTEGER NOT NULL DEFAULT 0,
            judged_count INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX streams_holding ON streams (row) WHERE is_holding;
        CREATE INDEX streams_pending ON streams (pending_count) WHERE pending_count > 0;
        CREATE TABLE findings (
            row INTEGER NOT NULL,
            number INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            start TEXT NOT NULL,
            at_ns INTEGER NOT NULL,
            PRIMARY KEY (row, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE known (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            fact TEXT NOT NULL,
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE quarantine (
            number INTEGER PRIMARY KEY,
            entry_id INTEGER NOT NULL,
            row INTEGER,
            bucket TEXT NOT NULL,
            line TEXT NOT NULL,
            words TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            is_counted INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX quarantine_by_stream ON quarantine (row);
"""


def _first(connection: Connection) -> None:
    connection.execute(_FIRST)


MIGRATIONS: Final = (_first,)
