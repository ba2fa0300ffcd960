"""A treatment protocol is complete in its demands; an approval is of exactly one version."""

from typing import Any

import pytest
from pydantic import ValidationError

from dermatrace_schemas.registry_protocols import ApprovalContent, ProtocolContent
from support.vectors import example

PROTOCOL: dict[str, Any] = example("registry.protocol")["content"]
APPROVAL: dict[str, Any] = example("registry.approval")["content"]


@pytest.mark.parametrize("member", ["example", "bands", "gates", "contraindications", "settings"])
def test_protocol_that_leaves_a_demand_open_is_refused(member: str) -> None:
    content = {name: value for name, value in PROTOCOL.items() if name != member}
    with pytest.raises(ValidationError, match=member):
        ProtocolContent.model_validate(content)


@pytest.mark.parametrize("member", ["depth_persistence", "data_coverage_min"])
def test_named_limit_of_another_quantity_is_refused(member: str) -> None:
    depth = PROTOCOL["bands"][0]["upper"]
    with pytest.raises(ValidationError, match=f"{member} limits .*, not depth"):
        ProtocolContent.model_validate(PROTOCOL | {member: depth})


def test_unset_limit_stays_unset() -> None:
    content = ProtocolContent.model_validate(PROTOCOL)
    (forehead,) = [band for band in content.bands if band.zones == ["forehead"]]
    assert forehead.upper is not None
    assert forehead.upper.value is None


@pytest.mark.parametrize("gate", ["weather", "Consent"])
def test_gate_that_does_not_exist_is_refused(gate: str) -> None:
    with pytest.raises(ValidationError, match="gates"):
        ProtocolContent.model_validate(PROTOCOL | {"gates": [gate]})


def test_unlisted_question_can_be_a_contraindication() -> None:
    own = {"question": "our_own_question", "answers": ["yes", "unknown"], "strength": "relative"}
    content = ProtocolContent.model_validate(PROTOCOL | {"contraindications": [own]})
    assert content.contraindications[0].question == "our_own_question"


def test_approval_names_the_version_its_digest_and_who_approved() -> None:
    assert ApprovalContent.model_validate(APPROVAL)
    for member in ("protocol_version", "protocol_digest", "director_id", "effective_from_ms"):
        with pytest.raises(ValidationError, match=member):
            ApprovalContent.model_validate(APPROVAL | {member: None})


def test_approval_retired_before_it_took_effect_is_refused() -> None:
    start_ms = APPROVAL["effective_from_ms"]
    # At the very moment: approved and withdrawn, in force for no time at all.
    assert ApprovalContent.model_validate(APPROVAL | {"retired_from_ms": start_ms})
    with pytest.raises(ValidationError, match="is before"):
        ApprovalContent.model_validate(APPROVAL | {"retired_from_ms": start_ms - 1})
