"""What a judgement remembers of a session, what people put right, and how it ends."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.judgement import SKIPPED_KEPT_MAX, SessionJudge
from dermatrace.judge.rule_set import RuleSet
from dermatrace.judge.rules.row import Hit
from dermatrace.judge.spot import NOWHERE
from dermatrace.judge.state import TIPS_KEPT_MAX
from dermatrace_schemas.chart_review import ChartZoneReattribution
from dermatrace_schemas.document import StreamDocument
from support.cases import (
    band,
    ending_of,
    fed,
    limited,
    named,
    played,
    sample_context,
    windows,
)
from support.own_rules import event, rule
from support.visit_cases import (
    SALT,
    started,
    tip_changed,
    told,
    with_chart,
    zone_entered,
)

PLAIN: Final = limited(band("depth", upper=0.25))

# --- what it remembers ---------------------------------------------------------------------------


def test_numbers_that_were_not_there_are_remembered_up_to_a_bound() -> None:
    judge = fed(PLAIN, [event(2), event(3), event(7)])
    assert judge.state.skipped == [(0, 1), (4, 6)]
    assert (judge.state.next_seq, judge.state.document_count) == (8, 3)
    many = fed(PLAIN, [event(2 * n) for n in range(1, SKIPPED_KEPT_MAX + 9)])
    assert len(many.state.skipped) == SKIPPED_KEPT_MAX


def test_tips_follow_one_another_and_a_change_without_a_tip_leaves_none() -> None:
    judge = fed(PLAIN, [started(tip={"unit_id": "a"}), tip_changed(1, {"unit_id": "b"})])
    assert [tip.unit_id for tip in judge.state.tips] == ["a", "b"]
    judge = fed(PLAIN, [started(tip={"unit_id": "a"}), tip_changed(2, None)])
    assert (judge.state.tip, judge.state.tip_count) == (None, 1)
    for seq in range(3, TIPS_KEPT_MAX + 9):
        judge.feed(tip_changed(seq, {"unit_id": f"t{seq}"}))
    assert len(judge.state.tips) == TIPS_KEPT_MAX
    assert judge.state.tip_count == TIPS_KEPT_MAX + 7


def test_second_start_does_not_take_the_place_of_the_first() -> None:
    judge = fed(PLAIN, [started(), started(lifetime_session_number=9)])
    assert judge.state.started == started()
    assert judge.state.tip_count == 2


def test_pause_lasts_until_work_is_resumed() -> None:
    judge = fed(PLAIN, [event(0, "paused"), event(1)])
    assert judge.state.paused
    judge.feed(event(2, "resumed"))
    assert not judge.state.paused


def test_clock_of_a_boot_that_another_document_shows_is_known_from_the_start() -> None:
    context = replace(PLAIN, offset_ms=(("b", told(0)),))
    first = windows(0, wall_time_ms=None)
    judge = fed(context, [first])
    assert judge.state.first_contact is not None
    assert judge.state.first_contact.at_ms == told(0)
    assert not judge.state.clock.is_doubtful


def test_rules_hear_of_a_step_of_the_clock_at_the_document_that_shows_it() -> None:
    steps: list[int] = []
    notes = rule(lambda case: steps.append(case.step_ms) or (), "event")  # type: ignore[func-returns-value]
    jumped = event(2).model_copy(update={"wall_time_ms": told(60)})
    fed(PLAIN, [event(1), jumped, event(3)], RuleSet((notes,)))
    assert steps[0] == 0
    assert steps[1] > 0
    assert steps[2] == -steps[1]


# --- zones put right -----------------------------------------------------------------------------


def moved(seq: int, first: int, last: int, **place: object) -> ChartZoneReattribution:
    """Return that documents belong elsewhere."""
    facts = {
        "seq": seq,
        "kind": "chart.zone_reattribution",
        "boot_id": "b",
        "uptime_ms": 0,
        "wall_time_ms": None,
        "salt": SALT,
        "source": "console",
        "session": {"sender": "pen-1", "stream_id": "s-1"},
        "seq_range": {"first_seq": first, "last_seq": last},
        "place": place,
    }
    return ChartZoneReattribution.model_validate(facts)


def _worked(context: SessionContext, documents: Iterable[StreamDocument]) -> dict[str, int]:
    judge = fed(context, documents)
    return {key: tally.stroke_count for key, tally in judge.state.tallies.items()}


def test_documents_that_a_person_has_put_elsewhere_count_there() -> None:
    documents = [windows(n, stroke_count=[n]) for n in (1, 2, 4)]
    told_twice = (moved(0, 1, 2, zone="chin"), moved(1, 2, 3, zone="neck", pass_number=7))
    context = with_chart(PLAIN, reattributions=told_twice)
    assert _worked(context, documents) == {"chin/": 1, "neck/": 2, "cheek/": 4}
    judge = fed(context, documents)
    assert [tally.passes for tally in judge.state.tallies.values()] == [[], [7], [1]]


def test_place_that_was_put_right_does_not_move_what_comes_after() -> None:
    context = with_chart(PLAIN, reattributions=(moved(0, 1, 1, zone="chin"),))
    documents = [zone_entered(1, "neck"), windows(2, zone=None, stroke_count=[5])]
    assert _worked(context, documents) == {"neck/": 5}


def test_limits_of_the_zone_it_was_put_to_count() -> None:
    context = limited(band("depth", upper=0.25), band("depth", upper=1.0, zones=["neck"]))
    deep = [windows(n, depth_commanded_mm=[0.9] * 10) for n in (1, 2)]
    assert len(named(fed(context, deep), "depth.set_above")) == 1
    corrected = with_chart(context, reattributions=(moved(0, 1, 2, zone="neck"),))
    assert named(fed(corrected, deep), "depth.set_above") == []


# --- the end -------------------------------------------------------------------------------------


def test_what_still_lasts_at_the_end_is_cleared_there() -> None:
    judge = fed(PLAIN, [windows(0, depth_commanded_mm=[0.3] * 10)])
    (finding,) = judge.state.findings
    assert not finding.cleared
    assert [(e.what, e.standing) for e in judge.close(Ending(1))] == [("cleared", finding)]


def test_rules_of_the_end_know_what_is_missing_and_have_no_document_in_hand() -> None:
    seen: list[tuple[object, ...]] = []
    notes = rule(
        lambda case: seen.append((case.ending, case.document, case.windows, case.spot)) or (),  # type: ignore[func-returns-value]
        "closed",
    )
    ending = Ending(9, missing=((1, 2),))
    judge = fed(PLAIN, [windows(0)], RuleSet((notes,)))
    judge.close(ending)
    assert seen == [(ending, None, None, NOWHERE)]


def test_what_others_have_noticed_is_raised_once() -> None:
    judge = fed(PLAIN, [windows(0)])
    lateness = rule(lambda _: (), name="data.late")
    assert len(judge.note(lateness, Hit(sentence="It came late."), 0)) == 1
    assert judge.note(lateness, Hit(sentence="It came late."), 4) == []
    assert judge.state.findings[0].last_seq == 4


# --- all rules, whole sessions -------------------------------------------------------------------


@settings(max_examples=15)
@given(st.integers(0, 4), st.integers(1, 10_000))
def test_plain_sessions_raise_nothing_and_leave_no_gate_open(number: int, seed: int) -> None:
    context = sample_context(number, minutes=0.4, seed=seed)
    judge = SessionJudge(context)
    documents = played(number, minutes=0.4, seed=seed)
    for document in documents:
        judge.feed(document)
    judge.close(ending_of(documents))
    assert [standing.sentence for standing in judge.state.findings] == []
    assert judge.open_gates() == []


@settings(max_examples=10)
@given(st.integers(0, 4), st.integers(1, 50), st.randoms(use_true_random=False))
def test_no_rule_fails_whatever_is_missing_of_a_session(
    number: int, seed: int, chance: object
) -> None:
    documents = played(number, minutes=0.4, seed=seed)
    context = sample_context(number, minutes=0.4, seed=seed, is_charted=False)
    kept = [d for d in documents if chance.random() < 0.5]  # type: ignore[attr-defined]
    judge = SessionJudge(context)
    for document in kept:
        judge.feed(document)
    judge.close(Ending(len(documents), missing=((0, len(documents)),), ended=False))
    judge.open_gates()
    assert judge.state.failed_rules == []
