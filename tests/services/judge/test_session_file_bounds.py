"""What bounds the words about one session, and what stands when a rule fails."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import Entry
from dermatrace.judge.case import Case
from dermatrace.judge.file_state import FileState, Told
from dermatrace.judge.raising import FAILED_RULE, FINDINGS_PER_JUDGEMENT_MAX, TOO_MANY
from dermatrace.judge.rule_set import RuleSet
from dermatrace.judge.rules.row import Hit
from dermatrace.judge.session_file import CONFLICTS_KEPT_MAX, SessionFile
from dermatrace.judge.telling import GENERATIONS_MAX, STATES_PER_GENERATION_MAX
from dermatrace_schemas.document import StreamDocument
from support.judge_sources import FakeSources
from support.own_rules import event, rule, stopped
from support.visit_cases import SESSION, started, with_plan

NO_RULES = RuleSet(())


class Desk:
    """A session's file, fed by hand."""

    def __init__(self, rules: RuleSet = NO_RULES, *, generation: int = -1) -> None:
        self.sources = FakeSources()
        state = FileState(SESSION, 1, 1, 0, generation=generation)
        self.file = SessionFile(state, Coverage(), self.sources, None, rules)
        self._entries = 0

    @property
    def entry(self) -> Entry:
        """The next entry."""
        self._entries += 1
        number = self._entries
        return Entry(number, number, "accepted", "", None, None, b"", b"", 1, b"")

    def accept(self, *documents: StreamDocument) -> None:
        """Let documents come."""
        for document in documents:
            self.sources.on_record.append(document)
            self.file.accept(self.entry, document)

    def change(self, room: str) -> bool:
        """Judge anew for a context that has changed."""
        context = with_plan(room_id=room)
        findings = replace(context, clinic_day=int(room.removeprefix("room-")))
        self.sources.now = findings
        return self.file.reconsider(self.entry, "chart_fact")

    def kinds(self) -> list[str]:
        """Return what is to be sent since the last call."""
        return [verdict.kind.removeprefix("verdict.") for verdict in self.file.teller.take()]


def _by_day(case: Case) -> Iterable[Hit]:
    return (Hit(sentence=f"It is day {case.context.clinic_day}."),)


# --- generations ----------------------------------------------------------------------------------


def test_generation_after_the_last_is_not_said_but_judged() -> None:
    desk = Desk(RuleSet((rule(_by_day, "started"),)), generation=GENERATIONS_MAX - 3)
    desk.accept(started(), stopped(1))
    assert desk.file.state.generation == GENERATIONS_MAX - 2
    desk.file.close(desk.entry, by_silence=False)
    assert desk.change("room-1")
    assert desk.file.state.generation == GENERATIONS_MAX - 1
    assert desk.kinds()[-1] == "closed"
    before = desk.file.state.fingerprint
    assert desk.change("room-2")
    assert desk.kinds() == []
    assert desk.file.state.generation == GENERATIONS_MAX - 1
    assert desk.file.state.fingerprint != before


@pytest.mark.parametrize(("told", "cause"), [("other_rules", "rule_set"), ("other_time", "live")])
def test_generation_on_record_that_is_another_is_counted_past(told: Told, cause: str) -> None:
    desk = Desk()
    desk.sources.told_before = {0: told, 1: told}
    desk.accept(started())
    opened = desk.file.teller.take()[0]
    assert (opened.stream_id, opened.facts["cause"]) == ("pen-1.s-1.g2", cause)


def test_generation_that_is_whole_on_record_is_not_said_again() -> None:
    desk = Desk(RuleSet((rule(_by_day, "started"),)))
    desk.sources.told_before = {0: "whole"}
    desk.accept(started(), stopped(1))
    desk.file.close(desk.entry, by_silence=False)
    assert desk.kinds() == []
    assert desk.change("room-1")
    assert desk.kinds()[0] == "opened"


