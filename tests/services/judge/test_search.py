"""Questions to the index, one by one and against a plain filter over the same rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.judge.index import Index, Row
from dermatrace.judge.search import (
    SESSIONS_FOUND_MAX,
    Consent,
    GradeShown,
    SessionQuery,
    count_sessions,
    search,
)
from dermatrace_schemas.treatment import GATES
from dermatrace_schemas.verdict import Grade
from support.index_rows import (
    CLINICS,
    DAY_MS,
    DAYS,
    DEPTHS_MM,
    ENERGIES_MJ,
    RULES,
    SHARES,
    SIDES,
    ZONES,
    index_row,
    rows_by_chance,
)

PROTOCOL: Final[dict[str, Any]] = {"protocol_digest": "a" * 64}
CONTACT: Final[dict[str, Any]] = {"first_contact_seq": 2}
ROWS: Final = rows_by_chance(seed=7, count=150)


def _write(path: Path, rows: Iterable[Row]) -> None:
    with Index(path) as index:
        index.begin()
        for row in rows:
            index.keep(row)
        index.commit()


@pytest.fixture(scope="module")
def by_chance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Return an index with many sessions, which tests only read."""
    path = tmp_path_factory.mktemp("search") / "index.db"
    _write(path, ROWS)
    with Index(path, read_only=True) as index:
        yield index


def _found(tmp_path: Path, query: SessionQuery, *rows: Row) -> list[int]:
    path = tmp_path / "index.db"
    _write(path, rows)
    with Index(path, read_only=True) as index:
        found = [one.stream_row for one in search(index, query)]
        assert count_sessions(index, query) == len(found)
    return found


# --- against a plain filter -------------------------------------------------------------------

Columns = dict[str, Any]


def _at_least(column: str) -> Callable[[Columns, Any], bool]:
    return lambda told, asked: told.get(column) is not None and told[column] >= asked


def _at_most(column: str) -> Callable[[Columns, Any], bool]:
    return lambda told, asked: told.get(column) is not None and told[column] <= asked


def _above(column: str) -> Callable[[Columns, Any], bool]:
    return lambda told, asked: told.get(column) is not None and told[column] > asked


def _same(column: str) -> Callable[[Columns, Any], bool]:
    return lambda told, asked: told.get(column) == asked


def _is_of(rule: str, family: str) -> bool:
    return rule == family or rule.startswith(family + ".")


def _grade(told: Columns) -> str:
    if told["status"] == "erased":
        return "erased"
    return "open" if told["is_open"] and told["grade"] != "disputed" else str(told["grade"])


def _state(told: Columns) -> str:
    return told["status"] if told["status"] in {"closed", "erased"} else "open"


OF_FINDING: Final[Mapping[str, Callable[[Columns, Any], bool]]] = {
    "rule": lambda told, asked: _is_of(told["rule"], asked),
    "envelope": _same("envelope"),
    "priority": _same("priority"),
    "nature": _same("nature"),
    "justified": _same("justified"),
    "finding_zone": _same("zone"),
}
OF_ZONE: Final[Mapping[str, Callable[[Columns, Any], bool]]] = {
    "zone": _same("zone"),
    "laterality": _same("laterality"),
    "depth_median_above_mm": _above("depth_median_mm"),
    "depth_high_above_mm": _above("depth_high_mm"),
    "depth_max_above_mm": _above("depth_max_mm"),
    "energy_above_mj": _above("energy_mj"),
}
OF_SESSION: Final[Mapping[str, Callable[[Columns, Any], bool]]] = {
    "from_day": _at_least("clinic_day"),
    "until_day": _at_most("clinic_day"),
    "from_ms": _at_least("started_ms"),
    "until_ms": lambda t, asked: t.get("started_ms") is not None and t["started_ms"] < asked,
    "undated": lambda told, asked: (told["clinic_day"] is None) == asked,
    "timed": lambda told, asked: (told["started_ms"] is not None) == asked,
    **{
        name: _same(name)
        for name in ("clinic", "sender", "stream_id", "operator_id", "subject_id", "visit_id")
    },
    **{
        name: _same(name)
        for name in ("protocol_id", "protocol_version", "treatment", "modality", "setting")
    },
    "clinics": lambda told, asked: told["clinic"] in asked,
    "after_row": lambda told, asked: _place_of(told) < _place(ROWS[asked - 1]),
    "state": lambda told, asked: _state(told) == asked,
    "grade": lambda told, asked: _grade(told) == asked,
    "gate": lambda told, asked: f'"{asked}"' in told["open_gates"],
    "data_coverage_min": _at_least("data_coverage"),
    "data_coverage_max": _at_most("data_coverage"),
    "adherence_min": _at_least("adherence"),
    "adherence_max": _at_most("adherence"),
}


