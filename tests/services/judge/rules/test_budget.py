"""The strictest limit of each envelope counts, and numbers are written as people write them."""

import pytest

from dermatrace.judge.bounds import Bound
from dermatrace.judge.rules.budget import ceilings, floors, is_above, said
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.quantities import Unit


def _bound(envelope: Envelope, lower: float | None, upper: float | None) -> Bound:
    return Bound(envelope, lower, upper, "1", "somebody", None)


BOUNDS = (
    _bound("clinic_protocol", 3.0, 20.0),
    _bound("clinic_protocol", 4.0, 10.0),
    _bound("cleared_label", None, 15.0),
    _bound("device_rating", 1.0, None),
)


def test_lowest_ceiling_of_each_envelope_counts() -> None:
    assert [(b.envelope, b.upper) for b in ceilings(BOUNDS)] == [
        ("clinic_protocol", 10.0),
        ("cleared_label", 15.0),
    ]


def test_ceilings_of_other_envelopes_are_left_out() -> None:
    assert [b.envelope for b in ceilings(BOUNDS, ("cleared_label",))] == ["cleared_label"]


def test_highest_floor_of_each_envelope_counts() -> None:
    assert [(lower, b.envelope) for lower, b in floors(BOUNDS)] == [
        (4.0, "clinic_protocol"),
        (1.0, "device_rating"),
    ]


@pytest.mark.parametrize(
    ("value", "limit", "exceeds"),
    [
        (0.1 + 0.2, 0.3, False),
        (0.301, 0.3, True),
        (0.3, 0.3, False),
        (1.0, 0.0, True),
        (0.0, 0.0, False),
        (5.0, None, False),
    ],
)
def test_limit_is_exceeded_by_more_than_rounding(
    value: float,
    limit: float | None,
    exceeds: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert is_above(value, limit) == exceeds


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_234_567.0, "1", "1,234,567"),
        (10.050, "J", "10.05 J"),
        (0.0004, "s", "0 s"),
        (100.0, "Ohm", "100 ohm"),
        (72.5, "Cel", "72.5 °C"),
    ],
)
def test_numbers_are_said_in_full_with_their_unit(value: float, unit: Unit, text: str) -> None:
    assert said(value, unit) == text
