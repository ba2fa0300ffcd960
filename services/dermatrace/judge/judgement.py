"""Judges one session, document by document. Pure: what it says follows from what it is handed.

Start here. A judgement is made for one context (what was in force, what people have said) and reads
the session's documents in the order of their numbers. The same class judges live, after a restart,
late data and "what if"; only who hands it the documents differs.
"""

from typing import Final

from dermatrace.device_clock import DeviceClock
from dermatrace.judge.banding import (
    Watch,
    Watches,
    drop_latches,
    watch_shot,
    watch_windows,
    watches_at,
)
from dermatrace.judge.case import Case, Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.raising import Event, Findings, grow
from dermatrace.judge.readings import shot_of, windows_of
from dermatrace.judge.rule_set import RULE_SET, RuleSet
from dermatrace.judge.rules.row import GateRule, Hit, MomentRule, Rule, When
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import SPOTS_MAX, TIPS_KEPT_MAX, Happened, SessionState, tally_key
from dermatrace.judge.summing import add_shot, add_windows, is_good
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import (
    DeviceEvent,
    SessionStarted,
    SessionStopped,
    Tip,
    ZoneEntered,
)
from dermatrace_schemas.treatment import GATES, Gate

SKIPPED_KEPT_MAX: Final = 200
"""Stretches of numbers that were not there; of more, only that there were more is remembered."""


