"""A finding: what was crossed, where, by how much, and on whose authority."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from dermatrace_schemas.document import Closed, SeqRange
from dermatrace_schemas.identifiers import Laterality, LongText, Sha256Hex, ZoneCode
from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.references import SessionKey

DIGESTS_PER_FINDING_MAX = 16
"""Registry versions one finding may rest on; a rule that needs more is two rules."""
FINDINGS_PER_DOCUMENT_MAX = 50
"""Findings that one acknowledgement or justification may name; more take another document."""

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$")]
"""Name of a rule, family first: `depth.above`, `gate.consent`."""
Envelope = Literal["device_rating", "cleared_label", "clinic_protocol", "operator_scope", "none"]
"""Which of the four limits was crossed; `none` for findings about data or the device itself."""
Priority = Literal["high", "medium", "low"]
Nature = Literal["technical", "treatment"]


class FindingKey(Closed):
    """Which finding: enough to name it again in another judgement of the same session."""

    session: SessionKey
    rule: RuleId
    envelope: Envelope
    zone: ZoneCode | None = None
    laterality: Laterality | None = None
    seq_range: SeqRange | None = None
    """Documents of the session it rests on; null for a finding about what is absent."""


class Finding(FindingKey):
    """One crossing, in numbers and in a sentence."""

    priority: Priority
    nature: Nature
    measured_value: float | None = None
    limit_value: float | None = None
    unit: Unit | None = None
    """Of both values."""
    digests: Annotated[list[Sha256Hex], Field(max_length=DIGESTS_PER_FINDING_MAX)]
    """Registry versions it rests on; empty if none took part."""
    sentence: LongText
    """For a person: what, where, how long, which limit."""

    @model_validator(mode="after")
    def _values_have_a_unit(self) -> Self:
        if self.unit is None and (self.measured_value is not None or self.limit_value is not None):
            raise ValueError("measured_value and limit_value need a unit")
        return self
