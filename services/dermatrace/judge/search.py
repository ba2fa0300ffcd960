"""Questions to index.db: which sessions fit, newest first, and what is known of each.

What is asked for is bound to the query, never written into it. Something unknown fulfils no
condition: a session whose day nobody knows lies in no span of days, one whose depth was not
measured is neither above nor below. `undated` asks for the first sort by itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

from dermatrace import sqlite
from dermatrace.judge.index import Index
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import Gate, Treatment

SESSIONS_FOUND_MAX: Final = 10_000
"""Sessions one question is answered with at most, the newest; `count_sessions` counts all. Whoever
needs more asks for a shorter time."""

State: TypeAlias = Literal["open", "closed", "erased"]
GradeShown: TypeAlias = Literal[
    "disputed",
    "open",
    "incomplete",
    "with_declared_losses",
    "with_rejections",
    "complete",
    "erased",
]
"""A grade of the contract; an erased session has none of them."""
Consent: TypeAlias = Literal[
    "in_time", "finding", "not_asked", "no_protocol", "no_contact", "not_judged"
]
"""Whether consent was there before the first contact. `finding`: `consent_finding` says what is
wrong or unknown. `not_asked`: the treatment protocol wants none. `no_protocol`: nobody knows what
was intended, so nobody can say what had to be agreed to."""


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions to find; None asks nothing, and what is asked must all be so."""

    from_day: int | None = None
    """Days since 1970 by the clinic's calendar; both ends belong to it."""
    until_day: int | None = None
    from_ms: int | None = None
    """The start by the device's clock, UTC."""
    until_ms: int | None = None
    """The first moment that is too late."""
    undated: bool | None = None
    """Whether nobody knows the day by the clinic's calendar."""
    timed: bool | None = None
    """Whether the start is known, UTC."""
    clinic: str | None = None
    clinics: tuple[str, ...] | None = None
    """Of which it is one."""
    sender: str | None = None
    stream_id: str | None = None
    operator_id: str | None = None
    subject_id: str | None = None
    visit_id: str | None = None
    protocol_id: str | None = None
    protocol_version: str | None = None
    treatment: Treatment | None = None
    modality: Modality | None = None
    setting: Setting | None = None
    state: State | None = None
    grade: GradeShown | None = None
    gate: Gate | None = None
    """That is open."""
    rule: str | None = None
    """A rule, or a family of them: `gate` is every `gate.…`. One finding fulfils all of these."""
    envelope: Envelope | None = None
    priority: Priority | None = None
    nature: Nature | None = None
    justified: bool | None = None
    finding_zone: str | None = None
    without_rule: str | None = None
    """A rule, or a family, of which a session that was judged has no finding."""
    data_coverage_min: float | None = None
    """A fraction, like the three that follow; each end belongs to it."""
    data_coverage_max: float | None = None
    adherence_min: float | None = None
    adherence_max: float | None = None
    zone: str | None = None
    """Of which there are readings. One zone on one side fulfils all of these."""
    laterality: Laterality | None = None
    depth_median_above_mm: float | None = None
    depth_high_above_mm: float | None = None
    """By one contact stroke, or one depth of a shot, in twenty."""
    depth_max_above_mm: float | None = None
    energy_above_mj: float | None = None
    """Of treatment shots, in total."""
    after_row: int | None = None
    """What stands after this session in the order of the answer: with its last one, the next page.
    A session that there is not has nothing after it."""
    newest: int = SESSIONS_FOUND_MAX
    """How many to return."""


