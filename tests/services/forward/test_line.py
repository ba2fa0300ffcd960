"""A point as one line: whatever a device says, another reader and InfluxDB itself read the same."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from dermatrace.forward.line import NS_PER_MS, line, prefix, tag, text, time_ns
from dermatrace.forward.measurement import Measurement
from support.influx_org import InfluxOrg

THING: Final = Measurement("thing", "raw", "", ("b", "a"), {"f": "", "g": ""}, {"s": "", "t": ""})
AT_NS: Final = 1_780_000_000_000_000_000
# The other reader knows no NUL and no subnormal number; InfluxDB does, see below.
HOSTILE: Final = st.text(st.sampled_from("\\\"=, \n\r\taü☃😀\u2028\u00a0\u200b'#{}%")) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
)
NUMBERS: Final = (
    st.none()
    | st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    | st.integers(0, 2**53)
)
NASTY: Final = (
    'a "quoted" word', "back\\slash", "ends with \\", '\\"', "two\nlines", "two\r\nlines", "",
    "comma, equals = and space ", "snow ☃ and 😀", "\0", "\t", "\u2028", "#no comment", "x" * 2_000,
)  # fmt: skip


@given(tags=st.tuples(HOSTILE, HOSTILE), numbers=st.tuples(NUMBERS, NUMBERS), texts=HOSTILE)
def test_another_reader_reads_what_was_written(
    tags: tuple[str, str], numbers: tuple[float | None, float | None], texts: str
) -> None:
    start = prefix(THING, {"a": tag(tags[0]), "b": tag(tags[1])})
    told = dict(zip("fg", numbers, strict=True))
    read = parse_line(line(start, AT_NS, told, {"s": texts, "t": None}))
    expected: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    assert read["measurement"] == "thing"
    assert read["time"] == AT_NS
    assert read["tags"] == {"a": _readable(tags[0]), "b": _readable(tags[1])}
    assert read["fields"] == expected | {"s": texts}
    assert {type(value) for value in read["fields"].values()} <= {float, str}


def _readable(value: str) -> str:
    """Return a tag as the record's text is shown: without what no tag can hold."""
    return "".join(c if c.isprintable() and c != "\\" else "_" for c in value) or "unknown"


def test_tags_stand_in_the_order_of_their_names() -> None:
    assert prefix(THING, {"b": "2", "a": "1"}) == "thing,a=1,b=2"


def test_tag_that_a_measurement_needs_is_missed() -> None:
    with pytest.raises(KeyError):
        prefix(THING, {"a": "1"})


@pytest.mark.parametrize("value", [None, ""])
def test_tag_that_nobody_knows_says_so(value: str | None) -> None:
    assert tag(value) == "unknown"


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_number_beyond_a_float_is_left_out_and_the_rest_stays(value: float) -> None:
    assert line("m,a=b", 1, {"f": value, "g": 2.5}) == "m,a=b g=2.5 1"


def test_documents_and_places_within_a_millisecond_have_times_of_their_own() -> None:
    times = {time_ns(7, seq, place) for seq in range(1_000) for place in range(0, 331, 33)}
    assert len(times) == 1_000 * 11
    assert {at_ns // NS_PER_MS for at_ns in times} == {7}


@pytest.mark.influx
def test_influxdb_reads_what_was_written(influx: InfluxOrg) -> None:
    lines = [
        line(prefix(THING, {"a": tag(words), "b": str(at)}), AT_NS + at, {"f": at}, {"s": words})
        for at, words in enumerate(NASTY)
    ]
    answer = influx.write("\n".join(lines))
    assert answer.status == 204, answer.text
    found = influx.query("SELECT f, s FROM thing GROUP BY *")
    assert {series.tags["b"]: series.tags["a"] for series in found} == {
        str(at): _readable(words) for at, words in enumerate(NASTY)
    }
    told = {series.tags["b"]: series.rows()[0] for series in found}
    assert {at: row["s"] for at, row in told.items()} == {
        str(at): words for at, words in enumerate(NASTY)
    }
    assert {row["time"] - AT_NS for row in told.values()} == set(range(len(NASTY)))


@pytest.mark.influx
def test_whole_numbers_are_floats_to_influxdb_so_that_fractions_can_follow(
    influx: InfluxOrg,
) -> None:
    values: list[float] = [5, 5.5, 0, -0.0, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, 2**53]
    for at, value in enumerate(values):
        answer = influx.write(line("thing,a=1", AT_NS + at, {"f": value}))
        assert answer.status == 204, answer.text
    (series,) = influx.query("SELECT f FROM thing")
    assert [row["f"] for row in series.rows()] == values
    (keys,) = influx.query("SHOW FIELD KEYS FROM thing")
    assert keys.rows() == [{"fieldKey": "f", "fieldType": "float"}]


def test_text_keeps_line_ends_and_quotes() -> None:
    assert text('a"\n\\') == '"a\\"\n\\\\"'
