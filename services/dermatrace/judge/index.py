"""The judge's own file, written by nobody else: where it has got to, and what it has judged."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from pydantic import TypeAdapter

from dermatrace import sqlite
from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import EMPTY, Head
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import EarlierSession
from dermatrace.judge.file_state import FileState
from dermatrace.judge.index_form import APPLICATION_ID, MIGRATIONS
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import SessionState
from dermatrace.seqset import SeqSet
from dermatrace.sqlite import Connection

EARLIER_SESSIONS_MAX: Final = 500
"""Earlier sessions of a subject that series rules look at, the newest: ten years of weekly care."""

_AS_EARLIER: Final = "stream_id, visit_id, treatment, started_ms, clinic_day"
_STATE: Final = TypeAdapter(SessionState)
_FILE: Final = TypeAdapter(FileState)


class Kept(NamedTuple):
    """A session's file as it was kept."""

    state: FileState
    coverage: Coverage
    judgement: SessionState | None
    """None once the session is closed."""


class AsEarlier(NamedTuple):
    """What later sessions of a subject see of one."""

    clinic: str
    subject_id: str
    session: EarlierSession


class Row(NamedTuple):
    """Everything the index holds of one session, ready to be written."""

    columns: dict[str, Any]
    zones: list[dict[str, Any]]
    findings: list[dict[str, Any]]


