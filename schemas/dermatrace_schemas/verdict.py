"""What the judge thinks of a session: one stream of these is one generation of judgement.

Everything here follows from the journal alone, so the same judge writes the same bytes again.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed, StreamDocument
from dermatrace_schemas.finding import Finding, FindingKey
from dermatrace_schemas.identifiers import Laterality, Sha256Hex, ZoneCode
from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.references import EntryId, RegistryPin, SessionKey
from dermatrace_schemas.session import Count
from dermatrace_schemas.treatment import Gate

PINS_PER_VERDICT_MAX = 64
"""Registry versions one judgement rests on; a session touches about ten."""

Fraction = Annotated[float, Field(ge=0, le=1)]
OpenGates = Annotated[list[Gate], Field(max_length=20)]
Grade = Literal[
    "disputed",
    "open",
    "incomplete",
    "with_declared_losses",
    "with_rejections",
    "complete",
]
"""How complete the record is, worst first."""
Cause = Literal[
    "live",
    "final_differs",
    "chart_fact",
    "correction",
    "late_data",
    "readmission",
    "rule_set",
    "erasure",
]
"""Why a judgement was made."""
WhyNot = Literal[
    "no_protocol",
    "not_approved",
    "limits_unset",
    "data_coverage",
    "no_contact",
    "zone_unknown",
    "unknown_clock",
    "erased",
]
"""Why adherence cannot be assessed."""


class VerdictOpened(StreamDocument):
    """A judgement begins: of what, why, and on which versions it rests."""

    kind: Literal["verdict.opened"]
    session: SessionKey
    generation: Count
    """0 is what was shown live; the newest is the final one."""
    cause: Cause
    rule_set_digest: Sha256Hex
    pins: Annotated[list[RegistryPin], Field(max_length=PINS_PER_VERDICT_MAX)]
    as_of_entry_id: EntryId
    """The journal's last entry that had been read."""


class VerdictFindingRaised(StreamDocument):
    """Something was crossed."""

    kind: Literal["verdict.finding_raised"]
    finding_number: Count
    """Within this generation, from 0."""
    finding: Finding


class VerdictFindingCleared(StreamDocument):
    """What was crossed is back within; the finding stays in the record."""

    kind: Literal["verdict.finding_cleared"]
    finding_number: Count
    finding: FindingKey
    """With the whole range of documents it turned out to rest on."""
    extreme_value: float | None = None
    """Farthest from the limit while it lasted."""
    unit: Unit | None = None

    @model_validator(mode="after")
    def _value_has_a_unit(self) -> Self:
        if self.extreme_value is not None and self.unit is None:
            raise ValueError("extreme_value needs a unit")
        return self


class FindingCounts(Closed):
    """Findings by priority."""

    high_count: Count
    medium_count: Count
    low_count: Count


class VerdictState(StreamDocument):
    """Where a running session stands. The latest one holds."""

    kind: Literal["verdict.state"]
    state: Literal["running", "paused", "silent", "stopped"]
    unresolved: FindingCounts
    """Findings raised and not yet cleared."""
    open_gates: OpenGates
    as_of_entry_id: EntryId


class Totals(Closed):
    """What was delivered; null where nothing valid was reported."""

    pass_count: Count | None = None
    contact_ms: Count | None = None
    stroke_count: Count | None = None
    contact_stroke_count: Count | None = None
    """Strokes with the tip on skin."""
    puncture_count: Count | None = None
    """Contact strokes times needles."""
    treatment_shot_count: Count | None = None
    test_shot_count: Count | None = None
    energy_delivered_mj: float | None = None
    """Sum over treatment shots, in total and not per pin."""
    energy_budget_mj: float | None = None
    """What the treatment protocol allows in the zone; null: no budget, or the whole session."""
    contact_in_band_ms: Count | None = None
    """Time on skin within every band of the treatment protocol; null where none could be asked."""
    depth_commanded_max_mm: float | None = None
    depth_measured_low_mm: float | None = None
    """Not exceeded by one contact stroke in twenty, or by one depth of a shot in twenty."""
    depth_measured_median_mm: float | None = None
    depth_measured_high_mm: float | None = None
    """Exceeded by one in twenty."""
    depth_measured_max_mm: float | None = None
    temperature_max_celsius: float | None = None


class Adherence(Closed):
    """Share of contact strokes or treatment shots within every band of the protocol."""

    fraction: Fraction | None
    why_not: WhyNot | None
    """Why it cannot be assessed; null if it was."""
    assessed_count: Count
    within_count: Count

    @model_validator(mode="after")
    def _is_assessed_or_says_why_not(self) -> Self:
        if (self.fraction is None) == (self.why_not is None):
            raise ValueError("give either fraction or why_not")
        if self.within_count > self.assessed_count:
            raise ValueError(f"{self.within_count} within of {self.assessed_count} assessed")
        return self


class VerdictSummary(StreamDocument):
    """The numbers of a session, or of one zone of it: one document each."""

    kind: Literal["verdict.summary"]
    scope: Literal["session", "zone", "unknown_zone"]
    zone: ZoneCode | None = None
    laterality: Laterality | None = None
    totals: Totals
    adherence: Adherence
    data_coverage_fraction: Fraction | None
    """Share of expected documents received with zone and depth known; null: nothing expected."""
    findings: FindingCounts
    open_gates: OpenGates
    """Of the visit; repeated in each summary because it stands beside every score."""
    adherent: bool
    """True only if everything assessed is within, no gate is open, and the treatment protocol is
    approved and no shipped example."""

    @model_validator(mode="after")
    def _scope_and_word_hold(self) -> Self:
        if (self.scope == "zone") != (self.zone is not None):
            raise ValueError(f"scope {self.scope} and zone {self.zone} do not go together")
        if self.adherent and (self.adherence.fraction is None or self.open_gates):
            raise ValueError("adherent needs an assessed fraction and no open gate")
        return self


class VerdictClosed(StreamDocument):
    """A judgement is finished."""

    kind: Literal["verdict.closed"]
    outcome: Literal["confirmed", "superseded"]
    """Superseded: the next generation differs and holds."""
    grade: Grade
    """Of the session's record when it was closed."""
    stream_chain: Literal["matches", "differs", "cannot_be_checked"]
    findings: FindingCounts
    as_of_entry_id: EntryId
    as_of_entry_hash: Sha256Hex
