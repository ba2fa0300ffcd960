"""A judgement as documents: the same judgement always makes the same bytes."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Final

from pydantic import BaseModel, JsonValue

from dermatrace.judge.context import SessionContext
from dermatrace.judge.raising import Event
from dermatrace.judge.state import Standing
from dermatrace.judge.summarising import Summary
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.finding import Finding, FindingKey
from dermatrace_schemas.references import RegistryPin, SessionKey
from dermatrace_schemas.verdict import Cause, FindingCounts

BOOT_ID: Final = "judge"
"""Of every verdict: nothing in it depends on when the judge was started."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One document of a verdict stream, ready to be sent."""

    clinic: str
    stream_id: str
    seq: int
    kind: str
    facts: dict[str, JsonValue]
    uptime_ms: int
    wall_time_ms: int
    is_last: bool = field(default=False)


def word_event(event: Event, context: SessionContext) -> tuple[str, dict[str, JsonValue]]:
    """Return kind and facts of a finding raised or cleared."""
    standing, session = event.standing, _session(context)
    number: dict[str, JsonValue] = {"finding_number": standing.number}
    if event.what == "raised":
        return "verdict.finding_raised", number | {"finding": _plain(_finding(standing, session))}
    facts: dict[str, JsonValue] = number | {"finding": _plain(_key(standing, session))}
    if standing.extreme_value is not None and standing.unit is not None:
        # A whole number that was kept and read again is a float: it must read the same before.
        facts |= {"extreme_value": float(standing.extreme_value), "unit": standing.unit}
    return "verdict.finding_cleared", facts


def word_summary(summary: Summary) -> dict[str, JsonValue]:
    """Return the facts of `verdict.summary`."""
    return {
        "scope": summary.scope,
        "zone": summary.spot.zone if summary.scope == "zone" else None,
        "laterality": summary.spot.laterality if summary.scope == "zone" else None,
        "totals": _plain(summary.totals),
        "adherence": summary.adherence.model_dump(mode="json"),
        "data_coverage_fraction": summary.data_coverage_fraction,
        "findings": _plain(summary.findings),
        "open_gates": list(summary.open_gates),
        "adherent": summary.adherent,
    }


def word_opened(
    context: SessionContext, generation: int, cause: Cause, rule_set_digest: str, entry_id: int
) -> dict[str, JsonValue]:
    """Return the facts of `verdict.opened`."""
    return {
        "session": _plain(_session(context)),
        "generation": generation,
        "cause": cause,
        "rule_set_digest": rule_set_digest,
        "pins": [_plain(pin) for pin in context.registry.pins],
        "as_of_entry_id": entry_id,
    }


def word_counts(counts: FindingCounts) -> JsonValue:
    """Return findings by priority as a verdict says them."""
    return _plain(counts)


def fingerprint(
    standings: Iterable[Standing],
    summaries: Iterable[Summary],
    pins: Iterable[RegistryPin],
    record: Iterable[str] = (),
) -> str:
    """Return a digest of everything a judgement comes to: equal judgements have equal ones.

    `pins` is what it rests on, `record` how complete the session is once it has ended.
    """
    told = [asdict(standing) | _numbers(standing) for standing in standings]
    numbers = [word_summary(summary) for summary in summaries]
    whole = [told, numbers, [_plain(pin) for pin in pins], list(record)]
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _numbers(standing: Standing) -> dict[str, float | None]:
    """Return a finding's numbers as they read after having been kept: all of them floats."""
    names = ("measured_value", "limit_value", "extreme_value")
    values = {name: getattr(standing, name) for name in names}
    return {name: None if value is None else float(value) for name, value in values.items()}


def _session(context: SessionContext) -> SessionKey:
    return SessionKey(sender=context.session.sender, stream_id=context.session.stream_id)


def _key(standing: Standing, session: SessionKey) -> FindingKey:
    return FindingKey(
        session=session,
        rule=standing.rule,
        envelope=standing.envelope,
        zone=standing.zone,
        laterality=standing.laterality,
        seq_range=_range(standing),
    )


def _finding(standing: Standing, session: SessionKey) -> Finding:
    return Finding(
        session=session,
        rule=standing.rule,
        envelope=standing.envelope,
        zone=standing.zone,
        laterality=standing.laterality,
        seq_range=_range(standing),
        priority=standing.priority,
        nature=standing.nature,
        measured_value=standing.measured_value,
        limit_value=standing.limit_value,
        unit=standing.unit,
        digests=standing.digests,
        sentence=standing.sentence,
    )


def _range(standing: Standing) -> SeqRange | None:
    first, last = standing.first_seq, standing.last_seq
    return None if first is None or last is None else SeqRange(first_seq=first, last_seq=last)


def _plain(model: BaseModel) -> JsonValue:
    plain: JsonValue = model.model_dump(mode="json", exclude_none=True)
    return plain
