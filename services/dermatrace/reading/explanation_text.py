"""How an explanation reads: line by line, the same for the command line and the console."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from dermatrace.judge.explanation import ApprovalWords, Explanation, VersionWords
from dermatrace.judge.reading_words import Reading
from dermatrace.judge.rules.budget import said
from dermatrace.judge.spot import Spot
from dermatrace.reading.registry_text import DIGITS_SHOWN, moment

VALUE_COLUMNS_MAX: Final = 4
"""Values that stand in columns of their own; where documents say more, in one after the other."""


def as_plain(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON has it."""
    cleared = explanation.cleared
    return asdict(explanation) | {
        "finding": explanation.finding.model_dump(mode="json"),
        "cleared": None if cleared is None else cleared.model_dump(mode="json"),
    }


def heading(e: Explanation) -> str:
    """Name the finding, and whether it is of the newest judgement."""
    is_newest = e.generation == e.newest_generation
    newest = "newest" if is_newest else f"newest is g{e.newest_generation}"
    where = f"{e.clinic} / {e.sender} / {e.session}"
    return f"{where}: finding {e.number}, generation g{e.generation} ({newest})"


def facts(e: Explanation) -> Iterator[tuple[str, str]]:
    """Yield what a finding rests on, name and text; a line without a name continues the last."""
    finding, rule = e.finding, e.rule
    yield "priority", f"{finding.priority}, {finding.nature}"
    yield "state", _state(e)
    for given in e.reasons:
        when = "" if given.at_ms is None else f", {moment(given.at_ms)}"
        yield "justified", f"by {given.author or 'nobody named'}{when}: {given.reason}"
    if not e.reasons:
        yield "justified", "no"
    if rule is None:
        yield "rule", f"{finding.rule}: no longer in this rule set"
    else:
        yield "rule", f"{rule.id}: {rule.meaning}"
        yield "", f"raised after: {rule.persistence}"
        yield "", f"ends: {rule.clearing}"
        yield "", f"source [{rule.trust}]: {rule.source}"
    yield "whose limit", e.whose
    yield from _limit(e)
    if e.tolerance is not None:
        yield "tolerance", e.tolerance.text
    if e.persistence is not None:
        yield "persistence", e.persistence.text
    yield "protocol", "none" if e.protocol is None else _version(e.protocol)
    for approval in e.approvals:
        yield "approved", _approval(approval)
    if e.protocol is not None and not e.approvals:
        yield "approved", "no approval of it was in force"
    lines = (f"{version.kind.replace('_', ' ')} {_version(version)}" for version in e.rests_on)
    yield from _labelled("rests on", lines)
    yield from _labelled("unknown", (f"digest {digest}" for digest in e.unresolved_digests))
    yield "clock", e.clock
    yield "readings", _readings(e)


def _state(e: Explanation) -> str:
    cleared = e.cleared
    if cleared is None:
        return "stands" if e.rule is None or "never" in e.rule.clearing.lower() else "not cleared"
    span, text = cleared.finding.seq_range, "cleared"
    if span is not None:
        text += f" after documents {span.first_seq} to {span.last_seq}"
    if cleared.extreme_value is not None and cleared.unit is not None:
        text += f", farthest {said(cleared.extreme_value, cleared.unit)}"
    return text


def _limit(e: Explanation) -> Iterator[tuple[str, str]]:
    limit, finding = e.limit, e.finding
    if finding.limit_value is None or finding.unit is None:
        yield "limit", "no number"
        return
    number = said(finding.limit_value, finding.unit)
    if limit is None:
        yield "limit", f"{number}, compared by the rule itself; it stands in no registry version"
        return
    if limit.sort is None:
        yield "limit", number
    else:
        quantity, side = limit.sort
        way = "at most" if side == "upper" else "at least"
        yield "limit", f"{way} {number} ({quantity.replace('_', ' ')})"
    zones = "" if limit.zones is None else f", zones {', '.join(limit.zones)}"
    types = "" if limit.phototypes is None else f", phototypes {', '.join(limit.phototypes)}"
    yield "", f"stands in {limit.stands_in}: {limit.path}{zones}{types}"
    trust = "" if limit.trust is None else f" [{limit.trust}]"
    yield "", f"source{trust}: {limit.source or 'not told'}"


def _version(version: VersionWords) -> str:
    return (
        f"{version.registry_id} version {version.version}, digest"
        f" {version.digest[:DIGITS_SHOWN]}, {_entry(version.entry_id, version.entry_hash)}"
    )


def _approval(approval: ApprovalWords) -> str:
    recorded = approval.recorded
    return (
        f"{approval.registry_id} by director {approval.director_id}, effective from"
        f" {moment(approval.effective_from_ms)}, {_entry(recorded.entry_id, recorded.entry_hash)}"
    )


def _entry(entry_id: int, entry_hash: str) -> str:
    return f"entry {entry_id} ({entry_hash[:DIGITS_SHOWN]})"


def _labelled(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(lines):
        yield "" if place else name, line


def _readings(e: Explanation) -> str:
    span, zone = e.finding.seq_range, Spot(e.finding.zone, e.finding.laterality)
    if span is None:
        return "none: it is about what is absent"
    where = "" if zone.zone is None else f" at {zone.name}"
    if span.first_seq == span.last_seq:
        return f"document {span.first_seq}{where}"
    return f"{e.reading_count:,} documents{where}, from {span.first_seq} to {span.last_seq}"


def reading_columns(readings: Sequence[Reading]) -> list[str]:
    """Return the names of the values that get a column each; none if there are too many."""
    names = list(dict.fromkeys(value.name for reading in readings for value in reading.values))
    return names if len(names) <= VALUE_COLUMNS_MAX else []


def reading_cells(reading: Reading, names: Sequence[str]) -> list[str]:
    """Return what a document says, under each of the names; without names, all in one."""
    told = {value.name: value.text for value in reading.values}
    if names:
        return [told.get(name, "") for name in names]
    return [", ".join(f"{name} {text}" for name, text in told.items())]


def instant(at_ms: int) -> str:
    """Return a moment with its tenths: documents come several a second."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1_000 // 100}Z"


def recomputed_lines(e: Explanation) -> Iterator[str]:
    """Yield what came out when the session was judged once more."""
    again = e.recomputed
    for difference in again.differences:
        yield f"{difference.what}: on record {difference.told}, now {difference.recomputed}"
    yield from again.notes
    yield f"recomputed: {again.outcome}, as of entry {again.as_of_entry_id}"
