"""Consent, examination, answers and tips: what must be known before the first contact."""

import pytest

from dermatrace.judge.chart import Chart
from dermatrace.judge.rules.gates import RULES
from dermatrace.judge.state import Standing
from dermatrace_schemas.chart import ChartConsent
from dermatrace_schemas.questions import QUESTIONS
from support.visit_cases import (
    MINUTE_MS,
    ORDERLY,
    consent,
    exam,
    judged,
    shot,
    started,
    strokes,
    tip_changed,
    told,
    version,
    with_chart,
    with_plan,
    with_registry,
)

RF_HARD_STOPS = {"active_implant", "metal_in_field", "pregnancy"}
CONTRAINDICATIONS = (
    "active_implant",
    "metal_in_field",
    "silicone_in_field",
    "pregnancy",
    "breast_feeding",
    "isotretinoin",
    "recent_filler",
    "recent_neurotoxin",
    "active_infection",
    "herpes",
    "inflamed_acne",
    "eczema_or_psoriasis",
    "open_wound",
    "keloid_history",
    "bleeding_disorder",
    "anticoagulant",
    "immunosuppression",
    "uncontrolled_diabetes",
    "cancer_in_field",
    "epilepsy",
    "allergy_lidocaine",
    "allergy_metal",
    "photosensitising_drug",
    "recent_tan",
)
"""As trials exclude and clinics list them."""
RF_NO = dict.fromkeys(RF_HARD_STOPS, "no")


def _finding(chart: Chart, rule: str) -> Standing | None:
    judge = judged(with_chart(consents=chart.consents, exams=chart.exams), RULES)
    return next((f for f in judge.state.findings if f.rule == rule), None)


def _of_consents(*consents: ChartConsent) -> Standing | None:
    return _finding(Chart(consents=consents, exams=(exam(),)), "gate.consent")


@pytest.mark.parametrize(
    ("procedure", "indication", "counts"),
    [
        ("medical_needling", None, True),
        ("medical-needling", None, True),
        ("facial-acne-scars", None, True),
        ("facial-acne-scars", "facial-acne-scars", True),
        ("facial-acne-scars", "neck-wrinkles", False),
        ("neck-wrinkles", "neck-wrinkles", True),
        ("rf_needling", None, False),
        ("everything", None, False),
    ],
)
def test_consent_is_to_the_treatment_or_its_indication(
    procedure: str,
    indication: str | None,
    counts: bool,  # noqa: FBT001  a column of the table
) -> None:
    context = with_plan(with_chart(consents=(consent(procedure),)), indication=indication)
    assert ("consent" not in judged(context, RULES).open_gates()) == counts


def test_no_consent_on_record_is_no_refusal() -> None:
    finding = _of_consents()
    assert finding is not None
    assert finding.priority == "medium"
    assert finding.sentence == "No consent to facial-acne-scars or medical-needling was on record."


@pytest.mark.parametrize("decision", ["refused", "withdrawn"])
def test_consent_refused_or_withdrawn_before_contact_is_high(decision: str) -> None:
    finding = _of_consents(consent(), consent(decision=decision, signed_ms=told(-5)))
    assert finding is not None
    assert finding.priority == "high"
    assert finding.sentence == f"Consent to medical needling was {decision}."


def test_consent_given_again_after_it_was_withdrawn_holds() -> None:
    withdrawn = consent(decision="withdrawn", signed_ms=told(-50))
    assert _of_consents(consent(), withdrawn, consent(signed_ms=told(-5))) is None


def test_order_of_decisions_is_when_they_were_made_not_when_they_were_typed_in() -> None:
    withdrawn = consent(decision="withdrawn", signed_ms=told(-5))
    finding = _of_consents(withdrawn, consent())
    assert finding is not None
    assert finding.priority == "high"


def test_consent_signed_after_the_first_contact_says_by_how_much() -> None:
    finding = _of_consents(consent(signed_ms=told(2)))
    assert finding is not None
    assert (finding.measured_value, finding.limit_value, finding.unit) == (120.0, 0.0, "s")
    assert finding.priority == "medium"


def test_consent_signed_at_an_unknown_time_is_not_taken_for_beforehand() -> None:
    finding = _of_consents(consent(signed_ms=None, entered_ms=told(-60)))
    assert finding is not None
    assert (finding.priority, "is not known" in finding.sentence) == ("low", True)


def test_copy_of_a_consent_without_a_time_takes_nothing_from_the_signed_one() -> None:
    assert _of_consents(consent(), consent(signed_ms=None, entered_ms=told(-1))) is None


