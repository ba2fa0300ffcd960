"""The profiles: plainly pretended, and each number with its source."""

import pytest

from dermatrace.simulator.devices import PROFILES, VENDOR, DeviceProfile


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.model)
def test_profile_says_where_its_numbers_come_from_and_which_are_chosen(
    profile: DeviceProfile,
) -> None:
    assert "chosen" in profile.source
    assert any(record in profile.source for record in ("DEN", "K1", "K2"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.model)
def test_profile_has_the_traits_of_its_modality_and_no_others(profile: DeviceProfile) -> None:
    assert (profile.pen is not None) == (profile.modality == "pen")
    assert (profile.rf is not None) == (profile.modality == "rf")
    assert profile.descriptor("SIM-1").vendor == VENDOR


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.model)
def test_pen_runs_at_a_rate_it_is_rated_for(profile: DeviceProfile) -> None:
    if profile.pen is not None:
        low_hz, high_hz = profile.ratings.stroke_rate_min_hz, profile.ratings.stroke_rate_max_hz
        assert low_hz is not None
        assert high_hz is not None
        assert low_hz <= profile.pen.stroke_rate_hz <= high_hz
