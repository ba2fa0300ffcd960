"""Bands are watched on the right side, of the right reading, in the right envelopes."""

import pytest

from dermatrace.judge.rules.limits import RULES
from dermatrace.judge.rules.row import BandRule, MomentRule
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.quantities import Quantity

BANDS = {rule.id: rule for rule in RULES if isinstance(rule, BandRule)}
THREE: set[Envelope] = {"device_rating", "cleared_label", "clinic_protocol"}
ROWS: dict[str, tuple[Quantity, str, str]] = {
    "depth.set_above": ("depth", "commanded", "above"),
    "depth.set_below": ("depth", "commanded", "below"),
    "depth.measured_above": ("depth", "measured", "above"),
    "depth.measured_below": ("depth", "measured", "below"),
    "rate.above": ("stroke_rate", "value", "above"),
    "rate.below": ("stroke_rate", "value", "below"),
    "energy.above": ("energy_total", "measured", "above"),
    "energy.below": ("energy_total", "measured", "below"),
    "energy.set_above": ("energy_total", "commanded", "above"),
    "energy_per_pin.above": ("energy_per_pin", "measured", "above"),
    "energy_per_pin.set_above": ("energy_per_pin", "commanded", "above"),
    "power.above": ("power", "measured", "above"),
    "power.set_above": ("power", "commanded", "above"),
    "pulse.longer": ("pulse_duration", "measured", "above"),
    "pulse.shorter": ("pulse_duration", "measured", "below"),
    "pulse.set_longer": ("pulse_duration", "commanded", "above"),
    "temperature.above": ("temperature", "value", "above"),
    "hold.longer": ("temperature_hold", "value", "above"),
    "impedance.above": ("impedance_before", "value", "above"),
    "impedance.below": ("impedance_before", "value", "below"),
}


def test_every_band_rule_is_one_of_these_and_no_other() -> None:
    assert BANDS.keys() == ROWS.keys()


@pytest.mark.parametrize("rule_id", ROWS)
def test_row_says_quantity_reading_and_side(rule_id: str) -> None:
    rule = BANDS[rule_id]
    assert (rule.quantity, rule.reading, rule.side) == ROWS[rule_id]


@pytest.mark.parametrize("rule", BANDS.values(), ids=lambda rule: rule.id)
def test_scope_of_the_operator_limits_the_greatest_depth_only(rule: BandRule) -> None:
    scope: set[Envelope] = {"operator_scope"}
    is_greatest_depth = rule.quantity == "depth" and rule.side == "above"
    three = THREE
    if rule.id == "rate.below":  # every motor loses some of its rated rate on skin
        three = THREE - {"device_rating"}
    assert set(rule.envelopes) == (three | scope if is_greatest_depth else three)


@pytest.mark.parametrize("rule", BANDS.values(), ids=lambda rule: rule.id)
def test_too_little_never_counts_as_high(rule: BandRule) -> None:
    assert rule.side == "above" or rule.priority == "low"
    assert rule.nature == "treatment"


@pytest.mark.parametrize("rule", BANDS.values(), ids=lambda rule: rule.id)
def test_a_set_value_is_called_set_and_no_depth_is_called_reached(rule: BandRule) -> None:
    assert rule.what.startswith("set ") == (rule.reading == "commanded")
    assert "reached" not in f"{rule.what} {rule.meaning}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_meaning_is_a_sentence_for_a_person(rule: BandRule | MomentRule) -> None:
    assert rule.meaning.endswith(".")
    assert rule.source


def test_only_depth_and_rate_wait_for_strokes_on_end() -> None:
    waiting = {rule.id for rule in BANDS.values() if "strokes" in rule.persistence}
    assert waiting == {i for i in BANDS if i.startswith(("depth.", "rate."))}


def test_family_tells_shots_by_moment_too() -> None:
    moments = {rule.id for rule in RULES if isinstance(rule, MomentRule)}
    assert moments == {
        "impedance.off_session",
        "impedance.rises",
        "energy.unknown",
        "energy_per_pin.unknown",
    }