@dataclass(frozen=True, slots=True)
class FoundSession:
    """What the index says of a session, as of its newest judgement; None where nobody knows."""

    stream_row: int
    clinic: str
    sender: str
    stream_id: str
    state: State
    status: str
    """Of an open one: running, paused, silent or stopped."""
    visit_id: str | None
    subject_id: str | None
    operator_id: str | None
    protocol_id: str | None
    protocol_version: str | None
    protocol_digest: str | None
    """None if the version the plan names is not on record."""
    series_id: str | None
    treatment: str | None
    modality: str | None
    setting: str | None
    started_ms: int | None
    clinic_day: int | None
    ended_ms: int | None
    generation: int
    """-1: not judged yet."""
    cause: str
    grade: GradeShown
    adherence: float | None
    why_not: str | None
    """Why adherence cannot be assessed; None also while the session is open."""
    adherent: bool
    data_coverage: float | None
    asked_gates: tuple[Gate, ...]
    """That count for this session, open or not."""
    open_gates: tuple[Gate, ...]
    first_contact_seq: int | None
    """The document with the first contact stroke or RF shot, test shots included."""
    high_count: int
    medium_count: int
    low_count: int
    consent_finding: int | None
    """Number of the finding that consent was not there before the first contact, or that nobody
    knows whether it was."""

    @property
    def consent(self) -> Consent:
        """Whether consent was there before the first contact."""
        if self.generation < 0 or self.state == "erased":
            return "not_judged"
        if self.consent_finding is not None:
            return "finding"
        if self.protocol_digest is None:
            return "no_protocol"
        if "consent" not in self.asked_gates:
            return "not_asked"
        return "no_contact" if self.first_contact_seq is None else "in_time"


_STATE: Final = "iif(s.is_open, 'open', iif(s.status = 'erased', 'erased', 'closed'))"
_GRADE: Final = (
    "iif(s.status = 'erased', 'erased', iif(s.is_open AND s.grade <> 'disputed', 'open', s.grade))"
)
"""What an open session was graded when it was once taken for ended says nothing any more."""
# A session whose clock was not set still has its place among the others: when it was heard of.
_NEWEST_FIRST: Final = "coalesce(s.started_ms, s.first_received_ms) DESC, s.stream_row DESC"


def _named(column: str) -> str:
    """Return the condition that a rule is the one asked for, or of the family asked for."""
    return f"instr({column} || '.', ? || '.') = 1"


_OF_FINDING: Final[Mapping[str, str]] = {
    "rule": _named("f.rule"),
    "envelope": "f.envelope = ?",
    "priority": "f.priority = ?",
    "nature": "f.nature = ?",
    "justified": "f.justified = ?",
    "finding_zone": "f.zone = ?",
}
_OF_ZONE: Final[Mapping[str, str]] = {
    "zone": "z.zone = ?",
    "laterality": "z.laterality = ?",
    "depth_median_above_mm": "z.depth_median_mm > ?",
    "depth_high_above_mm": "z.depth_high_mm > ?",
    "depth_max_above_mm": "z.depth_max_mm > ?",
    "energy_above_mj": "z.energy_mj > ?",
}
_SOME_FINDING: Final = "EXISTS (SELECT 1 FROM findings f WHERE f.stream_row = s.stream_row"
_SOME_ZONE: Final = "EXISTS (SELECT 1 FROM zones z WHERE z.stream_row = s.stream_row"
_OF_SESSION: Final[Mapping[str, str]] = {
    "from_day": "s.clinic_day >= ?",
    "until_day": "s.clinic_day <= ?",
    "from_ms": "s.started_ms >= ?",
    "until_ms": "s.started_ms < ?",
    "undated": "(s.clinic_day IS NULL) = ?",
    "timed": "(s.started_ms IS NOT NULL) = ?",
    "clinic": "s.clinic = ?",
    "clinics": "s.clinic IN (SELECT value FROM json_each(?))",
    "sender": "s.sender = ?",
    "stream_id": "s.stream_id = ?",
    "operator_id": "s.operator_id = ?",
    "subject_id": "s.subject_id = ?",
    "visit_id": "s.visit_id = ?",
    "protocol_id": "s.protocol_id = ?",
    "protocol_version": "s.protocol_version = ?",
    "treatment": "s.treatment = ?",
    "modality": "s.modality = ?",
    "setting": "s.setting = ?",
    "state": f"{_STATE} = ?",
    "grade": f"{_GRADE} = ?",
    "gate": "EXISTS (SELECT 1 FROM json_each(s.open_gates) WHERE value = ?)",
    "without_rule": (
        f"s.generation >= 0 AND s.status <> 'erased' AND NOT {_SOME_FINDING}"
        f" AND {_named('f.rule')})"
    ),
    "data_coverage_min": "s.data_coverage >= ?",
    "data_coverage_max": "s.data_coverage <= ?",
    "adherence_min": "s.adherence >= ?",
    "adherence_max": "s.adherence <= ?",
    "after_row": (
        "(coalesce(s.started_ms, s.first_received_ms), s.stream_row) <"
        " (SELECT coalesce(o.started_ms, o.first_received_ms), o.stream_row"
        " FROM sessions o WHERE o.stream_row = ?)"
    ),
}