class Index:
    """Reads and writes index.db; one process writes it at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, or create it; `read_only` opens one that the judge may be writing.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
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
                # What a power cut takes away is judged again: no need to wait for the disk.
                self._connection = sqlite.open_writer(path, synchronous="NORMAL")
                if_it_fails.callback(self._connection.close)
                sqlite.migrate(self._connection, path, MIGRATIONS, application_id=APPLICATION_ID)
            if_it_fails.pop_all()

    @property
    def connection(self) -> Connection:
        """For questions that only some commands ask; nothing may be written through it."""
        return self._connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def begin(self) -> None:
        """Begin to write, unless that has begun already: nothing of it lasts until `commit`."""
        if not self._connection.in_transaction:
            with sqlite.storage_errors(self.path):
                self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything since `begin` last, together. Raises StorageError if the disk fails."""
        with sqlite.storage_errors(self.path):
            self._connection.execute("COMMIT")

    # --- where it has got to ------------------------------------------------------------------

    def cursor(self) -> tuple[Head, str]:
        """Return the last entry that everything here takes in, and the rule set's digest."""
        rows = self._connection.execute(
            "SELECT entry_id, entry_hash, rule_set_digest FROM follower"
        )
        for entry_id, entry_hash, digest in rows:
            return Head(entry_id, entry_hash), digest
        return EMPTY, ""

    def move_cursor(self, head: Head, rule_set_digest: str) -> None:
        """Say that everything up to an entry is in here; inside the transaction that brings it."""
        self._connection.execute(
            "INSERT INTO follower VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " entry_id = excluded.entry_id, entry_hash = excluded.entry_hash,"
            " rule_set_digest = excluded.rule_set_digest",
            (head.entry_id, head.entry_hash, rule_set_digest),
        )

    # --- chart facts --------------------------------------------------------------------------

    def add_facts(self, rows: Iterable[tuple[str, str, int]]) -> None:
        """Note under which names (visit, session, document) a chart entry can be found."""
        self._connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?, ?)", rows)

    def facts(self, clinic: str, name: str, up_to_entry_id: int) -> list[int]:
        """Return the chart entries under a name, oldest first."""
        return [
            int(row[0])
            for row in self._connection.execute(
                "SELECT entry_id FROM facts WHERE clinic = ? AND name = ? AND entry_id <= ?"
                " ORDER BY entry_id",
                (clinic, name, up_to_entry_id),
            )
        ]

    def forget_facts(self, first_entry_id: int, last_entry_id: int) -> list[tuple[str, str]]:
        """Forget where erased chart entries can be found; return clinic and name of each place."""
        return list(
            self._connection.execute(
                "DELETE FROM facts WHERE entry_id BETWEEN ? AND ? RETURNING clinic, name",
                (first_entry_id, last_entry_id),
            )
        )

    # --- sessions -----------------------------------------------------------------------------

    def keep(self, row: Row) -> None:
        """Write one session; what was kept of it before is replaced."""
        stream_row = row.columns["stream_row"]
        names = ", ".join(row.columns)
        marks = ", ".join("?" * len(row.columns))
        self._connection.execute(
            f"INSERT OR REPLACE INTO sessions ({names}) VALUES ({marks})",  # noqa: S608  our own
            tuple(row.columns.values()),
        )
        for table, members in (("zones", row.zones), ("findings", row.findings)):
            delete = f"DELETE FROM {table} WHERE stream_row = ?"  # noqa: S608  our own
            self._connection.execute(delete, (stream_row,))
            for member in members:
                columns = {"stream_row": stream_row, **member}
                self._connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608  our own
                    f" VALUES ({', '.join('?' * len(columns))})",
                    tuple(columns.values()),
                )

    def keep_file(self, state: FileState, coverage: Coverage) -> None:
        """Write what is known of a session's numbers, and leave its judgement as it is."""
        self._connection.execute(
            "UPDATE sessions SET file = ? WHERE stream_row = ?",
            (packed(state, coverage), state.row),
        )

    def open_files(self) -> list[Kept]:
        """Return the files of all sessions that have not ended."""
        return self._kept("is_open = 1 ORDER BY stream_row")

    def file(self, stream_row: int) -> Kept | None:
        """Return the file of a session, or None if it has none."""
        return next(iter(self._kept("stream_row = ?", (stream_row,))), None)

    def rows_of_visit(self, clinic: str, visit_id: str) -> list[int]:
        """Return the sessions attached to a visit."""
        return self._rows("clinic = ? AND visit_id = ?", (clinic, visit_id))

    def row_of_session(self, session: SessionId) -> int | None:
        """Return a session's row, or None if the judge has not heard of it."""
        rows = self._rows(
            "clinic = ? AND sender = ? AND stream_id = ?",
            (session.clinic, session.sender, session.stream_id),
        )
        return rows[0] if rows else None

    def rows_of_subject_after(self, clinic: str, subject_id: str, started_ms: int) -> list[int]:
        """Return the closed sessions of a subject that began later."""
        return self._rows(
            "clinic = ? AND subject_id = ? AND is_open = 0 AND started_ms > ? ORDER BY stream_row",
            (clinic, subject_id, started_ms),
        )

    def rows_resting_on(self, clinic: str, name: str) -> list[int]:
        """Return the sessions whose file has a name of `file_state.resting_names` in it."""
        return self._rows(
            "clinic = ? AND instr(file, ?) ORDER BY stream_row", (clinic, _json(name))
        )

    def all_rows(self) -> list[int]:
        """Return every session's row."""
        return self._rows("1 ORDER BY stream_row", ())

    def earlier(
        self, clinic: str, subject_id: str, before_ms: int, not_row: int
    ) -> tuple[EarlierSession, ...]:
        """Return the closed sessions of a subject that began before a moment, oldest first."""
        found = self._connection.execute(
            f"SELECT stream_row, {_AS_EARLIER} FROM sessions"  # noqa: S608  a constant
            " WHERE clinic = ? AND subject_id = ? AND is_open = 0"
            " AND started_ms < ? AND stream_row <> ?"
            " ORDER BY started_ms DESC, sender DESC, stream_id DESC LIMIT ?",
            (clinic, subject_id, before_ms, not_row, EARLIER_SESSIONS_MAX),
        )
        return tuple(self._earlier(row) for row in reversed(list(found)))

    def as_earlier(self, stream_row: int) -> AsEarlier | None:
        """Return what later sessions see of one; None if it is open, or nobody's, or of no time."""
        found = self._connection.execute(
            f"SELECT clinic, subject_id, stream_row, {_AS_EARLIER} FROM sessions"  # noqa: S608  a constant
            " WHERE stream_row = ? AND is_open = 0"
            " AND subject_id IS NOT NULL AND started_ms IS NOT NULL",
            (stream_row,),
        )
        return next((AsEarlier(row[0], row[1], self._earlier(row[2:])) for row in found), None)

    def _earlier(self, columns: tuple[Any, ...]) -> EarlierSession:
        stream_row, stream_id, visit_id, treatment, started_ms, day = columns
        spots = self._spots(stream_row)
        return EarlierSession(stream_id, visit_id, treatment, started_ms, day, spots)

    def _spots(self, stream_row: int) -> tuple[Spot, ...]:
        rows = self._connection.execute(
            "SELECT zone, laterality FROM zones WHERE stream_row = ?"
            " AND stroke_count + shot_count > 0 ORDER BY zone, laterality",
            (stream_row,),
        )
        return tuple(Spot(zone or None, side or None) for zone, side in rows)

    def _rows(self, where: str, bindings: tuple[Any, ...]) -> list[int]:
        query = f"SELECT stream_row FROM sessions WHERE {where}"  # noqa: S608  our own conditions
        return [int(row[0]) for row in self._connection.execute(query, bindings)]

    def _kept(self, where: str, bindings: tuple[Any, ...] = ()) -> list[Kept]:
        query = f"SELECT file, judgement FROM sessions WHERE {where}"  # noqa: S608  our own
        return [_unpacked(*row) for row in self._connection.execute(query, bindings)]


def packed(state: FileState, coverage: Coverage) -> str:
    """Return a session's file as the index keeps it."""
    spans = {name: getattr(coverage, name).spans() for name in ("settled", "rejected", "lost")}
    whole = {
        "state": _FILE.dump_python(state, mode="json"),
        "known_last": coverage.known_last,
        "end_seq": coverage.end_seq,
        **spans,
    }
    return _json(whole)


def packed_judgement(state: SessionState) -> str:
    """Return a judgement under way as the index keeps it."""
    return _STATE.dump_json(state).decode()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _unpacked(file: str, judgement: str | None) -> Kept:
    whole = json.loads(file)
    settled, rejected, lost = (
        SeqSet((first, last) for first, last in whole[name])
        for name in ("settled", "rejected", "lost")
    )
    coverage = Coverage(settled, rejected, lost, whole["known_last"], whole["end_seq"])
    coverage.next_seq = settled.first_absent()
    return Kept(
        _FILE.validate_python(whole["state"]),
        coverage,
        None if judgement is None else _STATE.validate_json(judgement),
    )
