"""Authority: plan, director, approval, scope, clearance, and what no law has classified."""

from dataclasses import replace

import pytest

from dermatrace.judge.context import SessionContext
from dermatrace.judge.defaults import NOT_MEDICAL_DEPTH
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.gates import RULES
from dermatrace.judge.state import Standing
from dermatrace_schemas.chart_review import ChartJustification
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.session import Plan
from support.visit_cases import (
    GATES,
    ORDERLY,
    SALT,
    consent,
    depth,
    judged,
    shot,
    started,
    strokes,
    version,
    with_chart,
    with_plan,
    with_registry,
)


def _findings(context: SessionContext, *documents: StreamDocument) -> dict[str, Standing]:
    return {f.rule: f for f in judged(context, RULES, *documents).state.findings}


def _only(context: SessionContext, rule: str, *documents: StreamDocument) -> Standing:
    findings = _findings(context, *documents)
    assert findings.keys() == {rule}
    return findings[rule]


RF = with_registry(
    device_model=version("device_model", modality="rf"),
    operator=version("operator", treatments=["rf_needling"], rf_allowed=True),
    protocol=version("protocol", treatment="rf_needling", device=None),
)
RF_ANSWERED = with_chart(
    with_chart(RF, consents=(consent("rf_needling"),)),
    answers={"active_implant": "no", "metal_in_field": "no", "pregnancy": "no"},
)
NANO = with_registry(
    protocol=version("protocol", treatment="nano_needling", gates=[], device=None),
    approvals=(),
    directors=(),
    operator=None,
)


def test_orderly_visit_has_no_open_gate_and_no_finding() -> None:
    judge = judged(ORDERLY, RULES)
    assert judge.open_gates() == []
    assert judge.state.findings == []


def test_orderly_visit_with_rf_has_no_open_gate_and_no_finding() -> None:
    judge = judged(RF_ANSWERED, RULES, started(), shot())
    assert judge.open_gates() == []
    assert judge.state.findings == []


@pytest.mark.parametrize(
    ("changes", "has_plan", "words"),
    [
        ({"protocol_id": None}, False, "Neither a person nor the device said"),
        ({"protocol_id": None}, True, "The plan named no treatment protocol"),
        ({"protocol_id": "p-9", "protocol_version": "2"}, True, "protocol p-9 version 2, which"),
    ],
)
def test_without_a_treatment_protocol_only_the_plan_is_demanded(
    changes: dict[str, object],
    has_plan: bool,  # noqa: FBT001  a column of the table
    words: str,
) -> None:
    context = with_chart(with_plan(with_registry(protocol=None), **changes), has_plan=has_plan)
    judge = judged(context, RULES, started(), strokes(depth_mm=0.2))
    (finding,) = judge.state.findings
    assert judge.open_gates() == ["plan"]
    assert (finding.rule, finding.priority) == ("gate.plan", "medium")
    assert words in finding.sentence


def test_rf_without_a_plan_is_high_and_its_hard_stops_still_hold() -> None:
    context = with_chart(with_registry(protocol=None), plan=Plan(), has_plan=False)
    findings = _findings(context, started(), shot())
    assert findings["gate.plan"].priority == "high"
    assert findings["gate.answers"].priority == "high"
    assert "active implant (not asked), metal in field (not asked)" in (
        findings["gate.answers"].sentence
    )


def test_medical_treatment_demands_authority_even_if_the_protocol_lists_no_gate() -> None:
    context = with_registry(
        protocol=version("protocol", gates=[]),
        approvals=(),
        directors=(),
        operator=None,
        device_model=None,
    )
    judge = judged(context, RULES)
    demanded = ["director", "approval", "operator_scope", "device_clearance", "classification"]
    assert judge.open_gates() == demanded


def test_cosmetic_treatment_demands_only_what_its_protocol_lists() -> None:
    assert judged(NANO, RULES, started(), strokes(depth_mm=0.2)).open_gates() == []
    listing = replace(NANO.registry, protocol=version("protocol", treatment="nano_needling"))
    judge = judged(replace(NANO, registry=listing), RULES, started(), strokes(depth_mm=0.2))
    assert {"director", "approval", "operator_scope"} <= set(judge.open_gates())
    priorities = {f.rule: f.priority for f in judge.state.findings}
    assert priorities["gate.approval"] == "medium"


def test_medical_treatment_without_a_director_is_high() -> None:
    findings = _findings(with_registry(directors=()))
    assert findings.keys() == {"gate.director", "gate.approval", "gate.unclassified"}
    assert findings["gate.director"].priority == findings["gate.approval"].priority == "high"


def test_approval_under_an_appointment_that_is_over_does_not_stand() -> None:
    other = replace(version("director"), registry_id="director-2")
    findings = _findings(with_registry(directors=(other,)))
    assert "an appointment as director that was not in force" in findings["gate.approval"].sentence
    assert "gate.director" not in findings


