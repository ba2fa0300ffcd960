"""What people say about the record names exactly what it speaks of."""

from typing import Any

import pytest

from dermatrace_schemas.chart_review import ChartCorrection, ChartSignature
from dermatrace_schemas.finding import FINDINGS_PER_DOCUMENT_MAX
from dermatrace_schemas.parse import Unreadable, parse
from support.vectors import example, with_changes

FINDING: dict[str, Any] = example("chart.justification")["findings"][0]


@pytest.mark.parametrize("kind", ["chart.justification", "chart.acknowledgement"])
@pytest.mark.parametrize(("count", "fits"), [(0, False), (1, True), (50, True), (51, False)])
def test_findings_are_named_within_bounds(kind: str, count: int, *, fits: bool) -> None:
    assert FINDINGS_PER_DOCUMENT_MAX == 50
    payload = with_changes(kind, findings=[FINDING] * count)
    if fits:
        assert parse("chart", payload)
        return
    with pytest.raises(Unreadable) as caught:
        parse("chart", payload)
    assert caught.value.path == "findings"


@pytest.mark.parametrize("member", ["session", "rule", "envelope"])
def test_finding_named_by_half_is_refused(member: str) -> None:
    half = {name: value for name, value in FINDING.items() if name != member}
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes("chart.justification", findings=[half]))
    assert caught.value.path == f"findings.0.{member}"


def test_justification_without_a_reason_is_refused() -> None:
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes("chart.justification", reason=""))
    assert caught.value.path == "reason"


def test_correction_may_only_withdraw() -> None:
    nothing = {"replacement": None, "registry_version": None}
    document = parse("chart", with_changes("chart.correction", **nothing))
    assert isinstance(document, ChartCorrection)
    assert document.replacement is None


def test_signature_is_of_one_record() -> None:
    document = parse("chart", with_changes("chart.signature"))
    assert isinstance(document, ChartSignature)
    with pytest.raises(Unreadable) as caught:
        parse("chart", with_changes("chart.signature", record_sha256=None))
    assert caught.value.path == "record_sha256"


def test_reattribution_to_an_unknown_zone_is_read() -> None:
    assert parse("chart", with_changes("chart.zone_reattribution", place={}))
