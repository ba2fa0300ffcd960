"""The record and the judge's index as the console reads them: of one moment, if there at all."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dermatrace.errors import WrongFile
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.judge.registry_reading import read_history
from dermatrace.reading.index_file import index_if_any


@dataclass(slots=True)
class Record:
    """What one request reads. None of a file that nobody has made yet."""

    journal: JournalReader | None
    index: Index | None
    _records: "Records"

    def registry(self) -> RegistryHistory:
        """Return what the registry of every clinic has said; nothing without a journal."""
        return RegistryHistory() if self.journal is None else self._records.history(self.journal)


class Records:
    """Opens journal.db and index.db for reading; neither is ever written from here."""

    def __init__(self, journal_file: Path, index_file: Path) -> None:
        self.journal_file = journal_file
        self.index_file = index_file
        self._one_at_a_time = threading.Lock()
        self._history: tuple[tuple[str, int], RegistryHistory] | None = None

    @contextmanager
    def open(self) -> Iterator[Record]:
        """Read both as of one moment each.

        Raises JournalForked if the index was made from another journal, WrongFile if one is of
        another sort.
        """
        with ExitStack() as files:
            journal = _journal_if_any(self.journal_file)
            if journal is None:
                yield Record(None, None, self)
                return
            files.callback(journal.close)
            # The index first: it never speaks of an entry that the journal's moment lacks.
            index = files.enter_context(_index_if_ready(self.index_file, journal))
            files.enter_context(journal.snapshot())
            yield Record(journal, index, self)

    def history(self, journal: JournalReader) -> RegistryHistory:
        """Return the registry's history, read anew only when something was added to it."""
        state = journal.journal_id, journal.newest_entry_of_class("registry")
        with self._one_at_a_time:
            if self._history is None or self._history[0] != state:
                self._history = state, read_history(journal)
            return self._history[1]


def _journal_if_any(path: Path) -> JournalReader | None:
    try:
        return JournalReader(path)
    except WrongFile:
        if path.exists() and path.stat().st_size:
            raise
        return None


@contextmanager
def _index_if_ready(path: Path, journal: JournalReader) -> Iterator[Index | None]:
    """Open the index; None if the judge has not made it yet, or is just making it."""
    if not path.exists() or not path.stat().st_size:
        yield None
        return
    with index_if_any(path, journal) as index:
        yield index
