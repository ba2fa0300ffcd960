"""Every board has what Grafana would leave out in silence: titles, units, targets, room."""

from itertools import combinations
from typing import Any

import pytest

from support.boards import BOARDS, Json, annotations, panels, variables
from support.grafana import references

GRID_WIDTH = 24
SCHEMA_VERSION_MAX = 42
KINDS_WITHOUT_TARGET = {"text"}
UNITS = {
    "bool_yes_no",
    "bytes",
    "celsius",
    "cps",
    "d",
    "dateTimeAsSystem",
    "dateTimeFromNow",
    "hertz",
    "joule",
    "locale",
    "mamp",
    "ms",
    "none",
    "ohm",
    "percentunit",
    "s",
    "string",
    "suffix:mm",
    "watt",
}
"""Of those Grafana knows, the ones our fields can have."""
PANELS = {
    f"{slug}/{panel['title']}": panel for slug, board in BOARDS.items() for panel in panels(board)
}
EACH_PANEL = [pytest.param(panel, id=name) for name, panel in PANELS.items()]
ASKING = [
    pytest.param(panel, id=name)
    for name, panel in PANELS.items()
    if panel["type"] not in KINDS_WITHOUT_TARGET
]


def test_there_are_seven_boards() -> None:
    assert len(BOARDS) == 7


@pytest.mark.parametrize("slug", BOARDS)
def test_board_cannot_be_edited_in_the_browser_and_says_what_it_asks(slug: str) -> None:
    board = BOARDS[slug]
    assert board["editable"] is False
    assert board["description"].endswith("?")
    assert board["schemaVersion"] <= SCHEMA_VERSION_MAX
    assert "dermatrace" in board["tags"]
    assert "id" not in board


@pytest.mark.parametrize("slug", BOARDS)
def test_board_begins_with_what_it_is_not(slug: str) -> None:
    first = BOARDS[slug]["panels"][0]
    assert first["type"] == "text"
    assert first["gridPos"]["y"] == 0
    content = first["options"]["content"]
    assert "No alarm system" in content
    assert "never how deep skin was reached" in content


def test_uids_are_unique_and_short_enough() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    assert len(set(uids)) == len(uids)
    assert all(8 <= len(uid) <= 40 for uid in uids)
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("slug", BOARDS)
def test_panel_ids_and_titles_are_unique(slug: str) -> None:
    ids = [panel["id"] for panel in BOARDS[slug]["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in panels(BOARDS[slug])]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("panel", EACH_PANEL)
def test_panel_has_title_and_description(panel: Json) -> None:
    assert panel["title"]
    assert panel["description"].endswith((".", "?"))


@pytest.mark.parametrize("panel", ASKING)
def test_panel_asks_something_of_the_source_the_board_names(panel: Json) -> None:
    assert panel["targets"]
    for one in (panel, *panel["targets"]):
        assert one["datasource"] == {"type": "influxdb", "uid": "${datasource}"}
    ref_ids = [target["refId"] for target in panel["targets"]]
    assert len(set(ref_ids)) == len(ref_ids)
    assert "?" in panel["description"]


@pytest.mark.parametrize("panel", ASKING)
def test_panel_and_its_overrides_have_units_that_grafana_knows(panel: Json) -> None:
    config = panel["fieldConfig"]
    units = [config["defaults"]["unit"]]
    units += [
        one["value"]
        for override in config["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    ]
    assert set(units) <= UNITS


@pytest.mark.parametrize("slug", BOARDS)
def test_no_panel_lies_on_another_or_beyond_the_grid(slug: str) -> None:
    places = {one["id"]: one["gridPos"] for one in BOARDS[slug]["panels"]}
    for one in places.values():
        assert one["x"] + one["w"] <= GRID_WIDTH
        assert min(one["w"], one["h"]) > 0
    overlapping = [
        (name, other)
        for (name, a), (other, b) in combinations(places.items(), 2)
        if _overlap(a, b, "x", "w") and _overlap(a, b, "y", "h")
    ]
    assert not overlapping


def _overlap(one: Json, other: Json, start: str, length: str) -> bool:
    first, second = sorted((one, other), key=lambda place: int(place[start]))
    return bool(first[start] + first[length] > second[start])


@pytest.mark.parametrize("slug", BOARDS)
def test_every_variable_is_used_and_every_used_one_declared(slug: str) -> None:
    board = BOARDS[slug]
    declared = set(variables(board))
    used = set().union(*(references(text) for text in _texts(board["panels"])))
    used |= set().union(*(references(one["query"]) for one in annotations(board).values()))
    among = [references(one["query"]["query"]) for one in variables(board).values()]
    used |= set().union(*among)
    assert used - {"datasource"} == declared


def _texts(told: Any) -> list[str]:  # noqa: ANN401  JSON is whatever it is
    if isinstance(told, str):
        return [told]
    children = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return [text for child in children for text in _texts(child)]


@pytest.mark.parametrize("slug", BOARDS)
def test_variable_asks_anew_and_hangs_on_at_most_one_level_of_others(slug: str) -> None:
    found = variables(BOARDS[slug])
    needs = {name: references(one["query"]["query"]) for name, one in found.items()}
    for name, needed in needs.items():
        assert found[name]["refresh"] in {1, 2}
        assert found[name]["description"].endswith(".")
        deeper = set().union(*(needs[other] for other in needed)) if needed else set()
        assert not deeper, f"{name} needs {needed}, which needs {deeper}"


@pytest.mark.parametrize("slug", BOARDS)
def test_data_source_is_a_variable_with_the_provisioned_one_as_default(slug: str) -> None:
    first = BOARDS[slug]["templating"]["list"][0]
    assert (first["name"], first["type"], first["query"]) == (
        "datasource",
        "datasource",
        "influxdb",
    )
    assert first["label"] == "Data source"
    assert first["current"]["value"] == "dermatrace-influxdb"


@pytest.mark.parametrize("slug", ["treatment-floor", "live-session"])
def test_live_board_moves_every_second_and_the_picker_offers_it(slug: str) -> None:
    assert BOARDS[slug]["refresh"] == "1s"
    assert "1s" in BOARDS[slug]["timepicker"]["refresh_intervals"]
    assert BOARDS[slug]["liveNow"] is True


@pytest.mark.parametrize("slug", BOARDS)
def test_annotation_names_columns_as_grafana_compares_them(slug: str) -> None:
    for name, target in annotations(BOARDS[slug]).items():
        asked = {key: target[f"{key}Column"] for key in ("title", "text", "tags")}
        # An empty one is contained in every column: everything would be a tag, or the text.
        assert all(asked.values()), name
        measurement = asked["text"].partition(".")[0]
        columns = _columns(target["query"], measurement)
        for key in ("title", "text", "tags"):
            assert [one for one in columns if asked[key] in one] == [asked[key]], (name, key)
        assert target["timeEndColumn"] in {"", *columns}
        assert "$timeFilter" in target["query"]


def _columns(query: str, measurement: str) -> list[str]:
    selected = query.partition("SELECT ")[2].partition(" FROM ")[0]
    return [f"{measurement}.{one.rpartition('AS ')[2][1:-1]}" for one in selected.split(", ")]
