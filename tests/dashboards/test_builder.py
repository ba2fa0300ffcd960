"""What would be wrong on a board fails while it is written, not in front of whoever reads it."""

from collections.abc import Sequence
from typing import Any

import pytest
from dashboards.board import Board, Row
from dashboards.influxql import Column, NameUnknownError, Query, col, exactly, one_of
from dashboards.kinds import plot, stat, table
from dashboards.panel import Panel, PanelError, Target
from dashboards.units import (
    AGE,
    COUNT,
    JOULE,
    MILLIMETRES,
    MOMENT,
    SHARE,
    TEXT,
    UnitUnknownError,
    unit_of_expression,
    unit_of_field,
)

from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.forward.measurements_device import SHOT, WINDOW
from dermatrace.forward.measurements_verdict import SESSION_SUMMARY

RATE = col('mean("stroke_rate_hz")', "Rate")


def _query(*columns: Column, by: Sequence[str] = ()) -> Query:
    return Query(columns=columns or [RATE], source=WINDOW, by=by)


def _plot(*queries: Query, alias: str = "$col") -> Panel:
    return plot("Rate", "How fast?", [Target(query, alias=alias) for query in queries], 12)


def _board(*lines: list[Panel]) -> Board:
    return Board(
        uid="a",
        slug="a",
        title="A",
        question="What?",
        folder="clinic",
        limits="",
        rows=[Row("Row", lines)],
    )


def test_query_is_written_with_every_name_in_double_quotes() -> None:
    query = Query(
        columns=[RATE],
        source=WINDOW,
        where=[exactly("session", "session")],
        every="1s",
        by=["zone"],
        fill="none",
    )
    assert str(query) == (
        'SELECT mean("stroke_rate_hz") AS "Rate" FROM "raw"."window" WHERE "session" ='
        " '${session:raw}' AND $timeFilter GROUP BY time(1s), \"zone\" fill(none)"
    )


def test_measurement_kept_for_good_is_asked_of_its_own_retention_policy() -> None:
    query = Query(columns=[col('sum("session_count")', "Sessions")], source=SESSION_SUMMARY)
    assert 'FROM "sessions"."session_summary"' in str(query)


def test_choice_of_several_is_matched_whole() -> None:
    assert one_of("clinic", "clinic") == '"clinic" =~ /^${clinic:regex}$/'


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": [col('mean("stroke_rate")', "Rate")]},
        {"columns": [RATE], "where": [exactly("sesion", "session")]},
        {"columns": [RATE], "by": ["zones"]},
    ],
)
def test_name_that_the_measurement_does_not_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NameUnknownError, match="window: there is no"):
        Query(source=WINDOW, **wrong)


def test_outer_query_knows_only_what_the_inner_one_calls_its_columns() -> None:
    inner = _query(by=["zone"])
    outer = Query(columns=[col('max("Rate")', "Fastest")], source=inner, by=["zone"])
    assert outer.units == {"Fastest": "hertz"}
    with pytest.raises(NameUnknownError):
        Query(columns=[col('max("stroke_rate_hz")', "Fastest")], source=inner)


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        ("depth_commanded_mm", MILLIMETRES),
        ("stroke_rate_hz", "hertz"),
        ("impedance_end_ohm", "ohm"),
        ("temperature_max_celsius", "celsius"),
        ("power_w", "watt"),
        ("motor_current_ma", "mamp"),
        ("contact_fraction", SHARE),
        ("contact_ms", "ms"),
        ("behind_s", "s"),
        ("fault_count", COUNT),
        ("outbox_bytes", "bytes"),
        ("calibration_due_ms", MOMENT),
        ("is_up", "bool_yes_no"),
    ],
)
def test_unit_is_read_from_the_end_of_the_name(field: str, unit: str) -> None:
    assert unit_of_field(field) == unit


def test_every_number_there_is_has_a_unit() -> None:
    assert all(unit_of_field(name) for one in MEASUREMENTS for name in one.numbers)


def test_name_without_a_unit_is_refused() -> None:
    with pytest.raises(UnitUnknownError):
        unit_of_field("depth")


def test_millijoules_are_shown_only_as_joules() -> None:
    assert unit_of_expression('sum("energy_delivered_mj") / 1000', {JOULE}) == JOULE
    with pytest.raises(UnitUnknownError, match="divide"):
        unit_of_expression('sum("energy_delivered_mj")', {JOULE})


@pytest.mark.parametrize(
    "expression",
    [
        'sum("fault_count") / sum("contact_ms")',
        'elapsed("seq", 1ms)',
        'derivative("contact_ms")',
        '"depth_commanded_mm" * 2',
    ],
)
def test_unit_that_arithmetic_may_have_changed_must_be_said(expression: str) -> None:
    with pytest.raises(UnitUnknownError, match="say its unit"):
        unit_of_expression(expression, {"ms"})


def test_text_and_tag_have_no_unit() -> None:
    assert _query(col('"zone"', "Zone")).units == {"Zone": TEXT}


def test_series_of_another_unit_than_the_panel_is_given_its_own() -> None:
    told = _plot(_query(RATE, col('max("motor_current_ma")', "Current"))).json(1, 0, 0)
    assert told["fieldConfig"]["defaults"]["unit"] == "hertz"
    current = {
        "matcher": {"id": "byName", "options": "Current"},
        "properties": [{"id": "unit", "value": "mamp"}],
    }
    assert current in told["fieldConfig"]["overrides"]


def test_series_named_by_a_tag_cannot_have_another_unit_than_the_panel() -> None:
    both = _query(RATE, col('max("motor_current_ma")', "Current"), by=["zone"])
    with pytest.raises(PanelError, match="cannot be given the unit"):
        _plot(both, alias="$tag_zone").json(1, 0, 0)


def test_one_name_in_two_units_is_refused() -> None:
    with pytest.raises(PanelError, match="Rate is"):
        _plot(_query(), _query(col('max("motor_current_ma")', "Rate"))).json(1, 0, 0)


def test_table_shows_text_as_text_and_each_number_in_its_unit() -> None:
    asked = Query(columns=[col('"zone"', "Zone"), col('"power_w"', "Power")], source=SHOT)
    told = table("Shots", "Which?", [asked], 12).json(1, 0, 0)
    assert told["fieldConfig"]["defaults"]["unit"] == TEXT
    assert [one["matcher"]["options"] for one in told["fieldConfig"]["overrides"]] == ["Power"]


@pytest.mark.parametrize(("title", "description"), [("", "What?"), ("A", ""), ("A", "What")])
def test_panel_without_title_or_description_is_refused(title: str, description: str) -> None:
    with pytest.raises(PanelError, match="needs a title"):
        stat(title, description, [Target(_query())], 4, unit=AGE)


def test_neighbours_wider_than_the_grid_are_refused() -> None:
    with pytest.raises(PanelError, match="36 wide"):
        _board([_plot(_query())] * 3).json({})


def test_panels_of_a_board_stand_beside_and_below_one_another() -> None:
    told = _board([_plot(_query())] * 2, [_plot(_query())]).json({})
    places = [
        (one["gridPos"]["x"], one["gridPos"]["y"]) for one in told["panels"] if "targets" in one
    ]
    words, line = 4, 8
    assert places[-3:] == [(0, words + 1), (12, words + 1), (0, words + 1 + line)]


def test_panel_that_a_board_does_not_have_is_refused() -> None:
    with pytest.raises(PanelError, match="has no panel Speed"):
        _board([_plot(_query())]).panel_id("Speed")
