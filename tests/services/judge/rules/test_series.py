"""A zone is treated again too early, too late or too often; or nobody can tell."""

from dataclasses import replace

import pytest

from dermatrace.judge.case import Ending
from dermatrace.judge.context import EarlierSession, SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rule_set import rule_set
from dermatrace.judge.rules.series import RULES
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import Standing
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.registry_models import SeriesPlanContent
from support.limited_cases import band
from support.visit_cases import (
    ORDERLY,
    START_MS,
    judged,
    shot,
    started,
    strokes,
    version,
    with_chart,
    with_plan,
    with_registry,
)

TODAY = 20_486
DAY_MS = 86_400_000
CHEEK = Spot("cheek")


def _plan_version(**facts: object) -> Version:
    told = {"salt": "0123456789abcdef", "subject_id": "subject-1", "setting": "clinic", **facts}
    content = SeriesPlanContent.model_validate(told)
    return Version("north", "series_plan", "series-1", "1", "e" * 64, content, 1)


def _ago(days: int | None, *spots: Spot, **facts: str | None) -> EarlierSession:
    return EarlierSession(
        stream_id=facts.get("stream_id") or f"ago-{days}",
        visit_id=facts.get("visit_id", f"visit-{days}"),
        treatment=facts.get("treatment", "medical_needling"),
        started_ms=None if days is None else START_MS - days * DAY_MS,
        clinic_day=None if days is None else TODAY - days,
        spots=spots or (CHEEK,),
    )


def _visit(
    *earlier: EarlierSession, plan: Version | None = None, bands: tuple[Band, ...] = ()
) -> SessionContext:
    protocol = version("protocol", bands=[b.model_dump() for b in bands])
    context = with_plan(with_registry(protocol=protocol), subject_id="subject-1")
    context = replace(context, clinic_day=TODAY, earlier=earlier)
    registry = replace(context.registry, series_plan=plan)
    context = with_chart(context, series_id=None if plan is None else "series-1")
    return replace(context, registry=registry)


def _findings(context: SessionContext, *documents: StreamDocument) -> list[Standing]:
    return judged(context, RULES, *documents).state.findings


def _names(context: SessionContext, *documents: StreamDocument) -> list[str]:
    return [finding.rule for finding in _findings(context, *documents)]


POTENZA = (band("interval", lower=14, upper=84),)
"""NCT05847530: 2 to 12 weeks allowed."""
RF_ACNE_SCARS = (band("interval", lower=42),)
"""Chandrashekar 2014: six weeks apart."""
MELASMA = (band("interval", lower=14, upper=21), band("session_count", lower=5, upper=10))
"""Kim and Lee 2017: five to ten sessions, two to three weeks apart."""
ACNE_SCARS = _plan_version(session_count=3, interval_days=30, interval_min_days=30)
"""NCT02646917: three sessions, 30 days apart."""


@pytest.mark.parametrize(
    ("bands", "plan", "days", "rules"),
    [
        (POTENZA, None, 13, ["series.early"]),
        (POTENZA, None, 14, []),
        (POTENZA, None, 84, []),
        (POTENZA, None, 85, ["series.late"]),
        (RF_ACNE_SCARS, None, 41, ["series.early"]),
        (RF_ACNE_SCARS, None, 42, []),
        (RF_ACNE_SCARS, None, 400, []),
        (MELASMA, None, 13, ["series.early"]),
        (MELASMA, None, 21, []),
        (MELASMA, None, 22, ["series.late"]),
        ((), ACNE_SCARS, 29, ["series.early"]),
        ((), ACNE_SCARS, 30, []),
    ],
)
def test_published_interval_is_kept_or_not(
    bands: tuple[Band, ...], plan: Version | None, days: int, rules: list[str]
) -> None:
    assert _names(_visit(_ago(days), plan=plan, bands=bands)) == rules


def test_early_finding_says_where_how_long_and_whose_limit() -> None:
    (early,) = _findings(_visit(_ago(10), plan=ACNE_SCARS), started(), strokes(1), strokes(2))
    assert early.sentence == (
        "The cheek was treated again after 10 days; series plan series-1 version 1 asks for"
        " 30 days at the earliest."
    )
    assert (early.measured_value, early.limit_value, early.unit) == (10, 30, "d")
    assert (early.envelope, early.priority, early.nature) == (
        "clinic_protocol",
        "medium",
        "treatment",
    )
    assert (early.spot, early.first_seq, early.digests) == (CHEEK, 1, ["e" * 64])


