"""Changing a journal behind its back, one sort of change at a time; used within a test's edit."""

# ruff: noqa: S608  a test names its own tables and columns

import contextlib
from collections.abc import Iterator
from pathlib import Path

from dermatrace.journal.entry import FIRST_PREVIOUS, Entry, entry_hash
from dermatrace.sqlite import Connection

_SELECT = (
    "SELECT e.entry_id, received_ms, outcome, topic, seq, reason, payload_sha256, entry_hash,"
    " stream_key, payload FROM entries e LEFT JOIN payloads USING (entry_id)"
)


@contextlib.contextmanager
def edited(path: Path) -> Iterator[Connection]:
    """Open a journal that nobody else has open, as any SQLite tool would."""
    with contextlib.closing(Connection(str(path))) as connection:
        connection.pragma("synchronous", "OFF")  # the test does not outlive a power cut
        with connection:
            yield connection


def flip_bit(connection: Connection, table: str, column: str, entry_id: int, bit: int = 0) -> None:
    """Change one bit of a blob."""
    where = "WHERE entry_id = ?"
    value = connection.execute(f"SELECT {column} FROM {table} {where}", (entry_id,)).get
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    connection.execute(f"UPDATE {table} SET {column} = ? {where}", (bytes(changed), entry_id))


def set_column(connection: Connection, column: str, value: object, entry_id: int) -> None:
    """Overwrite one column of an entry."""
    connection.execute(f"UPDATE entries SET {column} = ? WHERE entry_id = ?", (value, entry_id))


def delete_entry(connection: Connection, entry_id: int) -> None:
    """Remove an entry and its payload."""
    for table in ("entries", "payloads"):
        connection.execute(f"DELETE FROM {table} WHERE entry_id = ?", (entry_id,))


def delete_payload(connection: Connection, entry_id: int) -> None:
    """Remove a payload and say nothing."""
    connection.execute("DELETE FROM payloads WHERE entry_id = ?", (entry_id,))


def swap_entries(connection: Connection, one_id: int, other_id: int) -> None:
    """Exchange two entries, payloads included."""
    for table in ("entries", "payloads"):
        _renumber(connection, table, one_id, 0)
        _renumber(connection, table, other_id, one_id)
        _renumber(connection, table, 0, other_id)


def insert_before(connection: Connection, entry_id: int) -> None:
    """Put a copy of an entry before it; all that follow move on by one."""
    last_id = int(connection.execute("SELECT max(entry_id) FROM entries").get)
    for table in ("entries", "payloads"):
        for moved_id in range(last_id, entry_id - 1, -1):
            _renumber(connection, table, moved_id, moved_id + 1)
    connection.execute(
        "INSERT INTO entries SELECT ?, received_ms, outcome, topic, seq, reason, payload_sha256,"
        " entry_hash, stream_key FROM entries WHERE entry_id = ?",
        (entry_id, entry_id + 1),
    )
    connection.execute(
        "INSERT INTO payloads SELECT ?, payload FROM payloads WHERE entry_id = ?",
        (entry_id, entry_id + 1),
    )


def cut_tail(connection: Connection, after_id: int) -> None:
    """Remove every entry after one."""
    for table in ("entries", "payloads"):
        connection.execute(f"DELETE FROM {table} WHERE entry_id > ?", (after_id,))


def chain_anew(connection: Connection, from_id: int) -> None:
    """Compute every hash from an entry on, as a knowing person would after a change."""
    query = "SELECT entry_hash FROM entries WHERE entry_id = ?"
    previous = connection.execute(query, (from_id - 1,)).get or FIRST_PREVIOUS
    rows = connection.execute(f"{_SELECT} WHERE e.entry_id >= ? ORDER BY e.entry_id", (from_id,))
    for entry in [Entry(*row) for row in rows]:
        previous = entry_hash(previous, entry.entry_id, entry)
        set_column(connection, "entry_hash", previous, entry.entry_id)


def _renumber(connection: Connection, table: str, old_id: int, new_id: int) -> None:
    connection.execute(f"UPDATE {table} SET entry_id = ? WHERE entry_id = ?", (new_id, old_id))
