"""Columns and sub-pulses are brought together by hand-made arithmetic; the unknown stays so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.judge.readings import STROKES_PER_WINDOW_MAX, shot_of, windows_of
from dermatrace_schemas.rf import Channel, RfDepth, SubPulse
from support.cases import shot, windows

# --- windows -------------------------------------------------------------------------------------


def test_contact_strokes_are_strokes_times_the_share_on_skin() -> None:
    found = windows_of(windows(stroke_count=[12, 12, 12], contact_fraction=[1.0, 0.5, 0.0]))
    assert (found.strokes, found.contact_strokes) == ([12, 12, 12], [12, 6, 0])
    assert (found.contact_stroke_count, found.contact_ms) == (18, 150.0)


def test_device_that_does_not_measure_contact_is_always_in_contact() -> None:
    found = windows_of(windows(stroke_count=[12, 0, 12]))
    assert (found.contact_strokes, found.contact_ms) == ([12, 0, 12], 200.0)


def test_contact_whose_reading_is_null_is_contact() -> None:
    found = windows_of(windows(stroke_count=[12, 12], contact_fraction=[None, 0.0]))
    assert (found.contact_strokes, found.contact_ms) == ([12, 0], 100.0)


def test_contact_beyond_its_range_is_cut_off() -> None:
    found = windows_of(windows(stroke_count=[12, 12], contact_fraction=[1e300, -3.0]))
    assert (found.contact_strokes, found.contact_ms) == ([12, 0], 100.0)


def test_strokes_follow_from_the_rate_where_they_were_not_counted() -> None:
    rates = [100.0, None, 117.0]
    absent = windows_of(windows(stroke_count=None, stroke_rate_hz=rates))
    assert absent.strokes == [10, 0, 12]
    null = windows_of(windows(stroke_count=[None, None, 3], stroke_rate_hz=rates))
    assert null.strokes == [10, 0, 3]


@pytest.mark.parametrize(("rate_hz", "strokes"), [(-5.0, 0), (1e308, STROKES_PER_WINDOW_MAX)])
def test_rate_that_cannot_be_makes_no_strokes_that_cannot_be(rate_hz: float, strokes: int) -> None:
    assert windows_of(windows(stroke_count=None, stroke_rate_hz=[rate_hz])).strokes == [strokes]


def test_window_on_skin_whose_strokes_nobody_knows_had_one_at_least() -> None:
    found = windows_of(windows(stroke_count=[None, None, None], contact_fraction=[0.4, 0.0, None]))
    assert (found.strokes, found.contact_strokes) == ([0, 0, 0], [1, 0, 0])
    unmeasured = windows_of(windows(stroke_count=[None]))
    assert unmeasured.contact_strokes == [0]


@pytest.mark.parametrize(
    ("facts", "length_ms"),
    [
        ({"window_ms": 150}, 150.0),
        ({"window_ms": None, "offset_ms": [0, 200, 400]}, 200.0),
        ({"window_ms": None, "offset_ms": [0]}, 100.0),
    ],
)
def test_length_of_a_window_is_as_told_or_from_the_distance_of_windows(
    facts: dict[str, object], length_ms: float
) -> None:
    offsets = facts.get("offset_ms", [0])
    assert isinstance(offsets, list)
    found = windows_of(windows(1, **facts | {"stroke_count": [12] * len(offsets)}))
    assert found.length_ms == length_ms
    assert found.contact_ms == length_ms * len(offsets)


@given(
    st.lists(
        st.tuples(st.none() | st.floats(-1e3, 1e3), st.integers(0, 30), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_extremes_are_of_known_values_in_contact(
    told: list[tuple[float | None, int, bool]],
) -> None:
    values = [value for value, _, _ in told]
    found = windows_of(
        windows(
            depth_commanded_mm=values,
            stroke_count=[strokes for _, strokes, _ in told],
            contact_fraction=[float(touches) for _, _, touches in told],
        )
    )
    held = [v for v, strokes, touches in told if touches and strokes and v is not None]
    expected = (min(held), max(held)) if held else None
    assert found.extremes(found.commanded) == expected
    assert found.extremes(found.commanded) == expected  # as remembered
    assert found.extremes(None) is None


# --- shots ---------------------------------------------------------------------------------------

PINS = 25


def of_total(energy_mj: float | None, **facts: object) -> SubPulse:
    """Return a sub-pulse whose energy is told in total."""
    told = {"energy_delivered_mj": energy_mj, "energy_scope": "total"}
    return SubPulse.model_validate(told | facts)


def per_pin(energy_mj: float | None, **facts: object) -> SubPulse:
    """Return a sub-pulse whose energy is told for each pin."""
    return of_total(energy_mj, energy_scope="per_pin", **facts)


def energies(*pulses: SubPulse, pins: int | None = PINS) -> tuple[float | None, float | None]:
    """Return what a shot delivered in total and per pin."""
    found = shot_of(shot(1, *pulses), pins)
    return found.energy_delivered_mj, found.energy_per_pin_delivered_mj


def test_energy_in_total_is_shared_by_the_pins() -> None:
    assert energies(of_total(500.0), of_total(250.0)) == (750.0, 30.0)


def test_energy_per_pin_times_pins_is_the_total() -> None:
    assert energies(per_pin(20.0), per_pin(10.0)) == (750.0, 30.0)


def test_scopes_may_be_mixed_as_long_as_the_pins_are_known() -> None:
    assert energies(of_total(250.0), per_pin(20.0)) == (750.0, 30.0)
    assert energies(of_total(250.0), per_pin(20.0), pins=None) == (None, None)


def test_without_pin_count_only_the_scope_that_was_told_is_known() -> None:
    assert energies(of_total(500.0), pins=None) == (500.0, None)
    assert energies(per_pin(20.0), pins=None) == (None, 20.0)


@pytest.mark.parametrize(
    "pulse", [of_total(None), of_total(9.0, energy_scope=None), SubPulse()], ids=str
)
def test_one_sub_pulse_that_is_not_known_leaves_the_sum_unknown(pulse: SubPulse) -> None:
    assert energies(of_total(500.0), pulse) == (None, None)


def test_insertion_without_any_pulse_has_no_energy_told() -> None:
    assert energies() == (None, None)


def channels(*energies_mj: float | None, scope: str | None = None) -> list[dict[str, object]]:
    """Return isolated pairs with these energies."""
    return [
        {"channel_number": number, "energy_delivered_mj": energy_mj, "energy_scope": scope}
        for number, energy_mj in enumerate(energies_mj, start=1)
    ]


def test_channels_add_up_where_the_sub_pulse_itself_tells_nothing() -> None:
    assert energies(of_total(None, channels=channels(100.0, 150.0))) == (250.0, 10.0)
    own = of_total(None, energy_scope=None, channels=channels(100.0, 150.0, scope="total"))
    assert energies(own) == (250.0, 10.0)
    assert energies(of_total(240.0, channels=channels(100.0, 150.0))) == (240.0, 9.6)


def test_of_channels_told_per_pin_the_greatest_counts_and_the_total_is_unknown() -> None:
    assert energies(per_pin(None, channels=channels(20.0, 30.0))) == (None, 30.0)


@pytest.mark.parametrize(
    "told",
    [
        channels(100.0, None),
        channels(100.0, scope="total") + channels(2.0, scope="per_pin"),
    ],
)
def test_channels_that_do_not_tell_the_same_leave_the_sum_unknown(
    told: list[dict[str, object]],
) -> None:
    assert energies(of_total(None, channels=told)) == (None, None)


def test_commanded_energy_is_added_up_like_the_delivered_one() -> None:
    pulses = [SubPulse(energy_commanded_mj=20.0, energy_scope="per_pin")] * 3
    found = shot_of(shot(1, *pulses), PINS)
    assert (found.energy_commanded_mj, found.energy_per_pin_commanded_mj) == (1_500.0, 60.0)
    assert found.energy_delivered_mj is None


def test_extremes_of_a_shot_take_channels_in_and_unknown_values_out() -> None:
    channel = Channel(channel_number=1, power_w=30.0, temperature_max_celsius=70.0)
    pulses = [
        SubPulse(power_w=20.0, duration_ms=50.0, impedance_before_ohm=None),
        SubPulse(power_w=10.0, channels=[channel], impedance_before_ohm=300.0),
        SubPulse(impedance_before_ohm=200.0, temperature_hold_ms=9.0, power_commanded_w=40.0),
    ]
    found = shot_of(shot(1, *pulses), PINS)
    assert (found.power_w, found.power_commanded_w) == (30.0, 40.0)
    assert (found.duration_ms, found.duration_commanded_ms) == (50.0, None)
    assert (found.temperature_max_celsius, found.temperature_hold_ms) == (70.0, 9.0)
    assert found.impedance_before_ohm == 300.0


def test_every_depth_of_an_insertion_counts() -> None:
    depths = [
        RfDepth(depth_commanded_mm=2.0, depth_measured_mm=1.9, sub_pulses=[of_total(100.0)]),
        RfDepth(depth_commanded_mm=1.0, sub_pulses=[]),
        RfDepth(depth_measured_mm=0.9, sub_pulses=[of_total(50.0)]),
    ]
    told = shot(1).model_copy(update={"depths": depths})
    found = shot_of(told, PINS)
    assert (found.commanded, found.measured) == ([2.0, 1.0], [1.9, 0.9])
    assert (found.energy_delivered_mj, len(found.pulses)) == (150.0, 2)


@pytest.mark.parametrize(
    ("purpose", "treatment"), [("treatment", True), (None, True), ("test", False)]
)
def test_anything_that_is_not_said_to_be_a_test_is_treatment(
    purpose: str | None, *, treatment: bool
) -> None:
    assert shot_of(shot(1, purpose=purpose), None).treatment is treatment
