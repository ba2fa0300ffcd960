"""Every script is a whole session that the contract accepts, and always the same one."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dermatrace.simulator.devices import (
    CONSTANT_RATE_PEN,
    MULTI_DEPTH_CONSOLE,
    NANO_HOME_PEN,
    SINGLE_DEPTH_CONSOLE,
    DeviceProfile,
)
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.timeline import ScriptedDocument
from dermatrace.simulator.treatments import (
    COSMETIC_NEEDLING_HOME,
    MEDICAL_NEEDLING,
    MEDICAL_RF_NEEDLING,
    TREATMENTS,
    Treatment,
)
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import SessionStarted, SessionStopped

PAIRS = [
    (treatment, profile)
    for treatment in TREATMENTS
    for profile in (CONSTANT_RATE_PEN, NANO_HOME_PEN, SINGLE_DEPTH_CONSOLE, MULTI_DEPTH_CONSOLE)
    if treatment.modality == profile.modality
]


def _payload(seq: int, document: ScriptedDocument) -> bytes:
    head = {"seq": seq, "kind": document.kind, "boot_id": "boot-1"}
    clocks = {"uptime_ms": document.at_ms, "wall_time_ms": None}
    return json.dumps(head | clocks | dict(document.facts)).encode()


def _payloads(script: ScriptedSession) -> list[bytes]:
    return [_payload(seq, document) for seq, document in enumerate(script)]


@hypothesis_settings(max_examples=40)
@given(
    seed=st.integers(0, 2**48), minutes=st.floats(2_000 / 60_000, 0.8), pair=st.sampled_from(PAIRS)
)
def test_session_of_any_length_is_accepted_in_order_live_and_complete(
    seed: int, minutes: float, pair: tuple[Treatment, DeviceProfile]
) -> None:
    script = ScriptedSession(seed, *pair, minutes)
    documents = [parse("session", payload) for payload in _payloads(script)]
    assert isinstance(documents[0], SessionStarted)
    assert isinstance(documents[-1], SessionStopped)
    kinds = [document.kind for document in script]
    assert kinds.count("session.started") == kinds.count("session.stopped") == 1
    assert any(kind in {"needling.windows", "rf.shot"} for kind in kinds)
    assert all(document.span_ms <= 1_000 for document in script)
    for earlier, later in pairwise(script):
        assert earlier.due_ms <= later.at_ms
        assert later.due_ms - earlier.due_ms <= 5_000
    assert script[-1].at_ms == script.duration_ms


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first, again, other = (
        _payloads(ScriptedSession(seed, MEDICAL_RF_NEEDLING, SINGLE_DEPTH_CONSOLE, 0.5))
        for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_stop_counts_every_stroke_of_the_windows() -> None:
    script = ScriptedSession(1, MEDICAL_NEEDLING, CONSTANT_RATE_PEN, 0.5)
    documents = [parse("session", payload) for payload in _payloads(script)]
    strokes = sum(
        strokes or 0
        for document in documents
        if isinstance(document, NeedlingWindows)
        for strokes in document.stroke_count or []
    )
    stop = documents[-1]
    assert isinstance(stop, SessionStopped)
    assert stop.stroke_count == strokes > 0
    assert stop.shot_count is None


@pytest.mark.parametrize("profile", [SINGLE_DEPTH_CONSOLE, MULTI_DEPTH_CONSOLE])
def test_stop_counts_every_shot_and_its_energy(profile: DeviceProfile) -> None:
    script = ScriptedSession(1, MEDICAL_RF_NEEDLING, profile, 0.5)
    documents = [parse("session", payload) for payload in _payloads(script)]
    shots = [document for document in documents if isinstance(document, RfShot)]
    energy_mj = sum(
        pulse.energy_delivered_mj or 0.0
        for shot in shots
        for depth in shot.depths
        for pulse in depth.sub_pulses
    )
    stop = documents[-1]
    assert isinstance(stop, SessionStopped)
    assert stop.shot_count == len(shots)
    assert [shot.shot_number for shot in shots] == list(range(1, len(shots) + 1))
    assert stop.energy_delivered_mj == pytest.approx(energy_mj, abs=0.001)


def test_rf_session_takes_four_weaker_test_shots_first() -> None:
    script = ScriptedSession(1, MEDICAL_RF_NEEDLING, SINGLE_DEPTH_CONSOLE, 0.5)
    shots = [parse("session", payload) for payload in _payloads(script)]
    shots = [shot for shot in shots if isinstance(shot, RfShot)]
    purposes = [shot.purpose for shot in shots if isinstance(shot, RfShot)]
    assert purposes[:4] == ["test"] * 4
    assert set(purposes[4:]) == {"treatment"}
    first, fifth = shots[0], shots[4]
    assert isinstance(first, RfShot)
    assert isinstance(fifth, RfShot)
    # 30 mJ a pin on 25 pins in two sub-pulses is 375 mJ each; a test shot gets 70 % of it.
    assert first.depths[0].sub_pulses[0].energy_commanded_mj == 262.5
    assert fifth.depths[0].sub_pulses[0].energy_commanded_mj == 375.0


def test_multi_depth_console_delivers_three_depths_an_insertion_deepest_first() -> None:
    script = ScriptedSession(1, MEDICAL_RF_NEEDLING, MULTI_DEPTH_CONSOLE, 0.5)
    shots = [document for document in script if document.kind == "rf.shot"]
    shot = parse("session", _payload(0, shots[4]))
    assert isinstance(shot, RfShot)
    assert [depth.depth_commanded_mm for depth in shot.depths] == [1.5, 1.0, 0.5]


def test_full_rf_session_gives_between_150_and_500_shots() -> None:
    script = ScriptedSession(1, MEDICAL_RF_NEEDLING, SINGLE_DEPTH_CONSOLE, 20.0)
    assert 150 <= sum(document.kind == "rf.shot" for document in script) <= 500


def test_home_session_says_that_it_is_at_home() -> None:
    script = ScriptedSession(1, COSMETIC_NEEDLING_HOME, NANO_HOME_PEN, 0.1)
    assert script[0].facts["setting"] == "home"


def test_device_of_another_modality_is_refused() -> None:
    with pytest.raises(ValueError, match="wants rf: choose a device of that modality"):
        ScriptedSession(1, MEDICAL_RF_NEEDLING, CONSTANT_RATE_PEN, 0.5)


@pytest.mark.parametrize("minutes", [0.0, 0.01, 241.0])
def test_session_too_short_or_too_long_to_script_is_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match=r"choose 0.033 to 240"):
        ScriptedSession(1, MEDICAL_NEEDLING, CONSTANT_RATE_PEN, minutes)
