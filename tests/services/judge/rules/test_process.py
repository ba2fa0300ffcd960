"""How the treatment went: test shots, allergies, what people saw, and what the chart must hold."""

import pytest

from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.rule_set import rule_set
from dermatrace.judge.rules.process import RULES
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import Standing
from dermatrace_schemas.chart import ChartObservation, ChartPhoto
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent
from support.limited_cases import band
from support.visit_cases import (
    SALT,
    consent,
    judged,
    shot,
    started,
    strokes,
    told,
    version,
    with_chart,
    with_registry,
)

CHEEK = {"zone": "cheek", "laterality": "left"}
FACT = {"seq": 0, "boot_id": "b", "uptime_ms": 0, "wall_time_ms": None, "salt": SALT}


def _under(*bands: Band, **facts: object) -> SessionContext:
    """Return a visit under a treatment protocol that asks for nothing but what is said."""
    content = {"gates": [], "bands": [b.model_dump() for b in bands], **facts}
    return with_registry(protocol=version("protocol", **content))


def _seen(observed: str, **facts: object) -> ChartObservation:
    kind = {"kind": "chart.observation", "visit_id": "v-1", "source": "console"}
    return ChartObservation.model_validate({**FACT, **kind, "observed": observed, **facts})


def _photo(moment: str | None, **facts: object) -> ChartPhoto:
    kind = {"kind": "chart.photo", "visit_id": "v-1", "source": "console"}
    photo = {"photo_sha256": "0" * 64, "moment": moment, **facts}
    return ChartPhoto.model_validate({**FACT, **kind, **photo})


def _findings(context: SessionContext, *documents: StreamDocument) -> list[Standing]:
    return judged(context, RULES, *documents).state.findings


def _rules(context: SessionContext, *documents: StreamDocument) -> list[str]:
    return [finding.rule for finding in _findings(context, *documents)]


def _shots(*purposes: str | None, zone: str = "temple", first: int = 1) -> list[RfShot]:
    shots = [shot(seq, zone=zone) for seq in range(first, first + len(purposes))]
    return [s.model_copy(update={"purpose": p}) for s, p in zip(shots, purposes, strict=True)]


TEMPLE = _under(band("test_shot_count", lower=4, zones=["temple"]), treatment="rf_needling")
"""A vendor's routine: four to five test shots at the temple before every session."""


@pytest.mark.parametrize(
    ("purposes", "given"),
    [(["test"] * 3, 3), ([], 0), (["test"] * 4, None), (["test"] * 5, None)],
)
def test_test_shots_before_the_first_treatment_shot_are_counted(
    purposes: list[str], given: int | None
) -> None:
    findings = _findings(TEMPLE, started(), *_shots(*purposes, "treatment", "treatment"))
    if given is None:
        assert findings == []
    else:
        (finding,) = findings
        assert (finding.rule, finding.priority) == ("process.test_shots", "medium")
        assert (finding.measured_value, finding.limit_value) == (given, 4)
        assert (finding.first_seq, finding.spot) == (given + 1, Spot("temple"))
        assert f"{given} test shots were delivered at temple before" in finding.sentence


def test_test_shots_elsewhere_do_not_count() -> None:
    documents = [*_shots(*["test"] * 4, zone="cheek"), *_shots("treatment", first=5)]
    assert _rules(TEMPLE, started(), *documents) == ["process.test_shots"]
    anywhere = _under(band("test_shot_count", lower=4), treatment="rf_needling")
    assert _rules(anywhere, started(), *documents) == []


def test_test_shots_after_treatment_come_too_late() -> None:
    documents = _shots("treatment", *["test"] * 4, "treatment")
    (finding,) = _findings(TEMPLE, started(), *documents)
    assert (finding.measured_value, finding.first_seq, finding.last_seq) == (0, 1, 1)


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        ([started(), *_shots(None)], "does not tell test shots from others"),
        ([started(continues="before"), *_shots("treatment")], "goes on with an earlier one"),
        ([started(), *_shots("treatment", first=3)], "are missing"),
    ],
)
def test_test_shots_that_may_have_been_given_cannot_be_assessed(
    documents: list[StreamDocument], why: str
) -> None:
    (finding,) = _findings(TEMPLE, *documents)
    assert (finding.rule, finding.priority) == ("process.test_shots", "low")
    assert (finding.measured_value, why in finding.sentence) == (None, True)


@pytest.mark.parametrize(
    "context",
    [_under(), _under(band("test_shot_count")), _under(band("shot_count", lower=4))],
)
def test_without_a_number_no_test_shots_are_asked_for(context: SessionContext) -> None:
    assert _rules(context, started(), *_shots("treatment")) == []


def test_session_of_test_shots_only_is_not_judged() -> None:
    assert _rules(TEMPLE, started(), *_shots("test", "test")) == []


