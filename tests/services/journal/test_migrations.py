"""The tables of a new journal, and which files are taken for one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dermatrace import sqlite
from dermatrace.errors import WrongFile
from dermatrace.journal.migrations import APPLICATION_ID, MIGRATIONS
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.writer import Journal
from dermatrace.sender.outbox import Outbox
from dermatrace.sqlite import Connection
from support.manual_clock import ManualClock


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Return an empty journal file, migrated."""
    path = tmp_path / "journal.db"
    with closing(sqlite.open_writer(path)) as opened:
        sqlite.migrate(opened, path, MIGRATIONS, application_id=APPLICATION_ID)
        yield opened


def test_new_journal_has_the_newest_form(connection: Connection) -> None:
    assert connection.pragma("user_version") == len(MIGRATIONS)
    assert connection.pragma("application_id") == int.from_bytes(b"dtjo")


def test_record_and_index_have_their_tables(connection: Connection) -> None:
    tables = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
    }
    assert tables == {
        "journal",
        "entries",
        "payloads",
        "streams",
        "coverage",
        "reports",
        "mentions",
    }


def test_no_column_takes_a_value_of_another_type(connection: Connection) -> None:
    tables = connection.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
    assert {name for name, strict in tables if not strict} <= {
        "sqlite_schema",
        "sqlite_temp_schema",
    }


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT outcome FROM entries WHERE stream_key = 1 AND seq = 2", "entries_by_position"),
        (
            "SELECT 1 FROM entries WHERE payload_sha256 = x'' AND outcome = 'rejected'",
            "entries_rejected",
        ),
        ("SELECT * FROM streams WHERE is_open = 1", "streams_open"),
        (
            "SELECT * FROM streams WHERE stream_class = 'session' ORDER BY first_entry_id DESC",
            "streams_by_class",
        ),
        ("SELECT subject FROM mentions WHERE entry_id = 1", "mentions_by_entry"),
    ],
)
def test_every_look_up_of_the_hot_path_uses_an_index(
    connection: Connection, query: str, index: str
) -> None:
    plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert f"INDEX {index}" in plan


def test_another_file_of_ours_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    Outbox(path, "north-clinic/pen-7").close()
    with pytest.raises(WrongFile, match="another sort of file"):
        Journal(path, ManualClock())
    with pytest.raises(WrongFile, match="another sort of file"):
        JournalReader(path)
    Outbox(path, "north-clinic/pen-7").close()


def test_journal_of_a_newer_version_is_refused_by_writer_and_reader(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path, ManualClock()).close()
    with closing(Connection(str(path))) as connection:
        connection.pragma("user_version", len(MIGRATIONS) + 1)
    with pytest.raises(WrongFile, match="A newer dermatrace wrote it"):
        Journal(path, ManualClock())
    with pytest.raises(WrongFile, match="Let the newest version"):
        JournalReader(path)
