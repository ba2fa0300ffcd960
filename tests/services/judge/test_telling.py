"""What is said of a session, under which number, and where saying ends."""

from collections.abc import Iterable
from typing import Final

import pytest

from dermatrace.journal.entry import Entry
from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import ChainStanding, FileState, Told
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.raising import Event
from dermatrace.judge.summarising import summaries
from dermatrace.judge.telling import (
    GENERATIONS_MAX,
    STATES_PER_GENERATION_MAX,
    Teller,
    grade_of,
    status_of,
)
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.verdict import Grade
from dermatrace_schemas.verdict_streams import verdict_stream_id
from support.judge_bench import payload_of
from support.own_rules import event, stopped
from support.visit_cases import ORDERLY, SESSION, START_MS, started, strokes


class Shelf:
    """Sources that only know which verdict streams are on record."""

    def __init__(self, told: dict[int, Told] | None = None) -> None:
        self._told = {
            verdict_stream_id(SESSION.sender, SESSION.stream_id, number): standing
            for number, standing in (told or {}).items()
        }
        self.asked: list[tuple[str, str, int]] = []

    def context(self, state: FileState, as_of: int) -> SessionContext:
        """Return the orderly visit."""
        del state, as_of
        return ORDERLY

    def documents(self, row: int, before_seq: int, as_of: int) -> Iterable[StreamDocument]:
        """Return none."""
        del row, before_seq, as_of
        return ()

    def chain(self, row: int, stop: SessionStopped | None, as_of: int) -> ChainStanding:
        """Say that it cannot be checked."""
        del row, stop, as_of
        return "cannot_be_checked"

    def told(self, clinic: str, stream_id: str, as_of: int) -> Told:
        """Return what was put here."""
        self.asked.append((clinic, stream_id, as_of))
        return self._told.get(stream_id, "no")


def entry(entry_id: int = 20, received_ms: int = START_MS) -> Entry:
    """Return an entry that makes the judge speak."""
    return Entry(
        entry_id, received_ms, "accepted", "a/topic", 0, None, bytes(32), bytes(32), 1, b""
    )


def teller(told: dict[int, Told] | None = None, *, generation: int = -1) -> Teller:
    """Return one who goes on after a generation."""
    state = FileState(SESSION, 1, 10, START_MS - 5_000, generation=generation)
    return Teller(state, Shelf(told))


def state_of(speaker: Teller) -> FileState:
    """Return what the speaker writes down."""
    return speaker._state  # noqa: SLF001  nobody else has it


def judge_of(*documents: StreamDocument) -> SessionJudge:
    """Return a judgement under way."""
    judge = SessionJudge(ORDERLY)
    for document in documents or (started(), strokes(1, zone="chin")):
        judge.feed(document)
    return judge


# --- generations ----------------------------------------------------------------------------------


def test_generations_are_numbered_and_each_stream_counts_from_nothing() -> None:
    speaker, judge = teller(), judge_of()
    ending = Ending(expected_count=2)
    for number in range(3):
        speaker.open(entry(20 + number), ORDERLY, "live")
        speaker.say_all(entry(20 + number), judge)
        speaker.tell_state(entry(20 + number), judge)
        speaker.say_closed(
            entry(20 + number), judge, ending, summaries(judge, ending), "superseded"
        )
        said = speaker.take()
        assert {v.stream_id for v in said} == {f"pen-1.s-1.g{number}"}
        assert [v.seq for v in said] == list(range(len(said)))
        assert said[0].facts["generation"] == number
        assert (said[0].kind, said[-1].kind) == ("verdict.opened", "verdict.closed")
        assert [v.is_last for v in said] == [False] * (len(said) - 1) + [True]


def test_everything_said_keeps_to_the_contract() -> None:
    speaker, judge, ending = teller(), judge_of(), Ending(expected_count=2, chain="matches")
    speaker.open(entry(), ORDERLY, "live")
    judge.state.findings[0].cleared = True
    speaker.say_all(entry(), judge)
    speaker.tell_state(entry(), judge)
    speaker.say_closed(entry(), judge, ending, summaries(judge, ending), "confirmed")
    said = speaker.take()
    for verdict in said:
        parse("verdict", payload_of(verdict))
    assert {v.kind.removeprefix("verdict.") for v in said} == {
        "opened",
        "finding_raised",
        "finding_cleared",
        "state",
        "summary",
        "closed",
    }


def test_times_are_those_of_the_entry_and_never_before_the_first() -> None:
    speaker = teller()
    speaker.open(entry(received_ms=START_MS), ORDERLY, "live")
    speaker.open(entry(received_ms=START_MS - 9_000), ORDERLY, "live")
    told = [(v.uptime_ms, v.wall_time_ms) for v in speaker.take()]
    assert told == [(5_000, START_MS), (0, START_MS - 9_000)]


