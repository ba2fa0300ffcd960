"""A judgement in words: the same judgement always makes the same bytes, and the contract's."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import pytest

from dermatrace.judge.paperwork import Verdict, fingerprint, word_event, word_opened, word_summary
from dermatrace.judge.raising import Event
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import Standing
from dermatrace.judge.summarising import Summary, summaries
from dermatrace.simulator.fleet import FLEET
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.verdict import (
    Adherence,
    FindingCounts,
    Totals,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictSummary,
)
from support.judge_bench import payload_of
from support.judge_visit import Visit
from support.visit_cases import ORDERLY, judged, version

FOUND = Standing(
    number=3,
    rule="depth.set_above",
    envelope="clinic_protocol",
    priority="high",
    nature="treatment",
    zone="cheek",
    laterality="left",
    first_seq=4,
    last_seq=9,
    measured_value=2.0,
    limit_value=1.5,
    unit="mm",
    digests=["a" * 64],
    sentence="Too deep.",
    extreme_value=2.5,
)


def _worded(kind: str, facts: dict[str, Any]) -> object:
    verdict = Verdict("north", "pen-1.s-1.g0", 0, kind, facts, 0, 0)
    return parse("verdict", payload_of(verdict))


# --- words ----------------------------------------------------------------------------------------


def test_raised_finding_is_told_with_everything_it_rests_on() -> None:
    told = _worded(*word_event(Event("raised", FOUND), ORDERLY))
    assert isinstance(told, VerdictFindingRaised)
    assert (told.finding_number, told.finding.rule, told.finding.digests) == (
        3,
        "depth.set_above",
        ["a" * 64],
    )
    assert told.finding.session.stream_id == ORDERLY.session.stream_id
    assert told.finding.seq_range is not None
    assert (told.finding.seq_range.first_seq, told.finding.seq_range.last_seq) == (4, 9)


def test_cleared_finding_is_told_with_its_extreme() -> None:
    told = _worded(*word_event(Event("cleared", FOUND), ORDERLY))
    assert isinstance(told, VerdictFindingCleared)
    assert (told.extreme_value, told.unit) == (2.5, "mm")


@pytest.mark.parametrize("extreme_value", [0.0, -1.0, 2.5])
def test_every_extreme_is_told_naught_included(extreme_value: float) -> None:
    cleared = replace(FOUND, extreme_value=extreme_value)
    told = _worded(*word_event(Event("cleared", cleared), ORDERLY))
    assert isinstance(told, VerdictFindingCleared)
    assert told.extreme_value == extreme_value


@pytest.mark.parametrize("change", [{"extreme_value": None}, {"unit": None}])
def test_extreme_without_value_or_unit_is_left_out(change: dict[str, None]) -> None:
    told = _worded(*word_event(Event("cleared", replace(FOUND, **change)), ORDERLY))  # type: ignore[arg-type]
    assert isinstance(told, VerdictFindingCleared)
    assert told.extreme_value is None


def test_finding_about_what_is_absent_names_no_documents_and_no_place() -> None:
    absent = replace(FOUND, first_seq=None, last_seq=None, zone=None, laterality=None)
    told = _worded(*word_event(Event("raised", absent), ORDERLY))
    assert isinstance(told, VerdictFindingRaised)
    finding = told.finding
    assert (finding.seq_range, finding.zone, finding.laterality) == (None, None, None)


def test_every_summary_is_one_of_the_contract() -> None:
    judge = judged(ORDERLY, ())
    ending = judge.case.ending
    assert ending is not None
    for summary in summaries(judge, ending):
        assert isinstance(_worded("verdict.summary", word_summary(summary)), VerdictSummary)


def test_opening_names_every_version_by_its_digest() -> None:
    opened = word_opened(ORDERLY, 2, "chart_fact", "b" * 64, 17)
    pins = opened["pins"]
    assert isinstance(pins, list)
    assert [pin["digest"] for pin in pins if isinstance(pin, dict)] == [
        pin.digest for pin in ORDERLY.registry.pins
    ]


# --- fingerprints ---------------------------------------------------------------------------------


def test_finding_kept_and_read_again_has_the_same_fingerprint() -> None:
    """JSON gives back a whole number as a float where one is expected."""
    whole = replace(FOUND, measured_value=2, limit_value=1, extreme_value=3)
    read = replace(FOUND, measured_value=2.0, limit_value=1.0, extreme_value=3.0)
    assert fingerprint([whole], [], []) == fingerprint([read], [], [])
    assert word_event(Event("cleared", whole), ORDERLY) == word_event(
        Event("cleared", read), ORDERLY
    )
    said = word_event(Event("cleared", whole), ORDERLY)[1]["extreme_value"]
    assert isinstance(said, float)


OTHER: Final[dict[str, object]] = {
    "number": 4,
    "rule": "depth.set_below",
    "envelope": "cleared_label",
    "priority": "low",
    "nature": "technical",
    "zone": "chin",
    "laterality": "right",
    "first_seq": 5,
    "last_seq": 10,
    "measured_value": 2.1,
    "limit_value": 1.6,
    "unit": "Hz",
    "digests": ["b" * 64],
    "sentence": "Deeper.",
    "cleared": True,
    "extreme_value": 2.6,
}
"""Another value for each member of a finding."""
WHOLE: Final = Summary(
    scope="zone",
    spot=Spot("cheek", "left"),
    totals=Totals(contact_ms=1),
    adherence=Adherence(fraction=1.0, why_not=None, assessed_count=1, within_count=1),
    data_coverage_fraction=1.0,
    findings=FindingCounts(high_count=0, medium_count=0, low_count=0),
    open_gates=(),
    adherent=True,
)
OTHER_SUMMARY: Final[dict[str, object]] = {
    "scope": "session",
    "spot": Spot("cheek", "right"),
    "totals": Totals(contact_ms=2),
    "adherence": Adherence(fraction=0.5, why_not=None, assessed_count=2, within_count=1),
    "data_coverage_fraction": None,
    "findings": FindingCounts(high_count=1, medium_count=0, low_count=0),
    "open_gates": ("consent",),
    "adherent": False,
}
PIN: Final = version("device").pin
OTHER_PIN: Final = {
    "registry_kind": "room",
    "registry_id": "device-2",
    "version": "2",
    "digest": "e" * 64,
}


def test_every_member_is_tried() -> None:
    assert OTHER.keys() == {member.name for member in fields(Standing)}
    assert OTHER_SUMMARY.keys() == {member.name for member in fields(Summary)}
    assert OTHER_PIN.keys() == RegistryPin.model_fields.keys()


@pytest.mark.parametrize("member", OTHER)
def test_fingerprint_changes_with_any_member_of_a_finding(member: str) -> None:
    other = replace(FOUND, **{member: OTHER[member]})  # type: ignore[arg-type]
    assert fingerprint([other], [], []) != fingerprint([FOUND], [], [])


@pytest.mark.parametrize("member", OTHER_SUMMARY)
def test_fingerprint_changes_with_any_member_of_a_summary(member: str) -> None:
    other = replace(WHOLE, **{member: OTHER_SUMMARY[member]})  # type: ignore[arg-type]
    assert fingerprint([], [other], []) != fingerprint([], [WHOLE], [])


@pytest.mark.parametrize("member", Totals.model_fields)
def test_fingerprint_changes_with_any_total(member: str) -> None:
    first, second = (replace(WHOLE, totals=Totals.model_validate({member: n})) for n in (3, 4))
    assert fingerprint([], [first], []) != fingerprint([], [second], [])


@pytest.mark.parametrize("member", OTHER_PIN)
def test_fingerprint_changes_with_any_member_of_a_pin(member: str) -> None:
    other = PIN.model_copy(update={member: OTHER_PIN[member]})
    assert fingerprint([], [], [other]) != fingerprint([], [], [PIN])


@pytest.mark.parametrize("record", [("complete", "matches"), ("incomplete", "matches")])
def test_fingerprint_changes_with_how_whole_the_record_is(record: tuple[str, str]) -> None:
    assert fingerprint([FOUND], [], [], record) != fingerprint([FOUND], [], [])


@pytest.mark.parametrize("device_number", range(len(FLEET)))
def test_everything_said_of_a_sample_session_keeps_to_the_contract(
    tmp_path: Path, device_number: int
) -> None:
    with Visit(tmp_path, device_number=device_number) as visit:
        visit.whole()
        assert visit.bench.verdicts
        assert [e for e in visit.bench.bench.entries("rejected") if "/verdict/" in e.topic] == []
        for verdict in visit.bench.verdicts:
            said = parse("verdict", payload_of(verdict))
            assert said.model_dump(mode="json", exclude_unset=True) == json.loads(
                payload_of(verdict)
            )
