"""No single sensor can flood a screen or the memory, however it flaps."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.banding import (
    CLEARING_STROKES_MIN,
    FINDINGS_PER_MINUTE_MAX,
    SHOTS_PER_FINDING_MIN,
    STROKE_RATE_MAX_HZ,
)
from dermatrace.judge.defaults import CLEARING_FACTOR, DEPTH_PERSISTENCE
from dermatrace.judge.raising import FINDINGS_PER_JUDGEMENT_MAX, TOO_MANY
from dermatrace.judge.state import LATCHES_MAX, ONCE_MAX, SPOTS_MAX
from dermatrace_schemas.registry_devices import DeviceModelContent
from dermatrace_schemas.rf import SubPulse
from support.cases import band, fed, kept, limit, limited, named, sample_context, shot, windows

WINDOWS_PER_MINUTE: Final = 600
FASTEST: Final = round(STROKE_RATE_MAX_HZ / 10)
"""Strokes of a window of 100 ms."""
HASTY: Final = limited(
    band("depth", upper=0.25), depth_persistence=limit("persistence", 1).model_dump()
)
PATIENT: Final = limited(band("depth", upper=0.25))
IN, BEYOND = 0.2, 0.3
PATTERNS: Final = st.one_of(
    st.lists(st.booleans(), min_size=1, max_size=1_200),
    st.lists(st.integers(1, 80), min_size=1, max_size=60).map(
        lambda runs: [bool(n % 2) for n, length in enumerate(runs) for _ in range(length)]
    ),
)


def raised_at(pattern: Sequence[bool], strokes: int, *, persistence: int) -> list[int]:
    """Play windows that are beyond or within; return at which windows a finding was raised."""
    judge, raised = fed(HASTY if persistence == 1 else PATIENT, []), []
    for place, is_beyond in enumerate(pattern):
        depth_mm = BEYOND if is_beyond else IN
        document = windows(place, depth_commanded_mm=[depth_mm], stroke_count=[strokes])
        raised += [place for event in judge.feed(document) if event.what == "raised"]
    return raised


def most_in_a_minute(raised: Sequence[int]) -> int:
    """Return the greatest number that fall into any minute of windows."""
    return max(
        (sum(0 <= n - first < WINDOWS_PER_MINUTE for n in raised) for first in raised), default=0
    )


def test_bound_follows_from_persistence_clearing_factor_and_the_fastest_rate_counted() -> None:
    assert DEPTH_PERSISTENCE.value * CLEARING_FACTOR.value == CLEARING_STROKES_MIN
    strokes_per_minute = 60 * STROKE_RATE_MAX_HZ
    # n findings need n - 1 times the strokes that clear one, and one stroke each to raise it.
    most = FINDINGS_PER_MINUTE_MAX
    assert (most - 1) * (CLEARING_STROKES_MIN + 1) <= strokes_per_minute
    assert most * (CLEARING_STROKES_MIN + 1) > strokes_per_minute


@pytest.mark.parametrize("device_number", [0, 2, 4])
def test_no_device_of_the_sample_clinic_is_rated_faster_than_what_is_counted(
    device_number: int,
) -> None:
    model = sample_context(device_number).device_model
    assert isinstance(model, DeviceModelContent)
    assert model.rated is not None
    assert (model.rated.ratings.stroke_rate_max_hz or 0.0) <= STROKE_RATE_MAX_HZ


@settings(max_examples=40)
@given(PATTERNS, st.sampled_from([FASTEST, 2**31]), st.sampled_from([1, 120]))
def test_flapping_sensor_raises_no_more_than_the_stated_number_a_minute(
    pattern: list[bool], strokes: int, persistence: int
) -> None:
    raised = raised_at(pattern, strokes, persistence=persistence)
    assert most_in_a_minute(raised) <= FINDINGS_PER_MINUTE_MAX


def test_worst_flapping_that_can_be_reaches_the_stated_number() -> None:
    within = -(-CLEARING_STROKES_MIN // FASTEST)
    pattern = ([True] + [False] * within) * 14
    raised = raised_at(pattern, FASTEST, persistence=1)
    assert most_in_a_minute(raised) == FINDINGS_PER_MINUTE_MAX


@pytest.mark.parametrize("pattern", [[True, False], [True, True, False], [False] * 9 + [True]])
def test_sensor_that_flaps_faster_than_a_finding_clears_raises_one_at_most(
    pattern: list[bool],
) -> None:
    assert len(raised_at(pattern * 100, 12, persistence=1)) == 1
    assert raised_at(pattern * 100, 12, persistence=120) == []


@given(st.lists(st.booleans(), max_size=200))
def test_flapping_console_raises_once_in_so_many_shots(pattern: list[bool]) -> None:
    def pulse(*, is_beyond: bool) -> SubPulse:
        return SubPulse(energy_delivered_mj=2.0 - (not is_beyond), energy_scope="total")

    judge, raised = fed(limited(band("energy_total", upper=1.0)), []), []
    for seq, is_beyond in enumerate(pattern):
        events = judge.feed(shot(seq, pulse(is_beyond=is_beyond)))
        raised += [seq for event in events if event.what == "raised"]
    gaps = [later - earlier for earlier, later in pairwise(raised)]
    assert min(gaps, default=SHOTS_PER_FINDING_MIN) >= SHOTS_PER_FINDING_MIN


def test_device_that_invents_zones_fills_neither_findings_nor_memory() -> None:
    judge = fed(HASTY, [])
    for seq in range(FINDINGS_PER_JUDGEMENT_MAX + ONCE_MAX + 200):
        judge.feed(windows(seq, zone=f"z{seq}", depth_commanded_mm=[BEYOND]))
    state = judge.state
    assert len(state.findings) == FINDINGS_PER_JUDGEMENT_MAX + 1
    (said,) = named(judge, TOO_MANY)
    assert str(FINDINGS_PER_JUDGEMENT_MAX) in said.sentence
    assert state.ignored_finding_count > 0
    assert len(state.tallies) <= SPOTS_MAX + 1
    assert len(state.latches) <= LATCHES_MAX
    assert len(state.once) <= ONCE_MAX + FINDINGS_PER_JUDGEMENT_MAX
    strokes = sum(tally.stroke_count for tally in state.tallies.values())
    assert strokes == 12 * state.document_count


def test_limits_that_are_crossed_too_shortly_in_too_many_zones_are_watched_from_the_beginning() -> (
    None
):
    judge = fed(PATIENT, [])
    for seq in range(LATCHES_MAX + 100):
        judge.feed(windows(seq, zone=f"z{seq}", depth_commanded_mm=[BEYOND]))
    assert judge.state.findings == []
    assert len(judge.state.latches) == 100
    assert len(kept(judge.state)["latches"]) == 100
