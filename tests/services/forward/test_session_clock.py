"""When a document happened: by its device's clock while that can be, else worked out and marked."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.device_clock import (
    BOOTS_KEPT_MAX,
    CLOCK_STEP_MIN_MS,
    WALL_CLOCK_MAX_MS,
    WALL_CLOCK_MIN_MS,
)
from dermatrace.forward.memory import SessionMemory, packed, unpacked_session
from dermatrace.forward.session_clock import Moment, SessionClock
from dermatrace_schemas.document import StreamDocument
from support.manual_clock import NOON_MS

HEARD_MS: Final = NOON_MS + 86_400_000
"""When the recorder hears of things: a day after they happened by the device's clock."""
UPTIME_MAX_MS: Final = 2**48
WALLS: Final = st.none() | st.sampled_from(
    [0, WALL_CLOCK_MIN_MS - 1, NOON_MS, NOON_MS + 3_600_000, 253_402_300_799_999]
)


def _said(
    uptime_ms: int, wall_ms: int | None, boot: str = "boot-1", seq: int = 0
) -> StreamDocument:
    return StreamDocument(
        seq=seq, kind="any", boot_id=boot, uptime_ms=uptime_ms, wall_time_ms=wall_ms
    )


def test_plausible_clock_is_taken_at_its_word() -> None:
    clock = SessionClock()
    assert clock.take(_said(5, NOON_MS), HEARD_MS) == Moment(NOON_MS, is_doubtful=False)
    drifted = NOON_MS + 1_000 + CLOCK_STEP_MIN_MS - 1
    assert clock.take(_said(1_005, drifted), HEARD_MS) == Moment(drifted, is_doubtful=False)


def test_unset_clock_of_a_boot_that_has_shown_the_time_counts_on_without_a_doubt() -> None:
    clock = SessionClock()
    clock.take(_said(100, NOON_MS), HEARD_MS)
    assert clock.take(_said(700, None), HEARD_MS) == Moment(NOON_MS + 600, is_doubtful=False)


def test_boot_that_never_shows_a_time_counts_from_when_it_was_first_heard_of() -> None:
    clock = SessionClock()
    assert clock.take(_said(100, None), HEARD_MS) == Moment(HEARD_MS, is_doubtful=True)
    later = clock.take(_said(5_100, None), HEARD_MS + 60_000)
    assert later == Moment(HEARD_MS + 5_000, is_doubtful=True)
    before = clock.take(_said(40, None), HEARD_MS + 60_000)
    assert before == Moment(HEARD_MS - 60, is_doubtful=True)


def test_clock_that_is_set_later_is_taken_at_its_word_from_then_on() -> None:
    clock = SessionClock()
    clock.take(_said(100, None), HEARD_MS)
    assert clock.take(_said(1_100, NOON_MS), HEARD_MS) == Moment(NOON_MS, is_doubtful=False)
    assert clock.take(_said(2_100, None), HEARD_MS).at_ms == NOON_MS + 1_000


@pytest.mark.parametrize("step_ms", [CLOCK_STEP_MIN_MS, -CLOCK_STEP_MIN_MS, 3_600_000, -86_400_000])
def test_clock_that_jumps_is_marked_and_the_session_goes_on_as_before(step_ms: int) -> None:
    clock = SessionClock()
    clock.take(_said(0, NOON_MS), HEARD_MS)
    jumped = clock.take(_said(500, NOON_MS + 500 + step_ms), HEARD_MS)
    assert jumped == Moment(NOON_MS + 500, is_doubtful=True)
    back = clock.take(_said(900, NOON_MS + 900), HEARD_MS)
    assert back == Moment(NOON_MS + 900, is_doubtful=False)


def test_each_boot_has_a_clock_of_its_own() -> None:
    clock = SessionClock()
    clock.take(_said(9_000, NOON_MS, "boot-1"), HEARD_MS)
    assert clock.take(_said(5, None, "boot-2"), HEARD_MS) == Moment(HEARD_MS, is_doubtful=True)
    assert clock.take(_said(9_500, None, "boot-1"), HEARD_MS).at_ms == NOON_MS + 500
    assert clock.take(_said(1_005, None, "boot-2"), HEARD_MS).at_ms == HEARD_MS + 1_000
    set_now = clock.take(_said(2_005, NOON_MS + 90_000, "boot-2"), HEARD_MS)
    assert set_now == Moment(NOON_MS + 90_000, is_doubtful=False)


@pytest.mark.parametrize("wall_ms", [0, WALL_CLOCK_MIN_MS - 1, WALL_CLOCK_MAX_MS + 1])
def test_clock_that_cannot_be_true_is_no_clock(wall_ms: int) -> None:
    assert SessionClock().take(_said(0, wall_ms), HEARD_MS) == Moment(HEARD_MS, is_doubtful=True)


def test_uptime_of_thousands_of_years_leads_to_when_it_was_heard_of() -> None:
    clock = SessionClock()
    clock.take(_said(0, None), HEARD_MS)
    far = clock.take(_said(UPTIME_MAX_MS, None), HEARD_MS + 7)
    assert far == Moment(HEARD_MS + 7, is_doubtful=True)


def test_boots_beyond_the_bound_share_what_the_first_of_them_has_shown() -> None:
    clock = SessionClock()
    for boot in range(BOOTS_KEPT_MAX + 50):
        moment = clock.take(_said(10, None, f"boot-{boot}"), HEARD_MS + boot)
        assert moment.is_doubtful
    assert len(clock.anchor_ms) == BOOTS_KEPT_MAX + 1
    for boot in range(BOOTS_KEPT_MAX + 50):
        clock.take(_said(10, NOON_MS, f"boot-{boot}"), HEARD_MS)
    assert len(clock.offset_ms) == BOOTS_KEPT_MAX


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 60_000, UPTIME_MAX_MS]) | st.integers(0, UPTIME_MAX_MS),
            WALLS,
            st.sampled_from(["boot-1", "boot-2", "boot-3"]),
        ),
        max_size=12,
    )
)
def test_any_clocks_lead_to_a_time_influxdb_has_and_to_the_same_when_told_again(
    said: list[tuple[int, int | None, str]],
) -> None:
    once, kept = SessionClock(), SessionMemory.of(1, "north-clinic", "pen-7", "s-1")
    for at, told in enumerate(said):
        document, heard_ms = _said(*told), HEARD_MS + at
        moment = once.take(document, heard_ms)
        assert WALL_CLOCK_MIN_MS <= moment.at_ms <= WALL_CLOCK_MAX_MS
        assert moment == kept.clock.take(document, heard_ms)
        assert moment == once.moment(document, heard_ms)
        # What is remembered is kept between two steps and read again after a crash.
        kept = unpacked_session(packed(kept))