ALLERGIES = _under(
    contraindications=[
        {"question": question, "answers": ["yes"], "strength": "relative"}
        for question in ("allergy_lidocaine", "allergy_metal", "pregnancy")
    ]
)


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ({}, "allergy lidocaine, allergy metal"),
        ({"allergy_metal": "no"}, "no answer on allergy lidocaine was"),
        ({"allergy_metal": "no", "allergy_lidocaine": "unknown"}, None),
    ],
)
def test_allergies_are_to_be_asked_before_a_zone_is_treated(
    answers: dict[str, str], missing: str | None
) -> None:
    findings = _findings(with_chart(ALLERGIES, answers=answers))
    if missing is None:
        assert findings == []
    else:
        (finding,) = findings
        assert (finding.rule, finding.spot) == ("process.allergy_check", Spot("cheek"))
        assert finding.sentence.startswith("Cheek was treated")
        assert missing in finding.sentence


def test_allergies_are_not_asked_for_unless_anything_is_treated_and_listed() -> None:
    assert _rules(ALLERGIES, started(), strokes(contact=0.0)) == []
    assert _rules(_under()) == []


@pytest.mark.parametrize(
    ("facts", "observed", "rules"),
    [
        ({"endpoints_forbidden": ["oedema"]}, "oedema", ["process.bleeding"]),
        ({"endpoints_forbidden": ["oedema"]}, "bleeding", []),
        ({}, "bleeding", []),
        ({"treatment": "nano_needling"}, "bleeding", ["process.bleeding"]),
        ({"treatment": "cosmetic_needling"}, "pinpoint_bleeding", ["process.bleeding"]),
        ({"treatment": "cosmetic_needling"}, "erythema", []),
    ],
)
def test_observation_the_treatment_is_to_do_without_is_a_finding(
    facts: dict[str, object], observed: str, rules: list[str]
) -> None:
    context = with_chart(_under(**facts), observations=(_seen(observed, place=CHEEK),))
    assert _rules(context) == rules


def test_bleeding_says_where_and_by_which_protocol() -> None:
    context = with_chart(
        _under(treatment="nano_needling"), observations=(_seen("bleeding", place=CHEEK),)
    )
    (finding,) = _findings(context)
    assert finding.spot == Spot("cheek", "left")
    assert finding.sentence == (
        "Bleeding was seen at left cheek; treatment protocol protocol-1 version 1 is to be carried"
        " out without it."
    )


def _of(stream_id: str, **facts: object) -> dict[str, object]:
    return {"session": {"sender": "pen-1", "stream_id": stream_id}, **facts}


def test_observation_of_another_session_is_left_to_that_session() -> None:
    for stream_id, rules in (("s-2", []), ("s-1", ["process.adverse_event"])):
        context = with_chart(observations=(_seen("adverse_event", **_of(stream_id)),))
        context = with_chart(_under(), observations=context.chart.observations)
        assert _rules(context) == rules


def test_kickback_is_told_by_device_and_by_operator() -> None:
    place = strokes(1).model_dump(include={"seq", "boot_id", "uptime_ms", "wall_time_ms"})
    fault = DeviceEvent.model_validate(
        {**place, "kind": "device.event", "event": "fault", "fault_code": "KICKBACK"}
    )
    context = with_chart(_under(), observations=(_seen("kickback", place=CHEEK),))
    findings = _findings(context, started(), fault)
    assert [(f.rule, f.zone, f.first_seq) for f in findings] == [
        ("process.kickback", "cheek", 0),
        ("process.kickback", None, 1),
    ]
    assert {f.nature for f in findings} == {"treatment"}


@pytest.mark.parametrize(("score", "rules"), [(3, []), (4, ["process.pain"]), (None, [])])
def test_pain_above_the_limit_is_a_finding(score: int | None, rules: list[str]) -> None:
    limit = _under(band("pain_score", upper=3))
    context = with_chart(limit, observations=(_seen("pain", pain_score=score, place=CHEEK),))
    findings = _findings(context)
    assert [f.rule for f in findings] == rules
    for finding in findings:
        assert (finding.measured_value, finding.limit_value, finding.unit) == (4, 3, "1")
        assert "Pain, from 0 to 10, at left cheek came to 4, more than the 3" in finding.sentence


def test_pain_without_a_limit_is_no_finding() -> None:
    context = with_chart(_under(), observations=(_seen("pain", pain_score=10),))
    assert _rules(context) == []


def test_pain_without_a_place_is_held_against_the_limit_for_all() -> None:
    limits = _under(band("pain_score", upper=3), band("pain_score", upper=9, zones=["cheek"]))
    context = with_chart(limits, observations=(_seen("pain", pain_score=5),))
    (finding,) = _findings(context)
    assert finding.sentence.startswith("Pain, from 0 to 10, came to 5")