def test_limit_of_the_treatment_protocol_names_the_protocol() -> None:
    (late,) = _findings(_visit(_ago(90), bands=POTENZA))
    assert "treatment protocol protocol-1 version 1 asks for 84 days at the latest" in late.sentence
    assert (late.priority, late.digests) == ("low", [version("protocol").digest])


def test_second_treatment_of_a_day_is_early() -> None:
    (early,) = _findings(_visit(_ago(0), bands=POTENZA))
    assert "was treated again on the same day" in early.sentence


def test_session_of_the_same_visit_is_no_earlier_step() -> None:
    assert _names(_visit(_ago(0, visit_id="v-1"), bands=POTENZA)) == []


def test_each_zone_is_judged_when_it_is_first_treated() -> None:
    context = _visit(_ago(5, Spot("forehead")), _ago(20), bands=POTENZA)
    documents = (strokes(1), strokes(2, zone="forehead"), strokes(3, zone="forehead"))
    (early,) = _findings(context, started(), *documents)
    assert (early.zone, early.first_seq, early.last_seq) == ("forehead", 2, 3)


def test_strokes_in_the_air_and_test_shots_are_no_treatment() -> None:
    context = _visit(_ago(5), bands=POTENZA)
    assert _names(context, started(), strokes(contact=0.0)) == []
    assert _names(context, started(), shot(1, purpose="test")) == []
    findings = _findings(context, started(), shot(1, purpose="test"), shot(2))
    assert [(f.rule, f.first_seq) for f in findings] == [("series.early", 2)]


def test_both_sides_at_once_are_one_finding() -> None:
    earlier = (_ago(3, Spot("cheek", "left")), _ago(5, Spot("cheek", "right")))
    place = {"zone": "cheek", "laterality": "bilateral"}
    (early,) = _findings(_visit(*earlier, bands=POTENZA), started(), strokes(place=place))
    assert (early.spot, early.measured_value) == (Spot("cheek", "bilateral"), 3)


def test_fourth_session_of_three_is_too_many() -> None:
    earlier = [_ago(days) for days in (90, 60, 30)]
    (finding,) = _findings(_visit(*earlier, plan=ACNE_SCARS))
    assert finding.rule == "series.too_many"
    assert finding.sentence == (
        "This was treatment 4 of the cheek in its series; series plan series-1 version 1 allows 3."
    )
    assert (finding.measured_value, finding.limit_value, finding.unit) == (4, 3, "1")
    assert _names(_visit(*earlier[1:], plan=ACNE_SCARS)) == []


def test_eleventh_session_of_melasma_is_too_many_under_a_plan_only() -> None:
    earlier = [_ago(14 * n) for n in range(10, 0, -1)]
    assert _names(_visit(*earlier[1:], plan=_plan_version(), bands=MELASMA)) == []
    assert _names(_visit(*earlier, plan=_plan_version(), bands=MELASMA)) == ["series.too_many"]
    (unknown,) = _findings(_visit(*earlier, bands=MELASMA))
    assert unknown.rule == "series.unknown"
    assert "no series plan says where the series begins" in unknown.sentence


def test_plan_that_does_not_name_the_zone_leaves_it_to_the_treatment_protocol() -> None:
    plan = _plan_version(zones=["neck"], interval_min_days=60)
    assert _names(_visit(_ago(30), plan=plan, bands=POTENZA)) == []
    assert _names(_visit(_ago(13), plan=plan, bands=POTENZA)) == ["series.early"]


def test_sessions_of_another_treatment_want_no_interval() -> None:
    assert _names(_visit(_ago(2, treatment="cosmetic_needling"), bands=POTENZA)) == []


