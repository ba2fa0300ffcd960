"""When a fact happened is told by the device's own clocks, or by nobody."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.device_clock import (
    BOOTS_KEPT_MAX,
    CLOCK_STEP_MIN_MS,
    WALL_CLOCK_MAX_MS,
    WALL_CLOCK_MIN_MS,
    DeviceClock,
    plausible_ms,
)
from dermatrace_schemas.session import DeviceEvent

NOON_MS: Final = 1_770_000_000_000


def alive(uptime_ms: int, wall_ms: int | None, boot_id: str = "b") -> DeviceEvent:
    """Return a document of one moment."""
    return DeviceEvent(
        seq=0,
        kind="device.event",
        boot_id=boot_id,
        uptime_ms=uptime_ms,
        wall_time_ms=wall_ms,
        event="alive",
    )


@pytest.mark.parametrize(
    ("wall_ms", "is_plausible"),
    [
        (None, False),
        (0, False),
        (WALL_CLOCK_MIN_MS - 1, False),
        (WALL_CLOCK_MIN_MS, True),
        (NOON_MS, True),
        (WALL_CLOCK_MAX_MS, True),
        (WALL_CLOCK_MAX_MS + 1, False),
    ],
)
def test_wall_clock_counts_while_it_is_plausible(
    wall_ms: int | None, *, is_plausible: bool
) -> None:
    assert (plausible_ms(wall_ms) == wall_ms) is (is_plausible or wall_ms is None)
    clock = DeviceClock()
    document = alive(5, wall_ms)
    clock.take(document)
    assert clock.at_ms(document) == (wall_ms if is_plausible else None)
    assert clock.is_doubtful is not is_plausible


def test_clock_that_is_not_set_follows_from_the_uptime_and_what_the_boot_has_shown() -> None:
    clock = DeviceClock()
    assert clock.take(alive(1_000, NOON_MS)) == 0
    assert clock.take(alive(4_000, None)) == 0
    assert clock.at_ms(alive(4_000, None)) == NOON_MS + 3_000
    assert clock.at_ms(alive(4_000, 7)) == NOON_MS + 3_000
    assert clock.at_ms(alive(4_000, None, "another")) is None
    assert not clock.is_doubtful


def test_boot_whose_offset_is_known_beforehand_tells_the_time_from_its_first_document() -> None:
    clock = DeviceClock({"b": NOON_MS})
    clock.take(alive(10, None))
    assert (clock.at_ms(alive(10, None)), clock.unset) == (NOON_MS + 10, False)


def test_boot_without_any_usable_time_is_unset() -> None:
    clock = DeviceClock({"another": NOON_MS})
    clock.take(alive(10, None))
    assert (clock.unset, clock.stepped, clock.is_doubtful) == (True, False, True)


@pytest.mark.parametrize("step_ms", [CLOCK_STEP_MIN_MS, -CLOCK_STEP_MIN_MS, 10**9])
def test_jump_of_the_wall_clock_against_the_uptime_is_a_step(step_ms: int) -> None:
    clock = DeviceClock()
    clock.take(alive(0, NOON_MS))
    assert clock.take(alive(1_000, NOON_MS + 1_000 + step_ms)) == step_ms
    assert clock.stepped
    assert clock.take(alive(2_000, NOON_MS + 2_000 + step_ms)) == 0
    assert clock.stepped


@given(st.lists(st.integers(1 - CLOCK_STEP_MIN_MS, CLOCK_STEP_MIN_MS - 1), max_size=20))
def test_clock_that_is_put_right_by_little_and_little_does_not_step(slews_ms: list[int]) -> None:
    clock, offset_ms = DeviceClock(), NOON_MS
    for turn, slew_ms in enumerate(slews_ms):
        offset_ms += slew_ms if turn else 0
        assert clock.take(alive(turn * 1_000, offset_ms + turn * 1_000)) == 0
    assert not clock.stepped


def test_another_boot_has_another_uptime_and_does_not_step() -> None:
    clock = DeviceClock()
    clock.take(alive(50_000, NOON_MS))
    assert clock.take(alive(0, NOON_MS + 3_600_000, "another")) == 0


def test_time_that_follows_from_an_uptime_must_be_plausible_too() -> None:
    clock = DeviceClock({"b": NOON_MS})
    assert clock.at_ms(alive(2**48, None)) is None


def test_boots_beyond_the_bound_are_not_remembered_and_those_within_stay() -> None:
    clock = DeviceClock()
    for number in range(BOOTS_KEPT_MAX + 5):
        clock.take(alive(0, NOON_MS, f"boot-{number}"))
    assert len(clock.offset_ms) == BOOTS_KEPT_MAX
    assert clock.at_ms(alive(9, None, f"boot-{BOOTS_KEPT_MAX - 1}")) == NOON_MS + 9
    assert clock.at_ms(alive(9, None, f"boot-{BOOTS_KEPT_MAX}")) is None
    assert clock.take(alive(0, NOON_MS + 9_000, "boot-0")) == 9_000
