"""What is not forwarded yet is counted as forwarding will count it."""

from pathlib import Path

import pytest

from dermatrace.forward.outstanding import READ_ENTRIES_MAX, outstanding
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from support.forward_bench import ForwardBench, influx_of
from support.influx_org import InfluxOrg
from support.judged_clinic import fill
from support.scribe import SESSION, Scribe, alive

VERDICT_OF_NOBODY = StreamKey("north-clinic", "pen-7", "verdict", "s-1")


@pytest.mark.influx
def test_points_of_the_whole_journal_are_those_that_forwarding_counts(
    tmp_path: Path, influx: InfluxOrg
) -> None:
    fill(tmp_path)
    with JournalReader(tmp_path / "journal.db") as reader:
        told = [outstanding(reader, entry_id) for entry_id in (0, 100)]
        head = reader.head().entry_id
        nothing = outstanding(reader, head)
    with influx_of(influx, tmp_path) as points:
        bench = ForwardBench(tmp_path, points)
        before = bench.catch_up(up_to=100).journalled_count
        account = bench.catch_up()
    assert told[0].point_count == account.journalled_count > before > 0
    assert told[1].point_count == account.journalled_count - before
    assert told[0].is_all
    assert nothing == (0, True)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return a journal of which each entry calls for one point, or for none."""
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(10)))
        scribe.refuse(SESSION, None, b"nonsense")
        scribe.refuse(SESSION, 3, alive(3) + b" ", "conflict")
        scribe.accept(StreamKey("north-clinic", "pen-7", "chart", "c-1"), 0, b"{}")
    return path


def test_refused_messages_call_for_one_point_each_and_charts_for_none(journal: Path) -> None:
    with JournalReader(journal) as reader:
        assert outstanding(reader, 0) == (12, True)


@pytest.mark.parametrize(("entries_max", "points", "is_all"), [(5, 5, False), (13, 12, True)])
def test_count_ends_at_its_bound_and_says_so(
    journal: Path, entries_max: int, points: int, *, is_all: bool
) -> None:
    with JournalReader(journal) as reader:
        assert outstanding(reader, 0, entries_max=entries_max) == (points, is_all)


def test_more_entries_than_are_read_at_a_time_are_all_counted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(READ_ENTRIES_MAX + 1)))
    with JournalReader(path) as reader:
        assert outstanding(reader, 0) == (READ_ENTRIES_MAX + 1, True)
