"""The order in which people's words arrive plays no part; the latest of them holds."""

import json
from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.chart import (
    FACTS_PER_VISIT_MAX,
    Chart,
    Fact,
    FactKey,
    PlanDifference,
    SessionId,
    in_order,
    put_together,
    visit_of,
)
from dermatrace_schemas.chart import ChartDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.session import Plan
from support.cases import sample_facts
from support.visit_cases import SALT, START_MS

SESSION: Final = SessionId("north", "pen-1", "s-1")
HERE: Final = {"sender": "pen-1", "stream_id": "s-1"}
ELSEWHERE: Final = {"sender": "pen-1", "stream_id": "s-2"}
PIN: Final = {"registry_kind": "protocol", "registry_id": "p", "version": "2", "digest": "d" * 64}


def fact(kind: str, seq: int = 0, **facts: object) -> Fact:
    """Return a fact of visit v-1, in `stream`, typed in `at` so many seconds after the start."""
    at, stream = facts.pop("at", None), facts.pop("stream", "a")
    assert isinstance(stream, str)
    told = {
        "seq": seq,
        "kind": f"chart.{kind}",
        "boot_id": "b",
        "uptime_ms": 0,
        "wall_time_ms": None,
        "salt": SALT,
        "visit_id": "v-1",
        "source": "console",
        "entered_ms": START_MS + at * 1_000 if isinstance(at, int) else None,
    }
    document = parse("chart", json.dumps(told | facts).encode())
    assert isinstance(document, ChartDocument)
    return Fact(FactKey("desk", stream, seq), 1, document)


def attach(seq: int, visit_id: str | None = "v-1", **facts: object) -> Fact:
    """Return an attach of the session, typed in at the second of its number."""
    told: dict[str, object] = {"at": seq, "session": HERE, "visit_id": visit_id}
    return fact("attach", seq, **told | facts)


def plan(seq: int, **members: object) -> Fact:
    """Return a plan of the visit."""
    return fact("plan", seq, at=seq, plan=members)


def correction(
    seq: int, earlier: Fact | tuple[str, int], *, at: int | None = None, **facts: object
) -> Fact:
    """Return a correction of another fact, or of a document of the session."""
    if isinstance(earlier, Fact):
        named: dict[str, object] = {"stream_class": "chart", **earlier.key._asdict()}
    else:
        stream_id, number = earlier
        named = {"stream_class": "session", "sender": "pen-1", "stream_id": stream_id}
        named["seq"] = number
    said = {"earlier": named, "reason": "a slip", **facts}
    return fact("correction", seq, at=seq if at is None else at, **said)


def chart_of(*facts: Fact, device: Plan | None = None) -> Chart:
    """Put facts together."""
    return put_together(SESSION, facts, device)


# --- order ---------------------------------------------------------------------------------------


def told_on_three_tablets() -> list[Fact]:
    """Return a busy visit, some of whose clocks are not set, with corrections."""
    facts = [
        attach(0),
        attach(9, "v-2", session=ELSEWHERE),
        plan(1, protocol_id="first", operator_id="nurse-1"),
        plan(5, protocol_id="second"),
        fact("plan", 0, stream="b", at=5, plan={"protocol_id": "third"}),
        fact("exam", 1, stream="b", phototype="II"),
        fact("exam", 2, stream="b", at=3, phototype="III"),
        fact("exam", 0, stream="c", at=2, phototype="IV"),
        fact("answers", 3, stream="b", answers={"pregnancy": "no", "keloid": "yes"}),
        fact("answers", 1, stream="c", at=8, answers={"pregnancy": "unknown"}),
        fact("observation", 2, stream="c", observed="erythema"),
        fact("consent", 4, stream="b", procedure="p", decision="given"),
    ]
    facts += [
        correction(12, facts[3]),
        correction(13, ("s-1", 4)),
        correction(14, facts[2], registry_version=PIN),
        correction(15, facts[-1]),
    ]
    return [*facts, correction(16, facts[-1])]


@given(st.permutations(told_on_three_tablets()))
def test_order_of_arrival_plays_no_part(facts: list[Fact]) -> None:
    assert in_order(facts) == in_order(told_on_three_tablets())
    assert chart_of(*facts) == chart_of(*told_on_three_tablets())
    assert visit_of(SESSION, facts, None) == "v-1"


@settings(max_examples=10)
@given(st.integers(0, 4), st.data())
def test_order_of_arrival_plays_no_part_for_what_front_desks_enter(
    number: int, data: st.DataObject
) -> None:
    name, facts = sample_facts(number)
    mixed = data.draw(st.permutations(facts))
    assert put_together(name, mixed, None) == put_together(name, facts, None)
    assert in_order(mixed) == list(facts)  # a front desk types in one thing after the other


