"""One session as the judge follows it: what to wait for, and when to judge anew.

Documents are judged in the order of their numbers. One that comes early waits for those before it,
for as long as LATENESS_MAX_MS; then the live judgement goes on, and what comes after that is judged
at the close. Whatever else changes what a session is judged by or on - a fact, a correction, late
data - is answered in one way: all documents are judged anew, and if that comes to something else,
the next generation says so.
"""

from typing import Final

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import Entry
from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import Basis, FileState, Sources, ending_of, resting_names
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import fingerprint
from dermatrace.judge.rule_set import RULE_SET, RuleSet
from dermatrace.judge.rules.live import LATE
from dermatrace.judge.rules.row import Hit
from dermatrace.judge.summarising import Summary, summaries
from dermatrace.judge.telling import Teller, grade_of, status_of
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.verdict import Cause

LATENESS_MAX_MS: Final = 10_000
"""How long a document waits for those before it, by the recorder's clock; then the live judgement
goes on without them. Longer: the live view lags behind a lossy link. Shorter: more is late."""
EARLY_MAX: Final = 300
"""Documents that wait at most, five minutes of a live session; one more and the wait is over."""
CONFLICTS_KEPT_MAX: Final = 100
"""Numbers used for two contents that are remembered one by one; the grade needs only one."""


