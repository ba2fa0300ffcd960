"""What the index keeps comes back as it was; nothing lasts that was not committed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.errors import AlreadyRunning, StorageError, WrongFile
from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import EMPTY, Head
from dermatrace.journal.writer import Journal
from dermatrace.judge.case import Ending
from dermatrace.judge.context import EarlierSession
from dermatrace.judge.file_state import Basis, FileState
from dermatrace.judge.index import (
    Index,
    packed,
    packed_judgement,
)
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.summarising import summaries
from dermatrace.seqset import SeqSet
from support.index_rows import index_row
from support.manual_clock import ManualClock
from support.visit_cases import ORDERLY, SESSION, START_MS, started, strokes, zone_entered

CLINIC = "north-clinic"
HEAD = Head(7, b"\x01" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def index(path: Path) -> Iterator[Index]:
    with Index(path) as opened:
        yield opened


def busy_state() -> FileState:
    """Return a file state of which no member is as it begins."""
    return FileState(
        session=SESSION,
        row=3,
        first_entry_id=11,
        first_received_ms=START_MS,
        pinned_entry_id=12,
        position=5,
        waiting={7: 21, 9: 23},
        is_late=True,
        is_closed=True,
        is_silent=True,
        is_erased=True,
        is_by_silence=True,
        generation=2,
        cause="chart_fact",
        verdict_seq=14,
        is_muted=True,
        state_count=4,
        shown='running|"a"',
        fingerprint="f" * 64,
        grade="disputed",
        conflicts=[4, 4, 6],
        offset_ms={"boot-1": -5, "boot-2": 10**12},
        offset_seqs={"boot-1": 0, "boot-2": 8},
        basis=Basis(
            20,
            {"boot-1": 3},
            (
                EarlierSession(
                    "s-0", None, "rf_needling", START_MS - 1, 20_000, (Spot("cheek", "left"),)
                ),
                EarlierSession("s-00", "v-0", None, None, None, (NOWHERE, Spot("chin"))),
            ),
        ),
        rests_on=["protocol/one/1", "a" * 64],
    )


def busy_coverage() -> Coverage:
    """Return what is known of a stream with every sort of number, beyond a page of them."""
    return Coverage(
        SeqSet([(0, 4), (6, 2_000)]),
        SeqSet([(3, 3)]),
        SeqSet([(1_500, 1_600)]),
        known_last=2_010,
        end_seq=2_010,
    )


def judge_under_way() -> SessionJudge:
    """Return a judgement that has read a few documents and raised a few findings."""
    judge = SessionJudge(ORDERLY)
    for document in (started(), zone_entered(1, "chin"), strokes(2, 2.5), strokes(3, zone=None)):
        judge.feed(document)
    return judge


# --- a session's file -----------------------------------------------------------------------------


def test_file_state_comes_back_member_by_member(index: Index) -> None:
    state = busy_state()
    index.keep(index_row(3, file=packed(state, Coverage())))
    kept = index.file(3)
    assert kept is not None
    assert kept.state == state
    assert all(isinstance(seq, int) for seq in kept.state.waiting)
    assert isinstance(kept.state.basis.earlier[0].spots[0], Spot)


def test_no_member_of_the_file_state_is_left_out_of_that_test() -> None:
    plain = FileState(SESSION, 3, 11, START_MS)
    same = [name for name in FileState.__slots__ if _get(busy_state(), name) == _get(plain, name)]
    assert same == ["session", "row", "first_entry_id", "first_received_ms"]


def _get(state: FileState, name: str) -> object:
    value: object = getattr(state, name)
    return value


def test_coverage_comes_back_and_knows_its_first_absent_number(index: Index) -> None:
    coverage = busy_coverage()
    index.keep(index_row(3, file=packed(busy_state(), coverage)))
    kept = index.file(3)
    assert kept is not None
    back = kept.coverage
    for name in ("settled", "rejected", "lost"):
        assert getattr(back, name).spans() == getattr(coverage, name).spans()
    assert (back.known_last, back.end_seq, back.next_seq) == (2_010, 2_010, 5)
    assert not back.is_complete()


def test_coverage_of_a_stream_without_end_stays_without_one(index: Index) -> None:
    index.keep(index_row(3, file=packed(busy_state(), Coverage())))
    kept = index.file(3)
    assert kept is not None
    assert (kept.coverage.end_seq, kept.coverage.known_last) == (None, -1)


def test_judgement_read_again_goes_on_and_ends_like_one_never_interrupted(index: Index) -> None:
    whole = judge_under_way()
    file = packed(FileState(SESSION, 3, 11, START_MS), Coverage())
    index.keep(index_row(3, is_open=1, file=file, judgement=packed_judgement(whole.state)))
    (kept,) = index.open_files()
    assert kept.judgement == whole.state
    again = SessionJudge(ORDERLY, kept.judgement)
    ending = Ending(expected_count=6)
    for judge in (whole, again):
        judge.feed(strokes(4, 2.5))
        judge.feed(strokes(5, 1.0))
        judge.close(ending)
    assert again.state == whole.state
    assert summaries(again, ending) == summaries(whole, ending)


def test_numbers_beyond_every_number_come_back_as_they_were(index: Index) -> None:
    judge = judge_under_way()
    judge.state.numbers["a.rule"] = float("inf")
    file = packed(FileState(SESSION, 3, 11, START_MS), Coverage())
    index.keep(index_row(3, file=file, judgement=packed_judgement(judge.state)))
    kept = index.file(3)
    assert kept is not None
    assert kept.judgement is not None
    assert kept.judgement.numbers["a.rule"] == float("inf")


def test_session_nobody_has_heard_of_has_no_file(index: Index) -> None:
    assert index.file(3) is None
    assert index.row_of_session(SESSION) is None
    assert index.as_earlier(3) is None
    assert index.open_files() == []


def test_keeping_a_session_again_replaces_its_zones_and_findings(index: Index) -> None:
    finding = {"rule": "data.gap"}
    index.keep(index_row(1, zones=({"zone": "chin"},), findings=(finding, finding)))
    index.keep(index_row(2, zones=({"zone": "nose"},), findings=(finding,)))
    index.keep(index_row(1, zones=({"zone": "cheek"},), findings=(finding,)))
    zones = index.connection.execute("SELECT stream_row, zone FROM zones ORDER BY stream_row")
    assert list(zones) == [(1, "cheek"), (2, "nose")]
    found = index.connection.execute("SELECT stream_row, number FROM findings ORDER BY stream_row")
    assert list(found) == [(1, 0), (2, 0)]


def test_keeping_the_file_alone_leaves_everything_else_of_the_session(index: Index) -> None:
    index.keep(index_row(3, status="closed", grade="complete", findings=({"rule": "data.gap"},)))
    index.keep_file(FileState(SESSION, 3, 11, START_MS, position=8), busy_coverage())
    kept = index.file(3)
    assert kept is not None
    assert (kept.state.position, kept.coverage.end_seq) == (8, 2_010)
    query = "SELECT grade, (SELECT count(*) FROM findings) FROM sessions"
    assert list(index.connection.execute(query)) == [("complete", 1)]


def test_only_open_sessions_are_open_files_in_the_order_of_their_rows(index: Index) -> None:
    for row, is_open in ((5, 1), (2, 1), (3, 0)):
        file = packed(FileState(SESSION, row, 11, START_MS), Coverage())
        index.keep(index_row(row, is_open=is_open, file=file))
    assert [kept.state.row for kept in index.open_files()] == [2, 5]


# --- where it has got to --------------------------------------------------------------------------


def test_new_index_is_at_the_beginning(index: Index) -> None:
    assert index.cursor() == (EMPTY, "")


def test_cursor_moved_twice_is_where_it_was_moved_last(index: Index) -> None:
    index.move_cursor(HEAD, "a" * 64)
    index.move_cursor(Head(9, b"\x02" * 32), "b" * 64)
    assert index.cursor() == (Head(9, b"\x02" * 32), "b" * 64)


def test_nothing_lasts_that_was_not_committed(path: Path) -> None:
    with Index(path) as index:
        index.begin()
        index.keep(index_row(1))
        index.add_facts([(CLINIC, "visit/v-1", 4)])
        index.move_cursor(HEAD, "a" * 64)
    with Index(path) as index:
        assert index.cursor() == (EMPTY, "")
        assert index.all_rows() == []
        assert index.facts(CLINIC, "visit/v-1", 100) == []


def test_everything_since_begin_lasts_together_once_committed(path: Path) -> None:
    with Index(path) as index:
        index.begin()
        index.keep(index_row(1))
        index.begin()  # again: it goes on with what has begun
        index.move_cursor(HEAD, "a" * 64)
        index.commit()
    with Index(path) as index:
        assert index.cursor() == (HEAD, "a" * 64)
        assert index.all_rows() == [1]


def test_reader_sees_what_was_committed_and_no_more(path: Path) -> None:
    with Index(path) as index, Index(path, read_only=True) as reader:
        index.begin()
        index.keep(index_row(1))
        assert reader.all_rows() == []
        index.commit()
        assert reader.all_rows() == [1]


# --- who may open it ------------------------------------------------------------------------------


def test_reader_can_write_nothing(path: Path) -> None:
    with Index(path):
        pass
    before = path.read_bytes()
    with Index(path, read_only=True) as reader:
        with pytest.raises(StorageError):
            reader.begin()
        with pytest.raises(Exception, match="readonly"):
            reader.keep(index_row(1))
        with pytest.raises(Exception, match="readonly"):
            reader.move_cursor(HEAD, "")
    assert path.read_bytes() == before


def test_reader_of_a_missing_file_makes_none(path: Path) -> None:
    with pytest.raises(WrongFile):
        Index(path, read_only=True)
    assert list(path.parent.iterdir()) == []


def test_second_writer_is_turned_away_and_the_first_goes_on(path: Path) -> None:
    with Index(path) as first:
        with pytest.raises(AlreadyRunning):
            Index(path)
        first.begin()
        first.keep(index_row(1))
        first.commit()
    with Index(path) as next_one:
        assert next_one.all_rows() == [1]


def test_readers_need_no_lock(path: Path) -> None:
    with Index(path), Index(path, read_only=True) as one, Index(path, read_only=True) as other:
        assert one.all_rows() == other.all_rows() == []


@pytest.mark.parametrize("read_only", [False, True])
def test_journal_is_no_index_and_stays_as_it_is(tmp_path: Path, read_only: bool) -> None:  # noqa: FBT001  pytest's own
    path = tmp_path / "journal.db"
    Journal(path, ManualClock()).close()
    before = path.read_bytes()
    with pytest.raises(WrongFile, match="another sort of file"):
        Index(path, read_only=read_only)
    assert path.read_bytes() == before


def test_lock_is_given_back_when_the_file_turns_out_to_be_a_wrong_one(path: Path) -> None:
    path.write_bytes(b"this is no database at all, whatever its name says" * 100)
    for _ in range(2):
        with pytest.raises(WrongFile):
            Index(path)


# --- chart facts ----------------------------------------------------------------------------------


def test_facts_are_found_by_clinic_and_name_up_to_an_entry_oldest_first(index: Index) -> None:
    index.add_facts([(CLINIC, "visit/v-1", entry_id) for entry_id in (30, 4, 12)])
    index.add_facts([("south-clinic", "visit/v-1", 5), (CLINIC, "visit/v-10", 6)])
    assert index.facts(CLINIC, "visit/v-1", 100) == [4, 12, 30]
    assert index.facts(CLINIC, "visit/v-1", 12) == [4, 12]
    assert index.facts(CLINIC, "visit/v-1", 11) == [4]
    assert index.facts(CLINIC, "visit/v", 100) == []


def test_fact_noted_twice_is_found_once(index: Index) -> None:
    for _ in range(2):
        index.add_facts([(CLINIC, "visit/v-1", 4)])
    assert index.facts(CLINIC, "visit/v-1", 100) == [4]


def test_forgotten_facts_are_found_no_more_and_their_places_are_told(index: Index) -> None:
    index.add_facts((CLINIC, f"visit/v-{entry_id}", entry_id) for entry_id in (3, 4, 5, 6))
    index.add_facts([("south-clinic", "chart/desk/x/0", 5)])
    places = index.forget_facts(4, 5)
    expected = [(CLINIC, "visit/v-4"), (CLINIC, "visit/v-5"), ("south-clinic", "chart/desk/x/0")]
    assert sorted(places) == expected
    assert index.facts(CLINIC, "visit/v-3", 100) == [3]
    assert index.facts(CLINIC, "visit/v-5", 100) == []
    assert index.facts(CLINIC, "visit/v-6", 100) == [6]
    assert index.forget_facts(4, 5) == []
