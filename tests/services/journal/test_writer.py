"""Appending is all or nothing, and what was erased is gone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dermatrace.errors import AlreadyRunning, JournalDamaged, StorageFailed, StorageFull
from dermatrace.journal.entry import EMPTY, Head, NewEntry, entry_hash
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify
from dermatrace.journal.writer import Journal
from dermatrace.sqlite import Connection
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.system import SystemOpened
from support.faulty_disk import DiskFault, faulty_disk
from support.manual_clock import NOON_MS, ManualClock
from support.scribe import SESSION, Scribe, alive

SECRET = b'{"seq":0,"note":"the subject told us something"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal of a test goes."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Return an open journal."""
    opened = Journal(path, ManualClock())
    yield opened
    opened.close()


def _entry(seq: int = 0, payload: bytes = b"{}", topic: str = "a/b") -> NewEntry:
    return NewEntry(NOON_MS, "rejected", topic, payload, payload_sha256(payload), seq, "[]")


def _append(journal: Journal, *entries: NewEntry) -> None:
    with journal.batch() as batch:
        for entry in entries:
            batch.append(entry)


def _bytes_on_disk(path: Path) -> bytes:
    return b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))


# --- appending ----------------------------------------------------------------------------------


def test_new_journal_is_empty_and_has_a_name(journal: Journal) -> None:
    assert journal.head == EMPTY
    assert len(journal.journal_id) == 16


def test_entries_are_numbered_from_1_and_chained(journal: Journal, path: Path) -> None:
    entries = [_entry(seq) for seq in range(3)]
    with journal.batch() as batch:
        assert [batch.append(entry) for entry in entries] == [1, 2, 3]
    _append(journal, _entry(3))
    expected = EMPTY.entry_hash
    for entry_id, entry in enumerate([*entries, _entry(3)], start=1):
        expected = entry_hash(expected, entry_id, entry)
    assert journal.head == Head(4, expected)
    assert verify(path).head == journal.head


def test_error_in_a_batch_leaves_nothing_of_it(journal: Journal, path: Path) -> None:
    _append(journal, _entry())
    with pytest.raises(OverflowError):
        _append(journal, _entry(1), _entry(2**64))
    assert journal.head.entry_id == 1
    assert verify(path).entry_count == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("full", StorageFull), ("write", StorageFailed), ("sync", StorageFailed)],
)
def test_after_a_storage_error_the_journal_takes_nothing_more(
    path: Path, fault: DiskFault, expected: type[Exception]
) -> None:
    with faulty_disk() as disk, Scribe(path) as scribe:
        scribe.accept(SESSION, 0, alive(0))
        disk.fault = fault
        with pytest.raises(expected):
            scribe.accept(SESSION, 1, alive(1), alive(2))
        disk.fault = None
        with pytest.raises(StorageFailed, match="an earlier write failed"):
            scribe.accept(SESSION, 1, alive(1))
    with Scribe(path) as scribe:
        # After a failed sync nobody knows; but then all of the batch is there, or nothing.
        assert scribe.journal.head.entry_id in ({1, 3} if fault == "sync" else {1})
    assert verify(path).is_intact


def test_reads_see_what_the_batch_appended_before(journal: Journal) -> None:
    with journal.batch() as batch:
        row = batch.stream(SESSION).row
        accepted = NewEntry(NOON_MS, "accepted", "t", b"1", b"1" * 32, 5, None, row)
        rejected = NewEntry(NOON_MS, "rejected", "t", b"2", b"2" * 32, 5, "[]", row)
        accepted_id, rejected_id = batch.append(accepted), batch.append(rejected)
        assert batch.outcomes_at(row, 5) == {b"1" * 32: "accepted", b"2" * 32: "rejected"}
        assert batch.outcomes_at(row, 6) == {}
        assert batch.rejected_entry("t", b"2" * 32) == rejected_id
        assert batch.rejected_entry("other", b"2" * 32) is None
        assert batch.rejected_entry("t", b"1" * 32) is None
        assert batch.entries_of_stream(row) == [accepted_id, rejected_id]
        assert batch.stream_key_of(accepted_id) == SESSION


def test_report_is_news_when_it_differs_from_the_last_on_its_topic(journal: Journal) -> None:
    with journal.batch() as batch:
        assert batch.report_is_news("t", b"1")
        batch.remember_report("t", b"1", 1)
        assert not batch.report_is_news("t", b"1")
        assert batch.report_is_news("t", b"2")
        assert batch.report_is_news("u", b"1")
        batch.remember_report("t", b"2", 2)
        assert batch.report_is_news("t", b"1")


def test_mentions_are_found_both_ways(journal: Journal) -> None:
    with journal.batch() as batch:
        for subject, entry_id in (("a", 1), ("a", 2), ("b", 2), ("a", 2)):
            batch.mention(subject, entry_id)
        assert batch.entries_mentioning("a") == [1, 2]
        assert sorted(batch.mentions_in(2)) == ["a", "b"]


