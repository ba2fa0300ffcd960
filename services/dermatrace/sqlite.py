"""The one door to SQLite: how a file of ours is opened, locked, migrated, and how it fails.

apsw, not the standard library: it carries its own current SQLite. Versions before 3.51.3 can
corrupt a WAL file when a checkpoint races a commit (sqlite.org, "WAL-reset bug"), and Debian 12
ships 3.40.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import apsw

from dermatrace.errors import (
    AlreadyRunning,
    NeedsAPerson,
    StorageFailed,
    StorageFull,
    UsageError,
    WrongFile,
)

Connection: TypeAlias = apsw.Connection
Migration: TypeAlias = Callable[[apsw.Connection], None]

SQLITE_VERSION_MIN: Final = (3, 51, 3)
BUSY_WAIT_MS: Final = 5_000
"""How long one statement waits for another process's lock; then it fails and says so."""
CHECKPOINT_PAGES: Final = 2_000
"""WAL pages (4 KiB each) before a commit copies them into the file: about 8 MB."""
CHECKPOINT_WAIT_MS: Final = 100
"""How long emptying the WAL waits for readers; then it is left for another time."""
COPY_STEP_PAGES: Final = 1_000
"""Pages copied at a time; between two steps a person can interrupt."""
HOLDER_MAX_BYTES: Final = 100
"""Room in a lock file for the name of who holds it."""
_DISK_ERRORS: Final = (apsw.IOError, apsw.ReadOnlyError, apsw.BusyError, apsw.CantOpenError)