def test_withdrawal_at_an_unknown_time_is_not_said_to_be_before_the_contact() -> None:
    finding = _of_consents(consent(decision="withdrawn", signed_ms=None, entered_ms=told(90)))
    assert finding is not None
    assert finding.priority == "medium"
    assert finding.sentence.endswith("whether before the first contact is not known.")


def test_clock_that_was_not_set_leaves_beforehand_open() -> None:
    judge = judged(ORDERLY, RULES, strokes(wall_time_ms=None))
    findings = {f.rule: f for f in judge.state.findings}
    assert findings["gate.consent"].priority == findings["gate.exam"].priority == "low"
    assert "cannot be assessed" in findings["gate.consent"].sentence


@pytest.mark.parametrize(
    ("withdrawn_ms", "seqs"), [(told(0.5), (2, 3)), (told(1.5), (3, 3)), (told(9), None)]
)
def test_treatment_after_consent_was_withdrawn_is_high(
    withdrawn_ms: int, seqs: tuple[int, int] | None
) -> None:
    taken_back = consent(decision="withdrawn", signed_ms=withdrawn_ms)
    context = with_chart(consents=(consent(), taken_back))
    judge = judged(context, RULES, started(), *map(strokes, (1, 2, 3)), strokes(4, contact=0.0))
    found = [f for f in judge.state.findings if f.rule == "consent.withdrawn"]
    assert [(f.first_seq, f.last_seq) for f in found] == ([] if seqs is None else [seqs])
    assert all(f.priority == "high" for f in found)
    assert "consent" not in judge.open_gates()


@pytest.mark.parametrize(
    ("facts", "priority"),
    [
        ({}, None),
        ({"outcome": "suitable_with_limits"}, None),
        ({"outcome": "not_suitable"}, "high"),
        ({"outcome": None}, "low"),
        ({"fact_time_ms": told(3)}, "medium"),
        ({"fact_time_ms": None}, "low"),
        ({"fact_time_ms": None, "entered_ms": told(-2)}, None),
        ({"fact_time_ms": None, "entered_ms": told(2)}, "low"),
    ],
)
def test_examination_is_before_the_contact_and_ends_well(
    facts: dict[str, object], priority: str | None
) -> None:
    finding = _finding(Chart(consents=(consent(),), exams=(exam(**facts),)), "gate.exam")
    assert (finding.priority if finding else None) == priority


def test_missing_examination_is_medium() -> None:
    finding = _finding(Chart(consents=(consent(),)), "gate.exam")
    assert finding is not None
    assert finding.priority == "medium"


def test_later_examination_for_something_else_leaves_the_outcome_as_it_was() -> None:
    exams = (exam(outcome="not_suitable"), exam(outcome=None, phototype="IV"))
    finding = _finding(Chart(consents=(consent(),), exams=exams), "gate.exam")
    assert finding is not None
    assert finding.priority == "high"


def _of_answers(
    answers: dict[str, str],
    *contraindications: tuple[str, list[str], str],
    rf: bool = False,
) -> Standing | None:
    listed = [
        {"question": question, "answers": counted, "strength": strength}
        for question, counted, strength in contraindications
    ]
    treatment = "rf_needling" if rf else "medical_needling"
    context = with_registry(
        protocol=version(
            "protocol", treatment=treatment, contraindications=listed, gates=["answers"]
        )
    )
    documents = (started(), shot() if rf else strokes())
    judge = judged(with_chart(context, answers=answers), RULES, *documents)
    return next((f for f in judge.state.findings if f.rule == "gate.answers"), None)


def test_every_published_question_is_a_contraindication_of_the_table() -> None:
    assert {question.code for question in QUESTIONS} == set(CONTRAINDICATIONS)


@pytest.mark.parametrize("question", CONTRAINDICATIONS)
@pytest.mark.parametrize(
    ("answer", "strength", "priority"),
    [
        ("yes", "absolute", "high"),
        ("yes", "relative", "medium"),
        ("no", "absolute", None),
        ("unknown", "absolute", "low"),
        (None, "absolute", "low"),
        (None, "relative", "low"),
    ],
)
def test_answer_counts_as_the_protocol_says_and_unknown_is_never_no(
    question: str, answer: str | None, strength: str, priority: str | None
) -> None:
    answers = {} if answer is None else {question: answer}
    finding = _of_answers(answers, (question, ["yes"], strength))
    assert (finding.priority if finding else None) == priority
    if finding is not None:
        assert f"{question.replace('_', ' ')} ({answer or 'not asked'})" in finding.sentence
        assert finding.envelope == "clinic_protocol"


@pytest.mark.parametrize("answers", [{}, {"epilepsy": "unknown"}])
def test_protocol_that_counts_unknown_demands_that_the_question_is_asked(
    answers: dict[str, str],
) -> None:
    finding = _of_answers(answers, ("epilepsy", ["yes", "unknown"], "absolute"))
    assert finding is not None
    assert finding.priority == "high"


