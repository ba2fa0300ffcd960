"""Totals of a zone and of a tip are held against their ceilings, in the limit's own unit."""

import pytest

from dermatrace.judge.case import Case
from dermatrace.judge.rules.exposure import RULES
from dermatrace.judge.rules.row import Hit, MomentRule
from dermatrace.judge.spot import NOWHERE
from dermatrace.judge.tally import Tally
from dermatrace_schemas.quantities import Band, Quantity
from dermatrace_schemas.rf import SubPulse
from dermatrace_schemas.session import Tip
from support.limited_cases import (
    CHIN,
    LEFT_CHEEK,
    MODEL_DIGEST,
    PROTOCOL_DIGEST,
    TIP_DIGEST,
    add_tally,
    band,
    case_of,
    fire,
    look,
    pulse,
    stroke,
)

BUDGETS: dict[str, Quantity] = {
    "exposure.passes": "pass_count",
    "exposure.strokes": "stroke_count",
    "exposure.punctures": "puncture_count",
    "exposure.contact_time": "contact_time",
    "exposure.shots": "shot_count",
    "exposure.dose": "dose_per_zone",
}


def _asked(case: Case, rule_id: str) -> list[Hit]:
    return look(case, RULES, rule_id)


def test_strokes_are_those_before_and_those_in_hand() -> None:
    case = case_of(band("stroke_count", upper=1_000.0))
    add_tally(case, LEFT_CHEEK, Tally(stroke_count=5_000, contact_stroke_count=980))
    stroke(case, 10, 10)  # 980 + 20 = 1,000: as many as allowed
    assert _asked(case, "exposure.strokes") == []
    stroke(case, 10, 11)
    (hit,) = _asked(case, "exposure.strokes")
    assert (hit.measured_value, hit.limit_value, hit.unit) == (1_001.0, 1_000.0, "1")
    assert hit.digests == (PROTOCOL_DIGEST,)
    assert hit.sentence == (
        "Contact strokes at left cheek came to 1,001, more than the 1,000 of the"
        " treatment protocol rf version 1."
    )


def test_strokes_in_the_air_add_nothing() -> None:
    case = case_of(band("stroke_count", upper=10.0), band("contact_time", upper=0.1))
    add_tally(case, LEFT_CHEEK, Tally(contact_stroke_count=11, contact_ms=200.0))
    stroke(case, 12, 12, contact=[0.0, 0.0])
    assert _asked(case, "exposure.strokes") == []
    assert _asked(case, "exposure.contact_time") == []


def test_punctures_are_contact_strokes_times_needles() -> None:
    case = case_of(band("puncture_count", upper=1_000.0))
    add_tally(case, LEFT_CHEEK, Tally(puncture_count=500))
    stroke(case, 10, 10)  # 500 + 20 strokes x 25 needles = 1,000
    assert _asked(case, "exposure.punctures") == []
    stroke(case, 10, 11)  # 500 + 21 x 25 = 1,025
    (hit,) = _asked(case, "exposure.punctures")
    assert hit.measured_value == 1_025.0


def test_punctures_with_an_unknown_needle_count_cannot_be_assessed() -> None:
    case = case_of(band("puncture_count", upper=10.0), tip=None)
    stroke(case, 10)
    assert _asked(case, "exposure.punctures") == []
    (hit,) = _asked(case, "exposure.punctures_unknown")
    assert "cannot be assessed: the needle count of the tip in use is unknown" in hit.sentence


@pytest.mark.parametrize("limits", [(), (band("puncture_count"),)])
def test_punctures_without_a_limit_need_no_needle_count(limits: tuple[Band, ...]) -> None:
    case = case_of(*limits, tip=None)
    stroke(case, 10)
    assert _asked(case, "exposure.punctures_unknown") == []


def test_time_on_skin_is_limited_in_seconds() -> None:
    case = case_of(band("contact_time", upper=60.0))
    add_tally(case, LEFT_CHEEK, Tally(contact_ms=59_800.0))
    stroke(case, 12, 12)  # 59.8 s + 2 windows of 0.1 s = 60 s
    assert _asked(case, "exposure.contact_time") == []
    stroke(case, 12, 12, 12, contact=[1.0, 1.0, 0.5])  # 59.8 s + 0.25 s = 60.05 s
    (hit,) = _asked(case, "exposure.contact_time")
    assert (hit.measured_value, hit.limit_value, hit.unit) == (60.05, 60.0, "s")
    assert "came to 60.05 s, more than the 60 s" in hit.sentence


def test_time_added_up_in_fractions_reaches_its_limit_without_exceeding_it() -> None:
    case = case_of(band("contact_time", upper=0.3))
    # 0.1 + 0.2 is a trace more than 0.3 in binary.
    add_tally(case, LEFT_CHEEK, Tally(contact_ms=100.0 * (0.1 + 0.2) * 10 - 100.0))
    stroke(case, 12)
    assert _asked(case, "exposure.contact_time") == []


