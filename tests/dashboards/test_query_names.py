"""No query asks for what InfluxDB does not have: read from the files, not from their makers."""

import re

import pytest

from dermatrace.forward.measurements import MEASUREMENTS
from support.boards import Asked, all_queries

BY_NAME = {one.name: one for one in MEASUREMENTS}
QUERIES = all_queries()
_SOURCE = re.compile(r'FROM "(\w+)"\."(\w+)"')
_ALIAS = re.compile(r'\bAS "([^"]+)"')
_QUOTED = re.compile(r'"([^"]+)"')
_STRING = re.compile(r"'[^']*'")


def strange_names(query: str) -> list[str]:
    """List every name a query uses that its measurement does not have."""
    sources = _SOURCE.findall(query)
    if not sources:
        return [f"no measurement in {query}"]
    known = set(_ALIAS.findall(query))
    found = []
    for bucket, name in sources:
        measurement = BY_NAME.get(name)
        if measurement is None or measurement.bucket != bucket:
            found.append(f"{bucket}.{name}")
            continue
        known |= {bucket, name, *measurement.tags, *measurement.numbers, *measurement.texts}
    texts_out = _STRING.sub("", query)
    found += [name for name in _QUOTED.findall(texts_out) if name not in known]
    return found


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_query_asks_only_for_what_its_measurement_has(asked: Asked) -> None:
    assert strange_names(asked.text) == []


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_query_keeps_to_a_time_and_has_a_bound(asked: Asked) -> None:
    text = asked.text
    if text.startswith("SHOW TAG VALUES"):
        return
    assert "$timeFilter" in text or "${__from}" in text
    is_grouped = re.search(r"\b(?:count|sum|mean|median|min|max|last|distinct|elapsed)\(", text)
    is_of_one = "= '${session:raw}'" in text or "= '${series:raw}'" in text
    assert is_grouped or is_of_one or "LIMIT" in text or "annotation" in asked.place


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_variable_stands_where_its_format_is_safe(asked: Asked) -> None:
    bare = re.findall(r"\$(?!__interval\b|timeFilter\b|\{)\w+|\[\[", asked.text)
    assert not bare, "name the format: '${x:raw}' or =~ /^${x:regex}$/"
    for found in re.finditer(r"(.{0,6})\$\{(\w+)(?::(\w+))?\}(.{0,2})", asked.text):
        before, name, form, after = found.groups()
        if name in {"__from", "__to"}:
            continue
        if form == "raw":
            assert before.endswith("= '")
            assert after.startswith("'")
        else:
            assert form == "regex"
            assert before.endswith("=~ /^")
            assert after.startswith("$/")


@pytest.mark.parametrize("asked", [one for one in QUERIES if one.board == "alerts"], ids=str)
def test_alert_query_groups_by_time_and_knows_no_variable(asked: Asked) -> None:
    assert "${" not in asked.text
    assert re.search(r"GROUP BY time\(", asked.text)


def test_every_measurement_but_those_kept_for_other_tools_is_on_a_board() -> None:
    shown = {name for one in QUERIES for _, name in _SOURCE.findall(one.text)}
    assert set(BY_NAME) - shown == {"sub_pulse", "channel"}


@pytest.mark.parametrize(
    ("query", "strange"),
    [
        ('SELECT max("depth_mm") AS "x" FROM "raw"."window"', ["depth_mm"]),
        ('SELECT max("seq") AS "x" FROM "sessions"."window"', ["sessions.window", "seq", "raw"]),
        ('SELECT "x" FROM (SELECT last("seq") AS "x" FROM "raw"."shot") GROUP BY "side"', ["side"]),
        ("SELECT 1", ["no measurement in SELECT 1"]),
    ],
)
def test_a_strange_name_is_found(query: str, strange: list[str]) -> None:
    assert strange_names(query)[0] == strange[0]
