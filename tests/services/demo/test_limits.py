"""The sample clinic's numbers, looked up for simulated sessions."""

from dataclasses import replace
from typing import Final

import pytest

from dermatrace.demo.limits import read_sample_clinic
from dermatrace.simulator.crossings import DepthLimit
from dermatrace.simulator.fleet import FLEET, HOME_SOUTH, PEN_NORTH, RF_NORTH, FleetDevice
from support.library import library_folder

SAMPLE: Final = read_sample_clinic()


def test_medical_session_is_limited_by_protocol_label_device_and_operator() -> None:
    limits = SAMPLE.limits_of(PEN_NORTH.session(1, 1, 0, 0.5))
    envelopes = {limit.envelope for limit in limits.depths}
    assert envelopes == {"clinic_protocol", "cleared_label", "device_rating", "operator_scope"}
    assert DepthLimit("clinic_protocol", 0.75, frozenset({"forehead"})) in limits.depths


def test_device_with_short_needles_is_limited_by_them() -> None:
    limits = SAMPLE.limits_of(HOME_SOUTH.session(1, 1, 0, 0.5))
    assert DepthLimit("device_rating", 0.25) in limits.depths


def test_rf_session_has_limits_of_energy_and_test_shots() -> None:
    limits = SAMPLE.limits_of(RF_NORTH.session(1, 1, 0, 0.5))
    assert (limits.energy_total_upper_mj, limits.energy_per_pin_upper_mj) == (5_000.0, 100.0)
    assert limits.test_shot_min == 4


@pytest.mark.parametrize("device", FLEET, ids=lambda device: str(device.sender_id))
def test_every_device_of_the_fleet_can_be_looked_up_for_each_of_its_treatments(
    device: FleetDevice,
) -> None:
    for number in range(1, len(device.treatments) + 1):
        assert SAMPLE.limits_of(device.session(1, number, 0, 0.5)).depths


def test_unknown_device_model_has_no_limits() -> None:
    session = PEN_NORTH.session(1, 1, 0, 0.5)
    unknown = replace(PEN_NORTH, profile=replace(PEN_NORTH.profile, model="nobody's pen"))
    with pytest.raises(KeyError, match="nobody's pen"):
        SAMPLE.limits_of(replace(session, device=unknown))


def test_everything_of_the_folder_that_counts_is_read() -> None:
    found = {
        sort: sum(document.kind == sort for document in library_folder("sample_clinic").documents)
        for sort in ("operator", "room", "device_model")
    }
    assert len(SAMPLE.operators) == found["operator"]
    assert len(SAMPLE.rooms) == found["room"]
    assert SAMPLE.models
    assert len(SAMPLE.models) <= found["device_model"]