def test_judgement_that_comes_to_the_same_is_not_said() -> None:
    desk = Desk()
    desk.accept(started(), stopped(1))
    desk.file.close(desk.entry, by_silence=False)
    desk.kinds()
    assert not desk.file.reconsider(desk.entry, "chart_fact")
    assert desk.kinds() == []


def test_states_of_a_generation_are_bounded_and_findings_go_on() -> None:
    def paused(case: Case) -> Iterable[Hit]:
        return (Hit(sentence="Seen.", about=str(case.state.next_seq)),)

    desk = Desk(RuleSet((rule(paused, "stopped"),)))
    desk.accept(started())
    turns = ("paused", "resumed")
    count = STATES_PER_GENERATION_MAX + 10
    desk.accept(*(event(seq, turns[seq % 2]) for seq in range(1, count)), stopped(count))
    kinds = desk.kinds()
    assert kinds.count("state") == STATES_PER_GENERATION_MAX
    assert kinds[-1] == "finding_raised"


# --- findings -------------------------------------------------------------------------------------


def test_findings_of_a_judgement_are_bounded_and_the_last_one_says_so() -> None:
    def each(case: Case) -> Iterable[Hit]:
        return (Hit(sentence="Seen.", about=str(case.state.next_seq)),)

    desk = Desk(RuleSet((rule(each, "event"),)))
    count = FINDINGS_PER_JUDGEMENT_MAX + 20
    desk.accept(started(), *(event(seq) for seq in range(1, count)))
    desk.accept(stopped(count))
    desk.file.close(desk.entry, by_silence=False)
    told = desk.file.teller.take()
    findings = [v.facts["finding"] for v in told if v.kind == "verdict.finding_raised"]
    rules = [finding["rule"] for finding in findings if isinstance(finding, dict)]
    assert rules == ["a.rule"] * FINDINGS_PER_JUDGEMENT_MAX + [TOO_MANY]
    closed = told[-1].facts["findings"]
    assert closed == {"high_count": 0, "medium_count": 1, "low_count": FINDINGS_PER_JUDGEMENT_MAX}


def test_rule_that_fails_is_one_technical_finding_and_the_others_go_on() -> None:
    def broken(_: Case) -> Iterable[Hit]:
        raise ZeroDivisionError

    def sound(case: Case) -> Iterable[Hit]:
        return (Hit(sentence="Seen.", about=str(case.state.next_seq)),)

    rules = (rule(broken, "event", "closed"), rule(sound, "event", name="b.rule"))
    desk = Desk(RuleSet(rules))
    desk.accept(started(), event(1), event(2), stopped(3))
    desk.file.close(desk.entry, by_silence=False)
    judge = desk.file.judge
    assert judge is not None
    found = [(finding.rule, finding.nature) for finding in judge.state.findings]
    assert found == [(FAILED_RULE, "technical"), ("b.rule", "treatment"), ("b.rule", "treatment")]
    assert "a.rule" in judge.state.findings[0].sentence
    assert desk.kinds()[-1] == "closed"


def test_conflicts_are_remembered_up_to_a_bound() -> None:
    desk = Desk()
    desk.accept(started())
    for seq in range(CONFLICTS_KEPT_MAX + 5):
        desk.file.refuse(desk.entry, seq, conflict=True)
    assert desk.file.state.conflicts == list(range(CONFLICTS_KEPT_MAX))


# --- nothing to say -------------------------------------------------------------------------------


def test_erased_file_hears_everything_and_says_nothing() -> None:
    desk = Desk()
    desk.accept(started())
    desk.kinds()
    desk.file.erase()
    desk.file.close(desk.entry, by_silence=True)
    desk.file.reopen(desk.entry)
    assert not desk.file.reconsider(desk.entry, "chart_fact")
    assert desk.kinds() == []
    assert desk.file.state == desk.file.state.erased()


def test_running_session_that_was_not_judged_yet_is_not_judged_for_a_fact() -> None:
    desk = Desk()
    desk.accept(event(1))
    assert not desk.file.reconsider(desk.entry, "chart_fact")
    assert desk.file.state.generation == -1