def test_what_the_recorder_knows_is_an_entry_like_any_other(journal: Journal, path: Path) -> None:
    document = SystemOpened(
        kind="system.opened",
        at_ms=NOON_MS,
        journal_id=journal.journal_id,
        software_version="0.1.0",
        contract_version=1,
    )
    with journal.batch() as batch:
        batch.append_system(document)
    with JournalReader(path) as reader:
        (entry,) = reader.read_after(0)
    assert (entry.outcome, entry.topic, entry.seq) == ("system", "dermatrace/system", None)
    assert entry.payload == document.model_dump_json().encode()


def test_hash_of_an_entry_can_be_asked_for(journal: Journal) -> None:
    _append(journal, _entry())
    assert journal.entry_head(1) == journal.head
    with pytest.raises(JournalDamaged, match="entry 2 is not there"):
        journal.entry_head(2)


# --- opening ------------------------------------------------------------------------------------


def test_reopened_journal_goes_on_where_it_was(path: Path) -> None:
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, alive(0), alive(1))
        head, journal_id = scribe.journal.head, scribe.journal.journal_id
    with Scribe(path) as scribe:
        assert (scribe.journal.head, scribe.journal.journal_id) == (head, journal_id)
        (stream,) = scribe.journal.open_streams()
        assert stream.coverage.next_seq == 2


def test_second_recorder_is_refused_and_told_why(journal: Journal, path: Path) -> None:
    assert journal.head == EMPTY
    with pytest.raises(AlreadyRunning, match="in use by process"):
        Journal(path, ManualClock())


def test_journal_that_does_not_open_is_not_held(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)
    for _ in range(2):
        with pytest.raises(Exception, match="not a readable database"):
            Journal(path, ManualClock())


def test_copy_becomes_a_journal_of_its_own(path: Path) -> None:
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, alive(0))
        before, journal_id = scribe.journal.head, scribe.journal.journal_id
    with closing(Connection(str(path))) as connection:
        connection.execute("UPDATE journal SET is_copy = 1")
    with Scribe(path) as scribe:
        new_id = scribe.journal.journal_id
        assert new_id != journal_id
    with JournalReader(path) as reader:
        (entry,) = reader.read_after(before.entry_id)
    assert entry.payload is not None
    for told in ("system.restored", new_id, journal_id, before.entry_hash.hex()):
        assert told.encode() in entry.payload
    with Scribe(path) as scribe:
        assert scribe.journal.journal_id == new_id
        assert scribe.journal.head.entry_id == entry.entry_id


def test_copy_of_an_empty_journal_takes_a_new_name_too(path: Path) -> None:
    with Scribe(path) as scribe:
        journal_id = scribe.journal.journal_id
    with closing(Connection(str(path))) as connection:
        connection.execute("UPDATE journal SET is_copy = 1")
    with Scribe(path) as scribe:
        assert scribe.journal.journal_id != journal_id
        assert scribe.journal.head == EMPTY


# --- erasing ------------------------------------------------------------------------------------


def test_erased_payload_is_nowhere_in_the_files(path: Path) -> None:
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, SECRET, *(alive(seq) for seq in range(1, 50)))
        assert SECRET in _bytes_on_disk(path)
        order_id = scribe.accept(SESSION._replace(stream_id="s-2"), 0, alive(0))
        scribe.erase(SESSION, order_id)
        assert SECRET not in _bytes_on_disk(path)
        assert b"event" in _bytes_on_disk(path)
    assert SECRET not in _bytes_on_disk(path)


def test_erased_payload_leaves_the_wal_once_the_reader_in_the_way_is_gone(path: Path) -> None:
    with Scribe(path) as scribe:
        order_id = scribe.accept(SESSION, 0, SECRET)
        with JournalReader(path) as reader, reader.snapshot():
            scribe.erase(SESSION, order_id)
            assert SECRET in _bytes_on_disk(path)
            assert reader.read_after(0)[0].payload == SECRET
        scribe.accept(SESSION._replace(stream_id="s-2"), 0, alive(0))
        assert SECRET not in _bytes_on_disk(path)


def test_erasing_names_only_what_was_still_there(journal: Journal) -> None:
    with journal.batch() as batch:
        for seq in range(4):
            batch.mention("subject:a", batch.append(_entry(seq)))
        assert batch.erase_payloads([2, 3]) == [2, 3]
        assert batch.erase_payloads([1, 2, 99]) == [1]
        assert batch.entries_mentioning("subject:a") == [4]
    with JournalReader(journal.path) as reader:
        assert [entry.payload is None for entry in reader.read_after(0)] == [True] * 3 + [False]
