"""How our files are opened, locked, migrated, copied, and how they fail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from dermatrace import sqlite
from dermatrace.errors import (
    AlreadyRunning,
    NeedsAPerson,
    StorageFailed,
    StorageFull,
    UsageError,
    WrongFile,
)
from dermatrace.sqlite import Connection, Migration
from support.faulty_disk import DiskFault, FaultyDisk, faulty_disk

MARK = 0x64740001


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    """Lay a disk that can fail under the databases of a test."""
    with faulty_disk() as laid:
        yield laid


def _make(connection: Connection) -> None:
    connection.execute("CREATE TABLE facts (fact TEXT NOT NULL); CREATE TABLE more (x)")


def _made(path: Path) -> Connection:
    connection = sqlite.open_writer(path)
    sqlite.migrate(connection, path, [_make], application_id=MARK)
    return connection


def _facts(path: Path) -> list[str]:
    with closing(sqlite.open_reader(path)) as reader:
        return [fact for (fact,) in reader.execute("SELECT fact FROM facts")]


# --- opening ------------------------------------------------------------------------------------


def test_new_file_is_durable_from_the_first_commit_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite.open_writer(path)) as connection:
        answers = {
            name: connection.pragma(name)
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
        busy_wait_ms = connection.pragma("busy_timeout")
        checkpoint_pages = connection.pragma("wal_autocheckpoint")
    assert answers == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
    }
    assert (busy_wait_ms, checkpoint_pages) == (sqlite.BUSY_WAIT_MS, sqlite.CHECKPOINT_PAGES)


def test_what_can_be_rebuilt_may_be_synced_less(tmp_path: Path) -> None:
    with closing(sqlite.open_writer(tmp_path / "a.db", synchronous="NORMAL")) as connection:
        assert connection.pragma("synchronous") == 1


def test_wal_stays_when_the_writer_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    _made(path).close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.db", "a.db-shm", "a.db-wal"]


@pytest.mark.parametrize("opened", [sqlite.open_writer, sqlite.open_reader])
def test_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, opened: type[Connection]
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database, but a letter of some length" * 100)
    before = path.read_bytes()
    with pytest.raises(WrongFile, match=r"a\.db is not a readable database"):
        opened(path)  # type: ignore[arg-type]  # either of our two functions
    assert path.read_bytes() == before


def test_reading_what_is_not_there_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match=r"there is no file .*a\.db"):
        sqlite.open_reader(tmp_path / "a.db")


def test_writing_where_no_folder_is_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot read or write"):
        sqlite.open_writer(tmp_path / "nowhere" / "a.db")


def test_reader_sees_each_commit_while_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as writer:
        for count in range(1, 4):
            with sqlite.transaction(writer, path):
                writer.execute("INSERT INTO facts VALUES ('x')")
                assert len(_facts(path)) == count - 1
            assert len(_facts(path)) == count


def test_reader_opens_when_the_writer_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as writer, sqlite.transaction(writer, path):
        writer.execute("INSERT INTO facts VALUES ('x')")
    assert _facts(path) == ["x"]


def test_reader_cannot_change_anything(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    _made(path).close()
    with (
        closing(sqlite.open_reader(path)) as reader,
        pytest.raises(StorageFailed),
        sqlite.storage_errors(path),
    ):
        reader.execute("INSERT INTO facts VALUES ('x')")


def test_snapshot_shows_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as writer, closing(sqlite.open_reader(path)) as reader:
        with sqlite.snapshot(reader, path):
            writer.execute("INSERT INTO facts VALUES ('x')")
            with sqlite.snapshot(reader, path):  # the same one
                assert not reader.execute("SELECT count(*) FROM facts").get
        assert reader.execute("SELECT count(*) FROM facts").get == 1


# --- one writer ---------------------------------------------------------------------------------


def test_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.db"
    lock = sqlite.FileLock(path)
    with pytest.raises(AlreadyRunning, match=f"in use by process {os.getpid()}\n"):
        sqlite.FileLock(path)
    lock.close()
    lock.close()  # harmless
    sqlite.FileLock(path).close()


def test_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    program = (
        "import os, sys, pathlib; from dermatrace.sqlite import FileLock;"
        "lock = FileLock(pathlib.Path(sys.argv[1])); os._exit(9)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == 9
    sqlite.FileLock(path).close()


def test_lock_where_no_file_can_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageFailed):
        sqlite.FileLock(tmp_path / "file" / "a.db")


# --- migrating ----------------------------------------------------------------------------------


def _fails_half_way(connection: Connection) -> None:
    connection.execute("CREATE TABLE half (x); INSERT INTO half VALUES (1)")
    raise RuntimeError("the machine stops here")


def test_migration_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as connection:
        with pytest.raises(RuntimeError):
            sqlite.migrate(connection, path, [_make, _fails_half_way], application_id=MARK)
        assert connection.pragma("user_version") == 1
        assert not connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").get
        assert not connection.in_transaction


def test_only_steps_not_yet_taken_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    taken: list[int] = []
    steps: list[Migration] = [lambda _: taken.append(0), lambda _: taken.append(1)]
    for known in (1, 1, 2):
        with closing(sqlite.open_writer(path)) as connection:
            sqlite.migrate(connection, path, steps[:known], application_id=MARK)
    assert taken == [0, 1]


def test_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as connection:
        connection.pragma("user_version", 9)
        with pytest.raises(WrongFile, match="has form 9, this program knows 1"):
            sqlite.migrate(connection, path, [_make], application_id=MARK)
        with pytest.raises(WrongFile, match="has form 9, this program reads 1"):
            sqlite.check_form(connection, path, 1, application_id=MARK)


def test_file_of_another_sort_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    another = "another sort of file: its mark is 0x64740001"
    with closing(_made(path)) as connection:
        with pytest.raises(WrongFile, match=another):
            sqlite.migrate(connection, path, [_make], application_id=MARK + 1)
        with pytest.raises(WrongFile, match=another):
            sqlite.check_form(connection, path, 1, application_id=MARK + 1)


# --- failing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("full", StorageFull), ("write", StorageFailed), ("sync", StorageFailed)],
)
def test_transaction_on_a_failing_disk_changes_nothing(
    tmp_path: Path, disk: FaultyDisk, fault: DiskFault, expected: type[Exception]
) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as connection:
        disk.fault = fault
        with pytest.raises(expected, match=r"a\.db"), sqlite.transaction(connection, path):
            connection.execute("INSERT INTO facts VALUES ('x')")
        assert not connection.in_transaction
        disk.fault = None
        assert not connection.execute("SELECT count(*) FROM facts").get
        with sqlite.transaction(connection, path):
            connection.execute("INSERT INTO facts VALUES ('y')")
    with closing(sqlite.open_writer(path)) as connection:
        assert connection.execute("SELECT fact FROM facts").get == "y"


def test_creating_a_file_on_a_failing_disk_is_a_storage_error(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    disk.fault = "sync"
    with pytest.raises((StorageFailed, NeedsAPerson)):
        _made(tmp_path / "a.db")


def test_lock_held_by_another_program_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(_made(path)) as one, closing(sqlite.open_writer(path)) as other:
        one.execute("BEGIN IMMEDIATE")
        other.set_busy_timeout(10)
        with pytest.raises(StorageFailed, match="locked"), sqlite.transaction(other, path):
            pass
        one.execute("ROLLBACK")


def test_checkpoint_empties_the_wal_unless_a_reader_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    wal = tmp_path / "a.db-wal"
    with closing(_made(path)) as writer, closing(sqlite.open_reader(path)) as reader:
        with sqlite.snapshot(reader, path):
            writer.execute("INSERT INTO facts VALUES ('x')")
            assert not sqlite.checkpoint(writer, path)
        assert wal.stat().st_size > 0
        assert sqlite.checkpoint(writer, path)
        assert wal.stat().st_size == 0
        assert writer.pragma("busy_timeout") == sqlite.BUSY_WAIT_MS


# --- copying ------------------------------------------------------------------------------------


def test_copy_is_one_file_as_of_one_moment(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "copy.db"
    with closing(_made(source)) as writer:
        writer.execute("INSERT INTO facts VALUES ('x')")

        def finish(copy: Connection) -> None:
            writer.execute("INSERT INTO facts VALUES ('too late')")
            copy.execute("INSERT INTO facts VALUES ('finished')")

        sqlite.copy_database(source, target, finish)
    assert _facts(target) == ["x", "finished"]
    assert not list(tmp_path.glob("copy.db-*"))


def test_copy_does_not_overwrite(tmp_path: Path) -> None:
    _made(tmp_path / "a.db").close()
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        sqlite.copy_database(tmp_path / "a.db", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_copy_that_fails_leaves_no_file(tmp_path: Path, disk: FaultyDisk) -> None:
    with ExitStack() as stack:
        stack.enter_context(closing(_made(tmp_path / "a.db")))
        disk.fault = "full"
        with pytest.raises(StorageFull, match=r"copy\.db"):
            sqlite.copy_database(tmp_path / "a.db", tmp_path / "copy.db")
        disk.fault = None
    assert not (tmp_path / "copy.db").exists()
