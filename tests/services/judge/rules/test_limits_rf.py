"""A shot is compared with the session's own impedance; an unknown energy is called unknown."""

import pytest

from dermatrace.judge.case import Case
from dermatrace.judge.rules.limits_rf import IMPEDANCES_KEPT_MAX, OFF_SESSION, RULES
from dermatrace.judge.rules.row import Hit
from dermatrace_schemas.rf import Channel, SubPulse
from dermatrace_schemas.session import Tip
from support.limited_cases import (
    LEFT_CHEEK,
    PROTOCOL_DIGEST,
    TIP,
    band,
    case_of,
    fire,
    look,
    pulse,
)

UNKNOWN_TIP = Tip(unit_id="tip-8")


def _off_session(case: Case, *before_ohm: float) -> list[Hit]:
    """Fire one shot after another; return what the last one shows."""
    hits: list[Hit] = []
    for ohm in before_ohm:
        fire(case, pulse(before_ohm=ohm))
        hits = look(case, RULES, OFF_SESSION)
    return hits


# The session's own median below is 300 ohm; 40 % either side of it are 180 and 420 ohm.


@pytest.mark.parametrize("inside_ohm", [180.0, 300.0, 420.0])
def test_impedance_within_the_sessions_own_band_is_no_hit(inside_ohm: float) -> None:
    assert _off_session(case_of(), *[300.0] * 10, inside_ohm) == []


@pytest.mark.parametrize(
    ("outside_ohm", "side", "limit_ohm"), [(421.0, "above", 420.0), (179.0, "below", 180.0)]
)
def test_impedance_outside_it_names_value_limit_and_median(
    outside_ohm: float, side: str, limit_ohm: float
) -> None:
    (hit,) = _off_session(case_of(), *[300.0] * 10, outside_ohm)
    assert (hit.measured_value, hit.unit, hit.about) == (outside_ohm, "Ohm", side)
    assert hit.limit_value == pytest.approx(limit_ohm)
    assert hit.spot == LEFT_CHEEK
    assert "at left cheek" in hit.sentence
    assert "300 ohm, the median" in hit.sentence
    assert "default" in hit.sentence


def test_impedance_is_not_compared_before_enough_shots_are_known() -> None:
    assert _off_session(case_of(), *[300.0] * 9, 5_000.0) == []


def test_shot_without_impedance_is_neither_compared_nor_counted() -> None:
    case = case_of()
    fire(case, pulse(12.0))
    assert look(case, RULES, OFF_SESSION) == []
    assert case.state.lists == {}


def test_one_odd_shot_does_not_move_the_median() -> None:
    assert _off_session(case_of(), *[300.0] * 10, 9_000.0, 300.0) == []


def test_impedances_kept_are_bounded() -> None:
    case = case_of()
    _off_session(case, *[300.0] * (IMPEDANCES_KEPT_MAX + 20))
    assert len(case.state.lists[OFF_SESSION]) == IMPEDANCES_KEPT_MAX


def test_impedance_that_falls_or_rises_little_within_a_pulse_is_no_hit() -> None:
    case = case_of()
    fire(case, pulse(start_ohm=300.0, end_ohm=210.0), pulse(start_ohm=300.0, end_ohm=599.0))
    assert look(case, RULES, "impedance.rises") == []


def test_impedance_at_twice_its_start_is_a_hit_and_the_steepest_rise_is_named() -> None:
    case = case_of()
    # 640 / 320 = 2 and 900 / 300 = 3: the second one, held against 2 x 300 = 600 ohm.
    fire(case, pulse(start_ohm=320.0, end_ohm=640.0), pulse(start_ohm=300.0, end_ohm=900.0))
    (hit,) = look(case, RULES, "impedance.rises")
    assert (hit.measured_value, hit.limit_value, hit.unit) == (900.0, 600.0, "Ohm")
    assert "from 300 ohm to 900 ohm: 3 times" in hit.sentence


def test_impedance_of_a_single_channel_counts() -> None:
    channel = Channel(channel_number=2, impedance_start_ohm=200.0, impedance_end_ohm=500.0)
    case = case_of()
    fire(case, SubPulse(channels=[channel]))
    (hit,) = look(case, RULES, "impedance.rises")
    assert hit.measured_value == 500.0


@pytest.mark.parametrize("start_ohm", [None, 0.0, -5.0])
def test_rise_from_nothing_cannot_be_told(start_ohm: float | None) -> None:
    case = case_of()
    fire(case, pulse(start_ohm=start_ohm, end_ohm=400.0))
    assert look(case, RULES, "impedance.rises") == []


PER_PIN = band("energy_per_pin", upper=40.0)


def _per_pin_unknown(case: Case, *pulses: SubPulse) -> list[Hit]:
    fire(case, *pulses)
    return look(case, RULES, "energy_per_pin.unknown")


def test_per_pin_energy_told_as_such_needs_no_pin_count() -> None:
    assert not _per_pin_unknown(case_of(PER_PIN, tip=UNKNOWN_TIP), pulse(30.0, per_pin=True))


def test_per_pin_limit_without_pin_count_cannot_be_assessed() -> None:
    (hit,) = _per_pin_unknown(case_of(PER_PIN, tip=UNKNOWN_TIP), pulse(30.0))
    assert hit.about == "pins"
    assert hit.envelope is None
    assert hit.digests == (PROTOCOL_DIGEST,)
    assert hit.sentence == (
        "Energy per pin at left cheek cannot be assessed:"
        " the pin count of the tip in use is unknown."
    )


def test_per_pin_limit_without_any_tip_cannot_be_assessed() -> None:
    (hit,) = _per_pin_unknown(case_of(PER_PIN, tip=None), pulse(750.0))
    assert hit.about == "pins"


@pytest.mark.parametrize(
    ("sub_pulse", "about"),
    [
        (SubPulse(energy_scope="total"), "energy"),
        (SubPulse(energy_delivered_mj=750.0), "scope"),
        (SubPulse(energy_scope="total", channels=[Channel(channel_number=1)]), "energy"),
    ],
)
def test_energy_that_means_nothing_cannot_be_assessed(sub_pulse: SubPulse, about: str) -> None:
    assert [hit.about for hit in _per_pin_unknown(case_of(PER_PIN), sub_pulse)] == [about]


def test_known_energy_and_pin_count_leave_nothing_unknown() -> None:
    assert TIP.needle_count == 25
    assert _per_pin_unknown(case_of(PER_PIN), pulse(750.0), pulse(30.0, per_pin=True)) == []


def test_without_a_limit_nothing_needs_to_be_known() -> None:
    for limits in ((), (band("energy_per_pin", upper=None, lower=None),)):
        assert _per_pin_unknown(case_of(*limits, tip=None), pulse(750.0)) == []


def test_insertion_without_energy_is_not_asked_for_one() -> None:
    assert _per_pin_unknown(case_of(PER_PIN, tip=None)) == []


def test_energy_of_an_insertion_per_pin_needs_the_pin_count_too() -> None:
    limited = band("energy_total", upper=1_000.0)
    # 30 mJ a pin x 25 pins = 750 mJ: known with this tip, unknown without its pin count.
    for tip, expected in ((TIP, []), (UNKNOWN_TIP, ["pins"])):
        case = case_of(limited, tip=tip)
        fire(case, pulse(30.0, per_pin=True))
        assert [hit.about for hit in look(case, RULES, "energy.unknown")] == expected