@pytest.mark.parametrize(
    ("context", "why"),
    [
        (_visit(_ago(30), plan=_plan_version()), "nobody has entered how far apart"),
        (replace(_visit(_ago(30), bands=POTENZA), clinic_day=None), "day of the session"),
        (replace(_visit(plan=ACNE_SCARS), started_ms=None, clinic_day=None), "day of the session"),
        (_visit(_ago(None), _ago(30), bands=POTENZA), "of another session is not known"),
        (_visit(_ago(30), _ago(20, treatment=None), bands=POTENZA), "of another session"),
        (with_plan(_visit(plan=ACNE_SCARS), subject_id=None), "names no subject"),
        (with_chart(_visit(), series_id="series-9"), "was not on record"),
        (_visit(_ago(0, visit_id=None), bands=POTENZA), "whether they belong to one visit"),
    ],
)
def test_what_cannot_be_told_is_said_and_not_judged(context: SessionContext, why: str) -> None:
    (unknown,) = _findings(context)
    assert unknown.rule == "series.unknown"
    assert (unknown.envelope, unknown.priority, unknown.nature) == ("none", "low", "technical")
    assert why in unknown.sentence


def test_step_of_the_clock_makes_the_day_doubtful() -> None:
    context = _visit(_ago(5), bands=POTENZA)
    jumped = strokes(1).model_copy(update={"wall_time_ms": START_MS + DAY_MS})
    assert _names(context, started(), jumped) == ["series.unknown"]


@pytest.mark.parametrize(
    "context",
    [
        _visit(),
        _visit(bands=POTENZA),
        _visit(plan=ACNE_SCARS),
        _visit(_ago(30)),
        _visit(_ago(30), bands=(band("interval"),)),
        with_plan(_visit(_ago(30)), subject_id=None),
    ],
)
def test_nothing_to_be_kept_is_nothing_to_say(context: SessionContext) -> None:
    assert _names(context) == []


def test_session_that_goes_on_after_a_restart_is_the_same_visit() -> None:
    context = _visit(_ago(0, visit_id=None, stream_id="before"), bands=POTENZA)
    assert _names(context, started(continues="before"), strokes()) == []


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"starts_ms": START_MS + 3 * DAY_MS},
            "The session began 3 days before the series begins by series plan series-1.",
        ),
        (
            {"ends_ms": START_MS - 2 * DAY_MS},
            "The session began 2 days after the series has ended by series plan series-1.",
        ),
    ],
)
def test_session_outside_of_its_series_is_out_of_order(
    facts: dict[str, int], sentence: str
) -> None:
    (finding,) = _findings(_visit(plan=_plan_version(**facts)))
    assert (finding.rule, finding.sentence) == ("series.order", sentence)


def test_session_within_its_series_is_in_order() -> None:
    plan = _plan_version(starts_ms=START_MS - DAY_MS, ends_ms=START_MS + DAY_MS)
    assert _names(_visit(plan=plan)) == []


def test_order_is_judged_once_even_if_the_start_never_came() -> None:
    context = _visit(plan=_plan_version(ends_ms=START_MS - DAY_MS))
    assert _names(context, strokes(1)) == ["series.order"]
    assert _names(context, started(), strokes(1)) == ["series.order"]


def test_plan_of_another_subject_is_named_and_not_used() -> None:
    plan = _plan_version(subject_id="subject-2", interval_min_days=60)
    (finding,) = _findings(_visit(_ago(30), plan=plan))
    assert (finding.rule, finding.priority) == ("series.plan_differs", "low")
    assert "subject-" not in finding.sentence


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"treatment": "rf_needling"}, "treatment rf needling, the session of medical needling"),
        ({"protocol_id": "other"}, "protocol other, the session of protocol-1"),
        ({"setting": "home"}, "setting home, the session of clinic"),
    ],
)
def test_plan_that_does_not_fit_the_session_is_named(facts: dict[str, str], words: str) -> None:
    (finding,) = _findings(_visit(plan=_plan_version(**facts)))
    assert finding.rule == "series.plan_differs"
    assert words in finding.sentence


def test_visit_without_a_series_is_never_asked_about() -> None:
    judge = SessionJudge(ORDERLY, rules=rule_set([RULES]))
    for document in (started(), strokes()):
        assert judge.feed(document) == []
    assert judge.close(Ending(expected_count=2)) == []
