"""What a session comes to, how far it kept to its protocol, and when nobody may say so."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.case import Case, Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.rule_set import RULE_SET, RuleSet
from dermatrace.judge.rules.row import GateRule, Hit, MomentRule
from dermatrace.judge.state import spot_of_key
from dermatrace.judge.summarising import Summary, data_coverage, share, summaries, worked_spots
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.verdict import VerdictSummary
from support.cases import (
    band,
    ending_of,
    judge_all,
    limit,
    limited,
    played,
    sample_context,
    shot,
    windows,
)
from support.visit_cases import zone_entered

QUARTER: Final = band("depth", upper=0.25)
PLAIN: Final = limited(QUARTER)
GOOD: Final = [windows(n, depth_commanded_mm=[0.2] * 10) for n in range(3)]
BANDS: Final = RuleSet(RULE_SET.bands)


def summed_up(
    context: SessionContext,
    documents: Iterable[StreamDocument],
    rules: RuleSet = BANDS,
    ending: Ending | None = None,
) -> list[Summary]:
    """Judge a session to its end and return its summaries."""
    told = tuple(documents)
    end = ending_of(told) if ending is None else ending
    judge = SessionJudge(context, rules=rules)
    for document in told:
        judge.feed(document)
    judge.close(end)
    return summaries(judge, end)


def whole(*args: object, **kwargs: object) -> Summary:
    """Return the summary of the session."""
    first, *_ = summed_up(*args, **kwargs)  # type: ignore[arg-type]
    assert first.scope == "session"
    return first


# --- adherent, or why it cannot be said ----------------------------------------------------------


def test_session_within_every_band_of_an_approved_protocol_is_adherent() -> None:
    found = whole(PLAIN, GOOD)
    assert (found.adherence.fraction, found.adherence.why_not, found.adherent) == (1.0, None, True)
    assert found.adherence.assessed_count == found.adherence.within_count == 360
    assert found.totals.contact_in_band_ms == found.totals.contact_ms == 3_000
    assert found.data_coverage_fraction == 1.0


def test_share_within_counts_strokes_and_is_no_longer_adherent() -> None:
    deep = windows(3, depth_commanded_mm=[0.2] * 7 + [0.3] * 3)
    found = whole(PLAIN, [*GOOD, deep])
    assert (found.adherence.within_count, found.adherence.assessed_count) == (444, 480)
    assert found.adherence.fraction == 0.925
    assert not found.adherent  # although three windows are too short for a finding
    assert found.totals.contact_in_band_ms == 3_700


@pytest.mark.parametrize(
    ("context", "documents", "why_not"),
    [
        (replace(PLAIN, registry=replace(PLAIN.registry, protocol=None)), GOOD, "no_protocol"),
        (replace(PLAIN, started_ms=None), GOOD, "unknown_clock"),
        (replace(PLAIN, registry=replace(PLAIN.registry, approvals=())), GOOD, "not_approved"),
        (PLAIN, [windows(0, contact_fraction=[0.0] * 10)], "no_contact"),
        (PLAIN, [shot(0, purpose="test")], "no_contact"),
        (PLAIN, [windows(0, zone=None, depth_commanded_mm=[0.2])], "zone_unknown"),
        (limited(band("depth")), GOOD, "limits_unset"),
        (limited(), GOOD, "limits_unset"),
        (PLAIN, [windows(0)], "limits_unset"),
        (
            limited(QUARTER, data_coverage_min=limit("data_coverage", 0.95).model_dump()),
            [GOOD[0], GOOD[2]],
            "data_coverage",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_assessed_says_why_not(
    context: SessionContext, documents: list[StreamDocument], why_not: str
) -> None:
    found = whole(context, documents)
    assert (found.adherence.why_not, found.adherence.fraction) == (why_not, None)
    assert not found.adherent


def test_data_coverage_at_the_minimum_is_enough_and_just_below_it_is_not() -> None:
    context = limited(QUARTER, data_coverage_min=limit("data_coverage", 0.95).model_dump())
    nineteen = [windows(n, depth_commanded_mm=[0.2]) for n in range(19)]
    assert whole(context, nineteen, ending=Ending(20)).adherence.fraction == 1.0
    assert whole(context, nineteen, ending=Ending(21)).adherence.why_not == "data_coverage"
    unset = limited(QUARTER, data_coverage_min=limit("data_coverage", None).model_dump())
    assert whole(unset, nineteen, ending=Ending(400)).adherence.fraction == 1.0


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_share_is_never_rounded_up_to_the_whole_or_to_a_minimum(part: int, rest: int) -> None:
    found = share(part, part + rest)
    assert 0.0 <= found < 1.0
    assert round(found * 10**6) * (part + rest) <= part * 10**6
    assert share(part, part) == 1.0


def test_example_protocol_is_never_adherent() -> None:
    found = whole(limited(QUARTER, example=True), GOOD)
    assert (found.adherence.fraction, found.adherent) == (1.0, False)


def test_open_gate_stands_beside_the_share_and_forbids_the_word() -> None:
    gate = GateRule(
        id="gate.consent",
        meaning="Consent.",
        envelopes=("clinic_protocol",),
        priority="high",
        nature="treatment",
        persistence="once",
        clearing="never",
        source="a test",
        trust="U",
        gate="consent",
        due="closed",
        look=lambda _: Hit(sentence="Consent is missing."),
        demanded=lambda _: True,
        raises=False,
    )
    found = whole(PLAIN, GOOD, RuleSet((*RULE_SET.bands, gate)))
    assert found.open_gates == ("consent",)
    assert (found.adherence.fraction, found.adherent) == (1.0, False)


def _moment(rule_id: str, envelope: str, *, fails: bool = False) -> MomentRule:
    def look(case: Case) -> list[Hit]:
        if fails:
            raise ZeroDivisionError
        return [Hit(sentence="Something was seen.", spot=case.spot)]

    return MomentRule(
        id=rule_id,
        meaning="Something.",
        envelopes=(envelope,),  # type: ignore[arg-type]
        priority="low",
        nature="treatment",
        persistence="once",
        clearing="never",
        source="a test",
        trust="U",
        when=("windows",),
        look=look,
    )


@pytest.mark.parametrize(
    ("rule", "adherent"),
    [
        (_moment("a.protocol", "clinic_protocol"), False),
        (_moment("a.label", "cleared_label"), True),
        (_moment("a.device", "device_rating"), True),
        (_moment("a.data", "none"), True),
        (_moment("a.failing", "clinic_protocol", fails=True), False),
    ],
    ids=lambda value: value.id if isinstance(value, MomentRule) else "",
)
def test_only_findings_of_the_protocol_and_what_was_not_looked_for_speak_against_it(
    rule: MomentRule, *, adherent: bool
) -> None:
    found = whole(PLAIN, GOOD, RuleSet((*RULE_SET.bands, rule)))
    assert (found.adherence.fraction, found.adherent) == (1.0, adherent)


def test_findings_that_were_left_out_may_speak_against_it() -> None:
    documents = [windows(n, zone=f"z{n}", depth_commanded_mm=[0.2]) for n in range(310)]
    rule = _moment("a.label", "cleared_label")
    judge = judge_all(PLAIN, documents, RuleSet((*RULE_SET.bands, rule)))
    assert judge.state.ignored_finding_count > 0
    assert not summaries(judge, ending_of(documents))[0].adherent


# --- zones ---------------------------------------------------------------------------------------


def test_each_zone_is_summed_up_in_the_order_it_was_worked_at_and_the_whole_first() -> None:
    documents = [
        windows(0, zone="chin", depth_commanded_mm=[0.2]),
        windows(1, zone="neck", depth_commanded_mm=[0.3] * 10),
        windows(2, zone=None, depth_commanded_mm=[9.0]),
        windows(3, zone="chin", depth_commanded_mm=[0.2]),
    ]
    found = summed_up(PLAIN, documents)
    assert [(s.scope, s.spot.zone) for s in found] == [
        ("session", None),
        ("zone", "chin"),
        ("zone", "neck"),
        ("unknown_zone", None),
    ]
    counts = [(s.adherence.assessed_count, s.adherence.within_count) for s in found]
    assert counts == [(144, 24), (24, 24), (120, 0), (0, 0)]
    assert [s.adherent for s in found] == [False, True, False, False]
    assert [s.totals.pass_count for s in found] == [None, 1, 1, None]
    assert found[0].totals.contact_stroke_count == 156
    assert found[0].totals.depth_commanded_max_mm == 9.0
    assert [s.findings.high_count for s in found[:3]] == [1, 0, 1]
    assert found[3].adherence.why_not == "zone_unknown"


def test_zone_that_the_protocol_does_not_list_is_assessed_and_not_within() -> None:
    context = limited(QUARTER, zones=["cheek"])
    found = whole(context, [*GOOD, windows(3, zone="neck", depth_commanded_mm=[0.2])])
    assert (found.adherence.assessed_count, found.adherence.within_count) == (372, 360)


def test_place_told_by_zone_entered_holds_for_readings_that_name_none() -> None:
    unplaced = windows(1, zone=None, depth_commanded_mm=[0.2])
    _, zone = summed_up(PLAIN, [zone_entered(0, "chin"), unplaced])
    assert (zone.spot.zone, zone.totals.contact_stroke_count) == ("chin", 12)


def test_dose_of_a_zone_stands_beside_what_the_protocol_allows() -> None:
    context = limited(band("dose_per_zone", upper=50.0), band("dose_per_zone", zones=["neck"]))
    found = summed_up(context, [shot(0), shot(1, zone="neck")])
    assert [s.totals.energy_budget_mj for s in found] == [None, 50_000.0, None]


def test_zones_where_nothing_was_delivered_were_not_worked_at() -> None:
    documents = [
        windows(0, zone="neck", contact_fraction=[0.0]),
        windows(1, zone="chin"),
        windows(2, zone=None),
    ]
    assert [spot.zone for spot in worked_spots(judge_all(PLAIN, documents, BANDS))] == ["chin"]


# --- data coverage -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "counts"),
    [
        (windows(0, depth_commanded_mm=[0.2]), True),
        (windows(0, depth_measured_median_mm=[None, 0.2]), True),
        (windows(0, contact_fraction=[0.0]), True),
        (windows(0, zone=None, contact_fraction=[0.0]), True),
        (windows(0), False),
        (windows(0, depth_commanded_mm=[None]), False),
        (windows(0, zone=None, depth_commanded_mm=[0.2]), False),
        (windows(0, depth_commanded_mm=[0.2, None], contact_fraction=[0.0, 1.0]), False),
        (shot(0, depth_commanded_mm=1.0), True),
        (shot(0), False),
        (shot(0, zone=None, depth_commanded_mm=1.0), False),
        (zone_entered(0, "chin"), True),
    ],
)
def test_reading_counts_if_its_zone_and_a_depth_on_skin_are_known(
    document: StreamDocument, *, counts: bool
) -> None:
    judge = judge_all(PLAIN, [document], BANDS)
    assert data_coverage(judge, Ending(1)) == float(counts)


def test_nothing_expected_is_no_coverage() -> None:
    assert data_coverage(judge_all(PLAIN, GOOD, BANDS), Ending(0)) is None


@settings(max_examples=5)
@given(st.integers(0, 4), st.integers(1, 1_000))
def test_summaries_of_simulated_sessions_are_documents_and_their_zones_add_up(
    number: int, seed: int
) -> None:
    documents = played(number, minutes=0.3, seed=seed)
    judge = judge_all(sample_context(number, minutes=0.3, seed=seed), documents)
    session, *zones = found = summaries(judge, ending_of(documents))
    for summary in found:
        VerdictSummary.model_validate(_as_document(summary))
        assert summary.adherence.fraction == 1.0 or summary.adherence.why_not == "no_contact"
    assert session.data_coverage_fraction == 1.0
    assert {s.spot for s in zones} == {spot_of_key(key) for key in judge.state.tallies}
    for name in ("stroke_count", "contact_stroke_count", "treatment_shot_count", "test_shot_count"):
        assert getattr(session.totals, name) == sum(getattr(s.totals, name) for s in zones)


def _as_document(summary: Summary) -> dict[str, object]:
    is_zone = summary.scope == "zone"
    return {
        "seq": 0,
        "kind": "verdict.summary",
        "boot_id": "judge",
        "uptime_ms": 0,
        "wall_time_ms": None,
        "scope": summary.scope,
        "zone": summary.spot.zone if is_zone else None,
        "laterality": summary.spot.laterality if is_zone else None,
        "totals": summary.totals.model_dump(),
        "adherence": summary.adherence.model_dump(),
        "data_coverage_fraction": summary.data_coverage_fraction,
        "findings": summary.findings.model_dump(),
        "open_gates": list(summary.open_gates),
        "adherent": summary.adherent,
    }
