"""A finding is raised once, grows while it lasts, and there is room for so many."""

import pytest

from dermatrace.judge.raising import (
    FAILED_RULE,
    FINDINGS_PER_JUDGEMENT_MAX,
    SENTENCE_CHARACTERS_MAX,
    TOO_MANY,
    Event,
    Findings,
    grow,
)
from dermatrace.judge.rules.row import Hit, MomentRule
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import ONCE_MAX, SessionState, Standing
from dermatrace_schemas.finding import DIGESTS_PER_FINDING_MAX
from support.cases import kept_and_read

RULE = MomentRule(
    id="a.rule",
    meaning="Something.",
    envelopes=("clinic_protocol", "cleared_label"),
    priority="medium",
    nature="treatment",
    persistence="once",
    clearing="never",
    source="a test",
    trust="U",
    when=("windows",),
    look=lambda _: (),
)


def hit(**facts: object) -> Hit:
    """Return a hit."""
    told: dict[str, object] = {"sentence": "Something was seen."} | facts
    return Hit(**told)  # type: ignore[arg-type]


def raised(*hits: tuple[Hit, int | None]) -> tuple[SessionState, list[Event]]:
    """Raise hits one after the other."""
    state = SessionState()
    findings = Findings(state)
    for one, seq in hits:
        findings.once(RULE, one, seq)
    return state, findings.take_events()


# --- once ----------------------------------------------------------------------------------------


def test_same_hit_is_raised_once_and_its_range_and_extreme_grow() -> None:
    values = [(1.0, 3), (2.0, 4), (1.5, 7)]
    state, events = raised(
        *((hit(measured_value=v, limit_value=0.5, unit="mm"), seq) for v, seq in values)
    )
    (finding,) = state.findings
    assert (finding.first_seq, finding.last_seq) == (3, 7)
    assert (finding.measured_value, finding.extreme_value) == (1.0, 2.0)
    assert events == [Event("raised", finding)]


@pytest.mark.parametrize(
    "other",
    [
        hit(envelope="cleared_label"),
        hit(spot=Spot("cheek", "left")),
        hit(about="another thing"),
    ],
    ids=["envelope", "spot", "about"],
)
def test_hit_that_differs_in_envelope_spot_or_thing_is_another_finding(other: Hit) -> None:
    state, events = raised((hit(), 1), (other, 2), (hit(), 3))
    assert [(f.number, f.first_seq, f.last_seq) for f in state.findings] == [(0, 1, 3), (1, 2, 2)]
    assert len(events) == 2


def test_rule_gives_envelope_and_priority_where_the_hit_does_not() -> None:
    state, _ = raised((hit(), 1), (hit(envelope="cleared_label", priority="low"), 1))
    assert [(f.envelope, f.priority, f.nature) for f in state.findings] == [
        ("clinic_protocol", "medium", "treatment"),
        ("cleared_label", "low", "treatment"),
    ]


def test_hit_about_what_is_absent_rests_on_no_document_until_one_shows_it() -> None:
    state, _ = raised((hit(), None))
    assert (state.findings[0].first_seq, state.findings[0].last_seq) == (None, None)
    state, _ = raised((hit(), None), (hit(), None), (hit(), 5), (hit(), 6))
    assert (state.findings[0].first_seq, state.findings[0].last_seq) == (5, 6)


def test_hit_says_itself_on_which_documents_it_rests() -> None:
    state, _ = raised((hit(seqs=(2, 9)), 12), (hit(seqs=(10, 11)), 12), (hit(seqs=(3, 4)), 13))
    assert (state.findings[0].first_seq, state.findings[0].last_seq) == (2, 11)


def test_findings_of_a_kept_state_are_gone_on_with() -> None:
    state, _ = raised((hit(), 1))
    later = kept_and_read(state)
    findings = Findings(later)
    findings.once(RULE, hit(), 9)
    assert [finding.last_seq for finding in later.findings] == [9]
    assert findings.take_events() == []


# --- growing and clearing ------------------------------------------------------------------------


def standing(limit: float | None, extreme: float | None) -> Standing:
    """Return a finding as it stands."""
    state, _ = raised((hit(measured_value=extreme, limit_value=limit, unit="mm"), 1))
    return state.findings[0]


