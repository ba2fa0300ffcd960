"""From options to a question."""

from dataclasses import fields
from typing import Any

import pytest

from dermatrace.cli.session_filters import FILTERS, TIMES, query_of
from dermatrace.errors import UsageError
from dermatrace.judge.search import SessionQuery

DAY_MS = 86_400_000
NOT_OPTIONS = {
    "from_day",
    "until_day",
    "from_ms",
    "until_ms",
    "timed",
    "newest",
    "clinics",
    "after_row",
}
"""Members that follow from the options of time, or from `--newest`."""


def test_every_member_of_a_question_can_be_asked_for() -> None:
    members = {one.member for one in FILTERS} - set(TIMES)
    assert members == {member.name for member in fields(SessionQuery)} - NOT_OPTIONS


def test_each_option_is_named_once_and_explained() -> None:
    options = [one.option for one in FILTERS]
    assert len(set(options)) == len(options)
    assert all(one.help.endswith(".") for one in FILTERS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {}),
        ({"zone": "cheek", "depth_median_above_mm": 1.0, "clinic": None}, None),
        ({"from_": "1970-01-03", "until": "1970-01-05"}, {"from_day": 2, "until_day": 4}),
        ({"from_": "1970-01-03T01:00+01:00"}, {"from_ms": 2 * DAY_MS}),
        (
            {"until": "1970-01-02T00:00Z", "from_": "1970-01-01"},
            {"until_ms": DAY_MS, "from_day": 0},
        ),
        ({"last_days": 2}, {"from_ms": 8 * DAY_MS}),
        ({"last_days": 2, "until": "1970-01-10"}, {"from_ms": 8 * DAY_MS, "until_day": 9}),
        ({"justified": False, "undated": True}, None),
    ],
)
def test_options_become_members(asked: dict[str, Any], expected: dict[str, Any] | None) -> None:
    members = asked if expected is None else expected
    assert query_of(asked, now_ms=10 * DAY_MS) == SessionQuery(**members)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"from_": "yesterday"}, "--from: 'yesterday' is not a time"),
        ({"until": "1970-13-01"}, "--until: "),
        ({"from_": "1970-01-03T01:00"}, "--from: "),
        ({"from_": "1970-01-03", "last_days": 1}, "--from and --last-days"),
        ({"energy_above_mj": float("inf")}, "--energy-above-mj: inf is no number"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_option(asked: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError) as refused:
        query_of(asked)
    assert str(refused.value).startswith(expected)
    assert refused.value.remedy