class SessionJudge:
    """One judgement of one session, under way."""

    def __init__(
        self,
        context: SessionContext,
        state: SessionState | None = None,
        rules: RuleSet = RULE_SET,
    ) -> None:
        """Begin, or go on from a state that was kept."""
        if state is None:
            state = SessionState(clock=DeviceClock(dict(context.offset_ms)))
        self.state = state
        self.case = Case(context, self.state)
        self._rules = rules
        self._findings = Findings(self.state)
        self._watches: dict[Spot, Watches] = {}
        self._applying: dict[tuple[When, Spot], tuple[MomentRule, ...]] = {}

    @property
    def context(self) -> SessionContext:
        """What it is judged against."""
        return self.case.context

    def feed(self, document: StreamDocument) -> list[Event]:
        """Judge the next document of the session; return what that changes.

        Documents come in the order of their numbers; a number left out counts as missing.
        """
        state, case, seq = self.state, self.case, document.seq
        if seq > state.next_seq and len(state.skipped) < SKIPPED_KEPT_MAX:
            state.skipped.append((state.next_seq, seq - 1))
        state.next_seq = seq + 1
        state.document_count += 1
        case.document, case.windows, case.shot = document, None, None
        case.step_ms = state.clock.take(document)
        if case.step_ms or (state.clock.unset and case.at_ms is None):
            # Where is not told yet: what the document before said must not take its place.
            case.spot, case.pass_number = NOWHERE, None
            self._ask("clock")
        match document:
            case NeedlingWindows():
                self._windows(document)
            case RfShot():
                self._shot(document)
            case DeviceEvent():
                self._event(document)
            case ZoneEntered():
                state.place = document.place
                case.spot, case.pass_number = case.place_of(seq, document.place)
                self._ask("zone")
            case SessionStarted():
                self._start(document)
            case SessionStopped():
                state.stopped = document
                state.stopped_at = Happened(seq, case.at_ms)
                case.spot = NOWHERE
                self._ask("stopped")
        state.good_count += is_good(case.windows, case.shot, case.spot)
        return self._findings.take_events()

    def close(self, ending: Ending) -> list[Event]:
        """Judge what can only be told once everything is there; return what that changes."""
        case = self.case
        case.document, case.windows, case.shot, case.spot = None, None, None, NOWHERE
        case.ending = ending
        self._ask("closed")
        self._due("closed")
        for latch in self.state.latches.values():
            if latch.number is not None:
                self._findings.clear(latch.number)
                latch.number = None
        return self._findings.take_events()

    def open_gates(self) -> list[Gate]:
        """Return what must be known or done and is not, in the contract's order."""
        open_now = {rule.gate for rule in self._rules.gates if self._is_open(rule)}
        return [gate for gate in GATES if gate in open_now]

    def watches(self, spot: Spot) -> tuple[Watch, ...]:
        """Return every watch that has a number at a spot."""
        return self._watches_at(spot)

    def note(self, rule: Rule, hit: Hit, seq: int | None) -> list[Event]:
        """Raise what whoever hands over the documents has noticed by itself, such as lateness."""
        self._findings.once(rule, hit, seq)
        return self._findings.take_events()

    def _start(self, document: SessionStarted) -> None:
        state = self.state
        if state.started is None:
            state.started = document
            state.started_at = Happened(document.seq, self.case.at_ms)
        if document.tip is not None:
            self._attach(document.tip)
        self._forget_limits()
        self.case.spot = NOWHERE
        self._ask("started")

    def _event(self, document: DeviceEvent) -> None:
        state = self.state
        if document.event in {"paused", "resumed"}:
            state.paused = document.event == "paused"
        if document.event == "tip_changed":
            state.tip = None
            if document.tip is not None:
                self._attach(document.tip)
            self._forget_limits()
        self.case.spot, self.case.pass_number = self.case.place_of(document.seq, None)
        self._ask("event")

    def _windows(self, document: NeedlingWindows) -> None:
        case = self.case
        case.spot, case.pass_number = case.place_of(document.seq, document.place)
        case.windows = windows = windows_of(document)
        in_contact = windows.contact_stroke_count > 0
        if in_contact:
            self._contact(document.seq, treatment=True)
            self._work(document.seq, treatment=True)
        self._ask("windows")
        watches = self._watches_at(case.spot)
        calm = not in_contact or watches.are_calm(windows)
        latches = self.state.latches
        if in_contact and not (calm and (not latches or watches.keys.isdisjoint(latches))):
            watch_windows(case, self._findings, watches, document.seq)
        add_windows(case, watches, calm=calm)

    def _shot(self, document: RfShot) -> None:
        case = self.case
        case.spot, case.pass_number = case.place_of(document.seq, document.place)
        case.shot = shot = shot_of(document, case.needle_count)
        self._contact(document.seq, treatment=shot.treatment)
        self._work(document.seq, treatment=shot.treatment)
        self._ask("shot")
        watches = self._watches_at(case.spot)
        watch_shot(case, self._findings, watches, document.seq)
        add_shot(case, watches)

    def _contact(self, seq: int, *, treatment: bool) -> None:
        """Note the first time the needles are on skin, and what had to be known before."""
        state = self.state
        if treatment and state.first_treatment is None:
            state.first_treatment = Happened(seq, self.case.at_ms)
        if state.first_contact is not None:
            return
        state.first_contact = Happened(seq, self.case.at_ms)
        self._ask("first_contact")
        self._due("first_contact")

    def _work(self, seq: int, *, treatment: bool) -> None:
        """Ask what rests on spot and tip alone once, and let what it has raised grow."""
        key = f"{tally_key(self.case.spot)}/{'treatment' if treatment else 'test'}"
        numbers = self.state.worked.get(key)
        if numbers is None:
            numbers = self._ask("worked")
            if len(self.state.worked) < SPOTS_MAX:  # beyond, it is asked every time
                self.state.worked[key] = numbers
        for number in numbers:
            grow(self.state.findings[number], seq, None)

    def _attach(self, tip: Tip) -> None:
        state = self.state
        state.tip = tip
        state.tip_count += 1
        if len(state.tips) < TIPS_KEPT_MAX:
            state.tips.append(tip)

    def _forget_limits(self) -> None:
        """Look limits up anew; what was beyond a limit that no longer holds is over."""
        self._watches.clear()
        self._applying.clear()
        self.state.worked.clear()
        findings, latches = self.state.findings, self.state.latches
        standing = {
            key: findings[n] for key, latch in latches.items() if (n := latch.number) is not None
        }
        gone = [
            key
            for key in latches
            if key not in standing or key not in self._watches_at(standing[key].spot).keys
        ]
        drop_latches(self._findings, latches, gone)

    def _watches_at(self, spot: Spot) -> Watches:
        found = self._watches.get(spot)
        if found is None:
            if len(self._watches) > SPOTS_MAX:
                self._watches.clear()  # a device that invents zones must not fill the memory
            found = self._watches[spot] = watches_at(self.case, self._rules.bands, spot)
        return found

    def _ask(self, when: When) -> list[int]:
        """Ask every rule of a moment; return the numbers of the findings they speak of.

        A rule that fails is named and not asked again.
        """
        numbers: list[int] = []
        case, failed = self.case, self.state.failed_rules
        seq = None if case.document is None else case.document.seq
        for rule in self._asked(when):
            if failed and rule.id in failed:
                continue
            try:
                for hit in rule.look(case):
                    number = self._findings.once(rule, hit, seq)
                    if number is not None:
                        numbers.append(number)
            except Exception as error:  # noqa: BLE001  a broken rule must not stop the others
                self._findings.failed(rule, error, seq)
        return numbers

    def _asked(self, when: When) -> tuple[MomentRule, ...]:
        """Return the rules of a moment that can see anything at the spot in hand."""
        rules = self._rules.by_moment[when]
        if when not in {"windows", "shot"}:
            return rules
        key = when, self.case.spot
        found = self._applying.get(key)
        if found is None:
            if len(self._applying) > SPOTS_MAX:
                self._applying.clear()
            found = self._applying[key] = tuple(filter(self._applies, rules))
        return found

    def _applies(self, rule: MomentRule) -> bool:
        try:
            return rule.applies(self.case)
        except Exception:  # noqa: BLE001  asked, it will fail again and be named
            return True

    def _due(self, when: str) -> None:
        """Raise what should have been known or done by now and is not."""
        for rule in self._rules.gates:
            if rule.due == when:
                try:
                    hit = self._gate(rule)
                except Exception as error:  # noqa: BLE001  a broken rule must not stop the others
                    self._findings.failed(rule, error, None)
                    continue
                if hit is not None and rule.raises:  # about what is absent: it rests on no document
                    self._findings.once(rule, hit, None)

    def _gate(self, rule: GateRule) -> Hit | None:
        """Return why a gate is open, or None. Raises whatever the rule raises."""
        return rule.look(self.case) if rule.demanded(self.case) else None

    def _is_open(self, rule: GateRule) -> bool:
        """Whether a gate is open; one whose rule fails is. Being asked leaves no trace."""
        try:
            return self._gate(rule) is not None
        except Exception:  # noqa: BLE001  it is named when the gate is due
            return True
