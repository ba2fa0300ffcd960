"""What people ask of sessions: the fields of the form, of the address and of the API alike."""

import math
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dermatrace.console.access import Visitor
from dermatrace.console.paging import TRAIL
from dermatrace.errors import UsageError
from dermatrace.judge.search import GradeShown, SessionQuery, State
from dermatrace.reading.session_question import HOW_TO_WRITE_A_TIME, end_of_span
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import Gate, Treatment

PAGE_SESSIONS: Final = 50
"""Sessions on a page, unless more are asked for."""
PAGE_SESSIONS_MAX: Final = 500
"""Sessions on a page at most; the next page goes on after it."""
TEXT_MAX: Final = 200
"""Characters of one field; nothing on record is named longer."""
_MS_PER_DAY: Final = 86_400_000
_OWN: Final = frozenset({"from_", "until", "last_days", "limit", "after"})


class SessionsAsked(BaseModel):
    """A question; what is not given asks nothing, and all that is given must be so."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    from_: str | None = Field(None, alias="from", max_length=TEXT_MAX)
    """Began then or later: a day of the clinic's calendar, or a moment with its zone."""
    until: str | None = Field(None, max_length=TEXT_MAX)
    """Began on that day or earlier, or before that moment."""
    last_days: int | None = Field(None, ge=1, le=36_500)
    """Began in the last so many times 24 hours."""
    undated: bool | None = None
    """Nobody knows on which day it was; or it is known."""
    clinic: str | None = Field(None, max_length=TEXT_MAX)
    sender: str | None = Field(None, max_length=TEXT_MAX)
    """Sender id of the device that told it."""
    stream_id: str | None = Field(None, max_length=TEXT_MAX)
    """Session id."""
    operator_id: str | None = Field(None, max_length=TEXT_MAX)
    subject_id: str | None = Field(None, max_length=TEXT_MAX)
    visit_id: str | None = Field(None, max_length=TEXT_MAX)
    protocol_id: str | None = Field(None, max_length=TEXT_MAX)
    protocol_version: str | None = Field(None, max_length=TEXT_MAX)
    treatment: Treatment | None = None
    modality: Modality | None = None
    setting: Setting | None = None
    state: State | None = None
    grade: GradeShown | None = None
    """Of the certificate, when it was judged."""
    gate: Gate | None = None
    """That is open."""
    rule: str | None = Field(None, max_length=TEXT_MAX)
    """With a finding of this rule or family: `gate` is every `gate.…`. One finding fulfils this and
    the five that follow."""
    envelope: Envelope | None = None
    priority: Priority | None = None
    nature: Nature | None = None
    justified: bool | None = None
    finding_zone: str | None = Field(None, max_length=TEXT_MAX)
    without_rule: str | None = Field(None, max_length=TEXT_MAX)
    """Judged, and without any finding of this rule or family."""
    data_coverage_min: float | None = None
    data_coverage_max: float | None = None
    adherence_min: float | None = None
    adherence_max: float | None = None
    zone: str | None = Field(None, max_length=TEXT_MAX)
    """With readings of this zone. One zone on one side fulfils this and those that follow."""
    laterality: Laterality | None = None
    depth_median_above_mm: float | None = None
    depth_high_above_mm: float | None = None
    """That one stroke, or one depth of a shot, in twenty exceeded."""
    depth_max_above_mm: float | None = None
    energy_above_mj: float | None = None
    limit: int = Field(PAGE_SESSIONS, ge=1, le=PAGE_SESSIONS_MAX)
    """Sessions on a page."""
    after: int | None = Field(None, ge=0, le=2**62)
    """`next` of the page before."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:  # noqa: ANN401  whatever was sent
        """Leave out empty fields of a form, and the way back: neither asks anything."""
        if not isinstance(given, dict):
            return given
        told = {name: value for name, value in given.items() if value not in ("", [""])}
        told.pop(TRAIL, None)
        return told

    @field_validator("*")
    @classmethod
    def _is_a_number(cls, value: object) -> object:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("write a number like 0.85")
        return value

    def query(self, visitor: Visitor, now_ms: int, *, newest: int | None = None) -> SessionQuery:
        """Return it as the index is asked, of the visitor's clinics only.

        Raises UsageError if a time is none.
        """
        members = self.model_dump(exclude=set(_OWN), exclude_none=True)
        members |= _span("from", self.from_) | _span("until", self.until)
        if self.last_days is not None:
            members["from_ms"] = now_ms - self.last_days * _MS_PER_DAY
        clinics = None if visitor.clinics is None else tuple(sorted(visitor.clinics))
        return SessionQuery(
            **members, clinics=clinics, after_row=self.after, newest=newest or self.limit
        )


def _span(end: Literal["from", "until"], text: str | None) -> dict[str, int]:
    if text is None:
        return {}
    try:
        return end_of_span(end, text)
    except ValueError as error:
        raise UsageError(f"{end}: {error}", remedy=f"Write {HOW_TO_WRITE_A_TIME}.") from error
