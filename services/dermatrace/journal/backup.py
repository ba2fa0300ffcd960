"""Copies of the journal: made while it is in use, marked as copies, verified before they count."""

import contextlib
from pathlib import Path

from dermatrace import sqlite
from dermatrace.errors import DermatraceError, JournalDamaged, UsageError
from dermatrace.journal.entry import Head
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import Report, verify


def back_up(journal: Path, target: Path) -> Report:
    """Copy the journal as of one moment and verify the copy; ingest need not stop.

    Only a verified copy gets the name `target`. It carries a mark: opened for writing, it becomes a
    journal of its own, so that senders offer again what they still hold and nobody takes it for the
    original.

    Raises UsageError if `target` exists, WrongFile if `journal` is none, StorageError if a disk
    fails, JournalDamaged if the copy does not verify (it is kept beside, for looking at).
    """
    if target.exists():
        raise UsageError(f"{target} exists already", remedy="Choose another file name.")
    arriving = _copy(journal, target)
    report = _verified(arriving)
    arriving.replace(target)
    sqlite.sync_folder(target.parent)
    return report


def restore(backup: Path, journal: Path) -> Head:
    """Put a verified backup where the journal belongs; the file there is kept under another name.

    Raises JournalDamaged if the backup does not verify, AlreadyRunning if ingest runs, WrongFile if
    `backup` is no journal, StorageError if a disk fails.
    """
    lock = sqlite.FileLock(journal)
    try:
        report = _verified(backup)
        arriving = _copy(backup, journal)
        # From here to the last line no journal is in place: a crash between leaves both files.
        _set_aside(journal)
        arriving.replace(journal)
        sqlite.sync_folder(journal.parent)
    finally:
        lock.close()
    return report.head


def _copy(source: Path, target: Path) -> Path:
    """Copy a journal to a name beside `target`, marked as a copy; return that name."""
    JournalReader(source).close()  # only a journal is worth copying
    arriving = target.with_name(target.name + ".arriving")
    arriving.unlink(missing_ok=True)  # of an attempt that was cut short
    sqlite.copy_database(
        source, arriving, lambda copy: copy.execute("UPDATE journal SET is_copy = 1")
    )
    return arriving


def _set_aside(journal: Path) -> None:
    if journal.exists():
        # So that no commit lies in the WAL alone while the parts move one by one. What is too
        # damaged for that is kept as it is.
        with contextlib.suppress(DermatraceError):
            _empty_wal(journal)
    number = 1
    while (aside := journal.with_name(f"{journal.name}.before-restore-{number}")).exists():
        number += 1
    # The side files first: SQLite would take a WAL that stays for the new file's.
    for suffix in ("-wal", "-shm", ""):
        part = journal.with_name(journal.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))


def _empty_wal(journal: Path) -> None:
    with contextlib.closing(sqlite.open_writer(journal)) as connection:
        sqlite.checkpoint(connection, journal)


def _verified(path: Path) -> Report:
    report = verify(path)
    if not report.is_intact:
        raise JournalDamaged(path, str(report.faults[0]))
    if report.entry_count == 0:
        raise UsageError(f"{path} holds no entry", remedy="Is it the right file?")
    return report
