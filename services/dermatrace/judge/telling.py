"""What a session's file has to say, as documents of its newest generation's stream."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import JsonValue

from dermatrace.journal.entry import Entry
from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import FileState, Sources, Told
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import Verdict, word_counts, word_event, word_opened, word_summary
from dermatrace.judge.raising import Event
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.summarising import Summary, count_findings
from dermatrace_schemas.verdict import Cause, Grade
from dermatrace_schemas.verdict_streams import verdict_stream_id

GENERATIONS_MAX: Final = 100
"""Generations of one session; what would change it after that changes only the index."""
STATES_PER_GENERATION_MAX: Final = 500
"""`verdict.state` documents of one generation; then a live view sees findings but no state."""

Status = Literal["running", "paused", "silent", "stopped"]


class Teller:
    """Words and numbers what is to be sent about one session."""

    def __init__(self, state: FileState, sources: Sources) -> None:
        """Go on where the state has got to."""
        self.out: list[Verdict] = []
        """What is to be sent; whoever follows the journal takes it."""
        self._state = state
        self._sources = sources

    def open(self, entry: Entry, context: SessionContext, cause: Cause) -> None:
        """Begin the next generation; one on record that is not the same is counted past.

        Such a one was told by other rules, or by an index that has since been deleted and had
        heard of something earlier or later than is heard of it now.
        """
        state = self._state
        if not self._is_room:
            state.is_muted = True
            return
        state.generation += 1
        told = self._told(entry)
        while told in {"other_rules", "other_time"} and self._is_room:
            cause = "rule_set" if told == "other_rules" else cause
            state.generation += 1
            told = self._told(entry)
        state.verdict_seq, state.state_count, state.shown = 0, 0, ""
        state.is_muted = told != "no"
        state.cause = cause
        opened = word_opened(context, state.generation, cause, RULE_SET.digest, entry.entry_id)
        self._put(entry, "verdict.opened", opened)

    def say(self, entry: Entry, context: SessionContext, events: Iterable[Event]) -> None:
        """Say what has been raised or cleared."""
        for event in events:
            self._put(entry, *word_event(event, context))

    def say_all(self, entry: Entry, judge: SessionJudge) -> None:
        """Say every finding of a judgement that was made in one go."""
        self.say(entry, judge.context, _events_of(judge))

    def say_closed(
        self,
        entry: Entry,
        judge: SessionJudge,
        ending: Ending,
        summaries: Iterable[Summary],
        outcome: Literal["confirmed", "superseded"],
    ) -> None:
        """End a generation."""
        state = self._state
        for summary in summaries:
            self._put(entry, "verdict.summary", word_summary(summary))
        state.grade = grade_of(ending, by_silence=state.is_by_silence)
        facts: dict[str, JsonValue] = {
            "outcome": outcome,
            "grade": state.grade,
            "stream_chain": ending.chain,
            "findings": word_counts(count_findings(judge, None)),
            "as_of_entry_id": entry.entry_id,
            "as_of_entry_hash": entry.entry_hash.hex(),
        }
        self._put(entry, "verdict.closed", facts, is_last=True)

    def tell_state(self, entry: Entry, judge: SessionJudge | None) -> None:
        """Say where a running session stands, if that has changed."""
        state = self._state
        if judge is None or state.is_closed or state.state_count >= STATES_PER_GENERATION_MAX:
            return
        status = status_of(state, judge)
        gates = judge.open_gates()
        unresolved = count_findings(judge, None, open_only=True)
        shown = f"{status}|{unresolved}|{gates}"
        if shown == state.shown:
            return
        state.shown = shown
        state.state_count += 1
        facts: dict[str, JsonValue] = {
            "state": status,
            "unresolved": word_counts(unresolved),
            "open_gates": list(gates),
            "as_of_entry_id": entry.entry_id,
        }
        self._put(entry, "verdict.state", facts)

    def take(self) -> list[Verdict]:
        """Return what is to be sent since the last call."""
        out, self.out = self.out, []
        return out

    @property
    def _is_room(self) -> bool:
        return self._state.generation + 1 < GENERATIONS_MAX

    def _told(self, entry: Entry) -> Told:
        state, session = self._state, self._state.session
        stream_id = verdict_stream_id(session.sender, session.stream_id, state.generation)
        return self._sources.told(session.clinic, stream_id, entry.entry_id)

    def _put(
        self, entry: Entry, kind: str, facts: dict[str, JsonValue], *, is_last: bool = False
    ) -> None:
        state = self._state
        session, seq = state.session, state.verdict_seq
        state.verdict_seq += 1
        if state.is_muted:
            return
        self.out.append(
            Verdict(
                session.clinic,
                verdict_stream_id(session.sender, session.stream_id, state.generation),
                seq,
                kind,
                facts,
                max(0, entry.received_ms - state.first_received_ms),
                entry.received_ms,
                is_last,
            )
        )


def status_of(state: FileState, judge: SessionJudge | None) -> Status:
    """Return where a session stands."""
    judged = None if judge is None else judge.state
    if judged is not None and judged.stopped is not None:
        return "stopped"
    if state.is_silent:
        return "silent"
    return "paused" if judged is not None and judged.paused else "running"


def grade_of(ending: Ending, *, by_silence: bool) -> Grade:
    """Return how complete a record is, worst first."""
    if ending.conflicts or ending.chain == "differs":
        return "disputed"
    if not ending.ended and not by_silence:
        return "open"
    if ending.missing or not ending.ended:
        return "incomplete"
    if ending.lost:
        return "with_declared_losses"
    return "with_rejections" if ending.rejected else "complete"


def _events_of(judge: SessionJudge) -> Iterator[Event]:
    for standing in judge.state.findings:
        yield Event("raised", standing)
        if standing.cleared:
            yield Event("cleared", standing)