def test_dose_per_pin_becomes_joules_of_the_zone() -> None:
    case = case_of(band("dose_per_zone", upper=10.0))
    add_tally(case, LEFT_CHEEK, Tally(energy_delivered_mj=9_000.0))
    # 40 mJ a pin x 25 pins = 1,000 mJ; 9,000 mJ + 1,000 mJ = 10 J: as much as allowed
    fire(case, pulse(40.0, per_pin=True))
    assert _asked(case, "exposure.dose") == []
    # 30 mJ x 25 + 12 mJ x 25 = 1,050 mJ in two sub-pulses; 9,000 mJ + 1,050 mJ = 10.05 J
    fire(case, pulse(30.0, per_pin=True), pulse(12.0, per_pin=True))
    (hit,) = _asked(case, "exposure.dose")
    assert (hit.measured_value, hit.limit_value, hit.unit) == (10.05, 10.0, "J")
    assert "Energy delivered at left cheek came to 10.05 J, more than the 10 J" in hit.sentence


def test_dose_in_total_is_power_times_duration_added_up() -> None:
    case = case_of(band("dose_per_zone", upper=5.0))
    # 25 W for 200 ms are 25 x 200 = 5,000 mJ = 5 J: one such shot is allowed, a second is not.
    shot_mj = 25.0 * 200.0
    fire(case, pulse(shot_mj))
    assert _asked(case, "exposure.dose") == []
    add_tally(case, LEFT_CHEEK, Tally(energy_delivered_mj=shot_mj))
    fire(case, pulse(shot_mj))
    assert [hit.measured_value for hit in _asked(case, "exposure.dose")] == [10.0]


def test_dose_a_trace_above_its_limit_is_said_to_be_more() -> None:
    case = case_of(band("dose_per_zone", upper=10.0))
    fire(case, pulse(10_000.4))  # 10.0004 J
    (hit,) = _asked(case, "exposure.dose")
    assert "came to 10.0004 J, more than the 10 J" in hit.sentence


def test_dose_of_another_zone_does_not_count() -> None:
    case = case_of(band("dose_per_zone", upper=1.0))
    add_tally(case, CHIN, Tally(energy_delivered_mj=50_000.0))
    fire(case, pulse(900.0))
    assert _asked(case, "exposure.dose") == []


def test_test_shots_belong_neither_to_dose_nor_to_shots() -> None:
    case = case_of(band("dose_per_zone", upper=0.5), band("shot_count", upper=0.0))
    fire(case, pulse(900.0), test=True)
    assert _asked(case, "exposure.dose") == []
    assert _asked(case, "exposure.shots") == []
    assert _asked(case, "exposure.dose_unknown") == []


@pytest.mark.parametrize(
    ("sub_pulse", "tip", "about"),
    [
        (SubPulse(energy_scope="total"), Tip(needle_count=25), "energy"),
        (SubPulse(energy_delivered_mj=900.0), Tip(needle_count=25), "scope"),
        (pulse(900.0, per_pin=True), None, "pins"),
    ],
)
def test_dose_of_an_unknown_energy_cannot_be_assessed(
    sub_pulse: SubPulse, tip: Tip | None, about: str
) -> None:
    case = case_of(band("dose_per_zone", upper=0.5), tip=tip)
    fire(case, sub_pulse)
    assert _asked(case, "exposure.dose") == []
    assert [hit.about for hit in _asked(case, "exposure.dose_unknown")] == [about]


def test_shots_of_a_zone_are_limited_by_the_treatment_protocol_alone() -> None:
    limits = [band("shot_count", upper=2.0)]
    for case, expected in (
        (case_of(*limits), [3.0]),
        (case_of(label=limits), []),
        (case_of(of_tip=limits), []),
    ):
        add_tally(case, LEFT_CHEEK, Tally(treatment_shot_count=2, test_shot_count=9))
        fire(case, pulse(900.0))
        assert [hit.measured_value for hit in _asked(case, "exposure.shots")] == expected


def test_label_and_protocol_are_exceeded_apart_and_off_label_is_no_fault() -> None:
    case = case_of(
        band("dose_per_zone", upper=1.0), label=[band("dose_per_zone", upper=2.0)], of_tip=[]
    )
    fire(case, pulse(1_500.0))  # 1.5 J: above the treatment protocol only
    assert [hit.envelope for hit in _asked(case, "exposure.dose")] == ["clinic_protocol"]
    fire(case, pulse(2_500.0))  # 2.5 J: above both
    by_envelope = {hit.envelope: hit for hit in _asked(case, "exposure.dose")}
    assert by_envelope.keys() == {"clinic_protocol", "cleared_label"}
    off_label = by_envelope["cleared_label"]
    assert off_label.priority == "medium"
    assert off_label.digests == (MODEL_DIGEST,)
    assert "no fault but wants a justification" in off_label.sentence
    assert by_envelope["clinic_protocol"].priority is None