@pytest.mark.parametrize(
    ("limit", "extreme", "value", "expected"),
    [
        (1.0, 1.5, 1.2, 1.5),
        (1.0, 1.5, 1.7, 1.7),
        (1.0, 0.9, 0.4, 0.4),
        (1.0, 0.9, 0.95, 0.9),
        (None, 3.0, 2.0, 3.0),
        (None, 3.0, 4.0, 4.0),
        (None, None, 4.0, 4.0),
        (1.0, 2.0, None, 2.0),
        (1.0, 2.0, float("inf"), 2.0),
    ],
)
def test_extreme_is_what_lay_farthest_from_the_limit(
    limit: float | None, extreme: float | None, value: float | None, expected: float | None
) -> None:
    finding = standing(limit, extreme)
    grow(finding, 5, value)
    assert finding.extreme_value == expected
    assert finding.last_seq == 5


def test_range_never_shrinks() -> None:
    finding = standing(1.0, 2.0)
    grow(finding, 8, None)
    grow(finding, 3, None)
    grow(finding, None, None)
    assert (finding.first_seq, finding.last_seq) == (1, 8)


def test_cleared_finding_stays_on_record() -> None:
    state = SessionState()
    findings = Findings(state)
    findings.once(RULE, hit(), 1)
    findings.take_events()
    findings.clear(0)
    assert findings.take_events() == [Event("cleared", state.findings[0])]
    assert findings.take_events() == []
    assert state.findings[0].cleared


# --- bounds --------------------------------------------------------------------------------------


def test_findings_beyond_the_bound_are_counted_and_said_once() -> None:
    count = FINDINGS_PER_JUDGEMENT_MAX + 20
    state, events = raised(*((hit(about=str(n)), n) for n in range(count)))
    assert len(state.findings) == len(events) == FINDINGS_PER_JUDGEMENT_MAX + 1
    last = state.findings[-1]
    assert (last.rule, last.envelope, last.nature) == (TOO_MANY, "none", "technical")
    assert state.ignored_finding_count == 20
    assert [finding.number for finding in state.findings] == list(range(len(state.findings)))


def test_findings_that_had_room_still_grow_when_there_is_no_more() -> None:
    hits = [(hit(about=str(n)), n) for n in range(FINDINGS_PER_JUDGEMENT_MAX + 2)]
    state, _ = raised(*hits, (hit(about="0"), 999), (hit(about=hits[-1][0].about), 999))
    assert state.findings[0].last_seq == 999
    assert state.ignored_finding_count == 2


def test_hits_that_cannot_be_raised_do_not_fill_the_memory() -> None:
    count = FINDINGS_PER_JUDGEMENT_MAX + ONCE_MAX + 500
    state, _ = raised(*((hit(about=str(n)), n) for n in range(count)))
    assert len(state.once) == ONCE_MAX
    assert len(state.findings) == FINDINGS_PER_JUDGEMENT_MAX + 1


def test_what_no_verdict_can_say_is_cut_off_or_left_unknown() -> None:
    state, _ = raised(
        (
            hit(
                sentence="x" * 9_000,
                measured_value=float("inf"),
                limit_value=1.0,
                unit="mm",
                digests=tuple(f"{n:064x}" for n in range(40)),
            ),
            1,
        )
    )
    (finding,) = state.findings
    assert len(finding.sentence) == SENTENCE_CHARACTERS_MAX
    assert len(finding.digests) == DIGESTS_PER_FINDING_MAX
    assert (finding.measured_value, finding.extreme_value, finding.limit_value) == (None, None, 1.0)


# --- rules that fail -----------------------------------------------------------------------------


def test_rule_that_fails_is_named_by_a_technical_finding() -> None:
    state = SessionState()
    findings = Findings(state)
    findings.failed(RULE, KeyError("a secret"), 4)
    (finding,) = state.findings
    assert (finding.rule, finding.envelope, finding.nature) == (FAILED_RULE, "none", "technical")
    assert "a.rule" in finding.sentence
    assert "KeyError" in finding.sentence
    assert "secret" not in finding.sentence
    assert (finding.first_seq, state.failed_rules) == (4, ["a.rule"])
    assert finding.spot == NOWHERE
