"""Findings that a script demands beside those that were raised. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dermatrace.simulator.expected_findings import ExpectedFinding, ExpectedFindings
from dermatrace_schemas.finding import Envelope, Finding

Standing = Literal["as_expected", "missing", "forbidden", "allowed"]
"""`allowed`: raised although nothing demands it, as what the script's faults may well bring about
or as a remark about device or data."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule was expected to say of one session by one authority, and what it said."""

    rule: str
    envelope: Envelope
    expected_count: int
    """At least."""
    raised_count: int
    standing: Standing
    sentence: str | None
    """Of the first that was raised."""

    @property
    def is_wrong(self) -> bool:
        """Whether script and judge disagree."""
        return self.standing in {"missing", "forbidden"}

    def __str__(self) -> str:
        whose = "" if self.envelope == "none" else f" ({self.envelope})"
        if self.standing == "missing":
            return (
                f"{self.rule}{whose}: raised {self.raised_count} of {self.expected_count}, or not"
                " where it was expected"
            )
        told = f"raised {self.raised_count}, expected {self.expected_count}"
        return f"{self.rule}{whose}: {self.standing.replace('_', ' ')}, {told}"


def compare(expected: ExpectedFindings, raised: Sequence[Finding]) -> list[RuleLine]:
    """Return a line for each rule and envelope that was expected or raised, in that order."""
    missing = {(e.rule, e.envelope) for e in expected.must if _count(e, raised) < e.at_least_count}
    must: Counter[tuple[str, Envelope]] = Counter()
    for demand in expected.must:
        must[demand.rule, demand.envelope] += demand.at_least_count
    found: dict[tuple[str, Envelope], list[Finding]] = {}
    for finding in raised:
        found.setdefault((finding.rule, finding.envelope), []).append(finding)
    lines: list[RuleLine] = []
    for key in dict.fromkeys((*must, *found)):
        own = found.get(key, [])
        standing: Standing = "as_expected" if key in must else "allowed"
        if key in missing:
            standing = "missing"
        elif any(expected.forbids(finding.rule, finding.nature) for finding in own):
            standing = "forbidden"
        sentence = own[0].sentence if own else None
        lines.append(RuleLine(*key, must[key], len(own), standing, sentence))
    return lines


def _count(demand: ExpectedFinding, raised: Iterable[Finding]) -> int:
    """Return how many findings answer one demand."""
    return sum(
        finding.rule == demand.rule
        and finding.envelope == demand.envelope
        and demand.zone in {None, finding.zone}
        and demand.laterality in {None, finding.laterality}
        for finding in raised
    )