_COUNT: Final = "(SELECT count(*) FROM findings f WHERE f.stream_row = s.stream_row AND f.priority"
_COMPUTED: Final[Mapping[str, str]] = {
    "state": _STATE,
    "grade": _GRADE,
    "high_count": f"{_COUNT} = 'high')",
    "medium_count": f"{_COUNT} = 'medium')",
    "low_count": f"{_COUNT} = 'low')",
    "consent_finding": (
        "(SELECT min(f.number) FROM findings f"
        " WHERE f.stream_row = s.stream_row AND f.rule = 'gate.consent')"
    ),
}
"""What is no column of its own."""
_SELECT: Final = "SELECT " + ", ".join(
    _COMPUTED.get(member.name, f"s.{member.name}") for member in fields(FoundSession)
)


def search(index: Index, query: SessionQuery) -> list[FoundSession]:
    """Return the sessions that fit, newest first, at most `query.newest`."""
    where, bindings = _where(query)
    # Rows first, then what is said of them: findings are counted only of what is returned.
    rows = f"SELECT s.stream_row FROM sessions s WHERE {where}"  # noqa: S608  our own conditions
    limited = f"{rows} ORDER BY {_NEWEST_FIRST} LIMIT ?"
    sql = f"{_SELECT} FROM sessions s WHERE s.stream_row IN ({limited}) ORDER BY {_NEWEST_FIRST}"
    most = max(0, min(query.newest, SESSIONS_FOUND_MAX))
    with sqlite.storage_errors(index.path):
        return [_found(row) for row in index.connection.execute(sql, (*bindings, most))]


def count_sessions(index: Index, query: SessionQuery) -> int:
    """Return how many sessions fit, however many `query.newest` asks for."""
    where, bindings = _where(query)
    sql = f"SELECT count(*) FROM sessions s WHERE {where}"  # noqa: S608  our own conditions
    with sqlite.storage_errors(index.path):
        return int(index.connection.execute(sql, bindings).get)


def _where(query: SessionQuery) -> tuple[str, tuple[Any, ...]]:
    """Return the whole condition and what is bound to it, in the same order."""
    parts, bindings = _asked(query, _OF_SESSION)
    for some, conditions in ((_SOME_FINDING, _OF_FINDING), (_SOME_ZONE, _OF_ZONE)):
        inner, bound = _asked(query, conditions)
        if inner:
            parts.append(f"{some} AND {' AND '.join(inner)})")
            bindings += bound
    return " AND ".join(parts) or "1", tuple(bindings)


def _asked(query: SessionQuery, conditions: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    asked = {name: getattr(query, name) for name in conditions}
    given = {name: value for name, value in asked.items() if value is not None}
    bound = [json.dumps(value) if isinstance(value, tuple) else value for value in given.values()]
    return [conditions[name] for name in given], bound


def _found(row: tuple[Any, ...]) -> FoundSession:
    told = dict(zip((member.name for member in fields(FoundSession)), row, strict=True))
    gates = {name: tuple(json.loads(told[name])) for name in ("asked_gates", "open_gates")}
    return FoundSession(**(told | gates | {"adherent": bool(told["adherent"])}))
