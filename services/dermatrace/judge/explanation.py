"""Why a finding stands in the record: everything it rests on, as plain data. Pure.

`explaining.py` reads it together; the command line prints it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dermatrace.judge.case import Case
from dermatrace.judge.limit_places import LimitPlace
from dermatrace.judge.raising import FAILED_RULE, TOO_MANY
from dermatrace.judge.reading_words import Reading
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.rules.row import BandRule
from dermatrace.judge.state import Standing
from dermatrace_schemas.finding import Envelope, Finding
from dermatrace_schemas.verdict import VerdictFindingCleared

WHOSE: Final[dict[Envelope, str]] = {
    "device_rating": "the device rating: what its maker says the device can do",
    "cleared_label": "the cleared label: what the device was cleared for; beyond it is no fault",
    "clinic_protocol": "the clinic protocol: what the clinic does, as its director approved it",
    "operator_scope": "the operator's scope: what the person who treats may do",
    "none": "nobody's limit: it is about the data, the clock or the device",
}
"""Each envelope in words."""
_BY_THE_JUDGE: Final = {
    FAILED_RULE: "A rule could not do its work, so what it looks for was not looked for.",
    TOO_MANY: "There were more findings than one judgement holds; the others are only counted.",
}
"""What the judge says of itself: no rows of the rule set."""
_COMPARED: Final = (
    "rule",
    "envelope",
    "zone",
    "laterality",
    "priority",
    "nature",
    "first_seq",
    "measured_value",
    "limit_value",
    "unit",
    "digests",
    "sentence",
)


@dataclass(frozen=True, slots=True)
class RuleWords:
    """What the rule says of itself."""

    id: str
    meaning: str
    persistence: str
    clearing: str
    source: str
    trust: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is allowed beyond the limit, and who says so."""

    text: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class VersionWords:
    """One registry version, and the entry that brought it."""

    kind: str
    registry_id: str
    version: str
    digest: str
    entry_id: int
    entry_hash: str
    recorded_ms: int | None


@dataclass(frozen=True, slots=True)
class ApprovalWords:
    """Who approved the treatment protocol, and since when that holds."""

    registry_id: str
    director_id: str
    effective_from_ms: int
    protocol_digest: str
    recorded: VersionWords


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody accepted the finding."""

    author: str | None
    reason: str
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out in another way."""

    what: str
    told: str
    recomputed: str


Outcome: TypeAlias = Literal["identical", "DIFFERENT", "not possible"]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What comes out when the session is judged once more."""

    outcome: Outcome
    as_of_entry_id: int
    notes: tuple[str, ...] = ()
    """What was not compared, and by which rules."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One finding, from its sentence down to the bytes."""

    clinic: str
    sender: str
    session: str
    generation: int
    newest_generation: int
    cause: str
    number: int
    finding: Finding
    told_by_entry_id: int
    """The verdict document that raised it."""
    told_by_entry_hash: str
    cleared: VerdictFindingCleared | None
    reasons: tuple[Reason, ...]
    rule: RuleWords | None
    """None: no longer in this rule set."""
    whose: str
    limit: LimitPlace | None
    tolerance: Tolerance | None
    persistence: Tolerance | None
    """Strokes on end that raise it, for what is judged by strokes."""
    protocol: VersionWords | None
    approvals: tuple[ApprovalWords, ...]
    rests_on: tuple[VersionWords, ...]
    unresolved_digests: tuple[str, ...]
    """Digests the finding names that the registry did not know then."""
    reading_count: int
    readings: tuple[Reading, ...]
    clock: str
    recomputed: Recomputed


def rule_words(rule_id: str) -> RuleWords | None:
    """Return what a rule says of itself, or None if this rule set has none of that name."""
    rule = RULE_SET.by_id.get(rule_id)
    if rule is not None:
        told = (rule.meaning, rule.persistence, rule.clearing, rule.source, rule.trust)
        return RuleWords(rule.id, *told)
    meaning = _BY_THE_JUDGE.get(rule_id)
    if meaning is None:
        return None
    return RuleWords(rule_id, meaning, "once", "never", "The judge itself", "D")


