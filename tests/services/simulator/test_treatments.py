"""The four treatments, by what sets each apart."""

from itertools import chain

from dermatrace.simulator.treatments import (
    COSMETIC_NEEDLING,
    COSMETIC_NEEDLING_HOME,
    MEDICAL_NEEDLING,
    MEDICAL_RF_NEEDLING,
    NANO_NEEDLING,
    TREATMENTS,
    Treatment,
)


def _depths_mm(treatment: Treatment) -> list[float]:
    return list(chain.from_iterable(zone.pass_depths_mm for zone in treatment.zones))


def test_nano_and_cosmetic_needling_stay_within_a_quarter_of_a_millimetre() -> None:
    for treatment in (NANO_NEEDLING, COSMETIC_NEEDLING, COSMETIC_NEEDLING_HOME):
        assert max(_depths_mm(treatment)) <= 0.25


def test_medical_needling_stays_between_half_and_two_millimetres() -> None:
    assert min(_depths_mm(MEDICAL_NEEDLING)) >= 0.5
    assert max(_depths_mm(MEDICAL_NEEDLING)) <= 2.0


def test_medical_rf_needling_takes_test_shots_and_is_never_done_at_home() -> None:
    assert MEDICAL_RF_NEEDLING.rf is not None
    assert MEDICAL_RF_NEEDLING.rf.test_shot_count == 4
    assert all(treatment.setting == "clinic" for treatment in TREATMENTS if treatment.rf)


def test_only_cosmetic_needling_is_also_done_at_home() -> None:
    assert [treatment for treatment in TREATMENTS if treatment.setting == "home"] == [
        COSMETIC_NEEDLING_HOME
    ]
