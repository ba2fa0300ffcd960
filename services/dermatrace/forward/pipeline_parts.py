"""How each part of the way is: the recorder by its page, the judge by its files, we by ourselves.

Looking changes nothing and holds nobody up: a part that cannot be looked at is told as not up.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from dermatrace import sqlite
from dermatrace.errors import ServerUnavailable, StorageError, WrongFile
from dermatrace.forward.account import Account
from dermatrace.forward.line import NS_PER_MS
from dermatrace.health import ask_numbers

JUDGE_SILENT_MS: Final = 20_000
"""A judge that has not set its lock file's time for so long is told as not up. It sets it every
5 s, later only while one batch keeps it busy."""

Part = Literal["ingest", "broker", "journal", "judge", "forward"]
Facts = Mapping[str, float | None]
"""Fields of one point; None is not known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where forwarding itself stands."""

    journal_entries: int
    forwarded_entries: int
    behind_s: float
    account: Account


class Parts:
    """Looks at all of them, one after the other."""

    def __init__(
        self, ingest_page: str, index_file: Path, standing: Callable[[], Standing]
    ) -> None:
        self._ingest_page = ingest_page
        self._index_file = index_file
        self._standing = standing

    def look(self, now_ms: int) -> dict[Part, Facts]:
        """Return what there is to be told of each part."""
        standing = self._standing()
        return {
            **_recorder(self._ingest_page),
            "journal": {"is_up": 1, "journal_entries": standing.journal_entries},
            "judge": _judge(self._index_file, standing.journal_entries, now_ms),
            "forward": _forward(standing),
        }


def _recorder(page: str) -> dict[Part, Facts]:
    try:
        told = ask_numbers(page)
    except ServerUnavailable:
        return {"ingest": {"is_up": 0}}

    def number(name: str, *labels: str) -> float | None:
        return told.get((f"dermatrace_ingest_{name}", *labels))

    is_connected = number("connected")
    return {
        "ingest": {
            "is_up": 1,
            "is_connected": is_connected,
            "received_count": number("received_messages_total"),
            "rejected_count": number("decided_messages_total", "rejected"),
            "waiting_count": number("in_flight_messages"),
            "receipts_due_count": number("receipts_due"),
        },
        # Of the broker we know only what the recorder, its one reader here, sees of it.
        "broker": {
            "is_up": is_connected,
            "broker_dropped_count": number("broker_dropped_messages"),
        },
    }


def _judge(index_file: Path, journal_entries: int, now_ms: int) -> Facts:
    # By the time it sets, not by trying the lock: a judge that starts just then would find it held.
    lock = index_file.with_name(f"{index_file.name}.lock")
    try:
        silent_ms = abs(now_ms - lock.stat().st_mtime_ns / NS_PER_MS)
    except OSError:
        return {"is_up": 0}
    judged = _judged_entries(index_file)
    return {
        "is_up": int(silent_ms <= JUDGE_SILENT_MS),
        "judged_entries": judged,
        # It may have gone on since we looked at the journal.
        "behind_entries": None if judged is None else max(0, journal_entries - judged),
    }


def _judged_entries(index_file: Path) -> int | None:
    """Return up to which entry the judge has got, if its index is there and tells."""
    try:
        with (
            contextlib.closing(sqlite.open_reader(index_file)) as index,
            sqlite.storage_errors(index_file),
        ):
            # The judge's own code knows this file; this one row is all that others read of it.
            if not index.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'follower'").get:
                return None
            found = index.execute("SELECT entry_id FROM follower").get
    except (WrongFile, StorageError):
        return None
    return None if found is None else int(found)


def _forward(standing: Standing) -> Facts:
    points = {f"points_{name}": value for name, value in asdict(standing.account).items()}
    return {
        "is_up": 1,
        "forwarded_entries": standing.forwarded_entries,
        "behind_entries": max(0, standing.journal_entries - standing.forwarded_entries),
        "behind_s": standing.behind_s,
        **points,
    }