def test_protocol_without_approval_is_named_with_its_version() -> None:
    finding = _findings(with_registry(approvals=()))["gate.approval"]
    assert "treatment protocol protocol-1 version 1" in finding.sentence
    assert finding.digests == [version("protocol").digest]


def test_start_at_an_unknown_time_leaves_validity_open_and_low() -> None:
    judge = judged(replace(ORDERLY, started_ms=None), RULES)
    assert judge.open_gates() == ["director", "approval"]
    assert {f.priority for f in judge.state.findings} == {"low"}
    assert all("cannot be assessed" in f.sentence for f in judge.state.findings)


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ({"treatments": ["nano_needling"]}, "Medical needling was not within the scope of"),
        ({"treatments": []}, "operator operator-1 (nurse)"),
    ],
)
def test_treatment_beyond_the_scope_of_the_operator_is_high(
    operator: dict[str, object], words: str
) -> None:
    context = with_registry(operator=version("operator", **operator))
    finding = _only(context, "gate.operator_scope")
    assert (finding.envelope, finding.priority) == ("operator_scope", "high")
    assert words in finding.sentence


def test_rf_by_somebody_without_the_right_to_it_is_high() -> None:
    operator = version("operator", treatments=["rf_needling"], rf_allowed=False)
    context = replace(RF_ANSWERED, registry=replace(RF_ANSWERED.registry, operator=operator))
    finding = _only(context, "gate.operator_scope", started(), shot())
    assert "Needling with RF energy" in finding.sentence


def test_operator_nobody_named_is_unknown_and_not_refused() -> None:
    context = with_plan(with_registry(operator=None), operator_id=None)
    finding = _only(context, "gate.operator_scope")
    assert finding.priority == "medium"
    assert "did not say who treats" in finding.sentence


def test_named_operator_without_a_scope_in_force_is_high() -> None:
    assert _only(with_registry(operator=None), "gate.operator_scope").priority == "high"


def test_law_that_forbids_a_role_altogether_closes_no_gate() -> None:
    boundary = {"classification": "forbidden", "roles": ["nurse"], "source": "law", "trust": "U"}
    law = version("jurisdiction", boundaries=[boundary])
    finding = _only(with_registry(jurisdiction=law), "gate.operator_scope")
    assert "Under jurisdiction-1" in finding.sentence
    assert law.digest in finding.digests


CLEARANCE = {"authority": "FDA", "source": "a page", "trust": "V"}


@pytest.mark.parametrize(
    ("model", "demand", "priority"),
    [
        ({}, {"device_classes": ["II"]}, None),
        ({}, {"regulations": ["21CFR 878.4430"]}, None),
        ({}, {"regulations": ["21 CFR 878.4400"]}, "high"),
        ({}, {"device_classes": ["I"]}, "high"),
        ({}, {"modality": "rf"}, "high"),
        ({}, {"device_model_ids": ["another"]}, "high"),
        ({}, {"device_model_ids": ["device_model-1"]}, None),
        ({"clearances": []}, {"device_classes": ["II"]}, "medium"),
        ({"clearances": [CLEARANCE]}, {"device_classes": ["II"]}, "high"),
        ({"clearances": []}, {}, "medium"),
    ],
)
def test_device_is_cleared_as_the_protocol_demands(
    model: dict[str, object], demand: dict[str, object], priority: str | None
) -> None:
    context = with_registry(
        device_model=version("device_model", **model), protocol=version("protocol", device=demand)
    )
    found = _findings(context).get("gate.device_clearance")
    assert (found.priority if found else None) == priority


def test_class_and_regulation_of_different_clearances_do_not_add_up() -> None:
    clearances = [{**CLEARANCE, "device_class": "II"}, {**CLEARANCE, "regulation": "R"}]
    context = with_registry(
        device_model=version("device_model", clearances=clearances),
        protocol=version("protocol", device={"device_classes": ["II"], "regulations": ["R"]}),
    )
    assert "II, R" in _only(context, "gate.device_clearance").sentence


def test_device_nobody_has_put_on_record_cannot_be_assessed() -> None:
    finding = _only(with_registry(device=None, device_model=None), "gate.device_clearance")
    assert (finding.priority, finding.digests) == ("medium", [])


LAW = version(
    "jurisdiction",
    boundaries=[
        {
            "classification": "not_medical",
            "modality": "pen",
            "depth_up_to": depth(0.25),
            "source": "law",
            "trust": "U",
        },
        {
            "classification": "medical",
            "modality": "pen",
            "depth_above": depth(0.5),
            "source": "law",
            "trust": "U",
        },
        {"classification": "medical", "modality": "rf", "source": "law", "trust": "U"},
    ],
)


def _under(law: Version, context: SessionContext = NANO) -> SessionContext:
    return replace(context, registry=replace(context.registry, jurisdiction=law))


