"""Windows, shots and events as points: what was measured, where, and each at a time of its own."""

import json
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from dermatrace.forward import reading_points
from dermatrace.forward.memory import SessionMemory
from dermatrace.forward.session_clock import Moment
from dermatrace_schemas.needling import COLUMNS, NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.rf import (
    CHANNELS_PER_SUB_PULSE_MAX,
    DEPTHS_PER_SHOT_MAX,
    SUB_PULSES_PER_DEPTH_MAX,
    RfShot,
)
from dermatrace_schemas.session import DeviceEvent, SessionStopped
from support.manual_clock import NOON_MS
from support.vectors import example

MOMENT: Final = Moment(NOON_MS, is_doubtful=False)
MEMORY: Final = SessionMemory.of(1, "north-clinic", "pen-7", "s-1")
_Document = TypeVar("_Document")
VALUES: Final = st.none() | st.floats(-1e9, 1e9, allow_subnormal=False) | st.integers(0, 10**6)
COUNTS: Final = st.none() | st.integers(0, 2**31)


def _windows(**members: object) -> list[dict[str, Any]]:
    document = _parsed("needling.windows", NeedlingWindows, members)
    return _read(reading_points.windows(MEMORY, document, MOMENT))


def _shot(*depths: dict[str, Any], **members: object) -> list[dict[str, Any]]:
    document = _parsed("rf.shot", RfShot, members | {"depths": list(depths)})
    return _read(reading_points.shot(MEMORY, document, MOMENT))


def _parsed(kind: str, document_type: type[_Document], members: dict[str, object]) -> _Document:
    document = parse("session", json.dumps(example(kind) | members).encode())
    assert isinstance(document, document_type)
    return document


def _read(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [parse_line(line) for line in lines]


def _pulse(**members: object) -> dict[str, Any]:
    return {"energy_scope": "total"} | members


def _depth(*pulses: dict[str, Any], **members: object) -> dict[str, Any]:
    return {"sub_pulses": list(pulses)} | members


@st.composite
def _columns(draw: st.DrawFn) -> dict[str, list[Any]]:
    count = draw(st.integers(1, 20))
    offsets = sorted(draw(st.sets(st.integers(0, 4_000), min_size=count, max_size=count)))
    columns: dict[str, Any] = {
        name: draw(st.none() | st.lists(
            COUNTS if name == "stroke_count" else VALUES, min_size=count, max_size=count))
        for name in COLUMNS
    }  # fmt: skip
    return columns | {"offset_ms": offsets}


@given(columns=_columns(), seq=st.integers(0, 2**20 - 1))
def test_each_window_has_its_values_and_what_is_null_is_absent(
    columns: dict[str, list[Any]], seq: int
) -> None:
    points = _windows(**columns, seq=seq)
    assert len({point["time"] for point in points}) == len(columns["offset_ms"])
    for at, point in enumerate(points):
        expected = {
            name: float(column[at])
            for name, column in columns.items()
            if name in COLUMNS and column is not None and column[at] is not None
        }
        told = {name: point["fields"][name] for name in point["fields"] if name in COLUMNS}
        assert told == expected
        assert point["fields"]["seq"] == seq
        assert point["fields"]["window_ms"] == 200
        assert point["time"] // 1_000_000 == NOON_MS + columns["offset_ms"][at]
        assert {type(value) for value in point["fields"].values()} == {float}


def test_difference_of_depths_is_told_without_what_binary_fractions_leave_over() -> None:
    (point, other, last) = _windows(
        depth_measured_median_mm=[1.46, 0.3, None], depth_commanded_mm=[1.5, None, 1]
    )
    assert point["fields"]["depth_difference_mm"] == -0.04
    assert "depth_difference_mm" not in other["fields"]
    assert "depth_difference_mm" not in last["fields"]


def test_windows_without_any_column_still_say_that_they_were() -> None:
    points = _windows(**dict.fromkeys(COLUMNS), window_ms=None)
    assert [set(point["fields"]) for point in points] == [{"seq", "pass_number"}] * 3


def test_difference_beyond_a_float_is_left_out() -> None:
    huge = 1.7e308
    (point,) = _windows(
        **dict.fromkeys(COLUMNS), offset_ms=[0],
    )  # fmt: skip
    assert "depth_difference_mm" not in point["fields"]
    columns = dict.fromkeys(COLUMNS) | {
        "depth_measured_median_mm": [huge], "depth_commanded_mm": [-huge],
    }  # fmt: skip
    (point,) = _windows(**columns, offset_ms=[0])
    assert point["fields"]["depth_measured_median_mm"] == huge
    assert "depth_difference_mm" not in point["fields"]
    shot, *_ = _shot(_depth(depth_commanded_mm=-huge, depth_measured_mm=huge))
    assert shot["fields"]["depth_measured_mm"] == huge
    assert "depth_difference_mm" not in shot["fields"]


def test_energies_that_add_up_to_more_than_a_float_are_left_out_of_the_sum() -> None:
    pulse = _pulse(energy_delivered_mj=1.7e308, power_w=5)
    shot, *pulses = _shot(_depth(pulse, pulse))
    assert "energy_delivered_mj" not in shot["fields"]
    assert shot["fields"]["power_w"] == 5.0
    assert [point["fields"]["energy_delivered_mj"] for point in pulses] == [1.7e308] * 2


def test_shot_sums_its_sub_pulses() -> None:
    first = _pulse(
        energy_delivered_mj=100, energy_commanded_mj=110, duration_ms=50, power_w=2,
        temperature_max_celsius=40, impedance_before_ohm=400, impedance_min_ohm=300,
        impedance_end_ohm=310,
    )  # fmt: skip
    second = _pulse(
        energy_delivered_mj=150, duration_ms=60, power_w=3, temperature_max_celsius=38,
        impedance_before_ohm=390, impedance_min_ohm=290, impedance_end_ohm=305,
    )  # fmt: skip
    shot, *pulses = _shot(
        _depth(first, depth_commanded_mm=1.5, depth_measured_mm=1.4),
        _depth(second, depth_commanded_mm=0.5, depth_measured_mm=0.8),
        purpose="test",
    )
    fields = shot["fields"]
    assert (fields["energy_delivered_mj"], fields["energy_commanded_mj"]) == (250.0, 110.0)
    assert (fields["duration_ms"], fields["power_w"]) == (110.0, 3.0)
    assert fields["temperature_max_celsius"] == 40.0
    assert (fields["impedance_before_ohm"], fields["impedance_min_ohm"]) == (400.0, 290.0)
    assert fields["impedance_end_ohm"] == 305.0
    assert (fields["depth_commanded_mm"], fields["depth_measured_mm"]) == (1.5, 1.4)
    assert fields["depth_difference_mm"] == 0.3, "where both are farthest apart"
    assert (fields["depth_count"], fields["sub_pulse_count"], fields["is_test"]) == (2.0, 2.0, 1.0)
    assert "duration_commanded_ms" not in fields
    numbers = [(p["fields"]["depth_number"], p["fields"]["sub_pulse_number"]) for p in pulses]
    assert numbers == [(1.0, 1.0), (2.0, 1.0)]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("total", {"energy_delivered_mj": 9.0}),
        ("per_pin", {"energy_delivered_per_pin_mj": 9.0}),
        (None, {}),
    ],
)
def test_energies_are_never_added_up_across_what_they_refer_to(
    scope: str | None, expected: dict[str, float]
) -> None:
    points = _shot(_depth(_pulse(energy_delivered_mj=9, energy_scope=scope)))
    for point in points:
        told = {name: value for name, value in point["fields"].items() if "energy" in name}
        assert told == expected


