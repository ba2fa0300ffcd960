"""Passes are counted by the device's own numbers, and what lost documents hide is unknown."""

import pytest

from dermatrace.judge.case import Case, Ending
from dermatrace.judge.rules.passes import RULES
from dermatrace.judge.tally import Tally
from support.limited_cases import (
    CHIN,
    LEFT_CHEEK,
    PROTOCOL_DIGEST,
    add_tally,
    band,
    case_of,
    end,
    fire,
    look,
    pulse,
    stroke,
)

TWO_AT_MOST = band("pass_count", upper=2.0)
TWO_AT_LEAST = band("pass_count", lower=2.0)


def test_a_pass_beyond_the_limit_is_a_hit_once_it_touches_skin() -> None:
    case = case_of(TWO_AT_MOST)
    add_tally(case, LEFT_CHEEK, Tally(passes=[1, 2]))
    stroke(case, 12, pass_number=2)
    assert look(case, RULES, "exposure.passes") == []
    stroke(case, 12, contact=[0.0], pass_number=3)
    assert look(case, RULES, "exposure.passes") == []
    stroke(case, 12, pass_number=3)
    (hit,) = look(case, RULES, "exposure.passes")
    assert (hit.measured_value, hit.limit_value, hit.spot) == (3.0, 2.0, LEFT_CHEEK)
    assert "Passes at left cheek came to 3, more than the 2" in hit.sentence


def test_a_test_shot_makes_no_pass() -> None:
    case = case_of(TWO_AT_MOST)
    add_tally(case, LEFT_CHEEK, Tally(passes=[1, 2]))
    fire(case, pulse(900.0), test=True, pass_number=3)
    assert look(case, RULES, "exposure.passes") == []
    fire(case, pulse(900.0), pass_number=3)
    assert len(look(case, RULES, "exposure.passes")) == 1


def test_work_without_a_pass_number_is_no_further_pass() -> None:
    case = case_of(TWO_AT_MOST)
    add_tally(case, LEFT_CHEEK, Tally(passes=[1, 2]))
    stroke(case, 12)
    assert look(case, RULES, "exposure.passes") == []


def _ended(tally: Tally, ending: Ending) -> Case:
    case = case_of(TWO_AT_LEAST)
    add_tally(case, LEFT_CHEEK, tally)
    add_tally(case, CHIN, Tally(passes=[1, 2], treatment_shot_count=4))
    end(case, ending)
    return case


def test_too_few_passes_are_told_of_the_zone_that_had_them() -> None:
    case = _ended(Tally(passes=[1], contact_stroke_count=500), Ending(expected_count=100))
    (hit,) = look(case, RULES, "exposure.passes_few")
    assert (hit.measured_value, hit.limit_value, hit.spot) == (1.0, 2.0, LEFT_CHEEK)
    assert hit.digests == (PROTOCOL_DIGEST,)
    assert look(case, RULES, "exposure.passes_unknown") == []


@pytest.mark.parametrize(
    "ending",
    [
        Ending(expected_count=100, missing=((7, 9),)),
        Ending(expected_count=100, lost=((7, 7),)),
        Ending(expected_count=100, rejected=((7, 7),)),
        Ending(expected_count=100, ended=False),
    ],
)
def test_passes_that_a_gap_may_hide_cannot_be_assessed(ending: Ending) -> None:
    case = _ended(Tally(passes=[1], contact_stroke_count=500), ending)
    assert look(case, RULES, "exposure.passes_few") == []
    (hit,) = look(case, RULES, "exposure.passes_unknown")
    assert hit.sentence.endswith("at left cheek cannot be assessed: documents are missing.")


def test_passes_the_device_never_numbers_cannot_be_assessed() -> None:
    case = _ended(Tally(contact_stroke_count=500), Ending(expected_count=100))
    assert look(case, RULES, "exposure.passes_few") == []
    (hit,) = look(case, RULES, "exposure.passes_unknown")
    assert "the device does not tell its passes" in hit.sentence


def test_a_pass_that_is_missing_between_others_was_made() -> None:
    case = _ended(
        Tally(passes=[2], contact_stroke_count=500), Ending(expected_count=100, lost=((7, 9),))
    )
    assert look(case, RULES, "exposure.passes_few") == []
    assert look(case, RULES, "exposure.passes_unknown") == []


def test_a_zone_that_was_only_tested_needs_no_passes() -> None:
    case = _ended(Tally(passes=[1], test_shot_count=4), Ending(expected_count=100))
    assert look(case, RULES, "exposure.passes_few") == []
