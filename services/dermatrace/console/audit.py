"""Who has looked at what, and when: written before anything is shown."""

from dataclasses import dataclass
from typing import Final

from dermatrace.clock import Clock
from dermatrace.console.store import Store

READS_LISTED_MAX: Final = 1_000
"""Reads one question is answered with at most, the newest; the others stay in the file."""
PATH_CHARACTERS_MAX: Final = 2_000
"""Of an address with its question; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Read:
    """One visit to something that is about a person, or one that was refused."""

    read_id: int
    at_ms: int
    user_name: str
    reads: str
    clinic: str | None
    path: str
    admitted: bool


class Audit:
    """Notes every read; nothing of it is ever changed or removed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(
        self, user_name: str, reads: str, clinic: str | None, path: str, *, admitted: bool
    ) -> None:
        """Write down that somebody asked for something.

        Raises StorageError: then nothing is shown.
        """
        insert = "INSERT INTO reads (at_ms, user_name, reads, clinic, path, admitted)"
        cut = path[:PATH_CHARACTERS_MAX]
        values = (self._clock.utc_ms(), user_name, reads, clinic, cut, int(admitted))
        self._store.write((f"{insert} VALUES (?, ?, ?, ?, ?, ?)", values))

    def newest(self, *, before_id: int | None = None, limit: int = 100) -> list[Read]:
        """Return reads, the newest first, older than one if that is given."""
        query = (
            "SELECT read_id, at_ms, user_name, reads, clinic, path, admitted FROM reads"
            " WHERE ? IS NULL OR read_id < ? ORDER BY read_id DESC LIMIT ?"
        )
        most = max(0, min(limit, READS_LISTED_MAX))
        rows = self._store.rows(query, (before_id, before_id, most))
        return [
            Read(read_id, at_ms, user_name, noted, clinic, path, bool(is_admitted))
            for read_id, at_ms, user_name, noted, clinic, path, is_admitted in rows
        ]
