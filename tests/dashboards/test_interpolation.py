"""A query is asked as Grafana would ask it: what the tests put in is what Grafana puts in."""

import pytest

from support.grafana import (
    Chosen,
    FormatUnknownError,
    Scope,
    choose,
    duration,
    escape_regex,
    expand,
    interpolate,
    interval_ms,
    milliseconds,
    references,
)

HOUR_MS = 3_600_000


def _filled(text: str, **values: str | list[str]) -> str:
    return interpolate(text, Scope(1_000, 2_000, choose(**values)))


@pytest.mark.parametrize(
    "reference", ["$zone", "${zone}", "[[zone]]", "${zone:raw}", "[[zone:raw]]"]
)
def test_one_value_stands_in_place_of_its_reference(reference: str) -> None:
    assert _filled(f"'{reference}'", zone="left cheek") == "'left cheek'"


def test_value_is_escaped_only_where_a_pattern_asks_for_it() -> None:
    assert _filled("/^${device:regex}$/", device="pen.1/a") == r"/^pen\.1\/a$/"
    assert _filled("'${device:raw}'", device="pen.1/a") == "'pen.1/a'"


def test_several_values_are_alternatives_in_brackets() -> None:
    assert _filled("/^${zone:regex}$/", zone=["chin", "nose"]) == "/^(chin|nose)$/"
    assert _filled("/^$zone$/", zone=["chin", "nose"]) == "/^(chin|nose)$/"


def test_single_one_of_several_needs_no_brackets_where_a_pattern_is_asked_for() -> None:
    assert _filled("/^${zone:regex}$/", zone=["chin"]) == "/^chin$/"
    assert _filled("/^$zone$/", zone=["chin"]) == "/^(chin)$/"


def test_all_values_become_what_the_variable_says_for_all() -> None:
    assert _filled("/^${zone:regex}$/", zone=[]) == "/^.*$/"


def test_what_is_no_variable_stays() -> None:
    assert (
        _filled("$timeFilter $__interval $zones", zone="chin") == "$timeFilter $__interval $zones"
    )


def test_time_of_the_board_can_stand_in_a_query() -> None:
    assert (
        _filled("time >= ${__from}ms AND time <= ${__to}ms") == "time >= 1000ms AND time <= 2000ms"
    )


def test_format_that_is_not_known_here_is_refused() -> None:
    with pytest.raises(FormatUnknownError):
        _filled("${zone:csv}", zone="chin")


def test_time_filter_and_interval_are_filled_in() -> None:
    text = "WHERE $timeFilter GROUP BY time($__interval), time($interval), $__interval_ms"
    assert expand(text, Scope(1_000, 2_000), 60_000) == (
        "WHERE time >= 1000ms and time <= 2000ms GROUP BY time(1m), time(1m), 60000"
    )


@pytest.mark.parametrize(
    ("span_ms", "points", "shortest", "expected_ms"),
    [
        (300_000, 3_000, "100ms", 100),
        (300_000, 0, "", 200),
        (HOUR_MS, 0, "", 5_000),
        (HOUR_MS, 0, "10s", 10_000),
        (24 * HOUR_MS, 0, "", 60_000),
        (30 * 24 * HOUR_MS, 0, "", 1_800_000),
        (60_000, 0, "", 100),
    ],
)
def test_groups_are_about_a_pixel_wide_and_never_shorter_than_allowed(
    span_ms: int, points: int, shortest: str, expected_ms: int
) -> None:
    assert interval_ms(Scope(0, span_ms), points=points, shortest=shortest) == expected_ms


@pytest.mark.parametrize(
    ("length_ms", "shown"),
    [(100, "100ms"), (1_000, "1s"), (90_000, "90s"), (HOUR_MS, "1h"), (86_400_000, "1d")],
)
def test_length_of_time_is_written_as_influxql_reads_it(length_ms: int, shown: str) -> None:
    assert duration(length_ms) == shown
    assert milliseconds(shown) == length_ms


def test_panel_that_looks_back_farther_ends_where_its_board_ends() -> None:
    scope = Scope(9 * HOUR_MS, 10 * HOUR_MS).looking_back("12h")
    assert (scope.from_ms, scope.to_ms) == (-2 * HOUR_MS, 10 * HOUR_MS)


def test_length_of_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        milliseconds("soon")


@pytest.mark.parametrize("sign", list("^$*+?.()|[]{}/\\"))
def test_each_sign_with_a_meaning_in_patterns_is_escaped(sign: str) -> None:
    assert escape_regex(f"a{sign}b") == f"a\\{sign}b"


def test_references_are_those_a_board_must_declare() -> None:
    text = "$timeFilter '${clinic:raw}' [[device]] $session $__interval ${__from} $tag_zone $col"
    assert references(text) == {"clinic", "device", "session"}


def test_choice_of_nothing_is_everything() -> None:
    assert choose(clinic=[], zone="chin") == {"clinic": Chosen.all(), "zone": Chosen(("chin",))}