@pytest.mark.parametrize(
    ("depth_mm", "needs"),
    [(0.2, False), (0.25, False), (0.1 + 0.15, False), (0.26, True), (0.5, True), (0.51, False)],
)
def test_depth_between_the_boundaries_of_a_law_needs_classification(
    depth_mm: float,
    needs: bool,  # noqa: FBT001  a column of the table
) -> None:
    judge = judged(_under(LAW), RULES, started(), strokes(depth_mm=depth_mm))
    assert judge.open_gates() == (["classification"] if needs else [])
    assert [f.rule for f in judge.state.findings] == (["gate.unclassified"] if needs else [])


def test_unclassified_depth_is_named_with_zone_and_law() -> None:
    finding = _only(_under(LAW), "gate.unclassified", started(), strokes(depth_mm=0.4))
    assert (finding.measured_value, finding.unit, finding.zone) == (0.4, "mm", "cheek")
    assert (finding.priority, finding.digests) == ("medium", [LAW.digest])
    assert "A set depth of 0.4 mm at cheek needs classification" in finding.sentence


def test_depth_set_in_the_air_needs_no_classification() -> None:
    assert _findings(_under(LAW), started(), strokes(depth_mm=0.4, contact=0.0)) == {}


def test_approved_medical_protocol_settles_the_class_of_its_zones() -> None:
    context = _under(LAW, ORDERLY)
    assert _findings(context, started(), strokes(depth_mm=0.4)) == {}
    elsewhere = strokes(depth_mm=0.4, zone="neck")
    assert _findings(context, started(), elsewhere).keys() == {"gate.unclassified"}


@pytest.mark.parametrize(("past_mm", "needs"), [(0.0, False), (0.01, True), (1.0, True)])
def test_without_a_law_on_record_depth_past_the_convention_needs_classification(
    past_mm: float,
    needs: bool,  # noqa: FBT001  a column of the table
) -> None:
    reached_mm = NOT_MEDICAL_DEPTH.value + past_mm
    findings = _findings(NANO, started(), strokes(depth_mm=reached_mm))
    assert bool(findings) == needs


def test_boundary_whose_end_nobody_has_entered_classifies_nothing() -> None:
    unset = {"classification": "medical", "depth_above": depth(None), "source": "l", "trust": "U"}
    law = version("jurisdiction", boundaries=[unset])
    assert "gate.unclassified" in _findings(_under(law), started(), strokes(depth_mm=0.4))


def test_boundary_for_roles_does_not_speak_of_somebody_unknown() -> None:
    physicians = {
        "classification": "medical",
        "roles": ["physician"],
        "source": "law",
        "trust": "U",
    }
    law = version("jurisdiction", boundaries=[physicians])
    assert "gate.unclassified" in _findings(_under(law), started(), strokes(depth_mm=0.4))


def _justified(**changes: object) -> tuple[ChartJustification, ...]:
    key = {
        "session": {"sender": "pen-1", "stream_id": "s-1"},
        "rule": "gate.unclassified",
        "envelope": "operator_scope",
        "zone": "neck",
        "seq_range": {"first_seq": 1, "last_seq": 1},
        **changes,
    }
    facts = {"seq": 0, "boot_id": "b", "uptime_ms": 0, "wall_time_ms": None, "salt": SALT}
    said = {"kind": "chart.justification", "source": "console", "reason": "because"}
    return (ChartJustification.model_validate({**facts, **said, "findings": [key]}),)


@pytest.mark.parametrize(
    ("changes", "closes"),
    [
        ({}, True),
        ({"seq_range": {"first_seq": 0, "last_seq": 9}}, True),
        ({"seq_range": {"first_seq": 2, "last_seq": 9}}, False),
        ({"seq_range": None}, False),
        ({"zone": "cheek"}, False),
        ({"laterality": "left"}, False),
        ({"envelope": "none"}, False),
        ({"rule": "gate.plan"}, False),
        ({"session": {"sender": "pen-1", "stream_id": "s-2"}}, False),
    ],
)
def test_justification_names_rule_envelope_zone_and_documents(
    changes: dict[str, object],
    closes: bool,  # noqa: FBT001  a column of the table
) -> None:
    context = with_chart(_under(LAW, ORDERLY), justifications=_justified(**changes))
    judge = judged(context, RULES, started(), strokes(depth_mm=0.4, zone="neck"))
    assert ("justification" not in judge.open_gates()) == closes


def test_finding_of_what_is_absent_is_justified_without_documents() -> None:
    absent = {"zone": None, "seq_range": None, "rule": "gate.consent"}
    justified = _justified(**absent, envelope="clinic_protocol")
    judge = judged(with_chart(consents=(), justifications=justified), RULES)
    assert judge.open_gates() == ["consent"]


def test_every_demandable_gate_of_this_family_is_looked_at() -> None:
    looked_at = {rule.id.removeprefix("gate.") for rule in RULES}
    assert set(GATES) <= looked_at
