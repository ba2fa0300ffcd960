"""The signals keep within the bounds that are published or stated in `signals.py`."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.simulator.devices import (
    CONSTANT_RATE_PEN,
    MULTI_DEPTH_CONSOLE,
    NANO_HOME_PEN,
    SINGLE_DEPTH_CONSOLE,
    VARIABLE_RATE_PEN,
    DeviceProfile,
)
from dermatrace.simulator.seeded import seeded
from dermatrace.simulator.signals import PenSignal, PenWindow, RfSignal
from dermatrace.simulator.treatments import Dose

PENS = (CONSTANT_RATE_PEN, VARIABLE_RATE_PEN, NANO_HOME_PEN)
TWENTY_MINUTES = 12_000
"""Windows of 100 ms."""


def _windows(profile: DeviceProfile, depth_mm: float, count: int, seed: int = 1) -> list[PenWindow]:
    assert profile.pen is not None
    signal = PenSignal(seeded(seed, "test"), profile.pen)
    return [signal.window(depth_mm, 100) for _ in range(count)]


def _medians_mm(windows: list[PenWindow]) -> list[float]:
    return [
        window.depth_measured_median_mm
        for window in windows
        if window.depth_measured_median_mm is not None
    ]


@pytest.mark.parametrize("depth_mm", [0.2, 0.5, 1.5, 2.5])
def test_measured_depth_falls_short_but_stays_within_the_published_tolerance(
    depth_mm: float,
) -> None:
    medians_mm = _medians_mm(_windows(CONSTANT_RATE_PEN, depth_mm, 3_000))
    assert statistics.mean(medians_mm) < depth_mm
    assert all(abs(median_mm - depth_mm) <= 0.15 for median_mm in medians_mm)


def test_shortfall_grows_as_the_cartridge_wears() -> None:
    medians_mm = _medians_mm(_windows(CONSTANT_RATE_PEN, 1.0, TWENTY_MINUTES))
    tenth = len(medians_mm) // 10
    drift_mm = statistics.mean(medians_mm[:tenth]) - statistics.mean(medians_mm[-tenth:])
    assert 0.02 <= drift_mm <= 0.06


def test_depth_jitters_by_two_hundredths_of_a_millimetre() -> None:
    windows = _windows(CONSTANT_RATE_PEN, 1.0, 2_000)
    spreads_mm = [
        window.depth_measured_max_mm - window.depth_measured_min_mm
        for window in windows
        if window.depth_measured_max_mm is not None and window.depth_measured_min_mm is not None
        if window.contact_fraction == 1.0
    ]
    # Eleven draws of a normal distribution span 3.17 deviations on average.
    assert statistics.mean(spreads_mm) / 3.17 == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("profile", PENS, ids=lambda profile: profile.model)
def test_rate_droops_two_to_ten_percent_on_skin_and_recovers_in_the_air(
    profile: DeviceProfile,
) -> None:
    assert profile.pen is not None
    nominal_hz = profile.pen.stroke_rate_hz
    for window in _windows(profile, 0.25, 1_500):
        droop = 1.0 - window.stroke_rate_hz / nominal_hz
        if window.contact_fraction == 1.0:
            assert 0.02 <= droop <= 0.10
        if window.contact_fraction == 0.0:
            assert abs(droop) <= 0.004


@pytest.mark.parametrize("seed", range(5))
def test_pen_is_on_skin_for_thirty_to_sixty_percent_of_a_long_session(seed: int) -> None:
    windows = _windows(NANO_HOME_PEN, 0.2, TWENTY_MINUTES, seed)
    share = statistics.mean(window.contact_fraction for window in windows)
    assert 0.30 <= share <= 0.60


def test_depth_is_unknown_without_contact_and_known_with_full_contact() -> None:
    windows = _windows(CONSTANT_RATE_PEN, 1.0, 1_000)
    assert all(w.depth_measured_median_mm is None for w in windows if w.contact_fraction == 0.0)
    assert all(w.depth_measured_median_mm is not None for w in windows if w.contact_fraction == 1.0)


def test_motor_current_is_higher_on_skin_than_in_the_air() -> None:
    windows = _windows(CONSTANT_RATE_PEN, 1.0, 1_000)
    on_skin_ma = [w.motor_current_ma for w in windows if w.contact_fraction == 1.0]
    in_air_ma = [w.motor_current_ma for w in windows if w.contact_fraction == 0.0]
    assert min(on_skin_ma) > max(in_air_ma)


def test_strokes_add_up_to_the_rate() -> None:
    windows = _windows(CONSTANT_RATE_PEN, 1.0, 6_000)
    strokes = sum(window.stroke_count for window in windows)
    expected = sum(window.stroke_rate_hz for window in windows) * 0.1
    assert strokes == pytest.approx(expected, abs=5)


@given(
    seed=st.integers(0, 2**32),
    energy_mj=st.floats(5.0, 45.0),
    sub_pulses=st.sampled_from([1, 2, 6, 10]),
    profile=st.sampled_from([SINGLE_DEPTH_CONSOLE, MULTI_DEPTH_CONSOLE]),
)
def test_rf_pulse_keeps_the_energy_heats_the_tissue_and_lowers_the_impedance(
    seed: int, energy_mj: float, sub_pulses: int, profile: DeviceProfile
) -> None:
    assert profile.rf is not None
    signal = RfSignal(seeded(seed, "test"), profile, profile.rf)
    (depth,) = signal.insertion([1.5], Dose(energy_mj, 15.0, sub_pulses))
    assert len(depth.sub_pulses) == sub_pulses
    pins = profile.needle_count if profile.rf.energy_scope == "per_pin" else 1
    for pulse in depth.sub_pulses:
        assert pulse.energy_delivered_mj is not None
        assert pulse.energy_commanded_mj is not None
        assert pulse.power_w is not None
        assert pulse.duration_ms is not None
        assert pulse.energy_delivered_mj == pytest.approx(pulse.energy_commanded_mj, rel=0.021)
        assert pulse.energy_delivered_mj * pins == pytest.approx(
            pulse.power_w * pulse.duration_ms, rel=0.005
        )
        assert pulse.impedance_start_ohm is not None
        assert pulse.impedance_end_ohm is not None
        assert pulse.impedance_end_ohm < pulse.impedance_start_ohm


@pytest.mark.parametrize("seed", range(5))
def test_impedance_falls_by_about_two_percent_a_degree(seed: int) -> None:
    assert SINGLE_DEPTH_CONSOLE.rf is not None
    signal = RfSignal(seeded(seed, "test"), SINGLE_DEPTH_CONSOLE, SINGLE_DEPTH_CONSOLE.rf)
    ((pulse,),) = (depth.sub_pulses for depth in signal.insertion([1.5], Dose(37.5, 15.0, 1)))
    assert pulse.impedance_before_ohm is not None
    assert pulse.impedance_min_ohm is not None
    assert pulse.temperature_max_celsius is not None
    assert 215.0 <= pulse.impedance_before_ohm <= 584.0
    assert 52.0 <= pulse.temperature_max_celsius <= 72.0
    rise_celsius = pulse.temperature_max_celsius - 33.0
    fall = 1.0 - pulse.impedance_min_ohm / pulse.impedance_before_ohm
    # Thirty degrees: 37.5 %.
    assert fall == pytest.approx(0.02 * rise_celsius / (1.0 + 0.02 * rise_celsius), abs=0.002)