def test_later_of_two_streams_is_the_one_typed_in_later() -> None:
    earlier = fact("exam", 7, stream="z", at=1, phototype="I")
    later = fact("exam", 0, stream="a", at=2, phototype="VI")
    assert chart_of(attach(0), later, earlier).phototype == "VI"


def test_within_a_stream_the_number_counts_even_if_the_clock_was_set_back() -> None:
    first = fact("exam", 3, stream="b", at=600, phototype="I")
    second = fact("exam", 4, stream="b", at=0, phototype="II")
    other = fact("exam", 0, stream="c", at=300, phototype="III")
    facts = (attach(0), second, other, first)
    assert in_order(facts)[1:] == [other, first, second]
    assert chart_of(*facts).phototype == "II"


def test_clock_that_was_never_set_does_not_make_a_fact_the_oldest_of_its_stream() -> None:
    first = fact("exam", 3, stream="b", at=600, phototype="I")
    second = fact("exam", 4, stream="b", entered_ms=1_000, phototype="II")
    assert chart_of(attach(0), second, first).phototype == "II"


def test_facts_of_one_moment_are_ordered_by_their_key() -> None:
    facts = [fact("exam", 0, stream=name, at=1, phototype="I") for name in "cab"]
    assert [f.key.stream_id for f in in_order(facts)] == ["a", "b", "c"]


# --- which visit ---------------------------------------------------------------------------------


def test_latest_attach_wins_and_every_claim_is_remembered() -> None:
    chart = chart_of(attach(0, "v-1"), attach(2, "v-3"), attach(1, "v-2"))
    assert (chart.visit_id, chart.claimed_visits) == ("v-3", ("v-1", "v-2", "v-3"))
    again = chart_of(attach(0, "v-1"), attach(1, "v-1"))
    assert again.claimed_visits == ("v-1",)


def test_session_that_was_taken_away_belongs_to_no_visit() -> None:
    facts = (attach(0), plan(1, protocol_id="p"), attach(2, None))
    chart = chart_of(*facts, device=Plan(visit_id="v-1"))
    assert (chart.visit_id, chart.plan.protocol_id, chart.plan.visit_id) == (None, None, None)
    assert visit_of(SESSION, facts, Plan(visit_id="v-1")) is None


def test_withdrawn_attach_does_not_count() -> None:
    first, second = attach(0, "v-1"), attach(1, "v-2")
    chart = chart_of(first, second, correction(2, second))
    assert (chart.visit_id, chart.claimed_visits) == ("v-1", ("v-1",))


def test_visit_is_what_the_device_says_if_nobody_attached_the_session() -> None:
    facts = (plan(0, protocol_id="p"), attach(1, "v-9", session=ELSEWHERE))
    chart = chart_of(*facts, device=Plan(visit_id="v-1"))
    assert (chart.visit_id, chart.plan.protocol_id) == ("v-1", "p")
    assert (chart_of(*facts).visit_id, chart_of(*facts).has_plan) == (None, False)


def test_facts_of_another_visit_are_none_of_this_one() -> None:
    other = fact("exam", 1, at=1, visit_id="v-2", phototype="VI")
    assert chart_of(attach(0), other).exams == ()


# --- plan ----------------------------------------------------------------------------------------


def test_chart_beats_the_device_member_by_member_and_each_difference_is_named() -> None:
    device = Plan(visit_id="v-1", protocol_id="old", operator_id="nurse-1", phototype="II")
    chart = chart_of(attach(0), plan(1, protocol_id="new", phototype="III"), device=device)
    assert chart.plan == Plan(
        visit_id="v-1", protocol_id="new", operator_id="nurse-1", phototype="III"
    )
    assert chart.differences == (
        PlanDifference("phototype", "III", "II"),
        PlanDifference("protocol_id", "new", "old"),
    )


def test_device_that_names_another_visit_than_the_session_is_attached_to_differs() -> None:
    chart = chart_of(attach(0), device=Plan(visit_id="v-8", protocol_id="p"))
    assert (chart.visit_id, chart.plan.visit_id, chart.plan.protocol_id) == ("v-1", "v-1", "p")
    assert chart.differences == (PlanDifference("visit_id", "v-1", "v-8"),)


def test_latest_plan_takes_the_place_of_the_whole_earlier_one() -> None:
    chart = chart_of(attach(0), plan(2, protocol_id="new"), plan(1, operator_id="nurse-1"))
    assert chart.plan == Plan(visit_id="v-1", protocol_id="new")
    assert chart.has_plan