def test_generation_the_journal_has_whole_is_counted_and_not_said_again() -> None:
    speaker, judge = teller({0: "whole"}), judge_of()
    speaker.open(entry(), ORDERLY, "live")
    speaker.say_all(entry(), judge)
    speaker.tell_state(entry(), judge)
    speaker.say_closed(entry(), judge, Ending(expected_count=2), (), "superseded")
    assert speaker.take() == []
    assert state_of(speaker).generation == 0
    assert state_of(speaker).verdict_seq > 2
    speaker.open(entry(21), ORDERLY, "chart_fact")
    (opened,) = speaker.take()
    assert (opened.stream_id, opened.seq) == ("pen-1.s-1.g1", 0)


def test_generation_of_which_only_the_beginning_is_on_record_is_said_again() -> None:
    speaker = teller({0: "no"})
    speaker.open(entry(), ORDERLY, "live")
    assert [v.stream_id for v in speaker.take()] == ["pen-1.s-1.g0"]


@pytest.mark.parametrize(
    ("told", "generation", "cause"),
    [
        ({0: "other_rules"}, 1, "rule_set"),
        ({0: "other_time"}, 1, "live"),
        ({0: "other_rules", 1: "other_time"}, 2, "rule_set"),
        ({0: "other_time", 1: "other_time", 2: "other_rules"}, 3, "rule_set"),
    ],
)
def test_generation_that_is_not_the_same_is_counted_past(
    told: dict[int, Told], generation: int, cause: str
) -> None:
    speaker = teller(told)
    speaker.open(entry(), ORDERLY, "live")
    (opened,) = speaker.take()
    assert opened.facts["generation"] == state_of(speaker).generation == generation
    assert opened.facts["cause"] == state_of(speaker).cause == cause


def test_one_counted_past_may_lead_to_one_that_is_whole() -> None:
    speaker = teller({0: "other_rules", 1: "whole"})
    speaker.open(entry(), ORDERLY, "live")
    assert speaker.take() == []
    assert (state_of(speaker).generation, state_of(speaker).is_muted) == (1, True)


def test_record_is_asked_as_of_the_entry_that_opens() -> None:
    state, shelf = FileState(SESSION, 1, 10, START_MS), Shelf()
    Teller(state, shelf).open(entry(33), ORDERLY, "live")
    assert shelf.asked == [("north", "pen-1.s-1.g0", 33)]


def test_last_generation_is_said_and_nothing_after_it() -> None:
    speaker, judge = teller(generation=GENERATIONS_MAX - 2), judge_of()
    speaker.open(entry(), ORDERLY, "chart_fact")
    (last,) = speaker.take()
    assert last.facts["generation"] == GENERATIONS_MAX - 1
    speaker.say_closed(entry(), judge, Ending(expected_count=2), (), "superseded")
    speaker.take()
    speaker.open(entry(21), ORDERLY, "chart_fact")
    speaker.say_all(entry(21), judge)
    speaker.tell_state(entry(21), judge)
    speaker.say_closed(entry(21), judge, Ending(expected_count=2), (), "confirmed")
    assert speaker.take() == []
    assert state_of(speaker).generation == GENERATIONS_MAX - 1


def test_counting_past_others_ends_at_the_last_generation_in_silence() -> None:
    told: dict[int, Told] = dict.fromkeys(range(GENERATIONS_MAX + 5), "other_rules")
    speaker = teller(told)
    speaker.open(entry(), ORDERLY, "live")
    assert speaker.take() == []
    assert state_of(speaker).generation == GENERATIONS_MAX - 1
    assert state_of(speaker).is_muted


# --- findings -------------------------------------------------------------------------------------


def test_cleared_finding_of_a_judgement_made_in_one_go_is_raised_first() -> None:
    speaker, judge = teller(), judge_of()
    judge.state.findings[0].cleared = True
    speaker.open(entry(), ORDERLY, "late_data")
    speaker.say_all(entry(), judge)
    _, *said = speaker.take()
    assert [v.facts["finding_number"] for v in said[:3]] == [0, 0, 1]
    assert [v.kind for v in said[:2]] == ["verdict.finding_raised", "verdict.finding_cleared"]
    assert len(said) == len(judge.state.findings) + 1


def test_what_is_taken_is_not_given_a_second_time() -> None:
    speaker = teller()
    speaker.open(entry(), ORDERLY, "live")
    assert len(speaker.take()) == 1
    assert speaker.take() == []
    speaker.say(entry(), ORDERLY, [Event("raised", judge_of().state.findings[0])])
    assert [v.seq for v in speaker.take()] == [1]


# --- states ---------------------------------------------------------------------------------------


