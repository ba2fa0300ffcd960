"""Sessions are found by what speaks of them, whether the index knows of it yet or not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.journal.coverage import Coverage
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import EarlierSession, SessionContext
from dermatrace.judge.directory import Directory
from dermatrace.judge.file_state import FileState, resting_names
from dermatrace.judge.index import AsEarlier, Index
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.session_file import SessionFile
from support.index_rows import DAY_MS, DAYS, index_row
from support.judge_sources import FakeSources
from support.visit_cases import ORDERLY, with_chart

HERE, ELSEWHERE = "north-clinic", "south-clinic"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index.db") as opened:
        yield opened


def _session(number: int, clinic: str = HERE) -> SessionId:
    return SessionId(clinic, "pen-1", f"s-{number}")


def _open(row: int, context: SessionContext | None = None, clinic: str = HERE) -> SessionFile:
    """Return the file of a session that is running."""
    state = FileState(_session(row, clinic), row, row, 0)
    judge = None
    if context is not None:
        judge = SessionJudge(replace(context, session=state.session))
        state.rests_on = resting_names(context)
    return SessionFile(state, Coverage(), FakeSources(), judge)


def _of_visit(visit_id: str) -> SessionContext:
    return with_chart(visit_id=visit_id)


def test_session_is_found_in_the_index_and_before_it_gets_there(index: Index) -> None:
    index.keep(index_row(1))
    directory = Directory(index, {2: _open(2)})
    assert directory.row_of(_session(1)) == 1
    assert directory.row_of(_session(2)) == 2
    assert directory.row_of(_session(3)) is None
    assert directory.row_of(_session(2, ELSEWHERE)) is None


def test_running_sessions_of_a_visit_are_those_of_their_judgement_not_of_the_index(
    index: Index,
) -> None:
    for row in (1, 2, 3):
        index.keep(index_row(row, visit_id="v-1", is_open=int(row > 1)))
    files = {2: _open(2, _of_visit("v-2")), 3: _open(3, _of_visit("v-1")), 4: _open(4)}
    directory = Directory(index, files)
    assert directory.rows_of_visit(HERE, "v-1") == [1, 3]
    assert directory.rows_of_visit(HERE, "v-2") == [2]
    assert directory.rows_of_visit(ELSEWHERE, "v-1") == []


def test_names_lead_to_the_session_and_to_those_of_the_visit_each_once(index: Index) -> None:
    for row in (1, 2):
        index.keep(index_row(row, visit_id="v-1"))
    directory = Directory(index, {})
    names = ["session/pen-1/s-2", "visit/v-1", "session/pen-1/none", "chart/desk/c-1/0"]
    assert sorted(directory.rows_named(HERE, names)) == [1, 2]
    assert directory.rows_named(ELSEWHERE, names) == []
    assert directory.rows_named(HERE, []) == []


def test_running_session_rests_on_what_its_judgement_does(index: Index) -> None:
    directory = Directory(index, {1: _open(1, ORDERLY), 2: _open(2, ORDERLY, ELSEWHERE)})
    assert directory.rows_resting_on(HERE, "protocol/protocol-1/1") == [1]
    assert directory.rows_resting_on(ELSEWHERE, "protocol/protocol-1/1") == [2]
    assert directory.rows_resting_on(HERE, "protocol/protocol-1") == []


def test_later_sessions_are_those_after_either_moment_of_either_subject(index: Index) -> None:
    at_ms = DAYS[0] * DAY_MS
    for row in range(1, 5):
        subject = "s-a" if row % 2 else "s-b"
        index.keep(index_row(row, subject_id=subject, started_ms=at_ms + row))
    first = EarlierSession("s-1", None, None, at_ms + 1, None, ())
    directory = Directory(index, {})
    seen = AsEarlier(HERE, "s-a", first), AsEarlier(HERE, "s-b", first)
    assert directory.rows_after((seen[0], None)) == [3]
    assert directory.rows_after(seen) == [2, 3, 4]
    assert directory.rows_after((None, None)) == []