def test_no_plan_is_not_a_plan_with_nothing_in_it() -> None:
    assert not chart_of(attach(0)).has_plan
    assert chart_of(attach(0), plan(1)).has_plan
    assert chart_of(device=Plan()).has_plan


def test_examiner_sees_the_phototype_better_than_the_plan() -> None:
    facts = (attach(0), plan(1, phototype="II"))
    assert chart_of(*facts).phototype == "II"
    seen = fact("exam", 2, at=2, phototype="V")
    unseen = fact("exam", 3, at=3)
    assert chart_of(*facts, seen, unseen).phototype == "V"


def test_later_answers_replace_earlier_ones_question_by_question() -> None:
    first = fact("answers", 1, at=1, answers={"pregnancy": "no", "keloid": "yes"})
    second = fact("answers", 2, at=2, answers={"pregnancy": "unknown"})
    assert chart_of(attach(0), second, first).answers == {"pregnancy": "unknown", "keloid": "yes"}


# --- corrections ---------------------------------------------------------------------------------


def test_corrected_fact_is_no_longer_gone_by() -> None:
    wrong = fact("exam", 1, at=1, phototype="I")
    right = fact("exam", 2, at=2, phototype="II")
    assert chart_of(attach(0), right, wrong, correction(3, right)).exams == (wrong.document,)


def test_corrected_correction_has_withdrawn_nothing() -> None:
    exam = fact("exam", 1, at=1, phototype="I")
    hasty = correction(2, exam)
    assert chart_of(attach(0), exam, hasty).exams == ()
    sorry = correction(3, hasty)
    assert chart_of(attach(0), exam, hasty, sorry).exams == (exam.document,)
    assert chart_of(attach(0), exam, hasty, sorry, correction(4, sorry)).exams == ()


def test_correction_of_a_registry_version_leaves_the_fact_it_names() -> None:
    told = plan(1, protocol_id="p")
    swap = correction(2, told, registry_version=PIN)
    chart = chart_of(attach(0), told, swap)
    assert chart.plan.protocol_id == "p"
    (pin,) = chart.registry_overrides
    assert pin.digest == PIN["digest"]
    assert chart_of(attach(0), told, swap, correction(3, swap)).registry_overrides == ()


def test_correction_of_a_document_withdraws_it_from_this_session_only() -> None:
    facts = (correction(1, ("s-1", 7)), correction(2, ("s-2", 8)), correction(3, ("s-1", 9)))
    undone = correction(4, facts[2])
    assert chart_of(*facts, undone).withdrawn_seqs == frozenset({7})


def test_two_corrections_of_each_other_leave_the_later_one() -> None:
    exam, other = (fact("exam", n, at=n, phototype="I") for n in (1, 2))
    first = fact(
        "correction",
        5,
        at=5,
        reason="a slip",
        earlier={"stream_class": "chart", "sender": "desk", "stream_id": "a", "seq": 6},
    )
    second = correction(6, first)
    assert in_order([second, first]) == [first, second]
    assert len(chart_of(attach(0), exam, other, first, second).exams) == 2


# --- what names the session ----------------------------------------------------------------------


def _finding(session: dict[str, str]) -> dict[str, object]:
    return {"session": session, "rule": "depth.set_above", "envelope": "clinic_protocol"}


@pytest.mark.parametrize(("session", "counts"), [(HERE, True), (ELSEWHERE, False)])
def test_words_about_findings_and_zones_count_for_the_session_they_name(
    session: dict[str, str], *, counts: bool
) -> None:
    about: dict[str, object] = {"visit_id": None, "findings": [_finding(session)]}
    place: dict[str, object] = {"seq_range": {"first_seq": 1, "last_seq": 2}, "place": {}}
    chart = chart_of(
        fact("justification", 1, reason="as agreed", **about),
        fact("acknowledgement", 2, **about),
        fact("zone_reattribution", 3, visit_id=None, session=session, **place),
    )
    found = (chart.justifications, chart.acknowledgements, chart.reattributions)
    assert [len(documents) for documents in found] == [int(counts)] * 3


# --- bounds --------------------------------------------------------------------------------------


def test_facts_beyond_the_bound_are_those_typed_in_last_and_are_counted() -> None:
    def many() -> Iterable[Fact]:
        yield attach(0)
        for seq in range(1, FACTS_PER_VISIT_MAX + 3):
            yield fact("exam", seq, at=seq, phototype="I" if seq < FACTS_PER_VISIT_MAX else "VI")

    chart = chart_of(*reversed(list(many())))
    assert (len(chart.exams), chart.ignored_count) == (FACTS_PER_VISIT_MAX - 1, 3)
    assert chart.phototype == "I"
