"""A visit at which everything is in order, so that a test can take one thing away."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from dermatrace.judge.case import Ending
from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.context import InForce, SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rule_set import rule_set
from dermatrace.judge.rules.row import AnyRule
from dermatrace_schemas.chart import ChartConsent, ChartExam
from dermatrace_schemas.document import Closed, StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry_devices import DeviceModelContent, TipModelContent
from dermatrace_schemas.registry_models import (
    DeviceContent,
    DirectorContent,
    JurisdictionContent,
    OperatorContent,
)
from dermatrace_schemas.registry_protocols import ApprovalContent, ProtocolContent
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, Plan, SessionStarted, ZoneEntered

Facts = Mapping[str, object]

START_MS: Final = 1_770_000_000_000
MINUTE_MS: Final = 60_000
SESSION: Final = SessionId("north", "pen-1", "s-1")
SALT: Final = "0123456789abcdef"
GATES: Final = [
    "plan",
    "director",
    "approval",
    "operator_scope",
    "device_clearance",
    "consent",
    "exam",
    "answers",
    "tip_identity",
    "justification",
]
CONTENTS: Final[dict[RegistryKind, tuple[type[Closed], dict[str, object]]]] = {
    "protocol": (
        ProtocolContent,
        {
            "title": "Protocol",
            "treatment": "medical_needling",
            "settings": ["clinic"],
            "example": False,
            "indications": ["facial-acne-scars"],
            "device": {"modality": "pen", "device_classes": ["II"]},
            "zones": ["cheek", "forehead"],
            "bands": [],
            "gates": GATES,
            "contraindications": [],
        },
    ),
    "device_model": (
        DeviceModelContent,
        {
            "vendor": "Maker",
            "model": "Pen",
            "modality": "pen",
            "clearances": [
                {
                    "authority": "FDA",
                    "device_class": "II",
                    "regulation": "21 CFR 878.4430",
                    "source": "a page",
                    "trust": "V",
                }
            ],
            "example": False,
        },
    ),
    "device": (DeviceContent, {"sender": "pen-1", "device_model_id": "pen", "serial": "S-1"}),
    "tip_model": (
        TipModelContent,
        {"vendor": "Maker", "model": "Tip", "single_use": True, "limits": []},
    ),
    "operator": (
        OperatorContent,
        {"role": "nurse", "treatments": ["medical_needling"], "rf_allowed": False},
    ),
    "director": (
        DirectorContent,
        {"person_id": "physician-1", "deputy": False, "valid_from_ms": 0},
    ),
    "approval": (
        ApprovalContent,
        {
            "clinic": "north",
            "protocol_id": "protocol-1",
            "protocol_version": "1",
            "protocol_digest": "a" * 64,
            "director_id": "director-1",
            "effective_from_ms": 0,
        },
    ),
    "jurisdiction": (JurisdictionContent, {"name": "Here", "boundaries": []}),
}


def version(kind: RegistryKind, **changes: object) -> Version:
    """Return a version of a thing; its digest tells it from the others."""
    model, content = CONTENTS[kind]
    told = model.model_validate({**content, **changes})
    return Version("north", kind, f"{kind}-1", "1", f"{list(CONTENTS).index(kind)}" * 64, told, 1)


def depth(value: float | None) -> Facts:
    """Return a limit of depth."""
    return {"quantity": "depth", "unit": "mm", "value": value, "source": "a page", "trust": "S"}


def told(minutes: float) -> int:
    """Return a time so many minutes after the first contact."""
    return START_MS + round(minutes * MINUTE_MS)


def _document(seq: int, **facts: object) -> dict[str, object]:
    """Each document comes a minute after the one before; the second one is at START_MS."""
    at = {"uptime_ms": seq * MINUTE_MS, "wall_time_ms": told(seq - 1)}
    return {"seq": seq, "boot_id": "b", **at, **facts}


def _fact(**facts: object) -> dict[str, object]:
    return _document(0, salt=SALT, visit_id="v-1", source="console", **facts)


def consent(procedure: str = "medical_needling", **facts: object) -> ChartConsent:
    """Return a consent given an hour before, unless told otherwise."""
    said = {"decision": "given", "signed_ms": told(-60), **facts}
    return ChartConsent.model_validate(_fact(kind="chart.consent", procedure=procedure, **said))


def exam(**facts: object) -> ChartExam:
    """Return an examination half an hour before, unless told otherwise."""
    said = {"outcome": "suitable", "fact_time_ms": told(-30), **facts}
    return ChartExam.model_validate(_fact(kind="chart.exam", **said))


def started(**facts: object) -> SessionStarted:
    """Return the start of a session, a minute before the first contact."""
    device = {"vendor": "Maker", "model": "Pen", "serial": "S-1", "modality": "pen"}
    tip = {"unit_id": "T-1", "model": "Tip", "attach_count": 1}
    said = {"device": device, "tip": tip, "setting": "clinic", **facts}
    return SessionStarted.model_validate(_document(0, kind="session.started", salt=SALT, **said))


def tip_changed(seq: int, tip: Facts | None) -> DeviceEvent:
    """Return the change of a tip."""
    facts = {"kind": "device.event", "event": "tip_changed", "tip": tip}
    return DeviceEvent.model_validate(_document(seq, **facts))


def zone_entered(seq: int, zone: str) -> ZoneEntered:
    """Return that work moves to a zone."""
    facts = {"kind": "zone.entered", "place": {"zone": zone}}
    return ZoneEntered.model_validate(_document(seq, **facts))


def strokes(
    seq: int = 1,
    depth_mm: float = 1.0,
    *,
    zone: str | None = "cheek",
    contact: float = 1.0,
    **changes: object,
) -> NeedlingWindows:
    """Return two windows of ten strokes."""
    facts = _document(
        seq,
        kind="needling.windows",
        place=None if zone is None else {"zone": zone},
        window_ms=100,
        offset_ms=[0, 100],
        stroke_count=[10, 10],
        depth_commanded_mm=[depth_mm, depth_mm],
        contact_fraction=[contact, contact],
    )
    return NeedlingWindows.model_validate(facts | changes)


def shot(
    seq: int = 1, depth_mm: float = 1.0, *, zone: str = "cheek", purpose: str = "treatment"
) -> RfShot:
    """Return one RF shot."""
    facts = _document(
        seq,
        kind="rf.shot",
        place={"zone": zone},
        purpose=purpose,
        depths=[{"depth_commanded_mm": depth_mm, "sub_pulses": []}],
    )
    return RfShot.model_validate(facts)


ORDERLY: Final = SessionContext(
    session=SESSION,
    first_entry_id=10,
    started_ms=told(-1),
    setting="clinic",
    chart=Chart(
        visit_id="v-1",
        plan=Plan(protocol_id="protocol-1", operator_id="operator-1", phototype="III"),
        has_plan=True,
        consents=(consent(),),
        exams=(exam(),),
    ),
    registry=InForce(
        device=version("device"),
        device_model=version("device_model"),
        tip_models=(version("tip_model"),),
        operator=version("operator"),
        protocol=version("protocol"),
        approvals=(version("approval"),),
        directors=(version("director"),),
    ),
)
"""Medical needling by a nurse, planned, approved, agreed to and examined."""


def with_registry(**changes: object) -> SessionContext:
    """Return the orderly visit with other versions in force."""
    return replace(ORDERLY, registry=replace(ORDERLY.registry, **changes))  # type: ignore[arg-type]


def with_chart(context: SessionContext = ORDERLY, **changes: object) -> SessionContext:
    """Return a visit with other facts told by people."""
    return replace(context, chart=replace(context.chart, **changes))  # type: ignore[arg-type]


def with_plan(context: SessionContext = ORDERLY, **changes: object) -> SessionContext:
    """Return a visit with another plan; a change to None takes a member away."""
    plan = context.chart.plan.model_dump() | changes
    return with_chart(context, plan=Plan.model_validate(plan))


def judged(
    context: SessionContext, rules: Iterable[AnyRule], *documents: StreamDocument
) -> SessionJudge:
    """Judge documents by some rules, to the end."""
    judge = SessionJudge(context, rules=rule_set([rules]))
    for document in documents or (started(), strokes()):
        judge.feed(document)
    judge.close(Ending(expected_count=len(documents)))
    assert judge.state.failed_rules == []
    return judge
