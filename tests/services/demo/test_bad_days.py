"""What goes wrong in the live demonstration, and that it can be seen soon."""

from itertools import islice
from typing import Final

import pytest

from dermatrace.demo.bad_days import with_live_mishaps
from dermatrace.demo.judged import expected_of
from dermatrace.demo.limits import read_sample_clinic
from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.fleet import (
    FLEET,
    HOME_SOUTH,
    PEN_NORTH,
    PEN_SOUTH,
    RF_NORTH,
    RF_SOUTH,
    FleetDevice,
    FleetSession,
    endless_sessions,
)

SAMPLE: Final = read_sample_clinic()
SOON_MS: Final = 120_000
SEEDS: Final = range(1, 4)


def _day(seed: int, device: FleetDevice, count: int = 3) -> list[FleetSession]:
    return [with_live_mishaps(session) for session in islice(endless_sessions(seed, device), count)]


def _demanded(session: FleetSession) -> set[str]:
    return {e.rule for found in expected_of(session, SAMPLE, "run") for e in found.must}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("device", "rules"),
    [
        (PEN_NORTH, {"depth.set_above"}),
        (RF_NORTH, {"energy_per_pin.above", "energy_per_pin.set_above", "gate.photo_before"}),
        (PEN_SOUTH, {"gate.operator_scope", "gate.answers"}),
    ],
    ids=lambda of: of.sender_id if isinstance(of, FleetDevice) else "",
)
def test_first_session_of_a_device_with_mishaps_must_raise_findings(
    seed: int, device: FleetDevice, rules: set[str]
) -> None:
    assert _demanded(_day(seed, device, 1)[0]) >= rules


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("device", [PEN_NORTH, RF_NORTH], ids=lambda device: device.sender_id)
def test_limit_is_crossed_and_kept_again_within_two_minutes(seed: int, device: FleetDevice) -> None:
    (first,) = _day(seed, device, 1)
    (crossing,) = first.faults
    assert isinstance(crossing, LimitCrossing)
    assert crossing.dialled
    assert first.script[crossing.span.start].at_ms >= 30_000
    assert first.script[crossing.span.stop].at_ms < SOON_MS


@pytest.mark.parametrize("device", [PEN_NORTH, RF_NORTH], ids=lambda device: device.sender_id)
def test_every_other_session_is_plain(device: FleetDevice) -> None:
    assert [bool(session.faults) for session in _day(1, device)] == [True, False, True]


@pytest.mark.parametrize("device", [RF_SOUTH, HOME_SOUTH], ids=lambda device: device.sender_id)
def test_some_devices_never_have_a_bad_day(device: FleetDevice) -> None:
    assert not any(session.faults or session.omissions for session in _day(1, device))
    assert not any(_demanded(session) for session in _day(1, device))


def test_mishaps_fit_the_sessions_they_befall() -> None:
    for device in FLEET:
        assert all(session.steps() for session in _day(1, device, 1))
