"""What is entered about a visit answers every gate of its protocol, and each can be left out."""

import json
from collections import Counter
from dataclasses import replace
from typing import Final, TypeVar

import pytest

from dermatrace.demo.limits import read_sample_clinic
from dermatrace.simulator.devices import CONSTANT_RATE_PEN
from dermatrace.simulator.faults import Reboot
from dermatrace.simulator.fleet import HOME_SOUTH, PEN_NORTH, RF_SOUTH, FleetSession, demo_fleet
from dermatrace.simulator.omissions import Omission, OmissionKind
from dermatrace.simulator.practices import TreatmentWithoutPracticeError, practice_of
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.treatments import MEDICAL_NEEDLING
from dermatrace.simulator.visits import (
    AFTER_MS,
    BEFORE_MS,
    ChartFact,
    first_contact_ms,
    visit_facts,
)
from dermatrace_schemas.chart import (
    ChartAnswers,
    ChartAttach,
    ChartConsent,
    ChartDocument,
    ChartExam,
    ChartObservation,
    ChartPhoto,
    ChartPlan,
)
from dermatrace_schemas.parse import parse
from dermatrace_schemas.treatment import Gate

D = TypeVar("D", bound=ChartDocument)

SAMPLE: Final = read_sample_clinic()
BEGINS_MS: Final = 1_790_000_000_000
DEMO: Final = demo_fleet(1, minutes=0.5)
MEDICAL: Final = PEN_NORTH.session(1, 1, 0, 0.5)
RF: Final = RF_SOUTH.session(1, 1, 0, 0.5)
HOME: Final = HOME_SOUTH.session(1, 1, 0, 0.5)
LEFT_OUT: Final[tuple[OmissionKind, ...]] = (
    "plan",
    "attach",
    "consent",
    "exam",
    "answers",
    "test_spot",
    "photo_before",
    "photo_after",
    "aftercare",
)
"""Each is one document of an RF visit."""


def _facts(session: FleetSession, *omissions: Omission, run: str = "run") -> list[ChartFact]:
    return list(visit_facts(session, run, BEGINS_MS, omissions=omissions))


def _read(fact: ChartFact) -> ChartDocument:
    head: dict[str, object] = {"seq": 0, "kind": fact.kind, "boot_id": "b", "uptime_ms": 0}
    whole = {**head, "wall_time_ms": fact.entered_ms, **fact.facts}
    document = parse("chart", json.dumps(whole).encode())
    assert isinstance(document, ChartDocument)
    return document


def _told(session: FleetSession, kind: type[D], *omissions: Omission) -> list[D]:
    read = [_read(fact) for fact in _facts(session, *omissions)]
    return [document for document in read if isinstance(document, kind)]


def _answered(session: FleetSession) -> set[Gate]:
    """Return the gates that the facts of a visit answer."""
    observed = {found.observed for found in _told(session, ChartObservation)}
    moments = {photo.moment for photo in _told(session, ChartPhoto)}
    answers: dict[Gate, object] = {
        "plan": _told(session, ChartPlan),
        "operator_scope": _told(session, ChartPlan)[0].plan.operator_id,
        "consent": [c for c in _told(session, ChartConsent) if c.decision == "given"],
        "exam": [e for e in _told(session, ChartExam) if e.outcome == "suitable"],
        "answers": _told(session, ChartAnswers),
        "test_spot": "test_spot" in observed,
        "photo_before": "before" in moments,
        "photo_after": "after" in moments,
        "endpoint": observed - {"test_spot", "aftercare_given"},
        "aftercare": "aftercare_given" in observed,
    }
    return {gate for gate, answer in answers.items() if answer}


@pytest.mark.parametrize("session", DEMO, ids=lambda session: session.stream_id("run"))
def test_facts_answer_the_gates_of_the_sample_protocol_and_no_others(session: FleetSession) -> None:
    protocol = SAMPLE.protocol_of(session)
    of_registry: set[Gate] = {"director", "approval", "device_clearance", "tip_identity"}
    always: set[Gate] = {"plan", "operator_scope", "answers"}
    assert _answered(session) == set(protocol.gates) - of_registry | always


@pytest.mark.parametrize("session", DEMO, ids=lambda session: session.stream_id("run"))
def test_plan_names_what_the_sample_clinic_has_on_record(session: FleetSession) -> None:
    protocol, (plan,) = SAMPLE.protocol_of(session), _told(session, ChartPlan)
    operator = SAMPLE.operators[plan.plan.operator_id or ""]
    assert protocol.treatment in operator.treatments
    assert session.script.treatment.setting in protocol.settings
    assert plan.plan.indication in {None, *(protocol.indications or ())}
    assert (plan.plan.room_id is None) == (session.script.treatment.setting == "home")
    assert plan.plan.room_id in {None, *SAMPLE.rooms}
    assert plan.device_sender == session.device.sender_id


@pytest.mark.parametrize("session", DEMO, ids=lambda session: session.stream_id("run"))
def test_every_question_of_the_sample_protocol_is_answered_no(session: FleetSession) -> None:
    asked = {c.question for c in SAMPLE.protocol_of(session).contraindications}
    assert asked == practice_of(session.script.treatment).questions
    (form,) = _told(session, ChartAnswers)
    assert asked <= form.answers.keys()
    assert set(form.answers.values()) == {"no"}


