"""A limit has the unit of its quantity and a source, or it does not exist."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from dermatrace_schemas.quantities import (
    QUANTITIES,
    UNIT_OF,
    Band,
    Limit,
    Quantity,
    Unit,
)
from dermatrace_schemas.treatment import Trust

UNITS: tuple[Unit, ...] = get_args(Unit)


def _limit(**changes: object) -> dict[str, Any]:
    members = {"quantity": "depth", "unit": "mm", "value": 1.5, "source": "manual", "trust": "S"}
    return members | changes


def test_every_quantity_has_one_unit_and_every_unit_a_quantity() -> None:
    assert set(UNIT_OF) == set(QUANTITIES)
    assert set(UNIT_OF.values()) == set(UNITS)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_limit_in_any_other_unit_is_refused(quantity: Quantity) -> None:
    for unit in UNITS:
        members = _limit(quantity=quantity, unit=unit)
        if unit == UNIT_OF[quantity]:
            assert Limit.model_validate(members).unit == unit
            continue
        with pytest.raises(ValidationError, match=f"{quantity} is limited in"):
            Limit.model_validate(members)


@pytest.mark.parametrize("member", ["quantity", "unit", "value", "source", "trust"])
def test_limit_that_leaves_anything_out_is_refused(member: str) -> None:
    members = _limit()
    del members[member]
    with pytest.raises(ValidationError, match=member):
        Limit.model_validate(members)


@pytest.mark.parametrize("source", ["", None])
def test_limit_from_nowhere_is_refused(source: object) -> None:
    with pytest.raises(ValidationError, match="source"):
        Limit.model_validate(_limit(source=source))


def test_limit_nobody_has_set_says_why() -> None:
    unset = Limit.model_validate(_limit(value=None, source="sources disagree", trust="U"))
    assert unset.value is None


@pytest.mark.parametrize("trust", [*get_args(Trust), "A", ""])
def test_trust_is_one_of_four_marks(trust: str) -> None:
    if trust in get_args(Trust):
        assert Limit.model_validate(_limit(trust=trust))
        return
    with pytest.raises(ValidationError, match="trust"):
        Limit.model_validate(_limit(trust=trust))


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({}, "lower, upper or both"),
        ({"lower": None, "upper": None}, "lower, upper or both"),
        ({"lower": _limit(value=2), "upper": _limit(value=1)}, "lower 2.0 is above upper 1.0"),
        (
            {"lower": _limit(), "upper": _limit(quantity="power", unit="W")},
            "lower limits depth, upper limits power",
        ),
        ({"upper": _limit(), "zones": []}, "zones"),
    ],
)
def test_band_that_contradicts_itself_is_refused(members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Band.model_validate(members)


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_band_with_one_side_knows_its_quantity(side: str) -> None:
    assert Band.model_validate({side: _limit()}).quantity == "depth"


def test_band_may_have_one_side_unset() -> None:
    band = Band.model_validate({"lower": _limit(value=9), "upper": _limit(value=None)})
    assert band.upper is not None
    assert band.upper.value is None
