"""What the judge says of a session as lines. Pure: what they need is handed in."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from dermatrace.forward.line import NS_PER_MS, SEQ_CYCLE, line, prefix, tag, time_ns
from dermatrace.forward.measurement import UNKNOWN, Measurement
from dermatrace.forward.measurements_verdict import (
    FINDING,
    LIMIT,
    SESSION_CLOSE,
    SESSION_STATE,
    SESSION_SUMMARY,
    ZONE_SUMMARY,
)
from dermatrace.forward.memory import EnteredPlace, SessionMemory, Standing, VerdictMemory
from dermatrace_schemas.quantities import QUANTITIES, UNIT_OF, Band, bands_at, unit_word
from dermatrace_schemas.verdict import (
    FindingCounts,
    VerdictClosed,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictState,
    VerdictSummary,
)

NOT_IN_ZONES: Final = frozenset({"age", "interval", "session_count", "persistence"})
"""Quantities that limit no place."""
BEGUN_APART: Final = NS_PER_MS // 2
"""Places below one millisecond for sessions that begin in it, two nanoseconds each. Two of one
clinic that began in the same millisecond would have to share one of them, and all their tags, to be
taken for one."""


def state(session: SessionMemory, verdict: VerdictMemory, document: VerdictState) -> str:
    """Return where a session stood, at the time the judge said so."""
    unresolved = _counts("unresolved", document.unresolved)
    numbers = {
        "is_running": int(document.state == "running"),
        "is_paused": int(document.state == "paused"),
        "is_silent": int(document.state == "silent"),
        **unresolved,
        "open_gate_count": len(document.open_gates),
        "generation": verdict.generation,
    }
    texts = {"state": document.state, "open_gates": ", ".join(document.open_gates) or None}
    # The next judgement may say something at the same time and under the same number.
    at_ns = time_ns(document.wall_time_ms or 0, document.seq, verdict.generation % SEQ_CYCLE)
    return line(prefix(SESSION_STATE, session.tags), at_ns, numbers, texts)


def finding_start(
    session: SessionMemory, verdict: VerdictMemory, document: VerdictFindingRaised
) -> str:
    """Return name and tags of a finding's point."""
    found = document.finding
    tags = {
        "envelope": found.envelope,
        "laterality": found.laterality or UNKNOWN,
        "nature": found.nature,
        "priority": found.priority,
        "rule": found.rule,
        "zone": tag(found.zone),
    }
    return prefix(FINDING, session.tags | verdict.tags | tags)


def finding_raised(
    start: str, at_ns: int, verdict: VerdictMemory, document: VerdictFindingRaised, ended_ms: int
) -> str:
    """Return a finding as it was raised."""
    found = document.finding
    numbers = {
        "occurrence_count": 1,
        "generation": verdict.generation,
        "finding_number": document.finding_number,
        "first_seq": None if found.seq_range is None else found.seq_range.first_seq,
        "last_seq": None if found.seq_range is None else found.seq_range.last_seq,
        "measured_value": found.measured_value,
        "limit_value": found.limit_value,
        "is_cleared": 0,
        "ended_ms": ended_ms,
    }
    unit = None if found.unit is None else unit_word(found.unit) or None
    return line(start, at_ns, numbers, {"sentence": found.sentence, "unit": unit})


def finding_cleared(start: str, at_ns: int, document: VerdictFindingCleared, ended_ms: int) -> str:
    """Return what the finding's point says anew once it has cleared; the rest of it stays."""
    seqs = document.finding.seq_range
    numbers = {
        "is_cleared": 1,
        "extreme_value": document.extreme_value,
        "last_seq": None if seqs is None else seqs.last_seq,
        "ended_ms": ended_ms,
    }
    return line(start, at_ns, numbers)


def summary(session: SessionMemory, verdict: VerdictMemory, document: VerdictSummary) -> str:
    """Return what a session, or one zone of it, came to."""
    adherence = document.adherence
    totals: dict[str, float | None] = document.totals.model_dump()
    numbers = {
        **totals,
        "assessed_count": adherence.assessed_count,
        "within_count": adherence.within_count,
        "adherence_fraction": adherence.fraction,
        "data_coverage_fraction": document.data_coverage_fraction,
        **_counts("finding", document.findings),
        "open_gate_count": len(document.open_gates),
        "is_adherent": int(document.adherent),
        "generation": verdict.generation,
    }
    texts = {"why_not": adherence.why_not, "open_gates": ", ".join(document.open_gates) or None}
    tags = session.tags | verdict.tags | {"setting": session.setting}
    of: Measurement = SESSION_SUMMARY
    if document.scope == "session":
        numbers |= {"fault_count": session.fault_count, "session_count": 1}
    else:
        tags |= {"zone": tag(document.zone), "laterality": document.laterality or UNKNOWN}
        of = ZONE_SUMMARY
    return line(prefix(of, tags), _once_ns(session, document), numbers, texts | _names(of, tags))