def open_teller() -> Teller:
    """Return one who has opened a generation."""
    speaker = teller()
    speaker.open(entry(), ORDERLY, "live")
    speaker.take()
    return speaker


def test_state_is_told_only_when_it_has_changed() -> None:
    speaker, judge = open_teller(), judge_of(started())
    speaker.tell_state(entry(), judge)
    speaker.tell_state(entry(21), judge)
    assert len(speaker.take()) == 1
    state_of(speaker).is_silent = True
    speaker.tell_state(entry(22), judge)
    assert [v.facts["state"] for v in speaker.take()] == ["silent"]
    judge.feed(strokes(1, zone="chin"))
    speaker.tell_state(entry(23), judge)
    (told,) = speaker.take()
    assert told.facts["as_of_entry_id"] == 23


def test_finding_that_clears_changes_the_state() -> None:
    speaker, judge = open_teller(), judge_of()
    speaker.tell_state(entry(), judge)
    judge.state.findings[0].cleared = True
    speaker.tell_state(entry(), judge)
    assert len(speaker.take()) == 2


def test_next_generation_tells_its_state_even_if_it_is_the_same() -> None:
    speaker, judge = open_teller(), judge_of()
    speaker.tell_state(entry(), judge)
    speaker.open(entry(), ORDERLY, "chart_fact")
    speaker.tell_state(entry(), judge)
    assert [v.kind for v in speaker.take()] == ["verdict.state", "verdict.opened", "verdict.state"]


def test_closed_session_and_one_never_judged_have_no_state_to_tell() -> None:
    speaker = open_teller()
    speaker.tell_state(entry(), None)
    state_of(speaker).is_closed = True
    speaker.tell_state(entry(), judge_of())
    assert speaker.take() == []


def test_states_of_a_generation_end_at_the_bound_and_findings_go_on() -> None:
    speaker, judge = open_teller(), judge_of()
    for number in range(STATES_PER_GENERATION_MAX + 3):
        state_of(speaker).is_silent = number % 2 == 0
        speaker.tell_state(entry(), judge)
    assert len(speaker.take()) == STATES_PER_GENERATION_MAX
    speaker.say_all(entry(), judge)
    assert len(speaker.take()) == len(judge.state.findings)
    speaker.open(entry(), ORDERLY, "chart_fact")
    speaker.tell_state(entry(), judge)
    assert len(speaker.take()) == 2


# --- where it stands, how complete it is ----------------------------------------------------------


def test_status_is_stopped_before_silent_before_paused() -> None:
    state = FileState(SESSION, 1, 10, START_MS)
    assert status_of(state, None) == "running"
    judge = judge_of(started())
    assert status_of(state, judge) == "running"
    judge.feed(event(1, "paused"))
    assert status_of(state, judge) == "paused"
    state.is_silent = True
    assert status_of(state, judge) == status_of(state, None) == "silent"
    judge.feed(stopped(2))
    assert status_of(state, judge) == "stopped"


SPAN: Final = ((3, 4),)


@pytest.mark.parametrize(
    ("ending", "by_silence", "grade"),
    [
        (Ending(5), False, "complete"),
        (Ending(5, rejected=SPAN), False, "with_rejections"),
        (Ending(5, lost=SPAN), False, "with_declared_losses"),
        (Ending(5, lost=SPAN, rejected=SPAN), False, "with_declared_losses"),
        (Ending(5, missing=SPAN, lost=SPAN, rejected=SPAN), False, "incomplete"),
        (Ending(5, ended=False), True, "incomplete"),
        (Ending(5, ended=False, lost=SPAN), True, "incomplete"),
        (Ending(5), True, "complete"),
        (Ending(5, ended=False), False, "open"),
        (Ending(5, ended=False, missing=SPAN), False, "open"),
        (Ending(5, conflicts=(1,)), False, "disputed"),
        (Ending(5, chain="differs"), False, "disputed"),
        (Ending(5, chain="matches"), False, "complete"),
        (Ending(5, conflicts=(1,), ended=False, missing=SPAN), False, "disputed"),
    ],
)
def test_grade_is_the_worst_that_holds(ending: Ending, by_silence: bool, grade: Grade) -> None:  # noqa: FBT001  pytest's own
    assert grade_of(ending, by_silence=by_silence) == grade


def test_end_says_the_grade_and_remembers_it() -> None:
    speaker, judge = open_teller(), judge_of()
    ending = Ending(expected_count=5, missing=SPAN, chain="matches")
    speaker.say_closed(entry(44), judge, ending, (), "superseded")
    (closed,) = speaker.take()
    assert closed.facts["grade"] == state_of(speaker).grade == "incomplete"
    told = [closed.facts[name] for name in ("outcome", "stream_chain", "as_of_entry_id")]
    assert told == ["superseded", "matches", 44]