class FileLock:
    """The right to be the one writer of a file, held until closed or until the process dies.

    The kernel drops the lock with the process, so a crash leaves nothing to clean up.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; the folder is made if need be.

        Raises AlreadyRunning if another process holds it, StorageError if the disk fails.
        """
        with _system_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_name(path.name + ".lock")
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._is_held = True
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._descriptor, HOLDER_MAX_BYTES, 0)
                self.close()
                raise AlreadyRunning(path, holder.decode(errors="replace").strip()) from None
            except BaseException:
                self.close()
                raise
            os.ftruncate(self._descriptor, 0)
        with contextlib.suppress(OSError):  # on a full disk the holder goes unnamed
            os.pwrite(self._descriptor, f"process {os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Give the right back. The file stays: removing it would let two processes hold it."""
        if self._is_held:
            self._is_held = False
            os.close(self._descriptor)


def open_writer(path: Path, *, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> Connection:
    """Open or create a database for writing: WAL, every commit synced, WAL kept on close.

    PERSIST_WAL keeps the side files so that a reader can open the database at any time. Each
    pragma's answer is read back: SQLite reports a refusal as an answer, not as an error.
    Raises StorageError if the disk fails, WrongFile if the file is not a database.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split(".")[:3])
    if version < SQLITE_VERSION_MIN:
        what = f"SQLite {apsw.sqlite_lib_version()} may corrupt WAL files"
        raise NeedsAPerson(what, remedy="Install apsw 3.51.3 or newer.")
    is_new = not path.exists()
    with storage_errors(path), _closed_on_error(Connection(str(path))) as connection:
        connection.set_busy_timeout(BUSY_WAIT_MS)
        keep_wal = ctypes.c_int(1)
        connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep_wal))
        _set(connection, "journal_mode", "wal", "wal")
        _set(connection, "synchronous", synchronous, {"FULL": 2, "NORMAL": 1}[synchronous])
        _set(connection, "secure_delete", "ON", 1)
        _set(connection, "foreign_keys", "ON", 1)
        _set(connection, "wal_autocheckpoint", CHECKPOINT_PAGES, CHECKPOINT_PAGES)
        if is_new:
            # SQLite ignores a failed sync of the folder, and without it a new file may vanish.
            sync_folder(path.parent)
    return connection


def open_reader(path: Path) -> Connection:
    """Open a database that another process may be writing; nothing can be changed through it.

    Raises WrongFile if there is no such file or it is not a database.
    """
    if not path.is_file():
        raise WrongFile(f"there is no file {path}", remedy="Is --data the right folder?")
    flags = apsw.SQLITE_OPEN_READONLY
    with storage_errors(path), _closed_on_error(Connection(str(path), flags=flags)) as connection:
        connection.set_busy_timeout(BUSY_WAIT_MS)
        connection.pragma("query_only", True)  # noqa: FBT003  the pragma's value
        connection.pragma("schema_version")
    return connection


@contextlib.contextmanager
def transaction(connection: Connection, path: Path) -> Iterator[None]:
    """Commit everything inside, or nothing; raises StorageError if the disk fails.

    BEGIN IMMEDIATE: a transaction that begins as a reader may find that it cannot become a writer.
    """
    with storage_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(apsw.Error):  # SQLite may have rolled back by itself
                connection.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def snapshot(connection: Connection, path: Path) -> Iterator[None]:
    """Read everything inside as of one moment.

    A writer goes on undisturbed, but until the end no checkpoint can empty its WAL. Inside another
    snapshot or a transaction this changes nothing.
    """
    if connection.in_transaction:
        yield
        return
    with storage_errors(path):
        connection.execute("BEGIN")
        try:
            connection.pragma("schema_version")  # only the first read fixes the moment
            yield
        finally:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, each with what to do about it."""
    try:
        yield
    except apsw.FullError:
        raise StorageFull(path) from None
    except _DISK_ERRORS as error:
        raise StorageFailed(path, str(error)) from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        what = f"{path} is not a readable database: {error}"
        raise WrongFile(what, remedy="Keep the file as it is and restore a backup.") from error


def migrate(
    connection: Connection, path: Path, migrations: Sequence[Migration], *, application_id: int
) -> None:
    """Bring a database to the newest form; each step commits together with the record of it.

    `application_id` is written into a new file and tells one sort of ours from the others.
    Raises WrongFile if the file is of another sort, or a newer version of the program wrote it.
    """
    with storage_errors(path):
        is_empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
        if not is_empty:
            _check_sort(connection, path, application_id)
        done = int(connection.pragma("user_version"))
        if done > len(migrations):
            what = f"{path} has form {done}, this program knows {len(migrations)}"
            raise WrongFile(what, remedy="A newer dermatrace wrote it: use that one.")
        for number, step in enumerate(migrations[done:], start=done + 1):
            with transaction(connection, path):
                step(connection)
                connection.execute(f"PRAGMA application_id = {application_id}")
                connection.execute(f"PRAGMA user_version = {number}")


def check_form(connection: Connection, path: Path, form: int, *, application_id: int) -> None:
    """Check that a file opened for reading is of the expected sort and form.

    Raises WrongFile if it is not.
    """
    with storage_errors(path):
        _check_sort(connection, path, application_id)
        found = int(connection.pragma("user_version"))
        if found != form:
            what = f"{path} has form {found}, this program reads {form}"
            raise WrongFile(what, remedy="Let the newest version of its writer open it once.")


def checkpoint(connection: Connection, path: Path) -> bool:
    """Copy the WAL into the file and empty it; return whether nobody was in the way."""
    with storage_errors(path):
        connection.set_busy_timeout(CHECKPOINT_WAIT_MS)
        try:
            busy = next(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))[0]
        finally:
            connection.set_busy_timeout(BUSY_WAIT_MS)
    return bool(busy == 0)


def abandon(connection: Connection) -> None:
    """Close a database, if it is not closed yet, without writing to a disk that has just failed."""
    with contextlib.suppress(apsw.ConnectionClosedError):
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()


def copy_database(
    source: Path, target: Path, finish: Callable[[Connection], object] = lambda _: None
) -> None:
    """Copy a database that may be in use, as of one moment, into one new file without WAL.

    `finish` may change the copy before it is closed. After an error there is no copy.
    Raises UsageError if `target` exists, StorageError if a disk fails.
    """
    if target.exists():
        raise UsageError(f"{target} exists already", remedy="Choose another file name.")
    with contextlib.closing(open_reader(source)) as reader, snapshot(reader, source):
        # Without the snapshot every commit to the source would begin the copy anew.
        try:
            _copy_pages(reader, target, finish)
            sync_folder(target.parent)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Make the names of files just created, renamed or removed in a folder survive a power cut."""
    with _system_errors(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copy_pages(source: Connection, target: Path, finish: Callable[[Connection], object]) -> None:
    with storage_errors(target), contextlib.closing(Connection(str(target))) as copy:
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(COPY_STEP_PAGES)
        _set(copy, "journal_mode", "delete", "delete")
        finish(copy)


@contextlib.contextmanager
def _closed_on_error(connection: Connection) -> Iterator[Connection]:
    try:
        yield connection
    except BaseException:
        abandon(connection)
        raise


@contextlib.contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(path) from error
        raise StorageFailed(path, str(error)) from error


def _check_sort(connection: Connection, path: Path, application_id: int) -> None:
    found = int(connection.pragma("application_id"))
    if found != application_id:
        what = f"{path} is another sort of file: its mark is {found:#x}, not {application_id:#x}"
        raise WrongFile(what, remedy="Keep it as it is, and look which file belongs here.")


def _set(connection: Connection, name: str, value: str | int, expected: str | int) -> None:
    connection.pragma(name, value)
    answer = connection.pragma(name)
    if answer != expected:
        raise NeedsAPerson(
            f"SQLite answered {answer!r} to {name} = {value}",
            remedy="The disk may not support what a durable journal needs.",
        )