@pytest.mark.parametrize(
    ("fact_min", "entered_min", "is_open"),
    [(-5, -4, False), (None, -4, False), (-5, 30, False), (2, 3, True), (None, 3, False)],
)
def test_no_that_surely_came_after_the_contact_was_unknown_before_it(
    fact_min: float | None, entered_min: float, *, is_open: bool
) -> None:
    fact_ms = None if fact_min is None else told(fact_min)
    context = with_registry(
        protocol=version(
            "protocol",
            contraindications=[
                {"question": "epilepsy", "answers": ["yes"], "strength": "absolute"}
            ],
            gates=["answers"],
        )
    )
    chart = with_chart(
        context,
        answers={"epilepsy": "no"},
        answered_ms={"epilepsy": ((fact_ms, told(entered_min)),)},
    )
    judge = judged(chart, RULES, started(), strokes())
    sentences = [f.sentence for f in judge.state.findings if f.rule == "gate.answers"]
    late = "Not known: epilepsy (answered only after the first contact)."
    assert sentences == ([late] if is_open else [])


@pytest.mark.parametrize("question", sorted(RF_HARD_STOPS))
@pytest.mark.parametrize("answer", ["unknown", None])
def test_hard_stop_of_rf_that_was_not_answered_is_high(question: str, answer: str | None) -> None:
    answers = {**RF_NO, question: answer} if answer else {q: "no" for q in RF_NO if q != question}
    finding = _of_answers({k: v for k, v in answers.items() if v}, rf=True)
    assert finding is not None
    assert finding.priority == "high"
    assert finding.sentence.startswith("Not known although RF energy")


@pytest.mark.parametrize(
    ("question", "strength", "priority"),
    [
        ("active_implant", None, "high"),
        ("active_implant", "relative", "high"),
        ("metal_in_field", None, "high"),
        ("metal_in_field", "relative", "medium"),
        ("pregnancy", None, "high"),
        ("pregnancy", "relative", "medium"),
        ("pregnancy", "absolute", "high"),
    ],
)
def test_hard_stop_answered_yes_can_be_justified_only_if_the_protocol_says_so(
    question: str, strength: str | None, priority: str
) -> None:
    listed = [] if strength is None else [(question, ["yes"], strength)]
    finding = _of_answers({**RF_NO, question: "yes"}, *listed, rf=True)
    assert finding is not None
    assert finding.priority == priority


def test_hard_stops_of_rf_do_not_concern_a_pen() -> None:
    assert _of_answers({}) is None


def test_all_sorts_of_answers_are_told_in_one_sentence_that_stays_short() -> None:
    listed = [(f"{q}_{n}", ["yes"], "absolute") for n in range(20) for q in ("a" * 55, "b" * 55)]
    finding = _of_answers(
        {"keloid_history": "yes"}, ("keloid_history", ["yes"], "relative"), *listed
    )
    assert finding is not None
    assert "keloid history (yes). Not known: " in finding.sentence
    assert finding.sentence.endswith("32 more.")
    assert len(finding.sentence) < 2_000


@pytest.mark.parametrize(
    ("tip", "single_use", "is_open"),
    [
        ({"unit_id": "T-1"}, None, False),
        ({"attach_count": 1}, None, False),
        ({"lot": "LOT-7"}, None, True),
        ({"lot": "LOT-7", "model": "Tip"}, True, True),
        ({"lot": "LOT-7", "model": "Tip"}, False, False),
        (None, None, True),
    ],
)
def test_tip_without_an_identity_of_its_own_cannot_be_checked_for_reuse(
    tip: dict[str, object] | None,
    single_use: bool | None,  # noqa: FBT001  a column of the table
    is_open: bool,  # noqa: FBT001  a column of the table
) -> None:
    context = with_registry(tip_models=(version("tip_model", single_use=single_use),))
    judge = judged(context, RULES, started(tip=tip), strokes())
    assert judge.open_gates() == (["tip_identity"] if is_open else [])
    for finding in judge.state.findings:
        assert "reuse cannot be checked" in finding.sentence
        assert (finding.rule, finding.envelope, finding.nature) == (
            "gate.tip_identity",
            "none",
            "technical",
        )


def test_later_tip_without_an_identity_opens_the_gate_again() -> None:
    judge = judged(ORDERLY, RULES, started(), strokes(), tip_changed(2, {"lot": "L"}), strokes(3))
    assert judge.open_gates() == ["tip_identity"]


def test_visit_times_of_these_tests_are_minutes_from_the_first_contact() -> None:
    assert told(1) - told(0) == MINUTE_MS
