"""Demanded findings beside raised ones."""

from typing import Final

from dermatrace.demo.comparison import RuleLine, compare
from dermatrace.simulator.expected_findings import ExpectedFinding, ExpectedFindings
from dermatrace_schemas.finding import Envelope, Finding, Nature
from dermatrace_schemas.references import SessionKey

DEPTH: Final = ExpectedFinding("depth.set_above", "clinic_protocol", "cheek", "left")


def _finding(
    rule: str = "depth.set_above",
    envelope: Envelope = "clinic_protocol",
    nature: Nature = "treatment",
    zone: str | None = "cheek",
) -> Finding:
    return Finding(
        session=SessionKey(sender="pen-1", stream_id="s"),
        rule=rule,
        envelope=envelope,
        zone=zone,
        laterality=None if zone is None else "left",
        priority="low",
        nature=nature,
        digests=[],
        sentence=f"{rule} it was.",
    )


def _expected(*must: ExpectedFinding, families: frozenset[str] = frozenset()) -> ExpectedFindings:
    return ExpectedFindings("s", ended=True, must=must, open_families=families)


def test_demanded_finding_that_was_raised_is_as_expected() -> None:
    (line,) = compare(_expected(DEPTH), [_finding()])
    assert line == RuleLine(
        "depth.set_above", "clinic_protocol", 1, 1, "as_expected", "depth.set_above it was."
    )
    assert not line.is_wrong


def test_demanded_finding_that_was_not_raised_is_missing() -> None:
    (line,) = compare(_expected(DEPTH), [])
    assert (line.standing, line.raised_count, line.sentence) == ("missing", 0, None)
    assert line.is_wrong
    assert str(line).startswith("depth.set_above (clinic_protocol): raised 0 of 1")


def test_demanded_finding_raised_at_another_zone_is_missing() -> None:
    (line,) = compare(_expected(DEPTH), [_finding(zone="chin")])
    assert (line.standing, line.raised_count) == ("missing", 1)


def test_demanded_finding_raised_on_another_authority_is_missing_there() -> None:
    lines = compare(_expected(DEPTH), [_finding(envelope="operator_scope")])
    assert [(line.envelope, line.standing) for line in lines] == [
        ("clinic_protocol", "missing"),
        ("operator_scope", "allowed"),
    ]


def test_demand_without_a_zone_is_answered_by_any() -> None:
    (line,) = compare(
        _expected(ExpectedFinding("depth.set_above", "clinic_protocol")), [_finding()]
    )
    assert line.standing == "as_expected"


def test_two_demands_of_one_rule_are_one_line_that_is_missing_if_one_is() -> None:
    twice = _expected(DEPTH, ExpectedFinding("depth.set_above", "clinic_protocol", "chin", "left"))
    (line,) = compare(twice, [_finding()])
    assert (line.expected_count, line.raised_count, line.standing) == (2, 1, "missing")


def test_fewer_than_demanded_is_missing() -> None:
    twice = ExpectedFinding("depth.set_above", "clinic_protocol", at_least_count=2)
    (line,) = compare(_expected(twice), [_finding()])
    assert line.standing == "missing"


def test_finding_about_the_treatment_that_nothing_explains_is_forbidden() -> None:
    (line,) = compare(_expected(), [_finding()])
    assert (line.standing, line.expected_count) == ("forbidden", 0)
    assert str(line) == "depth.set_above (clinic_protocol): forbidden, raised 1, expected 0"


def test_finding_about_the_treatment_that_the_faults_may_explain_is_allowed() -> None:
    (line,) = compare(_expected(families=frozenset({"depth"})), [_finding()])
    assert not line.is_wrong
    assert line.standing == "allowed"


def test_finding_about_data_is_always_allowed() -> None:
    (line,) = compare(_expected(), [_finding("data.gap", "none", "technical", None)])
    assert line.standing == "allowed"
    assert str(line) == "data.gap: allowed, raised 1, expected 0"
