"""How each part is told, and that one which is away, locked or half made is told as such."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace import sqlite
from dermatrace.forward.account import Account
from dermatrace.forward.measurements_recorder import PIPELINE
from dermatrace.forward.pipeline_parts import JUDGE_SILENT_MS, Facts, Part, Parts, Standing
from dermatrace.health import HealthServer, State
from dermatrace.ingest.health import Metrics, Reading
from dermatrace.ingest.inbox import Books
from dermatrace.journal.entry import Head
from dermatrace.judge.index import Index

NOW_MS = 1_780_000_000_000
STANDING = Standing(
    journal_entries=100,
    forwarded_entries=90,
    behind_s=1.5,
    account=Account(
        journalled_count=21,
        forwarded_count=1,
        quarantined_count=2,
        expired_count=3,
        erased_count=4,
        superseded_count=5,
        pending_count=6,
    ),
)
READING = Reading(
    books=Books(
        received_count=13,
        fates={"stored": 5, "rejected": 2},
        shed_count=1,
        waiting_count=3,
        waiting_bytes=300,
        in_hand_count=2,
    ),
    receipt_count=4,
    rejection_count=1,
    receipts_due_count=7,
    rejections_waiting_count=0,
    refused_count=0,
    connection_count=1,
    is_connected=True,
    head_entry_id=99,
    broker_dropped_count=11,
)


@pytest.fixture
def readings() -> list[Reading]:
    """Return what the recorder measures: the last of them."""
    return [READING]


@pytest.fixture
def page(readings: list[Reading]) -> Iterator[str]:
    metrics = Metrics(lambda: readings[-1])
    with closing(HealthServer("127.0.0.1", 0, metrics, State())) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Return the index of a judge that has read 70 entries and was seen alive just now."""
    path = tmp_path / "index.db"
    with Index(path) as opened:
        judged_to(opened, 70)
        opened.commit()
    seen_alive(path, NOW_MS)
    return path


def judged_to(index: Index, entry_id: int) -> None:
    index.begin()
    index.move_cursor(Head(entry_id, b"\x01" * 32), "digest")


def seen_alive(index: Path, at_ms: int) -> None:
    lock = index.with_name("index.db.lock")
    os.utime(lock, ns=(at_ms * 1_000_000,) * 2)


def look(page: str, index: Path, standing: Standing = STANDING) -> dict[Part, Facts]:
    return Parts(page, index, lambda: standing).look(NOW_MS)


def test_every_part_is_told_by_fields_of_the_table(page: str, index: Path) -> None:
    parts = look(page, index)
    assert set(parts) == {"ingest", "broker", "journal", "judge", "forward"}
    told = {name for facts in parts.values() for name in facts}
    assert told == set(PIPELINE.numbers)
    assert None not in {value for facts in parts.values() for value in facts.values()}


def test_recorder_and_broker_are_told_as_the_recorders_page_says(page: str, index: Path) -> None:
    parts = look(page, index)
    assert parts["ingest"] == {
        "is_up": 1,
        "is_connected": 1.0,
        "received_count": 13.0,
        "rejected_count": 2.0,
        "waiting_count": 5.0,
        "receipts_due_count": 7.0,
    }
    assert parts["broker"] == {"is_up": 1.0, "broker_dropped_count": 11.0}


def test_what_the_recorder_does_not_know_of_the_broker_is_unknown(
    page: str, index: Path, readings: list[Reading]
) -> None:
    readings.append(replace(READING, is_connected=False, broker_dropped_count=None))
    parts = look(page, index)
    assert parts["ingest"]["is_up"] == 1
    assert parts["broker"] == {"is_up": 0.0, "broker_dropped_count": None}


def test_recorder_that_does_not_answer_is_not_up_and_the_broker_unknown(
    free_port: int, index: Path
) -> None:
    parts = look(f"http://127.0.0.1:{free_port}", index)
    assert parts["ingest"] == {"is_up": 0}
    assert "broker" not in parts
    assert parts["judge"]["is_up"] == parts["journal"]["is_up"] == parts["forward"]["is_up"] == 1


def test_judge_is_told_by_its_cursor_and_its_sign_of_life(page: str, index: Path) -> None:
    assert look(page, index)["judge"] == {
        "is_up": 1,
        "judged_entries": 70,
        "behind_entries": 30,
    }


@pytest.mark.parametrize("at_ms", [NOW_MS - JUDGE_SILENT_MS - 1, NOW_MS + JUDGE_SILENT_MS + 1])
def test_judge_without_a_sign_of_life_is_not_up_but_its_cursor_is_told(
    page: str, index: Path, at_ms: int
) -> None:
    seen_alive(index, at_ms)
    assert look(page, index)["judge"] == {
        "is_up": 0,
        "judged_entries": 70,
        "behind_entries": 30,
    }


def test_judge_that_has_read_on_since_is_not_behind(page: str, index: Path) -> None:
    parts = look(page, index, replace(STANDING, journal_entries=60, forwarded_entries=61))
    assert parts["judge"]["behind_entries"] == 0
    assert parts["forward"]["behind_entries"] == 0


def test_judge_that_never_ran_is_not_up(page: str, tmp_path: Path) -> None:
    assert look(page, tmp_path / "index.db")["judge"] == {"is_up": 0}


def test_index_deleted_under_a_living_judge_tells_no_cursor(page: str, index: Path) -> None:
    for path in index.parent.glob("index.db*"):
        if path.suffix != ".lock":
            path.unlink()
    assert look(page, index)["judge"] == {
        "is_up": 1,
        "judged_entries": None,
        "behind_entries": None,
    }


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to look like one"])
def test_index_that_is_none_yet_tells_no_cursor(page: str, index: Path, content: bytes) -> None:
    index.with_name("index.db-wal").unlink(missing_ok=True)
    index.write_bytes(content)
    assert look(page, index)["judge"]["judged_entries"] is None


def test_index_without_a_cursor_yet_tells_none(page: str, index: Path) -> None:
    with closing(sqlite.open_writer(index)) as connection:
        connection.execute("DELETE FROM follower")
    assert look(page, index)["judge"]["judged_entries"] is None


def test_index_in_the_middle_of_a_commit_is_told_as_it_was_before(page: str, index: Path) -> None:
    with Index(index) as opened:
        judged_to(opened, 80)
        assert look(page, index)["judge"]["judged_entries"] == 70
        opened.commit()
    assert look(page, index)["judge"]["judged_entries"] == 80


@pytest.mark.slow
def test_index_that_somebody_keeps_locked_is_waited_for_no_longer_than_is_said(
    page: str, index: Path
) -> None:
    with closing(sqlite.open_writer(index)) as connection:
        connection.pragma("locking_mode", "exclusive")
        connection.execute("DELETE FROM facts")
        assert look(page, index)["judge"] == {
            "is_up": 1,
            "judged_entries": None,
            "behind_entries": None,
        }


def test_forwarding_is_told_with_its_whole_account(page: str, index: Path) -> None:
    told = look(page, index)["forward"]
    assert (told["forwarded_entries"], told["behind_entries"], told["behind_s"]) == (90, 10, 1.5)
    points = {name: value for name, value in told.items() if name.startswith("points_")}
    assert points.pop("points_journalled_count") == 21
    assert sorted(value or 0 for value in points.values()) == [1, 2, 3, 4, 5, 6]
