"""Every query runs on a real InfluxDB 2, filled through recorder, judge and forwarder."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.boards import (
    BOARDS,
    Json,
    alert_query,
    alert_rules,
    annotations,
    panels,
    variables,
)
from support.boards_run import Shown, asked_text, show
from support.boards_sample import BoardsData
from support.grafana import Scope

pytestmark = pytest.mark.slow
EACH_PANEL = [
    pytest.param(slug, panel, id=f"{slug}/{panel['title']}")
    for slug, board in BOARDS.items()
    for panel in panels(board)
    if panel["type"] != "text"
]
EACH_VARIABLE = [(slug, name) for slug in BOARDS for name in variables(BOARDS[slug])]
EACH_ANNOTATION = [(slug, name) for slug in BOARDS for name in annotations(BOARDS[slug])]
RULES = alert_rules()


def _shown(data: BoardsData, slug: str, panel: Json) -> list[Shown]:
    return [show(data.org, panel, scope) for scope in data.scopes(slug).values()]


@pytest.mark.parametrize(("slug", "panel"), EACH_PANEL)
def test_every_query_of_a_panel_finds_something(data: BoardsData, slug: str, panel: Json) -> None:
    shown = _shown(data, slug, panel)
    for target in panel["targets"]:
        found = [one.answers[target["refId"]] for one in shown]
        assert any(series.values for answer in found for series in answer), target["query"]


@pytest.mark.parametrize(("slug", "panel"), EACH_PANEL)
def test_panel_shows_every_name_it_speaks_of(data: BoardsData, slug: str, panel: Json) -> None:
    names = set().union(*(one.names for one in _shown(data, slug, panel)))
    spoken = [
        override["matcher"]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byName"
    ]
    spoken += [one["displayName"] for one in panel["options"].get("sortBy", ())]
    spoken += [
        one["value"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "custom.fillBelowTo"
    ]
    assert set(spoken) - {"Time"} <= names
    assert not [name for name in names if "$" in name]
    chosen = panel["options"].get("reduceOptions", {}).get("fields")
    if chosen:
        assert [name for name in names if re.search(chosen.strip("/"), name)]


@pytest.mark.parametrize(("slug", "panel"), EACH_PANEL)
def test_what_has_a_unit_is_a_number_and_what_has_none_a_text(
    data: BoardsData, slug: str, panel: Json
) -> None:
    units = {
        override["matcher"]["options"]: one["value"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit" and override["matcher"]["id"] == "byName"
    }
    by_query = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byFrameRefID"
    }
    plain = panel["fieldConfig"]["defaults"]["unit"]
    for name, values in _columns(_shown(data, slug, panel), by_query):
        unit = units.get(name, plain)
        kinds = {type(value) for value in values if value is not None}
        assert kinds <= ({str} if unit == "string" else {int, float}), (name, unit, kinds)


def _columns(shown: list[Shown], but_of: set[str]) -> Iterator[tuple[str, list[Any]]]:
    for one in shown:
        for frame in one.frames:
            for field in frame.fields:
                if field.name != "Time" and frame.ref_id not in but_of:
                    yield field.shown, field.values


@pytest.mark.parametrize(("slug", "name"), EACH_VARIABLE)
def test_every_variable_offers_what_is_chosen(data: BoardsData, slug: str, name: str) -> None:
    variable = variables(BOARDS[slug])[name]
    for scope in data.scopes(slug).values():
        (series,) = data.org.query(asked_text(variable["query"]["query"], scope))
        offered = {row[-1] for row in series.values}
        assert all(isinstance(value, str) for value in offered)
        chosen = scope.variables[name]
        assert chosen.is_all or set(chosen.values) <= offered
        pattern = variable["regex"].strip("/")
        assert all(re.search(pattern, value) for value in chosen.values)


@pytest.mark.parametrize(("slug", "name"), EACH_ANNOTATION)
def test_every_annotation_has_all_of_its_columns_in_every_row(
    data: BoardsData, slug: str, name: str
) -> None:
    target = annotations(BOARDS[slug])[name]
    found = [
        series
        for scope in data.scopes(slug).values()
        for series in data.org.query(asked_text(target["query"], scope))
    ]
    assert found
    for series in found:
        # Grafana leaves out a row in which anything is missing, and cuts tags of groups apart.
        assert not series.tags
        assert all(value is not None for row in series.values for value in row)
        if target["timeEndColumn"]:
            end = series.columns.index(target["timeEndColumn"].partition(".")[2])
            assert all(row[end] >= row[0] // 1_000_000 for row in series.values)


@pytest.mark.parametrize("uid", RULES)
def test_every_alert_query_returns_a_series_of_numbers(data: BoardsData, uid: str) -> None:
    asked = alert_query(RULES[uid])
    back_ms = asked["relativeTimeRange"]["from"] * 1_000
    scope = Scope(data.ends_ms - back_ms, data.ends_ms)
    text = asked_text(asked["model"]["query"], scope, shortest="10s")
    found = data.org.query(text)
    assert found
    for series in found:
        assert len(series.columns) == 2
        assert {type(row[1]) for row in series.values} <= {int, float}
