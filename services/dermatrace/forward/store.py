"""forward.db: how far InfluxDB has got, what is remembered, and what was refused.

Everything of a step is committed together, after InfluxDB has said yes to all of it. A crash before
that repeats the step, and the same points are written over themselves.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from dermatrace import sqlite
from dermatrace.forward.account import FATES, Account
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.step import Deletion, Outcome, RaisedFinding, Step
from dermatrace.forward.store_form import APPLICATION_ID, MIGRATIONS
from dermatrace.journal.entry import EMPTY, Head

_COUNTERS: Final = ("journalled", *FATES)


class Quarantined(NamedTuple):
    """A point that InfluxDB refused."""

    entry_id: int
    bucket: Bucket
    line: str
    words: str
    """What the server said."""
    at_ms: int


class Place(NamedTuple):
    """Where following has got to."""

    head: Head
    rebuilt_to_entry_id: int
    """Up to here a rebuild leaves out what had been superseded when it began; 0: none under way."""
    bucket_ids: dict[str, str]
    """Which buckets were filled up to here; another one under the same name is empty."""
    must_empty: bool
    """Whether a rebuild has begun and what was in InfluxDB has not been deleted yet."""


class Store:
    """Reads and writes forward.db; one process writes it at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, or create it. Raises AlreadyRunning, WrongFile, StorageError."""
        self.path = path
        self._lock = None
        with ExitStack() as if_it_fails:
            if read_only:
                self._connection = sqlite.open_reader(path)
                if_it_fails.callback(self._connection.close)
                sqlite.check_form(
                    self._connection, path, len(MIGRATIONS), application_id=APPLICATION_ID
                )
            else:
                self._lock = sqlite.FileLock(path)
                if_it_fails.callback(self._lock.close)
                # What a power cut takes away is written to InfluxDB again, over itself.
                self._connection = sqlite.open_writer(path, synchronous="NORMAL")
                if_it_fails.callback(self._connection.close)
                sqlite.migrate(self._connection, path, MIGRATIONS, application_id=APPLICATION_ID)
            if_it_fails.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    # --- reading ------------------------------------------------------------------------------

    def snapshot(self) -> AbstractContextManager[None]:
        """Read everything inside as of one moment."""
        return sqlite.snapshot(self._connection, self.path)

    def place(self) -> Place:
        """Return where following has got to."""
        for entry_id, entry_hash, target, ids, must_empty in self._rows(
            "SELECT entry_id, entry_hash, rebuilt_to_entry_id, bucket_ids, must_empty FROM follower"
        ):
            head = Head(entry_id, entry_hash)
            return Place(head, target, json.loads(ids), bool(must_empty))
        return Place(EMPTY, 0, {}, must_empty=False)

    def account(self) -> Account:
        """Return where the points of all entries up to the cursor have gone."""
        with sqlite.snapshot(self._connection, self.path):
            counts = Counter(dict(self._rows("SELECT name, point_count FROM account")))
            pending = self._connection.execute(
                "SELECT sum(pending_count) FROM streams WHERE pending_count > 0"
            ).get
        named = {f"{name}_count": counts[name] for name in _COUNTERS}
        return Account(**named, pending_count=pending or 0)

    def memory(self, row: int, sort: str) -> bytes | None:
        """Return what is remembered of a stream, packed, or None."""
        rows = self._rows("SELECT memory FROM streams WHERE row = ? AND sort = ?", (row, sort))
        return next((kept for (kept,) in rows), None)

    def holding_rows(self) -> list[tuple[int, str]]:
        """Return row and sort of the streams of which entries are held."""
        return list(self._rows("SELECT row, sort FROM streams WHERE is_holding ORDER BY row"))

    def finding(self, row: int, number: int) -> RaisedFinding | None:
        """Return where a finding of a session's newest judgement stands, or None."""
        rows = self._rows(
            "SELECT row, number, generation, start, at_ns FROM findings"
            " WHERE row = ? AND number = ?",
            (row, number),
        )
        return next((RaisedFinding(*found) for found in rows), None)

    def known(self, kind: str, key: str) -> str | None:
        """Return a fact that was noted under a kind and a key, or None."""
        rows = self._rows("SELECT fact FROM known WHERE kind = ? AND key = ?", (kind, key))
        return next((fact for (fact,) in rows), None)

    def quarantined(self) -> Iterator[Quarantined]:
        """Yield what InfluxDB refused, the oldest first."""
        rows = self._rows(
            "SELECT entry_id, bucket, line, words, at_ms FROM quarantine ORDER BY number"
        )
        return (Quarantined(*row) for row in rows)

    # --- writing ------------------------------------------------------------------------------

    def commit(self, step: Step, outcome: Outcome, now_ms: int) -> None:
        """Make a step last whose points InfluxDB has. Raises StorageError if the disk fails."""
        counts: Counter[str] = Counter(
            journalled=step.journalled_count,
            superseded=step.superseded_count,
            erased=step.erased_count,
            quarantined=len(step.unattributed),
        )
        with sqlite.transaction(self._connection, self.path):
            for deletion in step.deletions:
                self._delete(deletion, counts)
            self._remember(step)
            self._tally(step, outcome, counts)
            self._quarantine(step, outcome, now_ms)
            self._count(counts)
            self._move(step.head)

    def begin_rebuild(self, target: Head) -> None:
        """Forget everything: following begins anew, up to `target` without what was superseded.

        What is in InfluxDB must be deleted before; `note_emptied` says that it was.
        """
        with sqlite.transaction(self._connection, self.path):
            for table in ("account", "streams", "findings", "known", "quarantine", "follower"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  our own names
            self._move(EMPTY)
            self._connection.execute(
                "UPDATE follower SET rebuilt_to_entry_id = ?, must_empty = 1", (target.entry_id,)
            )

    def note_emptied(self) -> None:
        """Note that nothing is left in InfluxDB of what was there before the rebuild."""
        with sqlite.transaction(self._connection, self.path):
            self._connection.execute("UPDATE follower SET must_empty = 0")

    def note_buckets(self, ids: dict[str, str]) -> None:
        """Note which buckets are being filled."""
        with sqlite.transaction(self._connection, self.path):
            self._move(self.place().head)
            self._connection.execute("UPDATE follower SET bucket_ids = ?", (json.dumps(ids),))

    def _move(self, head: Head) -> None:
        self._connection.execute(
            "INSERT INTO follower (only, entry_id, entry_hash) VALUES (1, ?, ?)"
            " ON CONFLICT DO UPDATE SET entry_id = excluded.entry_id,"
            " entry_hash = excluded.entry_hash",
            (head.entry_id, head.entry_hash),
        )

    def _delete(self, deletion: Deletion, counts: Counter[str]) -> None:
        row = deletion.row
        kept, judged = next(
            self._rows("SELECT kept_count, judged_count FROM streams WHERE row = ?", (row,)), (0, 0)
        )
        gone = kept + judged if deletion.whole else judged
        counts["forwarded"] -= gone
        counts[deletion.fate] += gone
        columns = "kept_count = 0, judged_count = 0" if deletion.whole else "judged_count = 0"
        self._connection.execute(f"UPDATE streams SET {columns} WHERE row = ?", (row,))  # noqa: S608
        self._connection.execute("DELETE FROM findings WHERE row = ?", (row,))
        if deletion.whole:
            gone_too = "DELETE FROM quarantine WHERE row = ? RETURNING is_counted"
            held = sum(is_counted for (is_counted,) in self._rows(gone_too, (row,)))
            counts["quarantined"] -= held
            counts["erased"] += held

    def _remember(self, step: Step) -> None:
        self._connection.executemany(
            "INSERT INTO streams (row, sort, memory, is_holding, pending_count)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET memory = excluded.memory,"
            " is_holding = excluded.is_holding, pending_count = excluded.pending_count",
            [(row, *kept) for row, kept in step.memories.items()],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?, ?)",
            [(one.row, one.number, one.generation, one.start, one.at_ns) for one in step.findings],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?)",
            [(kind, key, fact) for (kind, key), fact in step.known.items()],
        )

    def _tally(self, step: Step, outcome: Outcome, counts: Counter[str]) -> None:
        """Count what was accepted, in all and for each session."""
        kept: Counter[int] = Counter()
        judged: Counter[int] = Counter()
        for index, group in enumerate(step.groups):
            if group.counting == "aside":
                continue
            refused = len(outcome.refused.get(index, ()))
            expired = outcome.expired[index]
            accepted = len(group.lines) - refused - expired
            counts["quarantined"] += refused
            counts["expired"] += expired
            if group.counting == "replacing":
                counts["superseded"] += accepted
            else:
                counts["forwarded"] += accepted
                if group.row is not None:
                    (judged if group.counting == "judged" else kept)[group.row] += accepted
        for column, tally in (("kept_count", kept), ("judged_count", judged)):
            self._connection.executemany(
                f"UPDATE streams SET {column} = {column} + ? WHERE row = ?",  # noqa: S608  ours
                [(count, row) for row, count in tally.items()],
            )

    def _quarantine(self, step: Step, outcome: Outcome, now_ms: int) -> None:
        rows: list[tuple[Any, ...]] = [
            (group.entry_id, group.row, group.bucket, *one, now_ms, group.counting != "aside")
            for index, refused in outcome.refused.items()
            for group in [step.groups[index]]
            for one in refused
        ]
        rows += [
            (entry_id, None, "sessions", "", words, now_ms, True)
            for entry_id, words in step.unattributed
        ]
        self._connection.executemany(
            "INSERT INTO quarantine (entry_id, row, bucket, line, words, at_ms, is_counted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _count(self, counts: Counter[str]) -> None:
        self._connection.executemany(
            "INSERT INTO account VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET point_count = point_count + excluded.point_count",
            [(name, counts[name]) for name in _COUNTERS if counts[name]],
        )

    def _rows(self, query: str, bindings: tuple[Any, ...] = ()) -> Iterator[Any]:
        with sqlite.storage_errors(self.path):
            yield from self._connection.execute(query, bindings)