def test_band_of_the_zone_replaces_the_one_of_every_zone() -> None:
    case = case_of(
        band("dose_per_zone", upper=1.0), band("dose_per_zone", upper=3.0, zones=["chin"])
    )
    for spot, expected in ((LEFT_CHEEK, 1), (CHIN, 0)):
        fire(case, pulse(2_000.0), spot=spot)
        assert len(_asked(case, "exposure.dose")) == expected


@pytest.mark.parametrize(("rule_id", "quantity"), BUDGETS.items())
def test_unset_limit_and_floor_limit_nothing(rule_id: str, quantity: Quantity) -> None:
    for limited in (band(quantity), band(quantity, lower=0.5)):
        case = case_of(limited)
        add_tally(case, LEFT_CHEEK, Tally(contact_stroke_count=9**9, energy_delivered_mj=9e9))
        stroke(case, 12, pass_number=9)
        assert _asked(case, rule_id) == []
        fire(case, pulse(9e9), pass_number=9)
        assert _asked(case, rule_id) == []


def _life(case: Case, shots: int) -> list[Hit]:
    """Fire that many shots; return what the last one shows."""
    hits: list[Hit] = []
    for _ in range(shots):
        fire(case, pulse(900.0))
        hits = _asked(case, "exposure.tip_life")
    return hits


def test_tip_life_counts_what_the_tip_had_delivered_when_it_was_attached() -> None:
    case = case_of(of_tip=[band("shot_count", upper=800.0)], tip=Tip(model="T25", shot_count=797))
    assert _life(case, 3) == []  # 797 + 3 = 800
    (hit,) = _life(case, 1)
    assert (hit.measured_value, hit.limit_value, hit.spot) == (801.0, 800.0, NOWHERE)
    assert (hit.envelope, hit.digests) == ("device_rating", (TIP_DIGEST,))
    assert hit.sentence == (
        "Shots of the tip in use came to 801, more than the 800 of the rating of tip Acme T25."
    )


def test_tip_life_of_the_label_counts_a_new_tip_from_nothing() -> None:
    case = case_of(label=[band("shot_count", upper=2.0)], tip=Tip(attach_count=1))
    assert _life(case, 2) == []
    assert [hit.envelope for hit in _life(case, 1)] == ["cleared_label"]
    assert _asked(case, "exposure.tip_life_unknown") == []


def test_tip_life_begins_anew_with_another_tip() -> None:
    case = case_of(label=[band("shot_count", upper=2.0)])
    assert _life(case, 2) == []
    case.state.tip, case.state.tip_count = Tip(attach_count=1), 2
    assert _life(case, 2) == []
    (hit,) = _life(case, 1)
    assert hit.about == "tip 2"


def test_tip_life_counts_test_shots_but_not_insertions_without_energy() -> None:
    case = case_of(label=[band("shot_count", upper=1.0)])
    fire(case, pulse(900.0), test=True)
    assert _asked(case, "exposure.tip_life") == []
    fire(case)
    assert _asked(case, "exposure.tip_life") == []
    assert [hit.measured_value for hit in _life(case, 1)] == [2.0]


@pytest.mark.parametrize("tip", [None, Tip(), Tip(attach_count=3)], ids=str)
def test_tip_life_of_a_tip_that_says_nothing_cannot_be_assessed(tip: Tip | None) -> None:
    case = case_of(label=[band("shot_count", upper=2.0)], tip=tip)
    fire(case, pulse(900.0))
    (hit,) = _asked(case, "exposure.tip_life_unknown")
    assert "cannot be assessed" in hit.sentence
    assert hit.digests == (MODEL_DIGEST,)
    # What it delivered here is enough to know that it was too much.
    (over,) = _life(case, 3)
    assert "at least" in over.sentence


def test_tip_life_without_a_limit_is_not_asked_for() -> None:
    case = case_of(band("shot_count", upper=2.0), tip=None)
    fire(case, pulse(900.0))
    assert _asked(case, "exposure.tip_life_unknown") == []


def test_totals_are_treatment_and_what_is_unknown_is_low_and_technical() -> None:
    for rule in RULES:
        assert isinstance(rule, MomentRule)
        assert rule.id.startswith("exposure.")
        is_about_data = rule.id.endswith("_unknown")
        assert (rule.nature == "technical") == is_about_data
        assert (rule.envelopes == ("none",)) == is_about_data
        assert not is_about_data or rule.priority == "low"