def test_each_adverse_event_is_a_high_finding_of_its_own() -> None:
    burn = {"category": "burn", "seriousness": "not_serious"}
    seqs = {"seq_range": {"first_seq": 2, "last_seq": 4}}
    events = (
        _seen("adverse_event", adverse_event=burn, place=CHEEK, **_of("s-1", **seqs)),
        _seen("adverse_event", adverse_event=burn, place=CHEEK),
        _seen("adverse_event"),
    )
    findings = _findings(with_chart(_under(), observations=events))
    assert [(f.rule, f.priority, f.nature) for f in findings] == [
        ("process.adverse_event", "high", "treatment")
    ] * 3
    assert findings[0].sentence == "Burn was reported at left cheek (not serious)."
    assert (findings[0].first_seq, findings[0].last_seq) == (2, 4)
    assert findings[2].sentence == "An adverse event was reported."


def _gate(gate: str, **chart: object) -> SessionContext:
    return with_chart(_under(gates=[gate]), **chart)


NOTED = {"observations": (_seen("aftercare_given"),)}
REFUSED = {"consents": (consent("photo", decision="refused"),)}


@pytest.mark.parametrize(
    ("gate", "chart", "is_open"),
    [
        ("test_spot", {}, True),
        ("test_spot", {"observations": (_seen("test_spot"),)}, False),
        ("test_spot", {"observations": (_seen("test_spot", fact_time_ms=told(-9)),)}, False),
        ("test_spot", {"observations": (_seen("test_spot", fact_time_ms=told(9)),)}, True),
        ("photo_before", {}, True),
        ("photo_before", {"photos": (_photo("before", fact_time_ms=told(-9)),)}, False),
        ("photo_before", {"photos": (_photo("before", fact_time_ms=told(9)),)}, True),
        ("photo_before", {"photos": (_photo("before"),)}, True),
        ("photo_before", {"photos": (_photo("after", fact_time_ms=told(-9)),)}, True),
        ("photo_before", {"photos": (_photo("before", consent="refused"),)}, False),
        ("photo_before", REFUSED, False),
        ("photo_before", {"consents": (consent("photo"),)}, True),
        ("photo_after", {}, True),
        ("photo_after", {"photos": (_photo("after"),)}, False),
        ("photo_after", {"photos": (_photo("before"), _photo("follow_up"))}, True),
        ("photo_after", {"photos": (_photo(None, consent="refused"),)}, False),
        ("photo_after", REFUSED, False),
        ("endpoint", {}, True),
        ("endpoint", {"observations": (_seen("erythema"),)}, False),
        ("endpoint", {"observations": (_seen("none"),)}, False),
        ("endpoint", NOTED, True),
        ("aftercare", {}, True),
        ("aftercare", NOTED, False),
    ],
)
def test_gate_stays_open_until_the_chart_holds_it(
    gate: str,
    chart: dict[str, object],
    is_open: bool,  # noqa: FBT001  a column of the table
) -> None:
    judge = judged(_gate(gate, **chart), RULES)
    findings = judge.state.findings
    assert judge.open_gates() == ([gate] if is_open else [])
    assert [f.rule for f in findings] == ([f"gate.{gate}"] if is_open else [])
    assert all(
        "treatment protocol protocol-1 version 1 asks for it." in f.sentence for f in findings
    )


@pytest.mark.parametrize("gate", ["test_spot", "photo_before", "photo_after", "aftercare"])
def test_gate_that_is_not_listed_is_not_asked(gate: str) -> None:
    judge = judged(_under(gates=["endpoint"], endpoints_expected=["erythema"]), RULES)
    assert gate not in judge.open_gates()


def test_gates_without_a_treatment_protocol_are_closed() -> None:
    judge = judged(with_registry(protocol=None), RULES)
    assert (judge.open_gates(), judge.state.findings) == ([], [])


def test_test_shots_of_the_device_are_a_test_spot() -> None:
    assert _rules(_gate("test_spot"), started(), *_shots("test", "treatment")) == []


def test_photo_before_is_due_at_the_first_contact_and_the_others_at_the_close() -> None:
    context = _under(gates=["photo_before", "photo_after", "endpoint", "aftercare", "test_spot"])
    judge = SessionJudge(context, rules=rule_set([RULES]))
    live = [event.standing.rule for d in (started(), strokes()) for event in judge.feed(d)]
    assert live == ["gate.photo_before"]
    at_close = {event.standing.rule for event in judge.close(Ending(expected_count=2))}
    assert at_close == {"gate.photo_after", "gate.endpoint", "gate.aftercare", "gate.test_spot"}


def test_photo_of_unknown_time_says_so() -> None:
    (finding,) = _findings(_gate("photo_before", photos=(_photo("before"),)))
    assert "cannot be assessed" in finding.sentence
