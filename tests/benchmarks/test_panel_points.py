"""The year that panels are measured with has the points that forward writes, and each once."""

from collections import Counter
from itertools import chain

import pytest
from benchmarks.panel_points import DAY_MS, PointSession, judged_lines, point, recorder_lines, year
from benchmarks.panel_readings import raw_lines

from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.forward.measurements_device import EVENT, WINDOW
from support.manual_clock import NOON_MS

COUNT = 30
SESSIONS = list(year(COUNT, NOON_MS))


def _lines() -> list[str]:
    return [
        *chain.from_iterable(judged_lines(one) for one in SESSIONS),
        *chain.from_iterable(raw_lines(one, 0.2) for one in SESSIONS),
        *recorder_lines(NOON_MS, hours=1, seconds_apart=10),
    ]


LINES = _lines()


def test_every_measurement_there_is_has_points() -> None:
    found = {line.partition(",")[0] for line in LINES}
    assert found == {measurement.name for measurement in MEASUREMENTS}


def test_no_point_overwrites_another() -> None:
    # Blanks within a text do not matter: what stands before the first and after the last one is
    # the series and the time.
    keys = Counter((line.split(" ", 1)[0], line.rsplit(" ", 1)[1]) for line in LINES)
    assert [key for key, count in keys.items() if count > 1] == []


def test_same_year_is_made_twice() -> None:
    assert _lines() == LINES


def test_sessions_are_spread_over_the_year_in_order() -> None:
    begins = [one.begins_ms for one in SESSIONS]
    assert begins == sorted(begins)
    assert begins[0] > NOON_MS - 365 * DAY_MS
    assert begins[-1] < NOON_MS
    assert begins[-1] - begins[0] > 330 * DAY_MS


def test_both_sorts_of_device_and_every_clinic_are_among_them() -> None:
    assert {one.is_rf for one in SESSIONS} == {True, False}
    assert len({one.tags["clinic"] for one in SESSIONS}) == 3


def test_session_that_still_runs_has_told_no_end() -> None:
    ended, running = (
        "".join(raw_lines(PointSession(1, NOON_MS), 0.2, ends=ends)) for ends in (True, False)
    )
    assert ("event=stopped" in ended, "event=stopped" in running) == (True, False)


@pytest.mark.parametrize(
    ("numbers", "texts"), [({"depth_mm": 1.0}, None), ({"seq": 1}, {"phase": "x"})]
)
def test_name_that_the_measurement_does_not_have_is_refused(
    numbers: dict[str, float], texts: dict[str, str] | None
) -> None:
    with pytest.raises(KeyError, match="window has no"):
        point(WINDOW, 1, {}, numbers, texts)


def test_what_the_measurement_keeps_as_a_text_is_no_tag() -> None:
    tags, rest = point(EVENT, 1, {"setting": "home", "zone": "chin"}, {"seq": 1}).split(" ", 1)
    assert "zone=chin" in tags
    assert "setting" not in tags
    assert 'setting="home"' in rest
