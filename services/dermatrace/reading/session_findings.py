"""The findings of a session's newest judgement, with what people have said about each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dermatrace.judge.chart import Chart
from dermatrace.judge.context import SessionContext
from dermatrace.judge.explanation import WHOSE, standing_of
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.rows import is_justified
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import names
from dermatrace.judge.verdict_reading import ToldFinding
from dermatrace.reading.session_facts import Page
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.quantities import Unit

PRIORITIES: Final[tuple[Priority, ...]] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class GivenReason:
    """Why somebody accepted a finding."""

    author: str | None
    reason: str
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding of the newest judgement."""

    name: str
    """Under which `explain` knows it."""
    number: int
    priority: Priority
    nature: Nature
    rule: str
    envelope: Envelope
    whose: str
    """Whose limit, in words."""
    place: str | None
    """Zone and side in words."""
    zone: str | None
    laterality: Laterality | None
    first_seq: int | None
    """Null: it is about what is absent."""
    last_seq: int | None
    measured_value: float | None
    limit_value: float | None
    unit: Unit | None
    sentence: str
    is_cleared: bool
    reasons: tuple[GivenReason, ...]
    seen_by: tuple[str, ...]


def findings_of(page: Page, context: SessionContext | None) -> tuple[FindingLine, ...]:
    """Return the findings, the highest priority first, then by number."""
    newest = page.newest
    lines = [_finding(page, context, told) for told in newest.findings] if newest else []
    return tuple(sorted(lines, key=lambda one: (PRIORITIES.index(one.priority), one.number)))


def _finding(page: Page, context: SessionContext | None, told: ToldFinding) -> FindingLine:
    finding, cleared = told.finding, told.cleared
    span = finding.seq_range
    if cleared is not None and cleared.finding.seq_range is not None:
        span = cleared.finding.seq_range
    standing = standing_of(told.number, finding.model_copy(update={"seq_range": span}))
    chart = Chart() if context is None else context.chart
    judge = None if context is None else SessionJudge(context)
    return FindingLine(
        name=f"{page.stream.key.stream_id}/{told.number}",
        number=told.number,
        priority=finding.priority,
        nature=finding.nature,
        rule=finding.rule,
        envelope=finding.envelope,
        whose=WHOSE[finding.envelope],
        place=None if finding.zone is None else Spot(finding.zone, finding.laterality).name,
        zone=finding.zone,
        laterality=finding.laterality,
        first_seq=None if span is None else span.first_seq,
        last_seq=None if span is None else span.last_seq,
        measured_value=finding.measured_value,
        limit_value=finding.limit_value,
        unit=finding.unit,
        sentence=finding.sentence,
        is_cleared=cleared is not None,
        reasons=tuple(
            GivenReason(given.author, given.reason, given.fact_time_ms or given.entered_ms)
            for given in chart.justifications
            if judge is not None and is_justified(standing, given, judge)
        ),
        seen_by=tuple(
            seen.author or "somebody"
            for seen in chart.acknowledgements
            if any(names(key, standing) for key in seen.findings)
        ),
    )


def counts(findings: Iterable[FindingLine]) -> dict[Priority, int]:
    """Return how many findings of each priority there are."""
    priorities = [finding.priority for finding in findings]
    return {priority: priorities.count(priority) for priority in PRIORITIES}