def _fits(row: Row, query: SessionQuery) -> bool:
    def all_hold(conditions: Mapping[str, Callable[[Columns, Any], bool]], told: Columns) -> bool:
        asked = {name: getattr(query, name) for name in conditions}
        return all(conditions[n](told, v) for n, v in asked.items() if v is not None)

    def is_asked(names: Iterable[str]) -> bool:
        return any(getattr(query, name) is not None for name in names)

    told = row.columns
    family = query.without_rule
    if family is not None:
        unjudged = told["generation"] < 0 or told["status"] == "erased"
        if unjudged or any(_is_of(finding["rule"], family) for finding in row.findings):
            return False
    return (
        all_hold(OF_SESSION, told)
        and (not is_asked(OF_FINDING) or any(all_hold(OF_FINDING, f) for f in row.findings))
        and (not is_asked(OF_ZONE) or any(all_hold(OF_ZONE, z) for z in row.zones))
    )


def _place(row: Row) -> tuple[int, int]:
    return _place_of(row.columns)


def _place_of(told: Columns) -> tuple[int, int]:
    began_ms = told["started_ms"] if told["started_ms"] is not None else told["first_received_ms"]
    return began_ms, told["stream_row"]


CHOICES: Final[Mapping[str, tuple[Any, ...]]] = {
    "from_day": DAYS,
    "until_day": DAYS,
    "from_ms": (DAYS[0] * DAY_MS, DAYS[1] * DAY_MS + 1),
    "until_ms": (DAYS[1] * DAY_MS + 1, DAYS[2] * DAY_MS),
    "undated": (True, False),
    "timed": (True, False),
    "clinic": CLINICS,
    "clinics": ((), CLINICS[:1], CLINICS),
    "after_row": (1, 7, 150),
    "sender": ("pen-1", "rf-1", "absent"),
    "stream_id": ("s-1", "s-150"),
    "operator_id": ("nurse", "physician"),
    "subject_id": ("s-00001", "s-00002"),
    "visit_id": ("v-1", "v-2"),
    "protocol_id": ("deep", "shallow"),
    "protocol_version": ("1", "2"),
    "treatment": ("medical_needling", "rf_needling"),
    "modality": ("pen", "rf"),
    "setting": ("clinic", "home"),
    "state": ("open", "closed", "erased"),
    "grade": get_args(GradeShown),
    "gate": GATES,
    "rule": RULES,
    "envelope": ("clinic_protocol", "cleared_label"),
    "priority": ("high", "medium", "low"),
    "nature": ("technical", "treatment"),
    "justified": (True, False),
    "finding_zone": ZONES,
    "without_rule": RULES,
    "data_coverage_min": SHARES,
    "data_coverage_max": SHARES,
    "adherence_min": SHARES,
    "adherence_max": SHARES,
    "zone": ZONES,
    "laterality": SIDES,
    "depth_median_above_mm": DEPTHS_MM,
    "depth_high_above_mm": DEPTHS_MM,
    "depth_max_above_mm": DEPTHS_MM,
    "energy_above_mj": ENERGIES_MJ,
    "newest": (0, 1, 20),
}


@st.composite
def queries(draw: st.DrawFn) -> SessionQuery:
    """Draw a question of up to three members: more rarely find anything."""
    names = draw(st.lists(st.sampled_from(sorted(CHOICES)), max_size=3, unique=True))
    return SessionQuery(**{name: draw(st.sampled_from(CHOICES[name])) for name in names})


@given(query=queries())
def test_search_finds_what_a_plain_filter_finds_in_the_same_order(
    by_chance: Index, query: SessionQuery
) -> None:
    fitting = [row for row in ROWS if _fits(row, query)]
    fitting.sort(key=_place, reverse=True)
    expected = [row.columns["stream_row"] for row in fitting]
    assert [one.stream_row for one in search(by_chance, query)] == expected[: query.newest]
    assert count_sessions(by_chance, query) == len(expected)


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_each_member_alone_finds_what_a_plain_filter_finds(by_chance: Index, name: str) -> None:
    for value in CHOICES[name]:
        query = SessionQuery(**{name: value})
        expected = {row.columns["stream_row"] for row in ROWS if _fits(row, query)}
        limited = name == "newest"
        found = {one.stream_row for one in search(by_chance, query)}
        assert found <= expected if limited else found == expected


def test_every_member_of_a_question_is_asked_here() -> None:
    assert CHOICES.keys() == {member.name for member in fields(SessionQuery)}


# --- one by one -------------------------------------------------------------------------------


def test_a_week_of_deep_work_around_the_eyes_tells_operator_and_consent(tmp_path: Path) -> None:
    deep = {"zone": "periorbital", "laterality": "left", "depth_median_mm": 1.25}
    flat = {"zone": "periorbital", "laterality": "right", "depth_median_mm": 0.5}
    elsewhere = {"zone": "cheek", "depth_median_mm": 2.0}
    judged = {"clinic_day": 20_003, "operator_id": "nurse", **PROTOCOL, **CONTACT}
    asked = {**judged, "asked_gates": '["consent"]'}
    rows = [
        index_row(1, zones=(deep, flat), **asked),
        index_row(2, zones=(deep,), findings=({"rule": "gate.consent"},), **asked),
        index_row(3, zones=(flat, elsewhere), **asked),
        index_row(4, zones=(deep,), **asked | {"clinic_day": 19_999}),
        index_row(5, zones=(deep,), **judged),
    ]
    _write(tmp_path / "index.db", rows)
    query = SessionQuery(
        from_day=20_000, until_day=20_006, zone="periorbital", depth_median_above_mm=1.0
    )
    with Index(tmp_path / "index.db", read_only=True) as index:
        found = search(index, query)
        kept = search(index, replace(query, without_rule="gate.consent"))
    told = [(one.stream_row, one.operator_id, one.consent) for one in found]
    assert told == [(5, "nurse", "not_asked"), (2, "nurse", "finding"), (1, "nurse", "in_time")]
    assert [one.stream_row for one in kept] == [5, 1]


