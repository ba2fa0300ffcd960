"""The findings of one judgement: raised once, extended while they last, cleared, bounded."""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

from dermatrace.judge.rules.row import Hit, Rule
from dermatrace.judge.state import ONCE_MAX, SessionState, Standing, tally_key
from dermatrace_schemas.finding import DIGESTS_PER_FINDING_MAX

FINDINGS_PER_JUDGEMENT_MAX: Final = 300
"""Findings of one generation of a session; one more says that further ones were left out, and they
are only counted. A session with more is not read finding by finding anyway."""
SENTENCE_CHARACTERS_MAX: Final = 2_000
"""A longer sentence is cut off: the contract has no room for more. Only readings that cannot be
make one."""
FAILED_RULE: Final = "judge.rule_failed"
TOO_MANY: Final = "judge.too_many_findings"


@dataclass(frozen=True, slots=True)
class Event:
    """Something a judgement has to say."""

    what: Literal["raised", "cleared"]
    standing: Standing


class Findings:
    """Adds to a state's findings and says what is new."""

    def __init__(self, state: SessionState) -> None:
        """Go on with the findings of a state."""
        self._state = state
        self.events: list[Event] = []

    def take_events(self) -> list[Event]:
        """Return what has happened since the last call."""
        events, self.events = self.events, []
        return events

    def once(self, rule: Rule, hit: Hit, seq: int | None) -> int | None:
        """Raise a hit, or let the finding it raised before grow; return the finding's number.

        None if there was no more room for it.
        """
        envelope = hit.envelope or rule.envelopes[0]
        key = f"{rule.id}|{envelope}|{tally_key(hit.spot)}|{hit.about}"
        number = self._state.once.get(key)
        if number is None:
            raised = self.new(rule, hit, seq)
            if raised is not None:
                self._state.once[key] = raised.number
                return raised.number
            if len(self._state.once) < ONCE_MAX:
                self._state.once[key] = -1
            return None
        if number >= 0 and (hit.seqs or seq is not None):
            last_seq = hit.seqs[1] if hit.seqs else seq
            grow(self._state.findings[number], last_seq, hit.measured_value)
        return number if number >= 0 else None

    def new(self, rule: Rule, hit: Hit, seq: int | None) -> Standing | None:
        """Raise a finding; return None if there is no more room for one."""
        if len(self._state.findings) >= FINDINGS_PER_JUDGEMENT_MAX:
            self._refuse()
            return None
        first_seq, last_seq = hit.seqs or (seq, seq)
        standing = Standing(
            number=len(self._state.findings),
            rule=rule.id,
            envelope=hit.envelope or rule.envelopes[0],
            priority=hit.priority or rule.priority,
            nature=hit.nature or rule.nature,
            zone=hit.spot.zone,
            laterality=hit.spot.laterality,
            first_seq=first_seq,
            last_seq=last_seq,
            measured_value=_finite(hit.measured_value),
            limit_value=_finite(hit.limit_value),
            unit=hit.unit,
            digests=list(hit.digests)[:DIGESTS_PER_FINDING_MAX],
            sentence=hit.sentence[:SENTENCE_CHARACTERS_MAX],
            extreme_value=_finite(hit.measured_value),
        )
        self._append(standing)
        return standing

    def clear(self, number: int) -> None:
        """End a finding: what it was about is over. It stays on record."""
        standing = self._state.findings[number]
        standing.cleared = True
        self.events.append(Event("cleared", standing))

    def failed(self, rule: Rule, error: Exception, seq: int | None) -> None:
        """Say that a rule could not do its work; it is not asked again in this session."""
        self._state.failed_rules.append(rule.id)
        self._technical(
            FAILED_RULE,
            f"Rule {rule.id} failed ({type(error).__name__}) and was not asked again: what it "
            "looks for cannot be assessed in this session.",
            seq,
        )

    def _refuse(self) -> None:
        if self._state.ignored_finding_count == 0:
            self._technical(
                TOO_MANY,
                f"More than {FINDINGS_PER_JUDGEMENT_MAX} findings: further ones were left out.",
                None,
            )
        self._state.ignored_finding_count += 1

    def _technical(self, rule_id: str, sentence: str, seq: int | None) -> None:
        self._append(
            Standing(
                number=len(self._state.findings),
                rule=rule_id,
                envelope="none",
                priority="medium",
                nature="technical",
                zone=None,
                laterality=None,
                first_seq=seq,
                last_seq=seq,
                measured_value=None,
                limit_value=None,
                unit=None,
                digests=[],
                sentence=sentence,
            )
        )

    def _append(self, standing: Standing) -> None:
        self._state.findings.append(standing)
        self.events.append(Event("raised", standing))


def grow(standing: Standing, last_seq: int | None, value: float | None) -> None:
    """Let a finding take in one more document and, if it is farther from the limit, its value."""
    if last_seq is not None:
        standing.last_seq = max(standing.last_seq or 0, last_seq)
        standing.first_seq = last_seq if standing.first_seq is None else standing.first_seq
    value = _finite(value)
    known, limit = standing.extreme_value, standing.limit_value
    if value is None or known is None:
        standing.extreme_value = value if known is None else known
    elif limit is None:
        standing.extreme_value = max(known, value)
    elif abs(value - limit) > abs(known - limit):
        standing.extreme_value = value


def _finite(value: float | None) -> float | None:
    """Return a value, or None if it has grown beyond every number: a verdict cannot say that."""
    return None if value is None or not isfinite(value) else value
