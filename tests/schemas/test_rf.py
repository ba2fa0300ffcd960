"""One shot holds its depths, a depth its sub-pulses, a sub-pulse its channels."""

from typing import Any

import pytest

from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.rf import RfShot
from support.vectors import with_changes

KIND = "rf.shot"


def _depths(count: int, sub_pulses: int = 0, channels: int = 0) -> list[dict[str, Any]]:
    pulse: dict[str, Any] = {}
    if channels:
        pulse["channels"] = [{"channel_number": number + 1} for number in range(channels)]
    return [{"sub_pulses": [pulse] * sub_pulses}] * count


@pytest.mark.parametrize(
    "depths", [_depths(1), _depths(3, 10), _depths(3, 10, 1), _depths(1, 1, 10)]
)
def test_shot_within_the_bounds_is_read(depths: list[dict[str, Any]]) -> None:
    document = parse("session", with_changes(KIND, depths=depths))
    assert isinstance(document, RfShot)
    assert len(document.depths) == len(depths)


@pytest.mark.parametrize(
    ("depths", "path"),
    [
        (_depths(0), "depths"),
        (_depths(4), "depths"),
        (_depths(1, 11), "depths.0.sub_pulses"),
        (_depths(1, 1, 11), "depths.0.sub_pulses.0.channels"),
    ],
)
def test_shot_beyond_a_bound_is_refused_where_it_is(
    depths: list[dict[str, Any]], path: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("session", with_changes(KIND, depths=depths))
    assert (caught.value.reason, caught.value.path) == ("invalid", path)


def test_needles_without_energy_are_a_shot_with_no_sub_pulse() -> None:
    document = parse("session", with_changes(KIND, depths=_depths(1)))
    assert isinstance(document, RfShot)
    assert document.depths[0].sub_pulses == []


def test_implausible_temperature_is_recorded_as_it_came() -> None:
    depths = [{"sub_pulses": [{"temperature_max_celsius": 900}]}]
    document = parse("session", with_changes(KIND, depths=depths))
    assert isinstance(document, RfShot)
    assert document.depths[0].sub_pulses[0].temperature_max_celsius == 900
