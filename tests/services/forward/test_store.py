"""forward.db: a step and its account are committed together, and a rebuild forgets everything."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from dermatrace import sqlite
from dermatrace.errors import AlreadyRunning, WrongFile
from dermatrace.forward.account import Account
from dermatrace.forward.step import (
    Counting,
    Deletion,
    Group,
    KeptMemory,
    Outcome,
    RaisedFinding,
    Refused,
    Step,
)
from dermatrace.forward.store import Store
from dermatrace.journal.entry import EMPTY, Head
from support.judge_bench import JudgeBench

HEAD: Final = Head(7, b"7" * 32)
ROW: Final = 3
NOW_MS: Final = 1_780_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty one."""
    with Store(tmp_path / "forward.db") as made:
        yield made


def _step(*groups: Group, journalled: int = 0, head: Head = HEAD) -> Step:
    step = Step(1, head, journalled_count=journalled)
    step.memories[ROW] = KeptMemory("session", b"kept", is_holding=False, pending_count=0)
    for group in groups:
        step.add(group)
    return step


def _group(count: int, counting: Counting = "kept", entry_id: int = 1) -> Group:
    lines = [f"thing,a=b n={n} {n}" for n in range(count)]
    return Group(entry_id, ROW, "sessions" if counting == "judged" else "raw", counting, lines)


def _deletion(*, whole: bool) -> Deletion:
    return Deletion(ROW, "c", "d", "s", "erased" if whole else "superseded", whole=whole)


def test_file_without_any_step_has_nothing(store: Store) -> None:
    assert store.place() == (EMPTY, 0, {}, False)
    assert store.account() == Account()
    assert list(store.quarantined()) == []


def test_each_line_counts_as_what_became_of_it(store: Store) -> None:
    step = _step(
        _group(5), _group(2, "judged"), _group(3, "replacing"), _group(9, "aside"), journalled=12
    )
    step.unattributed.append((4, "nobody knows"))
    step.superseded_count, step.erased_count = 1, 1
    refused = {0: [Refused("l", "w")], 3: [Refused("m", "w")]}
    step.journalled_count += 1
    store.commit(step, Outcome(refused, Counter({0: 2, 2: 1})), NOW_MS)
    account = store.account()
    assert account == Account(
        journalled_count=13, forwarded_count=4, quarantined_count=2, expired_count=3,
        erased_count=1, superseded_count=3,
    )  # fmt: skip
    assert account.difference_count == 0
    assert store.place().head == HEAD
    assert [(one.entry_id, one.line, one.words) for one in store.quarantined()] == [
        (1, "l", "w"), (1, "m", "w"), (4, "", "nobody knows"),
    ]  # fmt: skip


def test_new_judgement_takes_what_the_one_before_said_out_of_the_forwarded(store: Store) -> None:
    store.commit(_step(_group(5), _group(2, "judged"), journalled=7), Outcome(), NOW_MS)
    step = _step(_group(3, "judged"), journalled=3)
    step.deletions.append(_deletion(whole=False))
    store.commit(step, Outcome(), NOW_MS)
    assert store.account() == Account(10, forwarded_count=8, superseded_count=2)


def test_erasure_takes_everything_of_a_session_out_quarantine_included(store: Store) -> None:
    step = _step(_group(5), _group(2, "judged"), _group(2, "aside"), journalled=7)
    refused = {0: [Refused("l", "w")], 2: [Refused("m", "w")]}
    step.findings.append(RaisedFinding(ROW, 0, 0, "start", 1))
    store.commit(step, Outcome(refused), NOW_MS)
    erasing = _step()
    erasing.deletions.append(_deletion(whole=True))
    store.commit(erasing, Outcome(), NOW_MS)
    assert store.account() == Account(7, erased_count=7)
    assert list(store.quarantined()) == []
    assert store.finding(ROW, 0) is None
    again = _step()
    again.deletions.append(_deletion(whole=True))
    store.commit(again, Outcome(), NOW_MS)
    assert store.account() == Account(7, erased_count=7), "nothing is erased twice"


def test_what_is_remembered_is_read_back(store: Store) -> None:
    step = _step()
    step.memories[4] = KeptMemory("verdict", b"held", is_holding=True, pending_count=6)
    step.memories[5] = KeptMemory("verdict", b"waits", is_holding=True, pending_count=0)
    step.known["device", "c d"] = "f"
    found = RaisedFinding(ROW, 2, 1, "start", 9)
    step.findings.append(found)
    step.journalled_count = 6
    store.commit(step, Outcome(), NOW_MS)
    assert store.memory(ROW, "session") == b"kept"
    assert store.memory(ROW, "verdict") is None
    assert store.known("device", "c d") == "f"
    assert store.known("device", "other") is None
    assert store.finding(ROW, 2) == found
    assert store.holding_rows() == [(4, "verdict"), (5, "verdict")]
    assert store.account().pending_count == 6


class _FailsLast(Store):
    """A store whose last write of a step fails."""

    def _move(self, head: Head) -> None:
        super()._move(head)
        raise KeyboardInterrupt


def test_commit_that_fails_at_its_end_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "forward.db"
    with _FailsLast(path) as failing, pytest.raises(KeyboardInterrupt):
        failing.commit(_step(_group(5), journalled=5), Outcome(), NOW_MS)
    with Store(path) as store:
        assert store.account() == Account()
        assert store.memory(ROW, "session") is None
        assert store.place().head == EMPTY


def test_rebuild_forgets_everything_and_says_that_influxdb_is_to_be_emptied(store: Store) -> None:
    step = _step(_group(5), journalled=5)
    step.known["device", "c d"] = "f"
    store.commit(step, Outcome({0: [Refused("l", "w")]}), NOW_MS)
    store.note_buckets({"raw": "1"})
    store.begin_rebuild(HEAD)
    assert store.place() == (EMPTY, 7, {}, True)
    assert store.account() == Account()
    assert (store.memory(ROW, "session"), store.known("device", "c d")) == (None, None)
    assert list(store.quarantined()) == []
    store.note_emptied()
    assert not store.place().must_empty
    store.commit(_step(head=Head(9, b"9" * 32)), Outcome(), NOW_MS)
    assert store.place().rebuilt_to_entry_id == 7, "a restart goes on with the rebuild"


def test_buckets_are_noted_before_the_first_step_and_stay(store: Store) -> None:
    store.note_buckets({"raw": "1", "sessions": "2"})
    assert store.place() == (EMPTY, 0, {"raw": "1", "sessions": "2"}, False)
    store.commit(_step(), Outcome(), NOW_MS)
    assert store.place().bucket_ids == {"raw": "1", "sessions": "2"}
    assert store.place().head == HEAD


def test_one_process_writes_and_others_read(store: Store) -> None:
    with pytest.raises(AlreadyRunning):
        Store(store.path)
    with Store(store.path, read_only=True) as reading:
        store.commit(_step(_group(1), journalled=1), Outcome(), NOW_MS)
        assert reading.account().forwarded_count == 1


def test_file_of_another_sort_is_refused(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    bench.close()
    for read_only in (False, True):
        with pytest.raises(WrongFile, match="another sort"):
            Store(tmp_path / "journal.db", read_only=read_only)
    with pytest.raises(WrongFile, match="there is no file"):
        Store(tmp_path / "forward.db", read_only=True)


def test_form_that_this_program_does_not_know_is_refused(store: Store) -> None:
    with closing(sqlite.open_writer(store.path)) as newer:
        newer.pragma("user_version", 99)
    with pytest.raises(WrongFile, match="form 99"):
        Store(store.path, read_only=True)
