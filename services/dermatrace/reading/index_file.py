"""index.db as commands look things up in it: whether it is there, and how far it has got."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dermatrace import sqlite
from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index

HOW_TO_GET_IT: Final = "`dermatrace judge` makes it and keeps it up to date while it runs."


@contextmanager
def index_if_any(path: Path, reader: JournalReader) -> Iterator[Index | None]:
    """Open the index of a journal, as of one moment; None if there is none.

    Raises JournalForked if it was made from another journal, WrongFile if it is no index.
    """
    if not path.is_file():
        yield None
        return
    with Index(path, read_only=True) as index, sqlite.snapshot(index.connection, path):
        reader.follow_from(index.cursor()[0])
        yield index


@contextmanager
def needed_index(path: Path, reader: JournalReader) -> Iterator[Index]:
    """Open the index of a journal, as of one moment. Raises UsageError if there is none."""
    with index_if_any(path, reader) as index:
        if index is None:
            raise UsageError(f"there is no {path}: nothing has been judged", remedy=HOW_TO_GET_IT)
        yield index


def lag_of(index: Index, reader: JournalReader) -> str:
    """Say how far the index is behind the journal; nothing if it is not."""
    entry_id, newest_id = index.cursor()[0].entry_id, reader.head().entry_id
    if entry_id >= newest_id:
        return ""
    return (
        f"The judge has read {entry_id:,} of {newest_id:,} entries: what came after that is not in"
        " here. It goes on while `dermatrace judge` runs."
    )
