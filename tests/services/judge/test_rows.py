"""What people search by: a session's file as rows, open, closed and erased."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from dermatrace.journal.coverage import Coverage
from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import FileState
from dermatrace.judge.index import Index, Row
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.raising import FAILED_RULE
from dermatrace.judge.rows import is_justified, row_of
from dermatrace.judge.session_file import SessionFile
from dermatrace.judge.state import Standing
from dermatrace.judge.summarising import summaries
from dermatrace_schemas.chart_review import ChartJustification
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.verdict import Totals
from support.cases import band, limited
from support.own_rules import stopped
from support.visit_cases import (
    ORDERLY,
    SALT,
    SESSION,
    START_MS,
    started,
    strokes,
    told,
    with_chart,
    with_plan,
    with_registry,
    zone_entered,
)


class Nothing:
    """Sources of which nothing is asked."""

    def context(self, state: FileState, as_of: int) -> SessionContext:
        """Fail: rows are made of what is there."""
        raise NotImplementedError

    def documents(self, row: int, before_seq: int, as_of: int) -> Iterable[StreamDocument]:
        """Fail: rows are made of what is there."""
        raise NotImplementedError

    def chain(self, row: int, stop: object, as_of: int) -> Any:  # noqa: ANN401  it never returns
        """Fail: rows are made of what is there."""
        raise NotImplementedError

    def told(self, clinic: str, stream_id: str, as_of: int) -> Any:  # noqa: ANN401  it never returns
        """Fail: rows are made of what is there."""
        raise NotImplementedError


WORKED: Final = (
    started(),
    strokes(1),
    strokes(2, zone="chin"),
    strokes(3, zone=None),
    stopped(4),
)
COLUMNS: Final = ("stream_row", "clinic", "sender", "stream_id", "first_received_ms", "generation")


def file_of(
    context: SessionContext = ORDERLY,
    documents: Iterable[StreamDocument] = WORKED,
    *,
    is_closed: bool = False,
) -> SessionFile:
    """Return the file of a session that has got as far as these documents."""
    state = FileState(SESSION, 7, 10, START_MS, generation=1, cause="chart_fact")
    judge = SessionJudge(context)
    read = tuple(documents)
    for document in read:
        judge.feed(document)
    file = SessionFile(state, Coverage(), Nothing(), judge)
    if is_closed:
        ending = Ending(expected_count=len(read))
        judge.close(ending)
        state.is_closed, state.grade = True, "complete"
        file.summaries = summaries(judge, ending)
    return file


def zone_row(row: Row, zone: str) -> dict[str, Any]:
    """Return the row of one zone."""
    (found,) = [one for one in row.zones if one["zone"] == zone]
    return found


# --- open, closed, erased, never judged -----------------------------------------------------------


def test_open_session_has_its_judgement_and_no_score_yet() -> None:
    row = row_of(file_of())
    assert (row.columns["is_open"], row.columns["status"]) == (1, "stopped")
    assert row.columns["judgement"] is not None
    assert not {"adherence", "data_coverage", "why_not"} & row.columns.keys()
    assert row.columns["adherent"] == 0


def test_closed_session_has_its_score_and_no_judgement() -> None:
    row = row_of(file_of(is_closed=True))
    assert (row.columns["is_open"], row.columns["status"]) == (0, "closed")
    assert row.columns["judgement"] is None
    assert row.columns["grade"] == "complete"
    assert row.columns["data_coverage"] == 0.8  # one of five documents names no zone
    # The chin is no zone of the protocol: what was done there is outside; the cheek has no limits.
    assert (row.columns["adherence"], row.columns["why_not"]) == (0.0, None)
    assert [zone_row(row, zone)["adherence"] for zone in ("cheek", "chin")] == [None, 0.0]


def test_session_that_cannot_be_scored_says_why_not() -> None:
    row = row_of(file_of(documents=[started(), strokes(1)], is_closed=True))
    assert (row.columns["adherence"], row.columns["why_not"]) == (None, "limits_unset")


def test_session_within_every_band_scores_one_however_many_gates_are_open() -> None:
    orderly = limited(band("depth", 0.5, 1.5))
    row = row_of(file_of(orderly, [started(), strokes(1)], is_closed=True))
    assert (row.columns["adherence"], row.columns["why_not"]) == (1.0, None)
    assert row.columns["data_coverage"] == 1.0
    assert zone_row(row, "cheek")["adherence"] == 1.0


def test_erased_session_keeps_that_there_was_one_and_nothing_of_it() -> None:
    file = file_of(is_closed=True)
    file.erase()
    row = row_of(file)
    assert (row.columns["is_open"], row.columns["status"]) == (0, "erased")
    assert (row.zones, row.findings) == ([], [])
    assert [row.columns[name] for name in ("stream_row", "stream_id")] == [7, "s-1"]
    kept = {"subject_id", "visit_id", "started_ms", "operator_id", "adherence"}
    assert not kept & row.columns.keys()
    assert row.columns["judgement"] is None


@pytest.mark.parametrize(("is_closed", "status"), [(False, "running"), (True, "closed")])
def test_session_of_which_nothing_was_judged_has_a_row(is_closed: bool, status: str) -> None:  # noqa: FBT001  pytest's own
    state = FileState(SESSION, 7, 10, START_MS, is_closed=is_closed)
    row = row_of(SessionFile(state, Coverage(), Nothing(), None))
    assert (row.columns["status"], row.columns["generation"]) == (status, -1)
    assert (row.zones, row.findings) == ([], [])


@pytest.mark.parametrize("sort", ["open", "closed", "erased"])
def test_index_takes_the_rows_of_every_sort_of_file(tmp_path: Path, sort: str) -> None:
    file = file_of(is_closed=sort != "open")
    if sort == "erased":
        file.erase()
    row = row_of(file)
    with Index(tmp_path / "index.db") as index:
        index.keep(row)
        kept = index.file(7)
        assert kept is not None
        assert kept.state == file.state
        assert (kept.judgement is None) == (sort != "open")
        for table, members in (("zones", row.zones), ("findings", row.findings)):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608  a test's own
            assert list(index.connection.execute(query)) == [(len(members),)]
        query = f"SELECT {', '.join(COLUMNS)} FROM sessions"  # noqa: S608  a test's own
        expected = tuple(row.columns[name] for name in COLUMNS)
        assert list(index.connection.execute(query)) == [expected]


# --- what is told of the visit --------------------------------------------------------------------


def test_session_is_found_by_what_was_planned_and_is_in_force() -> None:
    context = with_chart(
        with_plan(subject_id="s-00001", room_id="room-1", protocol_version="9"), series_id="three"
    )
    columns = row_of(file_of(replace(context, clinic_day=20_000))).columns
    assert (
        columns
        | {
            "visit_id": "v-1",
            "subject_id": "s-00001",
            "operator_id": "operator-1",
            "room_id": "room-1",
            "series_id": "three",
            "protocol_id": "protocol-1",
            "protocol_version": "1",  # the one in force
            "protocol_digest": "0" * 64,
            "treatment": "medical_needling",
            "modality": "pen",
            "setting": "clinic",
            "started_ms": told(-1),
            "clinic_day": 20_000,
            "ended_ms": told(4 / 60),
            "first_contact_seq": 1,
        }
        == columns
    )


def test_protocol_that_is_not_on_record_is_named_as_planned() -> None:
    context = with_registry(protocol=None)
    columns = row_of(file_of(with_plan(context, protocol_version="9"))).columns
    assert (columns["protocol_id"], columns["protocol_version"]) == ("protocol-1", "9")
    assert (columns["protocol_digest"], columns["treatment"]) == (None, None)


def test_session_without_contact_or_end_has_neither() -> None:
    columns = row_of(file_of(documents=[started(), zone_entered(1, "cheek")])).columns
    assert (columns["ended_ms"], columns["first_contact_seq"]) == (None, None)
    assert columns["status"] == "running"


def test_gates_are_told_in_the_contracts_order_open_ones_among_those_asked() -> None:
    for is_closed in (False, True):
        file = file_of(with_chart(consents=(), exams=()), is_closed=is_closed)
        columns = row_of(file).columns
        asked, still_open = (json.loads(columns[name]) for name in ("asked_gates", "open_gates"))
        assert {"consent", "exam"} <= set(still_open) <= set(asked)
        assert len(set(asked)) == len(asked)
        assert "photo_before" not in asked


def test_gate_whose_rule_failed_counts_as_asked() -> None:
    file = file_of()
    assert file.judge is not None
    before = json.loads(row_of(file).columns["asked_gates"])
    assert "photo_before" not in before
    file.judge.state.failed_rules.append("gate.photo_before")
    assert "photo_before" in json.loads(row_of(file).columns["asked_gates"])


# --- zones ----------------------------------------------------------------------------------------


def test_every_zone_has_a_row_and_what_is_of_no_zone_has_one_without_a_name() -> None:
    row = row_of(file_of(is_closed=True))
    assert {one["zone"] for one in row.zones} == {"cheek", "chin", ""}
    assert {one["laterality"] for one in row.zones} == {""}
    for one in row.zones:
        assert (one["stroke_count"], one["shot_count"]) == (20, 0)
        assert Totals.model_validate_json(one["totals"]).contact_stroke_count == 20


def test_zone_of_an_open_session_has_totals_and_no_score() -> None:
    open_row, closed_row = row_of(file_of()), row_of(file_of(is_closed=True))
    assert zone_row(open_row, "cheek")["adherence"] is None
    told_open, told_closed = (
        Totals.model_validate_json(zone_row(row, "cheek")["totals"])
        for row in (open_row, closed_row)
    )
    assert told_open == told_closed


def test_what_is_of_no_zone_has_no_score_of_its_own() -> None:
    assert zone_row(row_of(file_of(is_closed=True)), "")["adherence"] is None


# --- findings -------------------------------------------------------------------------------------


def test_findings_have_a_row_each_numbered_as_they_were_raised() -> None:
    file = file_of(is_closed=True)
    assert file.judge is not None
    rows = row_of(file).findings
    assert [one["number"] for one in rows] == list(range(len(file.judge.state.findings)))
    assert "zone.not_in_protocol" in {one["rule"] for one in rows}
    assert {one["justified"] for one in rows} == {0}


def justification(**changes: object) -> ChartJustification:
    """Return a reason given for findings of one rule, envelope and zone."""
    facts = {
        "session": {"sender": "pen-1", "stream_id": "s-1"},
        "rule": "depth.set_above",
        "envelope": "clinic_protocol",
        "zone": "cheek",
        "laterality": "left",
        "seq_range": {"first_seq": 4, "last_seq": 9},
    }
    document: dict[str, object] = {
        "seq": 0,
        "kind": "chart.justification",
        "boot_id": "b",
        "uptime_ms": 0,
        "wall_time_ms": None,
        "salt": SALT,
        "source": "console",
        "reason": "It was meant.",
        "findings": [facts | changes],
    }
    return ChartJustification.model_validate(document)


DEEP: Final = Standing(
    number=0,
    rule="depth.set_above",
    envelope="clinic_protocol",
    priority="high",
    nature="treatment",
    zone="cheek",
    laterality="left",
    first_seq=4,
    last_seq=9,
    measured_value=None,
    limit_value=None,
    unit=None,
    digests=[],
    sentence="It was too deep.",
)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"rule": "depth.set_below"}, False),
        ({"envelope": "cleared_label"}, False),
        ({"zone": "chin"}, False),
        ({"zone": None}, False),
        ({"laterality": "right"}, False),
        ({"laterality": None}, False),
        ({"seq_range": {"first_seq": 9, "last_seq": 30}}, True),
        ({"seq_range": {"first_seq": 0, "last_seq": 4}}, True),
        ({"seq_range": {"first_seq": 5, "last_seq": 5}}, True),
        ({"seq_range": {"first_seq": 0, "last_seq": 99}}, True),
        ({"seq_range": {"first_seq": 10, "last_seq": 30}}, False),
        ({"seq_range": {"first_seq": 0, "last_seq": 3}}, False),
        ({"seq_range": None}, False),
        ({"session": {"sender": "pen-2", "stream_id": "s-1"}}, False),
        ({"session": {"sender": "pen-1", "stream_id": "s-2"}}, False),
    ],
)
def test_justification_holds_for_rule_envelope_zone_and_documents_it_names(
    changes: dict[str, object],
    holds: bool,  # noqa: FBT001  pytest's own
) -> None:
    judge = SessionJudge(ORDERLY)
    assert is_justified(DEEP, justification(**changes), judge) is holds


@pytest.mark.parametrize(
    ("seq_range", "holds"), [(None, True), ({"first_seq": 0, "last_seq": 99}, False)]
)
def test_finding_about_what_is_absent_is_justified_without_documents(
    seq_range: dict[str, int] | None,
    holds: bool,  # noqa: FBT001  pytest's own
) -> None:
    absent = replace(DEEP, first_seq=None, last_seq=None)
    told_so = justification(seq_range=seq_range)
    assert is_justified(absent, told_so, SessionJudge(ORDERLY)) is holds


def test_only_the_justified_finding_is_marked() -> None:
    named = {
        "rule": "zone.not_in_protocol",
        "zone": "chin",
        "laterality": None,
        "seq_range": {"first_seq": 2, "last_seq": 2},
    }
    context = with_chart(justifications=(justification(**named),))
    rows = row_of(file_of(context, is_closed=True)).findings
    justified = [one["rule"] for one in rows if one["justified"]]
    assert justified == ["zone.not_in_protocol"]
    assert len(rows) > 1


def test_cleared_finding_is_marked() -> None:
    file = file_of()
    assert file.judge is not None
    assert FAILED_RULE not in {standing.rule for standing in file.judge.state.findings}
    file.judge.state.findings[0].cleared = True
    assert [one["cleared"] for one in row_of(file).findings][:2] == [1, 0]
