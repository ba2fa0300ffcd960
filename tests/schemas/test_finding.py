"""A finding says what was crossed, in a unit, and can be named again."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from dermatrace_schemas.finding import Envelope, Finding, FindingKey
from support.vectors import example

FINDING: dict[str, Any] = example("verdict.finding_raised")["finding"]


@pytest.mark.parametrize("member", ["measured_value", "limit_value"])
def test_value_without_a_unit_is_refused(member: str) -> None:
    neither = FINDING | {"measured_value": None, "limit_value": None, "unit": None}
    assert Finding.model_validate(neither)
    with pytest.raises(ValidationError, match="need a unit"):
        Finding.model_validate(neither | {member: 1.5})


@pytest.mark.parametrize("rule", ["depth.above", "gate.consent", "a", "a.b.c.d"])
def test_rule_is_named_family_first(rule: str) -> None:
    assert Finding.model_validate(FINDING | {"rule": rule}).rule == rule


@pytest.mark.parametrize("rule", ["", "Depth", "depth above", "depth.", ".above", "a.b.c.d.e"])
def test_rule_of_another_form_is_refused(rule: str) -> None:
    with pytest.raises(ValidationError, match="rule"):
        Finding.model_validate(FINDING | {"rule": rule})


def test_finding_can_be_named_by_its_key_in_another_judgement() -> None:
    finding = Finding.model_validate(FINDING)
    key = FindingKey.model_validate({name: FINDING[name] for name in FindingKey.model_fields})
    assert finding.model_dump(include=set(FindingKey.model_fields)) == key.model_dump()


def test_four_envelopes_and_none_are_told_apart() -> None:
    assert set(get_args(Envelope)) == {
        "device_rating",
        "cleared_label",
        "clinic_protocol",
        "operator_scope",
        "none",
    }


@pytest.mark.parametrize(("count", "fits"), [(0, True), (16, True), (17, False)])
def test_digests_are_bounded(count: int, *, fits: bool) -> None:
    members = FINDING | {"digests": ["0" * 64] * count}
    if fits:
        assert Finding.model_validate(members)
        return
    with pytest.raises(ValidationError, match="digests"):
        Finding.model_validate(members)