@pytest.mark.parametrize("session", [MEDICAL, RF, HOME], ids=["medical", "rf", "home"])
def test_facts_are_entered_in_order_on_the_right_side_of_the_session(session: FleetSession) -> None:
    ends_ms = BEGINS_MS + session.script.duration_ms
    facts = _facts(session)
    entered = [fact.entered_ms for fact in facts]
    assert entered == sorted(entered)
    assert len({fact.facts["salt"] for fact in facts}) == len(facts)
    for fact in facts:
        told = _read(fact)
        assert told.fact_time_ms is not None
        assert told.fact_time_ms <= fact.entered_ms
        if fact.when == "before":
            assert BEGINS_MS - BEFORE_MS <= told.fact_time_ms <= fact.entered_ms <= BEGINS_MS
        else:
            assert ends_ms <= told.fact_time_ms <= fact.entered_ms <= ends_ms + AFTER_MS


def test_same_run_gives_the_same_facts_and_another_run_another_subject() -> None:
    assert _facts(MEDICAL) == _facts(MEDICAL)
    subjects = {
        _told(session, ChartPlan)[0].plan.subject_id
        for session in (MEDICAL, RF, PEN_NORTH.session(1, 2, 0, 0.5))
    }
    again = next(fact for fact in _facts(MEDICAL, run="run-2") if fact.kind == "chart.plan")
    document = _read(again)
    assert isinstance(document, ChartPlan)
    assert len({document.plan.subject_id, *subjects}) == 4


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_omission_leaves_out_its_document_and_changes_no_other(kind: OmissionKind) -> None:
    whole, rest = _facts(RF), _facts(RF, Omission(kind))
    assert len(rest) == len(whole) - 1
    if not kind.startswith(("photo", "aftercare")):  # later ones of that sitting come sooner
        assert all(fact in whole for fact in rest)


def test_omitted_endpoint_leaves_out_everything_seen_on_the_skin_afterwards() -> None:
    def seen(*omissions: Omission) -> set[str]:
        return {found.observed for found in _told(MEDICAL, ChartObservation, *omissions)}

    assert seen() - seen(Omission("endpoint")) == {"erythema", "pinpoint_bleeding"}


def test_omitted_operator_leaves_a_plan_that_does_not_say_who_treats() -> None:
    (plan,) = _told(MEDICAL, ChartPlan, Omission("operator"))
    assert plan.plan.operator_id is None
    assert plan.plan.protocol_id == "example-medical-needling"


def test_answer_that_is_missing_or_unknown_changes_that_answer_alone() -> None:
    missing, unknown = Omission("answer_missing", "epilepsy"), Omission("answer_unknown", "herpes")
    ((whole,), (form,)) = _told(RF, ChartAnswers), _told(RF, ChartAnswers, missing, unknown)
    assert "epilepsy" not in form.answers
    assert form.answers["herpes"] == "unknown"
    changed = {code for code, answer in whole.answers.items() if form.answers.get(code) != answer}
    assert changed == {"epilepsy", "herpes"}


@pytest.mark.parametrize("minutes", [0.5, 3.0])
def test_late_consent_is_signed_after_the_first_contact(minutes: float) -> None:
    session = PEN_NORTH.session(1, 1, 0, minutes)
    (consent,) = _told(session, ChartConsent, Omission("consent_late"))
    assert consent.signed_ms is not None
    assert consent.signed_ms > BEGINS_MS + first_contact_ms(session.script)
    assert consent.signed_ms <= BEGINS_MS + session.script.duration_ms
    (in_time,) = _told(session, ChartConsent)
    assert in_time.signed_ms is not None
    assert in_time.signed_ms < BEGINS_MS


def test_session_that_goes_on_after_a_forgetful_reboot_belongs_to_the_visit_too() -> None:
    faults = (Reboot(9, keeps_outbox=False), Reboot(12, keeps_outbox=True))
    session = replace(MEDICAL, faults=faults)
    attached = [(a.session.sender, a.session.stream_id) for a in _told(session, ChartAttach)]
    first = MEDICAL.stream_id("run")
    assert attached == [("pen-north-1", first), ("pen-north-1", f"{first}.r1")]


def test_home_user_writes_down_the_plan_the_answers_and_nothing_else() -> None:
    kinds = Counter(fact.kind for fact in _facts(HOME))
    assert kinds == {"chart.plan": 1, "chart.answers": 1, "chart.attach": 1}
    assert {fact.facts.get("author") for fact in _facts(HOME)} == {None, "south-home-user"}


def test_session_that_never_touches_skin_has_its_first_contact_at_its_end() -> None:
    script = ScriptedSession(1, MEDICAL_NEEDLING, CONSTANT_RATE_PEN, 0.5)
    assert 0 <= first_contact_ms(script) < script.duration_ms
    assert first_contact_ms(_without_readings(script)) == script.duration_ms


def test_treatment_without_a_sample_protocol_is_refused() -> None:
    unknown = replace(MEDICAL_NEEDLING, name="needling of another kind")
    script = ScriptedSession(1, unknown, CONSTANT_RATE_PEN, 0.1)
    with pytest.raises(TreatmentWithoutPracticeError, match="needling of another kind"):
        _facts(replace(MEDICAL, script=script))


def _without_readings(script: ScriptedSession) -> ScriptedSession:
    kept = [document for document in script if document.kind != "needling.windows"]
    silent = tuple.__new__(ScriptedSession, kept)
    silent.duration_ms = script.duration_ms
    return silent
