"""The judge of all faults is judged first: it sees each kind of damage, and none where none is."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.journal.entry import NewEntry
from dermatrace.journal.streams import StreamKey
from dermatrace.journal.writer import Journal
from dermatrace_schemas.digest import payload_sha256
from support.checker import History, copy_as_left, judge
from support.faults_senders import CLINIC, STREAM_ID, event_payload

STREAM = StreamKey(CLINIC, "pen-1", "session", STREAM_ID)
TOPIC = f"dermatrace/v1/{CLINIC}/pen-1/session/{STREAM_ID}"


def _journal_with(path: Path, documents: Iterable[tuple[int, bytes]]) -> Journal:
    journal = Journal(path, SystemClock())
    with journal.batch() as batch:
        record = batch.stream(STREAM)
        for seq, payload in documents:
            digest = payload_sha256(payload)
            entry = NewEntry(0, "accepted", TOPIC, payload, digest, seq, stream_key=record.row)
            record.last_entry_id = batch.append(entry)
            record.first_entry_id = record.first_entry_id or record.last_entry_id
            record.coverage.accept(seq, 0)
        batch.store_stream(record)
    return journal


def _history_of(count: int) -> History:
    history = History()
    for seq in range(count):
        history.note_published((TOPIC, seq), event_payload(seq))
    return history


def _documents(*numbers: int) -> list[tuple[int, bytes]]:
    return [(seq, event_payload(seq)) for seq in numbers]


def test_everything_in_its_place_is_clean(tmp_path: Path) -> None:
    history = _history_of(3)
    history.note_receipt(TOPIC, 3, (), ())
    _journal_with(tmp_path / "j.db", _documents(0, 1, 2)).close()
    found = judge(history, tmp_path / "j.db")
    assert found.is_clean
    assert not found.unsettled
    assert found.published_count == 3


def test_receipted_document_that_is_absent_is_lost(tmp_path: Path) -> None:
    history = _history_of(3)
    history.note_receipt(TOPIC, 2, (), ())
    _journal_with(tmp_path / "j.db", _documents(0)).close()
    found = judge(history, tmp_path / "j.db", at_crash=True)
    assert found.lost == {(TOPIC, 1)}
    assert found.unsettled == {(TOPIC, 1), (TOPIC, 2)}


def test_promise_outlives_a_receipt_that_tells_of_less(tmp_path: Path) -> None:
    history = _history_of(3)
    history.note_receipt(TOPIC, 3, (), ())
    history.note_receipt(TOPIC, 1, (), ())
    _journal_with(tmp_path / "j.db", _documents(0)).close()
    assert judge(history, tmp_path / "j.db").lost == {(TOPIC, 1), (TOPIC, 2)}


def test_rejected_and_declared_lost_numbers_are_no_promise(tmp_path: Path) -> None:
    history = _history_of(3)
    history.note_receipt(TOPIC, 3, [(1, 1)], [(2, 2)])
    _journal_with(tmp_path / "j.db", _documents(0)).close()
    assert not judge(history, tmp_path / "j.db").lost


def test_trusted_answer_counts_in_the_end_and_not_at_a_crash(tmp_path: Path) -> None:
    history = _history_of(1)
    history.note_answered((TOPIC, 0), is_trusted=True)
    _journal_with(tmp_path / "j.db", _documents()).close()
    assert not judge(history, tmp_path / "j.db", at_crash=True).lost
    assert judge(history, tmp_path / "j.db").lost == {(TOPIC, 0)}


def test_document_stored_twice_is_doubled(tmp_path: Path) -> None:
    _journal_with(tmp_path / "j.db", _documents(0, 1, 1)).close()
    assert judge(_history_of(2), tmp_path / "j.db", at_crash=True).doubled == {(TOPIC, 1)}


def test_other_bytes_are_altered(tmp_path: Path) -> None:
    _journal_with(tmp_path / "j.db", [(0, event_payload(0) + b" ")]).close()
    assert judge(_history_of(1), tmp_path / "j.db").altered == {(TOPIC, 0)}


def test_broken_chain_is_reported(tmp_path: Path) -> None:
    journal = _journal_with(tmp_path / "j.db", _documents(0))
    journal._connection.execute("UPDATE entries SET received_ms = 7")  # noqa: SLF001  damage
    journal.close()
    assert judge(_history_of(1), tmp_path / "j.db").chain_faults


@pytest.mark.parametrize("count", [1, 200])
def test_copy_of_a_journal_with_a_wal_holds_everything(tmp_path: Path, count: int) -> None:
    journal = _journal_with(tmp_path / "j.db", _documents(*range(count)))
    copy = copy_as_left(tmp_path / "j.db", tmp_path / "copies")
    journal.close()
    assert not judge(_history_of(count), copy).unsettled