def close(session: SessionMemory, verdict: VerdictMemory, document: VerdictClosed) -> str:
    """Return how complete a session's record is."""
    chain = {"matches": 1, "differs": 0}.get(document.stream_chain)
    numbers = {
        "occurrence_count": 1,
        "generation": verdict.generation,
        "is_complete": int(document.grade == "complete"),
        "chain_matches": chain,
    }
    texts = {"grade": document.grade, "stream_chain": document.stream_chain}
    tags = session.tags | verdict.tags | {"setting": session.setting}
    start = prefix(SESSION_CLOSE, tags)
    return line(start, _once_ns(session, document), numbers, texts | _names(SESSION_CLOSE, tags))


def standing(
    session: SessionMemory, verdict: VerdictMemory, document: VerdictSummary | VerdictClosed
) -> Standing:
    """Return how the point is found again that `summary` or `close` makes of a document.

    By tags that leave few series to look into, and whose values need no escaping.
    """
    told, name, value = SESSION_SUMMARY, "device", session.device
    if isinstance(document, VerdictClosed):
        told = SESSION_CLOSE
    elif document.scope != "session":
        told, name, value = ZONE_SUMMARY, "protocol", verdict.tags["protocol"]
    own = f'_measurement="{told.name}" AND clinic="{session.clinic}" AND {name}="{value}"'
    return Standing(own, _once_ns(session, document))


def limits(
    session: SessionMemory,
    verdict: VerdictMemory,
    bands: Iterable[Band],
    places: Iterable[EnteredPlace],
) -> Iterator[str]:
    """Yield what the treatment protocol allows at each place work has moved to.

    The narrowest of several bands that speak of a place counts.
    """
    bands = list(bands)
    told = [q for q in QUANTITIES if q not in NOT_IN_ZONES and any(b.quantity == q for b in bands)]
    tags = session.tags | verdict.tags
    for place in places:
        zone = None if place.zone == UNKNOWN else place.zone
        for quantity in told:
            fitting = bands_at(bands, quantity, zone, None)
            lowers = [b.lower.value for b in fitting if b.lower and b.lower.value is not None]
            uppers = [b.upper.value for b in fitting if b.upper and b.upper.value is not None]
            if not lowers and not uppers:
                continue
            own = {"zone": place.zone, "laterality": place.laterality, "quantity": quantity}
            numbers = {
                "seq": place.seq,
                "generation": verdict.generation,
                "lower_value": max(lowers, default=None),
                "upper_value": min(uppers, default=None),
            }
            unit = unit_word(UNIT_OF[quantity]) or None
            yield line(prefix(LIMIT, tags | own), place.at_ns, numbers, {"unit": unit})


def _once_ns(session: SessionMemory, document: VerdictSummary | VerdictClosed) -> int:
    """Return the time of what stands once a session: its beginning, and its name's digest.

    Of a session without any readable document: when it was judged. A device may call a zone
    `unknown`; beside it, a nanosecond later, stands what was told without any zone.
    """
    started_ms = document.wall_time_ms if session.started_ms is None else session.started_ms
    name = f"{session.device} {session.session}".encode()
    place = int.from_bytes(blake2b(name, digest_size=4).digest()) % BEGUN_APART * 2
    if isinstance(document, VerdictSummary) and document.scope == "unknown_zone":
        place += 1
    return time_ns(started_ms or 0, 0, place)


def _names(measurement: Measurement, tags: Mapping[str, str]) -> dict[str, str | None]:
    """Return names that are texts there. None of them holds what a tag would have to escape."""
    names = ("device", "series", "session")
    return {name: tags[name] for name in names if name in measurement.texts}


def _counts(name: str, counts: FindingCounts) -> dict[str, float | None]:
    return {
        f"{name}_high_count": counts.high_count,
        f"{name}_medium_count": counts.medium_count,
        f"{name}_low_count": counts.low_count,
    }