class SessionFile:
    """Follows one session."""

    def __init__(
        self,
        state: FileState,
        coverage: Coverage,
        sources: Sources,
        judge: SessionJudge | None,
        rules: RuleSet = RULE_SET,
    ) -> None:
        """Begin, or go on from what was kept."""
        self.state = state
        self.coverage = coverage
        self.judge = judge
        self.summaries: list[Summary] = []
        """Of the newest judgement, once closed."""
        self.teller = Teller(state, sources)
        self._sources = sources
        self._rules = rules
        self._early: dict[int, tuple[int, StreamDocument]] = {}
        """What waits, and since when."""

    # --- what the journal tells ---------------------------------------------------------------

    def accept(self, entry: Entry, document: StreamDocument) -> None:
        """Take an accepted document."""
        state, seq = self.state, document.seq
        if seq in self.coverage.rejected:
            self._note_conflict(seq)  # its number had been used before, if only for garbage
        self.coverage.accept(seq, entry.received_ms)
        if isinstance(document, SessionStopped):
            self.coverage.end(seq)
        state.note_clock(document)
        was_silent, state.is_silent = state.is_silent, False
        if state.is_closed:
            self._reconsider_closed(entry)
            return
        if seq < state.position:
            self._late(entry, seq)
        else:
            self.hold(entry, document)
            self._advance(entry)
        if was_silent:
            self.teller.tell_state(entry, self.judge)

    def hold(self, entry: Entry, document: StreamDocument) -> None:
        """Keep a document until its turn comes."""
        self._early[document.seq] = entry.received_ms, document
        self.state.waiting[document.seq] = entry.entry_id

    def refuse(self, entry: Entry, seq: int, *, conflict: bool) -> None:
        """Take a number under which nothing readable, or something else than before, has come."""
        if conflict:
            self._note_conflict(seq)
        else:
            self.coverage.reject(seq, entry.received_ms)
        if self.state.is_closed:
            self._reconsider_closed(entry)
        else:
            self._advance(entry)

    def declare(
        self, entry: Entry, *, last: int | None, lost: list[tuple[int, int]], ended: bool
    ) -> None:
        """Take the device's own account of what it holds and has lost."""
        told = self.coverage.declare(last=last, lost=lost, ended=ended, now_ms=entry.received_ms)
        if not told:
            return
        if self.state.is_closed:
            self.reconsider(entry, "late_data")
        else:
            self._advance(entry)

    def silent(self, entry: Entry) -> None:
        """Hear that nothing has come for too long; what waits has waited long enough by then."""
        self.state.is_silent = True
        self._advance(entry)
        self.teller.tell_state(entry, self.judge)

    def reopen(self, entry: Entry) -> None:
        """Hear that a session taken for ended goes on: a new generation, live again."""
        state = self.state
        if not state.is_closed or state.is_erased:
            return
        state.is_closed, state.is_by_silence, self.summaries = False, False, []
        state.position = self.coverage.known_last + 1
        judge = self._judge_anew(entry)
        if self._is_blank(judge):
            state.position = 0
            return
        self.teller.open(entry, judge.context, "late_data")
        self.teller.say_all(entry, judge)
        self.teller.tell_state(entry, judge)

    def close(self, entry: Entry, *, by_silence: bool) -> None:
        """Hear that the session has ended: judge it finally."""
        state = self.state
        if state.is_erased:
            return
        if state.is_closed:
            if state.is_by_silence and not by_silence:  # the device has accounted for the rest
                state.is_by_silence = False
                self.reconsider(entry, "late_data")
            return
        while self._early:
            self._skip(entry)
        state.is_closed, state.is_by_silence = True, by_silence
        live, was_late = self.judge, state.is_late
        if live is None:
            return
        ending = self._ending(entry, live)
        self.teller.say(entry, live.context, live.close(ending))
        self._conclude(live, ending)
        if was_late or self._sources.context(state, entry.entry_id) != live.context:
            shown, told, final = state.fingerprint, self.summaries, self._judge_anew(entry)
            if state.fingerprint != shown:
                self.teller.say_closed(entry, live, ending, told, "superseded")
                self.teller.open(entry, final.context, "late_data" if was_late else "final_differs")
                self.teller.say_all(entry, final)
            live, ending = final, self._ending(entry, final)
        state.basis = Basis()
        self.teller.say_closed(entry, live, ending, self.summaries, "confirmed")

    def reconsider(self, entry: Entry, cause: Cause) -> bool:
        """Judge anew by what is known now; return whether that has come to something else."""
        state, before = self.state, self.judge
        if state.is_erased or (state.generation < 0 and not state.is_closed):
            return False
        shown = self._shown()
        judge = self._judge_anew(entry)
        if self._is_blank(judge):
            return False
        if self._shown() == shown and cause != "rule_set":
            self.teller.tell_state(entry, judge)
            return False
        ending = self._ending(entry, judge)
        if not state.is_closed and before is not None:
            self.teller.say_closed(entry, before, ending, (), "superseded")
        self.teller.open(entry, judge.context, cause)
        self.teller.say_all(entry, judge)
        if state.is_closed:
            self.teller.say_closed(entry, judge, ending, self.summaries, "confirmed")
        else:
            self.teller.tell_state(entry, judge)
        return True

    def erase(self) -> None:
        """Forget the session: nothing is said about it any more."""
        self.state = self.state.erased()
        self.coverage = Coverage()
        self.judge, self.summaries = None, []
        self._early.clear()

    # --- judging ------------------------------------------------------------------------------

    def _note_conflict(self, seq: int) -> None:
        if len(self.state.conflicts) < CONFLICTS_KEPT_MAX:
            self.state.conflicts.append(seq)

    def _reconsider_closed(self, entry: Entry) -> None:
        """Take in what has come after the end; after an end by silence the reopening does that."""
        if not self.state.is_by_silence:
            self.reconsider(entry, "late_data")

    def _late(self, entry: Entry, seq: int) -> None:
        self.state.is_late = True
        judge = self.judge
        if judge is None:
            return
        sentence = f"Document {seq} came after the live judgement had gone on without it."
        events = judge.note(LATE, Hit(sentence=sentence), seq)
        if events:
            self.teller.say(entry, judge.context, events)
            self.teller.tell_state(entry, judge)

    def _advance(self, entry: Entry) -> None:
        """Judge what can be judged in order; give up waiting for what is too late."""
        self._drain(entry)
        while len(self._early) > EARLY_MAX or self._is_overdue(entry):
            self._skip(entry)

    def _is_overdue(self, entry: Entry) -> bool:
        since_ms = min((received_ms for received_ms, _ in self._early.values()), default=None)
        return since_ms is not None and entry.received_ms - since_ms > LATENESS_MAX_MS

    def _skip(self, entry: Entry) -> None:
        """Go on without what has not come."""
        self.state.position = min(self._early)
        self._drain(entry)

    def _drain(self, entry: Entry) -> None:
        state, coverage = self.state, self.coverage
        while True:
            early = self._early.pop(state.position, None)
            if early is not None:
                del state.waiting[state.position]
                self._feed(entry, early[1])
            elif state.position not in coverage.lost and state.position not in coverage.rejected:
                return
            state.position += 1

    def _feed(self, entry: Entry, document: StreamDocument) -> None:
        judge = self.judge
        is_first = judge is None
        if judge is None:
            judge = self.judge = SessionJudge(self._context(entry), rules=self._rules)
            self.teller.open(entry, judge.context, "live")
        if document.seq in judge.context.chart.withdrawn_seqs:
            return
        status = status_of(self.state, judge)
        events = judge.feed(document)
        # Asking every gate at every document would cost more than judging it.
        if events or is_first or status_of(self.state, judge) != status:
            self.teller.say(entry, judge.context, events)
            self.teller.tell_state(entry, judge)

    def _context(self, entry: Entry) -> SessionContext:
        """Make the context of a new judgement, and remember what it was made of."""
        state = self.state
        context = self._sources.context(state, entry.entry_id)
        if not state.is_closed:
            state.basis = Basis(entry.entry_id, dict(context.offset_ms), context.earlier)
        state.rests_on = resting_names(context)
        return context

    def _judge_anew(self, entry: Entry) -> SessionJudge:
        """Judge all documents up to the position again, by what is known now."""
        state = self.state
        judge = self.judge = SessionJudge(self._context(entry), rules=self._rules)
        end = self.coverage.known_last + 1 if state.is_closed else state.position
        withdrawn = judge.context.chart.withdrawn_seqs
        for document in self._sources.documents(state.row, end, entry.entry_id):
            if document.seq not in withdrawn:
                judge.feed(document)
        state.is_late = False
        if state.is_closed:
            judge.close(ending := self._ending(entry, judge))
            self._conclude(judge, ending)
        return judge

    def _is_blank(self, judge: SessionJudge) -> bool:
        """Tell whether there is nothing to judge and never was; then nothing is said either."""
        if self.state.generation >= 0 or judge.state.document_count:
            return False
        self.judge, self.summaries, self.state.fingerprint = None, [], ""
        return True

    def _conclude(self, judge: SessionJudge, ending: Ending) -> None:
        state, pins = self.state, judge.context.registry.pins
        self.summaries = summaries(judge, ending)
        record = grade_of(ending, by_silence=state.is_by_silence), ending.chain
        state.fingerprint = fingerprint(judge.state.findings, self.summaries, pins, record)

    def _shown(self) -> str:
        """Return a digest of what the newest judgement has come to so far."""
        if self.state.is_closed or self.judge is None:
            return self.state.fingerprint
        judge = self.judge
        return fingerprint(judge.state.findings, [], judge.context.registry.pins)

    def _ending(self, entry: Entry, judge: SessionJudge) -> Ending:
        chain = self._sources.chain(self.state.row, judge.state.stopped, entry.entry_id)
        return ending_of(self.state, self.coverage, chain)
