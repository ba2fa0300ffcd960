"""What one request reads: one moment of files that may not be there."""

from pathlib import Path

import pytest

from dermatrace.console.records import Records
from dermatrace.errors import JournalForked, WrongFile
from support.console_bench import NORTH
from support.judge_bench import JudgeBench, registry_messages


def _records(folder: Path) -> Records:
    return Records(folder / "journal.db", folder / "index.db")


def test_nothing_is_there_before_anything_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    with _records(tmp_path).open() as record:
        assert (record.journal, record.index) == (None, None)
        assert record.registry().clinics() == []


def test_index_that_is_just_being_made_is_none_yet(data: Path) -> None:
    for path in data.glob("index.db*"):
        path.unlink()
    (data / "index.db").touch()
    with _records(data).open() as record:
        assert record.journal is not None
        assert record.index is None


def test_file_of_another_sort_is_said(data: Path) -> None:
    records = Records(data / "index.db", data / "index.db")
    with pytest.raises(WrongFile, match="another sort"), records.open():
        pass


def test_index_of_another_journal_is_said(data: Path, tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    bench.record(registry_messages()[:3])
    bench.close()
    records = Records(tmp_path / "journal.db", data / "index.db")
    with pytest.raises(JournalForked), records.open():
        pass


def test_registry_is_read_again_only_when_something_was_added(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    north = [message for message in registry_messages() if f"/{NORTH}/" in message.topic]
    bench.record(north[:3])
    records = _records(tmp_path)
    with records.open() as record:
        first = record.registry()
    with records.open() as record:
        assert record.registry() is first
    bench.record(north[3:6])
    bench.close()
    with records.open() as record:
        assert len(record.registry().things(NORTH)) > len(first.things(NORTH))


def test_one_request_sees_one_moment(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    bench.record(registry_messages()[:1])
    with _records(tmp_path).open() as record:
        assert record.journal is not None
        before = record.journal.head()
        bench.record(registry_messages()[1:4])
        assert record.journal.head() == before
    bench.close()
