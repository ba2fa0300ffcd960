"""Readers see one moment, page by page, and notice when they read another journal."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dermatrace import sqlite
from dermatrace.errors import JournalDamaged, JournalForked, JournalReplaced, WrongFile
from dermatrace.journal.entry import EMPTY, Head
from dermatrace.journal.migrations import APPLICATION_ID, MIGRATIONS
from dermatrace.journal.reader import JournalReader, SenderRecord, is_made
from support.pipeline_bench import PipelineBench
from support.scribe import CHART, SESSION, Scribe, alive
from support.tampering import edited

OTHER = SESSION._replace(stream_id="s-2")


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    """Return a journal of ten entries of a session: numbers 0 to 9."""
    with Scribe(tmp_path / "journal.db") as opened:
        opened.accept(SESSION, 0, *(alive(seq) for seq in range(10)))
        yield opened


@pytest.fixture
def reader(scribe: Scribe) -> Iterator[JournalReader]:
    """Return a reader of it."""
    with JournalReader(scribe.path) as opened:
        yield opened


def test_reading_on_page_by_page_misses_nothing(reader: JournalReader) -> None:
    seen, sizes = [0], []
    while entries := reader.read_after(seen[-1], limit=4):
        seen += [entry.entry_id for entry in entries]
        sizes.append(len(entries))
    assert seen == list(range(11))
    assert sizes == [4, 4, 2]


def test_entries_come_back_as_they_were_appended(reader: JournalReader) -> None:
    entry = reader.entry(4)
    assert entry is not None
    assert (entry.outcome, entry.seq, entry.payload) == ("accepted", 3, alive(3))
    assert entry.topic == "dermatrace/v1/north-clinic/pen-7/session/s-1"
    assert reader.entry(11) is None


def test_follower_finds_its_place(reader: JournalReader, scribe: Scribe) -> None:
    reader.follow_from(EMPTY)
    reader.follow_from(reader.head())
    scribe.accept(SESSION, 10, alive(10))
    assert reader.head() == scribe.journal.head
    reader.follow_from(scribe.journal.entry_head(3))


@pytest.mark.parametrize("seen", [Head(3, bytes(32)), Head(11, bytes(32))])
def test_follower_of_another_journal_is_told(reader: JournalReader, seen: Head) -> None:
    with pytest.raises(JournalForked, match=f"entry {seen.entry_id} differs"):
        reader.follow_from(seen)


def test_journal_that_grows_is_still_in_its_place(reader: JournalReader, scribe: Scribe) -> None:
    scribe.accept(SESSION, 10, alive(10))
    reader.check_in_place()


def test_reader_of_a_file_that_was_put_aside_is_told(
    reader: JournalReader, scribe: Scribe, tmp_path: Path
) -> None:
    kept = tmp_path / "journal.db.before-restore-1"
    scribe.path.rename(kept)
    with pytest.raises(JournalReplaced):
        reader.check_in_place()
    scribe.path.write_bytes(kept.read_bytes())
    with pytest.raises(JournalReplaced, match="another file than the one that is being read"):
        reader.check_in_place()


def test_stream_is_read_in_its_own_order_whatever_came_first(
    reader: JournalReader, scribe: Scribe
) -> None:
    for seq in (3, 0, 2, 1):
        scribe.accept(OTHER, seq, alive(seq))
    scribe.refuse(OTHER, 4, b"broken")
    row = _row(reader)
    assert [entry.seq for entry in reader.read_stream(row)] == [0, 1, 2, 3]
    assert [entry.seq for entry in reader.read_stream(row, 1, 2)] == [1, 2]
    assert [entry.seq for entry in reader.read_stream(row, limit=3)] == [0, 1, 2]
    assert [entry.seq for entry in reader.read_stream(row, 3, limit=3)] == [3]
    assert [entry.seq for entry in reader.stream_entries(row, "accepted")] == [3, 0, 2, 1]
    assert [entry.payload for entry in reader.stream_entries(row, "rejected")] == [b"broken"]
    assert [seq for seq, _ in reader.payload_digests(row, 2)] == [0, 1, 2]


def test_messages_without_a_number_are_counted(reader: JournalReader, scribe: Scribe) -> None:
    scribe.refuse(OTHER, None, b"broken")
    scribe.refuse(OTHER, None, b"broken otherwise")
    scribe.refuse(OTHER, 0, b"numbered")
    assert reader.rejected_without_seq_count(_row(reader)) == 2


def test_streams_are_found_by_name_class_and_row(reader: JournalReader, scribe: Scribe) -> None:
    scribe.accept(OTHER, 0, alive(0))
    scribe.accept(CHART, 0, b"{}")
    elsewhere = OTHER._replace(sender="pen-8")
    scribe.accept(elsewhere, 0, alive(0))
    assert reader.stream(SESSION._replace(stream_id="s-9")) is None
    assert reader.stream_by_row(99) is None
    found = reader.stream(OTHER)
    assert found is not None
    assert found == reader.stream_by_row(found.row)
    newest = [stream.key for stream in reader.streams_of_class("session", newest=2)]
    assert newest == [elsewhere, OTHER]
    assert {s.key for s in reader.streams_named("session", "s-2")} == {OTHER, elsewhere}
    assert [s.key for s in reader.all_streams()] == [SESSION, OTHER, CHART, elsewhere]


def test_snapshot_keeps_still_while_the_writer_goes_on(
    reader: JournalReader, scribe: Scribe
) -> None:
    with reader.snapshot():
        scribe.accept(OTHER, 0, alive(0))
        assert reader.head().entry_id == 10
        assert reader.stream(OTHER) is None
    assert reader.head().entry_id == 11


def test_journal_can_be_read_when_ingest_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, alive(0))
        journal_id = scribe.journal.journal_id
    with JournalReader(path) as reader:
        assert reader.journal_id == journal_id
        assert reader.head().entry_id == 1


def test_missing_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="there is no file"):
        JournalReader(tmp_path / "journal.db")


def test_text_that_is_none_is_damage_and_its_place_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(3)))
    with edited(path) as connection:
        connection.execute("UPDATE entries SET topic = CAST(x'ff41' AS TEXT) WHERE entry_id = 2")
    with JournalReader(path) as reader, pytest.raises(JournalDamaged, match="entry after 1 holds"):
        reader.read_after(0)


def _row(reader: JournalReader) -> int:
    stream = reader.stream(OTHER)
    assert stream is not None
    return stream.row


def test_refused_come_newest_first_with_their_topic(scribe: Scribe, reader: JournalReader) -> None:
    rejected_id = scribe.refuse(SESSION, None, b"{")
    conflict_id = scribe.refuse(OTHER, 3, alive(3), "conflict")
    scribe.accept(OTHER, 4, alive(4))
    newest_id = scribe.refuse(CHART, 0, b"[]")
    found = dict(reader.refused_ids(newest_id + 1))
    assert list(found) == [newest_id, conflict_id, rejected_id]
    assert found[conflict_id].endswith("/session/s-2")
    assert list(dict(reader.refused_ids(conflict_id))) == [rejected_id]


def test_senders_of_sessions_are_told_with_how_many_and_when(tmp_path: Path) -> None:
    with PipelineBench(tmp_path / "journal.db") as bench:
        for key, step_ms in ((SESSION, 5_000), (OTHER, 0), (CHART, 5_000)):
            bench.clock.advance(step_ms)
            bench.send(alive(0), to=key)
        with JournalReader(bench.path) as reader:
            assert reader.senders() == [SenderRecord(*SESSION[:2], 2, bench.clock.utc_ms() - 5_000)]


def test_newest_entry_of_a_class_is_known_without_reading_others(
    scribe: Scribe, reader: JournalReader
) -> None:
    assert reader.newest_entry_of_class("chart") == 0
    entry_id = scribe.accept(CHART, 0, b"{}")
    scribe.accept(SESSION, 10, alive(10))
    assert reader.newest_entry_of_class("chart") == entry_id


def test_report_that_never_came_is_none(reader: JournalReader) -> None:
    assert reader.report("dermatrace/v1/north-clinic/pen-7/status") is None


def test_journal_is_made_once_all_of_it_is_there(tmp_path: Path) -> None:
    """Whoever follows it may look at any moment while the recorder makes it."""
    path = tmp_path / "journal.db"
    assert not is_made(path)
    path.touch()
    assert not is_made(path)
    path.unlink()
    with closing(sqlite.open_writer(path)) as connection:
        assert not is_made(path)
        for count in range(len(MIGRATIONS)):
            sqlite.migrate(connection, path, MIGRATIONS[:count], application_id=APPLICATION_ID)
            assert not is_made(path)
        sqlite.migrate(connection, path, MIGRATIONS, application_id=APPLICATION_ID)
        assert is_made(path)


def test_what_will_never_be_a_journal_is_refused(scribe: Scribe, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite.open_writer(other)) as connection:
        sqlite.migrate(connection, other, MIGRATIONS, application_id=1)
    with pytest.raises(WrongFile, match="another sort"):
        is_made(other)
    with closing(sqlite.open_writer(scribe.path)) as newer:
        newer.pragma("user_version", len(MIGRATIONS) + 1)
    with pytest.raises(WrongFile, match=f"form {len(MIGRATIONS) + 1}"):
        is_made(scribe.path)
