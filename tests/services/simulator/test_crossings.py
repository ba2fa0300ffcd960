"""Crossings of scripts short enough to count by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from dermatrace.simulator.crossings import Crossing, DepthLimit, Limits, crossings
from dermatrace.simulator.faults import Fault, LimitCrossing
from dermatrace.simulator.timeline import ScriptedDocument
from support.scripts import PEN_SCRIPT, RF_SCRIPT

LIMITS: Final = Limits(
    depths=(DepthLimit("clinic_protocol", 1.0),), depth_tolerance_mm=0.15, persistence_strokes=42
)
"""The scripted pen is set to 1 mm; 42 strokes on skin lie in its documents 2 and 3."""
MEASURED: Final = Crossing("depth.measured_above", "clinic_protocol", "chin", "midline")
SET: Final = Crossing("depth.set_above", "clinic_protocol", "chin", "midline")
TRACKING: Final = Crossing("device.depth_tracking", "none", "chin", "midline")
FAR: Final = LimitCrossing(2, 6, over_mm=0.3)


def _found(
    *faults: Fault,
    limits: Limits = LIMITS,
    script: Sequence[ScriptedDocument] = PEN_SCRIPT,
    gone: Sequence[int] = (),
) -> dict[Crossing, bool]:
    accepted = [index for index in range(len(script)) if index not in gone]
    return crossings(script, accepted, faults, limits)


def test_plain_pen_crosses_nothing() -> None:
    assert _found() == {}


def test_measured_depth_beyond_limit_and_tolerance_is_a_crossing_and_a_stray() -> None:
    assert _found(FAR) == {MEASURED: True, TRACKING: True}


def test_measured_depth_within_the_tolerance_is_none() -> None:
    assert _found(LimitCrossing(2, 6, over_mm=0.15)) == {}


def test_dialled_depth_is_a_crossing_without_tolerance_and_no_stray() -> None:
    assert _found(LimitCrossing(2, 6, over_mm=0.1, dialled=True)) == {SET: True}
    assert _found(replace(FAR, dialled=True)) == {SET: True, MEASURED: True}


@pytest.mark.parametrize(("persistence_strokes", "lasts"), [(42, True), (43, False)])
def test_crossing_lasts_from_as_many_strokes_on_end_as_are_demanded(
    persistence_strokes: int, *, lasts: bool
) -> None:
    limits = replace(LIMITS, persistence_strokes=persistence_strokes)
    assert _found(LimitCrossing(2, 3, over_mm=0.3), limits=limits)[MEASURED] is lasts


def test_reading_within_the_limit_begins_the_count_anew() -> None:
    twice = (LimitCrossing(2, 2, over_mm=0.3), LimitCrossing(5, 6, over_mm=0.3))
    assert _found(*twice)[MEASURED] is False
    assert _found(*twice, limits=replace(LIMITS, persistence_strokes=23))[MEASURED] is True


def test_missing_document_begins_the_count_anew() -> None:
    assert _found(FAR, gone=[3])[MEASURED] is False


def test_windows_off_the_skin_neither_count_nor_interrupt() -> None:
    # 22 strokes in document 2, 20 in 3, 11 in 5, 12 in 6; what has no depth is in the air.
    limits = replace(LIMITS, persistence_strokes=65)
    assert _found(FAR, limits=limits)[MEASURED] is True
    assert _found(FAR, limits=replace(limits, persistence_strokes=66))[MEASURED] is False


def test_limit_of_the_zone_comes_before_that_of_every_zone() -> None:
    strict = DepthLimit("clinic_protocol", 0.5)
    at_chin = DepthLimit("clinic_protocol", 2.0, frozenset({"chin"}))
    elsewhere = DepthLimit("clinic_protocol", 0.25, frozenset({"neck"}))
    assert _found(limits=replace(LIMITS, depths=(strict, at_chin, elsewhere))) == {}
    assert set(_found(limits=replace(LIMITS, depths=(strict, elsewhere)))) == {SET, MEASURED}


def test_each_envelope_has_a_crossing_of_its_own() -> None:
    depths = (*LIMITS.depths, DepthLimit("operator_scope", 0.75), DepthLimit("device_rating", 2.0))
    found = _found(FAR, limits=replace(LIMITS, depths=depths))
    assert {crossing.envelope for crossing in found} == {
        "clinic_protocol",
        "operator_scope",
        "none",
    }


def test_one_shot_is_enough_and_rf_consoles_do_not_stray() -> None:
    limits = replace(LIMITS, depths=(DepthLimit("clinic_protocol", 1.5),))
    one = LimitCrossing(2, 2, over_mm=0.3)
    assert _found(one, limits=limits, script=RF_SCRIPT) == {MEASURED: True}
    assert _found(limits=limits, script=RF_SCRIPT) == {}


@pytest.mark.parametrize("dialled", [False, True])
def test_energy_of_one_insertion_is_held_against_both_ceilings(*, dialled: bool) -> None:
    limits = replace(LIMITS, depths=(), energy_total_upper_mj=120.0, energy_per_pin_upper_mj=130.0)
    more = LimitCrossing(1, 1, over_energy_fraction=0.25, dialled=dialled)
    rules = ["energy.above", "energy.set_above"] if dialled else ["energy.above"]
    found = _found(more, limits=limits, script=RF_SCRIPT)
    assert [crossing.rule for crossing in found] == rules
    # The scripted tip does not say how many needles it has: it counts as one.
    more = replace(more, over_energy_fraction=0.35)
    rules = [crossing.rule for crossing in _found(more, limits=limits, script=RF_SCRIPT)]
    assert "energy_per_pin.above" in rules
    assert ("energy_per_pin.set_above" in rules) is dialled