@pytest.mark.parametrize(
    ("columns", "findings", "expected"),
    [
        ({"generation": -1}, (), "not_judged"),
        ({"status": "erased"}, (), "not_judged"),
        ({}, (), "no_protocol"),
        (PROTOCOL, (), "not_asked"),
        ({**PROTOCOL, "asked_gates": '["consent"]'}, (), "no_contact"),
        ({**PROTOCOL, "asked_gates": '["exam"]', **CONTACT}, (), "not_asked"),
        ({**PROTOCOL, "asked_gates": '["consent"]', **CONTACT}, (), "in_time"),
        ({"asked_gates": '["consent"]'}, ({"rule": "a"}, {"rule": "gate.consent"}), "finding"),
    ],
)
def test_consent_is_in_time_only_if_it_was_asked_for_and_nothing_was_found(
    tmp_path: Path,
    columns: dict[str, Any],
    findings: tuple[dict[str, Any], ...],
    expected: Consent,
) -> None:
    _write(tmp_path / "index.db", [index_row(1, findings=findings, **columns)])
    with Index(tmp_path / "index.db", read_only=True) as index:
        (found,) = search(index, SessionQuery())
    assert found.consent == expected
    assert found.consent_finding == (1 if expected == "finding" else None)


def test_one_finding_fulfils_all_that_is_asked_of_findings(tmp_path: Path) -> None:
    findings = ({"rule": "a.b", "priority": "low"}, {"rule": "c.d", "priority": "high"})
    row = index_row(1, findings=findings)
    assert _found(tmp_path, SessionQuery(rule="a.b", priority="high"), row) == []
    assert _found(tmp_path, SessionQuery(rule="c", priority="high"), row) == [1]


def test_one_zone_on_one_side_fulfils_all_that_is_asked_of_zones(tmp_path: Path) -> None:
    left = {"zone": "cheek", "laterality": "left", "depth_median_mm": 2.0, "energy_mj": 1.0}
    right = {"zone": "cheek", "laterality": "right", "depth_median_mm": 0.5, "energy_mj": 9.0}
    row = index_row(1, zones=(left, right))
    both = SessionQuery(zone="cheek", depth_median_above_mm=1.0, energy_above_mj=5.0)
    assert _found(tmp_path, both, row) == []
    assert _found(tmp_path, replace(both, energy_above_mj=0.5), row) == [1]


@pytest.mark.parametrize("text", ["' OR 1=1 --", "x' UNION SELECT 1; --", "%", "_", "nurse\0"])
def test_what_is_asked_for_is_only_ever_a_value(by_chance: Index, text: str) -> None:
    for name in ("clinic", "operator_id", "subject_id", "zone", "rule"):
        assert search(by_chance, SessionQuery(**{name: text})) == []  # type: ignore[arg-type]


def test_a_session_whose_clock_was_not_set_stands_where_it_was_heard_of(tmp_path: Path) -> None:
    rows = [
        index_row(1, started_ms=3_000),
        index_row(2, first_received_ms=2_000),
        index_row(3, started_ms=1_000, first_received_ms=9_000),
    ]
    assert _found(tmp_path, SessionQuery(), *rows) == [1, 2, 3]


def test_what_was_erased_is_told_as_erased_whatever_it_was_graded(tmp_path: Path) -> None:
    row = index_row(1, status="erased", grade="complete")
    assert _found(tmp_path, SessionQuery(grade="complete"), row) == []
    assert _found(tmp_path, SessionQuery(grade="erased", state="erased"), row) == [1]


def test_an_open_session_does_not_keep_the_grade_it_once_closed_with(tmp_path: Path) -> None:
    row = index_row(1, is_open=1, status="running", grade="incomplete")
    assert _found(tmp_path, SessionQuery(grade="incomplete"), row) == []
    assert _found(tmp_path, SessionQuery(grade="open", state="open"), row) == [1]


def test_more_than_the_bound_cannot_be_asked_for(by_chance: Index) -> None:
    endless = SessionQuery(newest=SESSIONS_FOUND_MAX * 10)
    assert len(search(by_chance, endless)) == len(ROWS)
    assert search(by_chance, replace(endless, newest=-1)) == []


def test_grades_are_those_of_the_contract_and_erased() -> None:
    assert get_args(GradeShown) == (*get_args(Grade), "erased")
