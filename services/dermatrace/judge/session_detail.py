"""What the index says of one session beyond its own row: zone by zone, finding by finding."""

from dataclasses import dataclass, fields
from typing import Any, Final

from dermatrace import sqlite
from dermatrace.judge.index import Index
from dermatrace.judge.spot import Spot
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.verdict import Totals


@dataclass(frozen=True, slots=True)
class FoundZone:
    """One zone of a session, as far as it has come; None where nothing valid was reported."""

    spot: Spot
    """Without a zone: readings of which nobody knows where they were taken."""
    totals: Totals
    adherence: float | None

    @property
    def delivered(self) -> int:
        """Contact strokes or treatment shots; air and test shots treat nothing."""
        totals = self.totals
        return (totals.contact_stroke_count or 0) + (totals.treatment_shot_count or 0)


@dataclass(frozen=True, slots=True)
class FoundFinding:
    """One finding as it stands."""

    number: int
    rule: str
    envelope: Envelope
    priority: Priority
    nature: Nature
    zone: str | None
    laterality: Laterality | None
    first_seq: int | None
    last_seq: int | None
    measured_value: float | None
    limit_value: float | None
    unit: str | None
    cleared: bool
    justified: bool
    sentence: str


_NAMES: Final = tuple(member.name for member in fields(FoundFinding))
_TRUTHS: Final = ("cleared", "justified")
_FINDING: Final = f"SELECT {', '.join(_NAMES)} FROM findings WHERE stream_row = ? ORDER BY number"  # noqa: S608  our own
_ZONE: Final = (
    "SELECT zone, laterality, totals, adherence FROM zones WHERE stream_row = ?"
    " ORDER BY zone, laterality"
)


def zones_of(index: Index, stream_row: int) -> list[FoundZone]:
    """Return the zones of a session by name, the unknown one first."""
    return [
        FoundZone(Spot(zone or None, side or None), Totals.model_validate_json(totals), adherence)
        for zone, side, totals, adherence in _rows(index, _ZONE, stream_row)
    ]


def findings_of(index: Index, stream_row: int) -> list[FoundFinding]:
    """Return the findings of a session's newest judgement by number."""
    told = (dict(zip(_NAMES, row, strict=True)) for row in _rows(index, _FINDING, stream_row))
    return [FoundFinding(**(one | {name: bool(one[name]) for name in _TRUTHS})) for one in told]


def _rows(index: Index, sql: str, stream_row: int) -> list[tuple[Any, ...]]:
    with sqlite.storage_errors(index.path):
        return list(index.connection.execute(sql, (stream_row,)))