def version_words(version: Version, entry_hash: str, recorded_ms: int | None) -> VersionWords:
    """Word a registry version."""
    named = (version.kind, version.registry_id, version.version, version.digest)
    return VersionWords(*named, version.entry_id, entry_hash, recorded_ms)


def tolerance_of(finding: Finding, case: Case) -> Tolerance | None:
    """Return what was allowed beyond the limit; None if the finding compares no readings."""
    rule = RULE_SET.by_id.get(finding.rule)
    if not isinstance(rule, BandRule):
        return None
    if rule.reading == "commanded":
        return Tolerance("none: what was set has no tolerance", is_default=False)
    if rule.quantity != "depth":
        return Tolerance("none", is_default=False)
    is_default = case.tolerance_is_default
    whose = "a default" if is_default else "by the rating of the device"
    return Tolerance(f"{case.depth_tolerance_mm:.6g} mm either way, {whose}", is_default)


def persistence_of(finding: Finding, case: Case) -> Tolerance | None:
    """Return how many contact strokes on end raised it; None if strokes are not what counts."""
    rule = RULE_SET.by_id.get(finding.rule)
    if not isinstance(rule, BandRule) or case.modality != "pen":
        return None
    protocol = case.context.protocol
    limit = None if protocol is None else protocol.depth_persistence
    is_default = limit is None or limit.value is None
    whose = "a default" if is_default else "by the treatment protocol"
    text = f"{case.persistence_strokes} contact strokes on end, {whose}"
    return Tolerance(text, is_default)


def clock_words(case: Case) -> str:
    """Say how far the session's clock can be trusted."""
    clock = case.state.clock
    if clock.stepped and clock.unset:
        return "it jumped, and for a while it was not set: before and after cannot be told by it"
    if clock.stepped:
        return "it jumped: before and after cannot be told by it for sure"
    if clock.unset:
        return "for a while it was not set: when that was is not known"
    return "plausible throughout, without a jump"


def standing_of(number: int, finding: Finding) -> Standing:
    """Return a finding on record as a judgement holds it."""
    told = finding.seq_range
    return Standing(
        number=number,
        rule=finding.rule,
        envelope=finding.envelope,
        priority=finding.priority,
        nature=finding.nature,
        zone=finding.zone,
        laterality=finding.laterality,
        first_seq=None if told is None else told.first_seq,
        last_seq=None if told is None else told.last_seq,
        measured_value=finding.measured_value,
        limit_value=finding.limit_value,
        unit=finding.unit,
        digests=list(finding.digests),
        sentence=finding.sentence,
    )


def differences(finding: Finding, standing: Standing, *, is_live: bool) -> Iterator[Difference]:
    """Yield what differs between a finding on record and one judged anew.

    Of a live one it is told only how it began: it may have lasted since.
    """
    told = standing_of(standing.number, finding)
    has_shrunk = (told.last_seq or 0) > (standing.last_seq or 0)
    for name in (*_COMPARED, *(("last_seq",) if has_shrunk or not is_live else ())):
        said, found = getattr(told, name), getattr(standing, name)
        if said != found:
            yield Difference(name.replace("_", " "), _text(said), _text(found))


def counterpart(number: int, finding: Finding, standings: Sequence[Standing]) -> Standing | None:
    """Return the finding of another judgement that is this one: by number, else by what it is of.

    Of several, the one with the same sentence.
    """
    alike = [standing for standing in standings if _key(standing) == _key(finding)]
    same = [standing for standing in alike if standing.sentence == finding.sentence]
    by_number = [standing for standing in same or alike if standing.number == number]
    return next(iter([*by_number, *same, *alike]), None)


def _key(finding: Finding | Standing) -> tuple[object, ...]:
    return finding.rule, finding.envelope, finding.zone, finding.laterality


def _text(value: object) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
