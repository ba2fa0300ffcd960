"""Contents about clinic, people and places say what rules need, and contradict themselves never."""

from typing import Any

import pytest
from pydantic import ValidationError

from dermatrace_schemas.registry_models import (
    ClassBoundary,
    ClinicContent,
    DirectorContent,
    OperatorContent,
    SeriesPlanContent,
    Valid,
)

DEPTH = {"quantity": "depth", "unit": "mm", "value": 0.25, "source": "x", "trust": "U"}
POWER = {"quantity": "power", "unit": "W", "value": 20, "source": "x", "trust": "U"}


@pytest.mark.parametrize(("until_ms", "fits"), [(None, True), (11, True), (10, False), (9, False)])
def test_validity_ends_after_it_begins(until_ms: int | None, *, fits: bool) -> None:
    members = {"valid_from_ms": 10, "valid_until_ms": until_ms}
    if fits:
        assert Valid.model_validate(members).valid_until_ms == until_ms
        return
    with pytest.raises(ValidationError, match="is not after 10"):
        Valid.model_validate(members)


def test_appointment_says_whether_it_is_of_a_deputy() -> None:
    appointment = {"person_id": "op-physician-1", "valid_from_ms": 0}
    assert DirectorContent.model_validate(appointment | {"deputy": True}).deputy
    with pytest.raises(ValidationError, match="deputy"):
        DirectorContent.model_validate(appointment)


def test_operator_without_treatments_may_do_nothing_but_must_say_so() -> None:
    operator = {"role": "assistant", "rf_allowed": False}
    assert OperatorContent.model_validate(operator | {"treatments": []}).treatments == []
    with pytest.raises(ValidationError, match="treatments"):
        OperatorContent.model_validate(operator)


@pytest.mark.parametrize("limit", ["depth_above", "depth_up_to"])
def test_class_boundary_is_a_depth(limit: str) -> None:
    boundary: dict[str, Any] = {"classification": "medical", "source": "x", "trust": "U"}
    assert ClassBoundary.model_validate(boundary | {limit: DEPTH})
    with pytest.raises(ValidationError, match="a class boundary is a depth, not power"):
        ClassBoundary.model_validate(boundary | {limit: POWER})


@pytest.mark.parametrize("date", ["2026-1-1", "25.12.2026", "2026-12-25T00:00:00Z", ""])
def test_holiday_is_a_date(date: str) -> None:
    assert ClinicContent(name="c", holidays=["2026-12-25"])
    with pytest.raises(ValidationError, match="holidays"):
        ClinicContent(name="c", holidays=[date])


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 10])
def test_review_sample_is_a_fraction(fraction: float) -> None:
    with pytest.raises(ValidationError, match="review_sample_fraction"):
        ClinicContent(name="c", review_sample_fraction=fraction)


def test_series_plan_needs_salt_because_it_is_about_a_person() -> None:
    plan = {"subject_id": "subj-4k2m9q", "setting": "home", "interval_days": 7}
    assert SeriesPlanContent.model_validate(plan | {"salt": "A" * 16}).session_count is None
    with pytest.raises(ValidationError, match="salt"):
        SeriesPlanContent.model_validate(plan)
