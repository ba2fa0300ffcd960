"""Sessions in the index are found by what people and other sessions ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.coverage import Coverage
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import EarlierSession
from dermatrace.judge.file_state import FileState
from dermatrace.judge.index import EARLIER_SESSIONS_MAX, Index, packed
from dermatrace.judge.spot import NOWHERE, Spot
from support.index_rows import DAY_MS, index_row
from support.visit_cases import SESSION, START_MS

CLINIC = "north-clinic"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index.db") as opened:
        yield opened


def test_session_is_found_by_its_whole_name_only(index: Index) -> None:
    index.keep(index_row(1))
    assert index.row_of_session(SessionId(CLINIC, "pen-1", "s-1")) == 1
    for other in (
        ("south-clinic", "pen-1", "s-1"),
        (CLINIC, "pen-2", "s-1"),
        (CLINIC, "pen-1", "s"),
    ):
        assert index.row_of_session(SessionId(*other)) is None


def test_sessions_of_a_visit_are_those_of_that_clinic(index: Index) -> None:
    index.keep(index_row(1, visit_id="v-1"))
    index.keep(index_row(2, visit_id="v-1", clinic="south-clinic"))
    index.keep(index_row(3, visit_id="v-10"))
    assert index.rows_of_visit(CLINIC, "v-1") == [1]


def test_sessions_resting_on_a_version_are_found_by_its_whole_name(index: Index) -> None:
    names = {1: "protocol/one/1", 2: "protocol/one/10", 3: 'protocol/one/"é'}
    for row, name in names.items():
        state = FileState(SESSION, row, 11, START_MS, rests_on=[name])
        index.keep(index_row(row, file=packed(state, Coverage())))
    for row, name in names.items():
        assert index.rows_resting_on(CLINIC, name) == [row]
    assert index.rows_resting_on("south-clinic", names[1]) == []
    assert index.rows_resting_on(CLINIC, "protocol/one") == []


def care(index: Index, row: int, started_ms: int | None, **columns: object) -> None:
    """Keep a closed session of the one subject."""
    known = {"subject_id": "s-00001", "started_ms": started_ms}
    index.keep(index_row(row, **{**known, **columns}))  # type: ignore[arg-type]


def test_earlier_sessions_are_the_closed_ones_of_the_subject_oldest_first(index: Index) -> None:
    care(index, 1, 3 * DAY_MS)
    care(index, 2, 1 * DAY_MS)
    care(index, 3, 2 * DAY_MS, is_open=1)
    care(index, 4, 2 * DAY_MS, subject_id="s-00002")
    care(index, 5, 2 * DAY_MS, clinic="south-clinic")
    care(index, 6, None)
    care(index, 7, 4 * DAY_MS)
    found = index.earlier(CLINIC, "s-00001", 4 * DAY_MS, not_row=99)
    assert [one.stream_id for one in found] == ["s-2", "s-1"]
    assert [one.stream_id for one in index.earlier(CLINIC, "s-00001", 4 * DAY_MS, 2)] == ["s-1"]
    assert index.rows_of_subject_after(CLINIC, "s-00001", 1 * DAY_MS) == [1, 7]


def test_earlier_session_tells_visit_treatment_day_and_where_it_delivered(index: Index) -> None:
    worked = {"zone": "cheek", "laterality": "left", "stroke_count": 4, "shot_count": 0}
    entered = {"zone": "chin", "stroke_count": 0, "shot_count": 0}
    unknown = {"zone": "", "stroke_count": 0, "shot_count": 2}
    known = {"visit_id": "v-1", "treatment": "rf_needling", "clinic_day": 20_000}
    care(index, 1, DAY_MS, zones=(worked, entered, unknown), **known)
    spots = (NOWHERE, Spot("cheek", "left"))
    expected = EarlierSession("s-1", "v-1", "rf_needling", DAY_MS, 20_000, spots)
    assert index.earlier(CLINIC, "s-00001", 2 * DAY_MS, 99) == (expected,)
    assert index.as_earlier(1) == (CLINIC, "s-00001", expected)


def test_of_too_many_earlier_sessions_the_newest_count(index: Index) -> None:
    index.begin()
    for row in range(1, EARLIER_SESSIONS_MAX + 3):
        care(index, row, row)
    index.commit()
    found = index.earlier(CLINIC, "s-00001", 10**6, 0)
    assert len(found) == EARLIER_SESSIONS_MAX
    assert (found[0].started_ms, found[-1].started_ms) == (3, EARLIER_SESSIONS_MAX + 2)


@pytest.mark.parametrize("columns", [{"is_open": 1}, {"subject_id": None}, {"started_ms": None}])
def test_session_that_is_open_or_nobodys_or_of_no_time_is_nobodys_earlier_one(
    index: Index, columns: dict[str, object]
) -> None:
    care(index, 1, **{"started_ms": DAY_MS, **columns})  # type: ignore[arg-type]
    assert index.as_earlier(1) is None
