"""People's facts about a visit: who says it, about what, and what they may leave unknown."""

import pytest

from dermatrace_schemas import catalogue
from dermatrace_schemas.chart import ChartAnswers, ChartAttach, ChartDocument, ChartPlan
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.session import Plan
from support.vectors import with_changes

VISIT_KINDS = ("plan", "consent", "exam", "answers", "observation", "photo")


@pytest.mark.parametrize("document", catalogue.CHART_DOCUMENTS, ids=catalogue.kind_of)
def test_chart_document_carries_author_times_source_and_salt(
    document: type[ChartDocument],
) -> None:
    fields = document.model_fields
    assert {"author", "fact_time_ms", "entered_ms", "source", "salt"} <= set(fields)
    assert fields["salt"].is_required()
    assert fields["source"].is_required()
    assert not fields["author"].is_required()
    assert not fields["fact_time_ms"].is_required()


@pytest.mark.parametrize("kind", VISIT_KINDS)
def test_fact_about_a_visit_without_its_visit_is_refused(kind: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes(f"chart.{kind}", visit_id=None))
    assert caught.value.path == "visit_id"


def test_plan_that_names_another_visit_within_is_refused() -> None:
    assert parse("chart", with_changes("chart.plan", plan={"visit_id": "v-20260528-a"}))
    with pytest.raises(Unreadable, match=r"plan\.visit_id v-2"):
        parse("chart", with_changes("chart.plan", plan={"visit_id": "v-2"}))


def test_plan_that_knows_nothing_yet_is_read() -> None:
    document = parse("chart", with_changes("chart.plan", plan={}))
    assert isinstance(document, ChartPlan)
    assert document.plan == Plan()


def test_session_can_be_taken_away_from_its_visit_but_not_by_leaving_the_visit_out() -> None:
    document = parse("chart", with_changes("chart.attach", visit_id=None))
    assert isinstance(document, ChartAttach)
    assert document.visit_id is None
    left_out = with_changes("chart.attach").replace(b'"visit_id": "v-20260528-a", ', b"")
    with pytest.raises(Unreadable) as caught:
        parse("chart", left_out)
    assert caught.value.path == "visit_id"


@pytest.mark.parametrize("decision", ["given", "refused", "withdrawn"])
def test_consent_may_lack_form_and_time(decision: str) -> None:
    changes = {"decision": decision, "signed_ms": None, "document_sha256": None}
    assert parse("chart", with_changes("chart.consent", **changes))


def test_unlisted_question_is_recorded() -> None:
    document = parse("chart", with_changes("chart.answers", answers={"our_own_question": "no"}))
    assert isinstance(document, ChartAnswers)
    assert document.answers == {"our_own_question": "no"}


@pytest.mark.parametrize(
    "answers", [{}, {"Pregnancy": "no"}, {"pregnancy": True}, {"pregnancy": None}, {"a b": "no"}]
)
def test_answers_that_are_none_are_refused(answers: dict[str, object]) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes("chart.answers", answers=answers))
    assert caught.value.path.startswith("answers")


@pytest.mark.parametrize(("score", "fits"), [(0, True), (10, True), (11, False), (-1, False)])
def test_pain_is_scored_from_nought_to_ten(score: int, *, fits: bool) -> None:
    payload = with_changes("chart.observation", observed="pain", pain_score=score)
    if fits:
        assert parse("chart", payload)
        return
    with pytest.raises(Unreadable) as caught:
        parse("chart", payload)
    assert caught.value.path == "pain_score"


def test_photo_has_no_place_for_an_image() -> None:
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes("chart.photo", image="AAAA"))
    assert caught.value.path == "image"


def test_adverse_event_nobody_has_judged_yet_is_read() -> None:
    assert parse("chart", with_changes("chart.observation", adverse_event={}))
