"""Lines on paper end where readings end, and lose no extreme."""

import re
from typing import Final

import pytest

from dermatrace.console.svg_paths import LEFT, Frame, line_path, ribbon_path, ticks, time_texts

FRAME: Final = Frame(0, 10_000, 0.0, 2.0, top=0, bottom=200, is_down=True)
TIMES: Final = [(at_ms, at_ms + 100) for at_ms in range(0, 1_000, 100)]
_POINT: Final = re.compile(r"([ML])([\d.]+),([\d.]+)")


def _starts(path: str) -> int:
    return path.count("M")


def test_depth_points_down() -> None:
    assert FRAME.y(0.0) == 0
    assert FRAME.y(2.0) == 200
    assert Frame(0, 1, 0.0, 2.0, 0, 200, is_down=False).y(2.0) == 0


def test_value_beyond_the_paper_lies_at_its_edge() -> None:
    assert FRAME.y(40.0) == 200


def test_line_ends_at_a_value_nobody_has() -> None:
    values = [1.0, 1.0, None, 1.0, 1.0, 1.0, None, None, 1.0, 1.0]
    assert _starts(line_path(FRAME, TIMES, values)) == 3


def test_line_ends_where_time_is_missing() -> None:
    times = [*TIMES[:5], *((at_ms + 3_000, until + 3_000) for at_ms, until in TIMES[5:])]
    path = line_path(FRAME, times, [1.0] * 10)
    assert _starts(path) == 2
    begin, end = FRAME.x(500) + 1, FRAME.x(3_500) - 1
    assert not any(begin < float(x) < end for _, x, _ in _POINT.findall(path))


def test_stepped_line_holds_its_value_to_the_end_of_the_window_and_no_further() -> None:
    path = line_path(FRAME, TIMES, [1.0, None, 1.5, *[None] * 7], is_stepped=True)
    ends = [float(x) for x in re.findall(r"H([\d.]+)", path)]
    assert ends == [FRAME.x(100), FRAME.x(300)]


def test_extremes_within_one_column_of_the_print_are_kept() -> None:
    times = [(at_ms, at_ms + 1) for at_ms in range(1_000)]
    values: list[float | None] = [1.0] * 1_000
    values[411], values[633] = 0.25, 1.75
    heights = {float(y) for _, _, y in _POINT.findall(line_path(FRAME, times, values))}
    assert {FRAME.y(0.25), FRAME.y(1.75)} <= heights
    lows = [value and value - 0.1 for value in values]
    assert f"{FRAME.y(0.15)}" in ribbon_path(FRAME, times, lows, values)


def test_ribbon_is_drawn_only_where_both_ends_are_known() -> None:
    path = ribbon_path(FRAME, TIMES[:3], [0.5, None, 0.5], [1.0, 1.0, None])
    assert _starts(path) == 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.2), (0.0, 132.0), (103.5, 117.0), (0.0, 0.27)])
def test_beside_a_plot_stand_a_few_round_numbers(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert all(low <= value <= high for value in found)
    assert all(len(f"{value:g}") <= 5 for value in found)


@pytest.mark.parametrize("length_s", [3, 61, 1_800, 40_000, 900_000])
def test_below_the_plots_stand_times_that_leave_room_for_one_another(length_s: int) -> None:
    frame = Frame(0, length_s * 1_000, 0.0, 1.0, 0, 10, is_down=True)
    found = list(time_texts(frame))
    assert found[0].words == "0:00"
    assert found[0].x == LEFT
    assert len(found) <= 12
