"""Words that several documents share are the same words."""

from typing import get_args

from dermatrace_schemas.session import Plan
from dermatrace_schemas.treatment import GATES, Phototype, Role, Treatment


def test_four_treatments_are_known() -> None:
    assert set(get_args(Treatment)) == {
        "nano_needling",
        "cosmetic_needling",
        "medical_needling",
        "rf_needling",
    }


def test_phototypes_of_plan_and_registry_are_the_same() -> None:
    for phototype in get_args(Phototype):
        assert Plan(phototype=phototype).phototype == phototype


def test_gates_are_listed_once() -> None:
    assert len(set(GATES)) == len(GATES)


def test_people_who_treat_themselves_have_a_role() -> None:
    assert "subject" in get_args(Role)