@pytest.mark.parametrize(("purpose", "is_test"), [("test", 1.0), ("treatment", 0.0), (None, None)])
def test_shot_whose_purpose_nobody_told_says_neither(
    purpose: str | None, is_test: float | None
) -> None:
    shot, *_ = _shot(_depth(), purpose=purpose)
    assert shot["fields"].get("is_test") == is_test


OFFSETS: Final = st.none() | st.sampled_from([0, 0.4, 1, 999.9, 3_600_000])


@given(
    pulses=st.lists(
        st.lists(
            st.tuples(OFFSETS, st.integers(0, CHANNELS_PER_SUB_PULSE_MAX)),
            max_size=SUB_PULSES_PER_DEPTH_MAX,
        ),
        min_size=1,
        max_size=DEPTHS_PER_SHOT_MAX,
    ),
    seq=st.integers(0, 2**20 - 1),
)
def test_no_two_points_of_a_shot_share_a_time_whatever_it_says_of_when(
    pulses: list[list[tuple[float | None, int]]], seq: int
) -> None:
    depths = [
        _depth(*(
            _pulse(offset_ms=offset, channels=[{"channel_number": 1}] * count or None)
            for offset, count in told
        ))
        for told in pulses
    ]  # fmt: skip
    points = _shot(*depths, seq=seq)
    keys = {(p["measurement"], tuple(p["tags"].items()), p["time"]) for p in points}
    assert len(keys) == len(points)
    assert len(points) == 1 + sum(1 + count for told in pulses for _, count in told)


def test_event_tells_where_and_what() -> None:
    memory = SessionMemory.of(1, "north-clinic", "pen-7", "s-1")
    memory.zone, memory.laterality, memory.pass_number = "chin", "left", 2
    fault = _parsed("device.event", DeviceEvent, {})
    (point,) = _read([reading_points.event(memory, fault, MOMENT)])
    assert (point["tags"]["event"], point["tags"]["code"]) == ("fault", "KICKBACK")
    assert (point["tags"]["zone"], point["tags"]["laterality"]) == ("chin", "left")
    assert point["fields"]["pass_number"] == 2.0
    stop = _parsed("session.stopped", SessionStopped, {})
    (point,) = _read([reading_points.event(memory, stop, MOMENT._replace(is_doubtful=True))])
    assert point["tags"]["event"] == "stopped"
    assert point["fields"]["outcome"] == "completed"
    assert point["fields"]["clock_is_doubtful"] == 1.0
