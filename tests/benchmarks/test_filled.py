"""A filled journal is one the recorder could have written: it verifies, and its sessions read."""

from pathlib import Path

from benchmarks import filled
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify


def test_filled_journal_verifies_and_its_sessions_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    filled.fill(path, range(22), 5)
    assert verify(path).is_intact
    with JournalReader(path) as reader:
        stream = reader.stream(filled.session_key(21))
        assert stream is not None
        assert stream.completed_by is not None
        assert [entry.seq for entry in reader.read_stream(stream.row)] == [0, 1, 2, 3, 4]


def test_sessions_that_have_not_ended_stay_open(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    filled.fill(path, range(2), 3)
    filled.fill(path, range(2, 4), 3, ended=False)
    assert verify(path).is_intact
    with JournalReader(path) as reader:
        opened = [reader.stream(filled.session_key(number)) for number in range(4)]
    assert [stream is not None and stream.is_open for stream in opened] == [
        False,
        False,
        True,
        True,
    ]


def test_sessions_of_one_time_lie_between_one_another(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    filled.fill(path, range(3), 4, ended=False)
    with JournalReader(path) as reader:
        topics = [entry.topic for entry in reader.read_after(0)]
    assert len(set(topics[:3])) == 3
