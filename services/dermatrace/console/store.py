"""console.db: the console's own file, opened, locked, migrated; everything else asks through it."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeAlias

from dermatrace import sqlite
from dermatrace.console.store_form import APPLICATION_ID, MIGRATIONS
from dermatrace.errors import AlreadyRunning

Values: TypeAlias = Sequence[str | int | bytes | None]
Statement: TypeAlias = tuple[str, Values]


class Store:
    """Reads and writes console.db from any thread, one statement at a time.

    The process that serves holds the lock for as long as it lives. Commands of the same user that
    add somebody while it runs come in beside it: they find a file of the newest form, and SQLite
    lets one writer after the other.
    """

    def __init__(self, path: Path, *, serve: bool) -> None:
        """Open the file, or make it.

        Raises AlreadyRunning if it is opened to serve and another process does so, WrongFile,
        StorageError.
        """
        self.path = path
        self._one_at_a_time = threading.Lock()
        self._lock: sqlite.FileLock | None = None
        with ExitStack() as if_it_fails:
            try:
                self._lock = sqlite.FileLock(path)
                if_it_fails.callback(self._lock.close)
            except AlreadyRunning:
                if serve:
                    raise
            self._connection = sqlite.open_writer(path)
            if_it_fails.callback(self._connection.close)
            path.chmod(0o600)
            if self._lock is None:
                form = len(MIGRATIONS)
                sqlite.check_form(self._connection, path, form, application_id=APPLICATION_ID)
            else:
                sqlite.migrate(self._connection, path, MIGRATIONS, application_id=APPLICATION_ID)
            if_it_fails.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        with self._one_at_a_time:
            self._connection.close()
            if self._lock is not None:
                self._lock.close()

    def rows(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Return what a question of ours finds; what people typed is bound to it."""
        with self._one_at_a_time, sqlite.storage_errors(self.path):
            return list(self._connection.execute(query, tuple(values)))

    def write(self, *statements: Statement) -> int:
        """Carry out all of them or none; return how many rows the last one touched."""
        with self._one_at_a_time, sqlite.transaction(self._connection, self.path):
            for query, values in statements:
                self._connection.execute(query, tuple(values))
            return self._connection.changes()
