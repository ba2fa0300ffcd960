"""Contents of the registry: the treatment protocol, and its approval for a clinic."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import (
    ClinicId,
    LongText,
    RegistryId,
    Sha256Hex,
    ShortText,
    UtcMs,
    ZoneCode,
)
from dermatrace_schemas.quantities import Band, Limit
from dermatrace_schemas.questions import AnswerValue, QuestionCode
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import Gate, Observed, Treatment

BANDS_PER_PROTOCOL_MAX = 300
"""Bands of one treatment protocol version: some sixty zones with five quantities each."""
ZONES_PER_PROTOCOL_MAX = 100
"""Zones one treatment protocol lists; more is refused."""
INDICATIONS_PER_PROTOCOL_MAX = 40
"""Indications one treatment protocol lists; more is refused."""
CONTRAINDICATIONS_PER_PROTOCOL_MAX = 100
"""Questions one treatment protocol demands an answer to; more is refused."""


class DeviceDemand(Closed):
    """What a device must be to be used under the protocol; an absent member demands nothing."""

    modality: Modality | None = None
    device_classes: Annotated[list[ShortText], Field(min_length=1, max_length=10)] | None = None
    regulations: Annotated[list[ShortText], Field(min_length=1, max_length=10)] | None = None
    device_model_ids: Annotated[list[RegistryId], Field(min_length=1, max_length=100)] | None = None


class Contraindication(Closed):
    """An answer that speaks against treatment, and how strongly."""

    question: QuestionCode
    answers: Annotated[list[AnswerValue], Field(min_length=1, max_length=3)]
    """Answers that count; list `unknown` to demand that the question is asked."""
    strength: Literal["absolute", "relative"]
    """Relative: may be justified."""


class ProtocolContent(Closed):
    """One version of a treatment protocol: what a clinic has decided to do, in numbers."""

    title: ShortText
    treatment: Treatment
    settings: Annotated[list[Setting], Field(min_length=1, max_length=2)]
    example: bool
    """True for a protocol that ships with the software: it is never called adherent to."""
    indications: (
        Annotated[list[RegistryId], Field(min_length=1, max_length=INDICATIONS_PER_PROTOCOL_MAX)]
        | None
    ) = None
    """Null: not bound to an indication."""
    device: DeviceDemand | None = None
    zones: (
        Annotated[list[ZoneCode], Field(min_length=1, max_length=ZONES_PER_PROTOCOL_MAX)] | None
    ) = None
    """Zones that may be treated; null: every zone."""
    bands: Annotated[list[Band], Field(max_length=BANDS_PER_PROTOCOL_MAX)]
    """Depth, energy, passes, interval between sessions and so on, by zone or for all zones."""
    depth_persistence: Limit | None = None
    """Consecutive strokes beyond a band before it is a finding; one RF shot always suffices."""
    data_coverage_min: Limit | None = None
    """Below this data coverage nothing is assessed."""
    gates: Annotated[list[Gate], Field(max_length=20)]
    """What must be known about the visit."""
    contraindications: Annotated[
        list[Contraindication], Field(max_length=CONTRAINDICATIONS_PER_PROTOCOL_MAX)
    ]
    endpoints_expected: Annotated[list[Observed], Field(max_length=14)] | None = None
    endpoints_forbidden: Annotated[list[Observed], Field(max_length=14)] | None = None
    """Observations that are findings, such as bleeding in nano-needling."""
    aftercare: LongText | None = None

    @model_validator(mode="after")
    def _named_limits_are_of_their_quantity(self) -> Self:
        for name, quantity in (
            ("depth_persistence", "persistence"),
            ("data_coverage_min", "data_coverage"),
        ):
            limit: Limit | None = getattr(self, name)
            if limit is not None and limit.quantity != quantity:
                raise ValueError(f"{name} limits {quantity}, not {limit.quantity}")
        return self


class ApprovalContent(Closed):
    """A director puts exactly one version of a treatment protocol in force for a clinic."""

    clinic: ClinicId
    protocol_id: RegistryId
    protocol_version: ShortText
    protocol_digest: Sha256Hex
    director_id: RegistryId
    """The appointment under which it is approved."""
    effective_from_ms: UtcMs
    retired_from_ms: UtcMs | None = None
    """The first moment at which it is no longer in force; null while it is."""
    statement: LongText | None = None

    @model_validator(mode="after")
    def _retires_after_it_takes_effect(self) -> Self:
        if self.retired_from_ms is not None and self.retired_from_ms < self.effective_from_ms:
            raise ValueError(
                f"retired_from_ms {self.retired_from_ms} is before {self.effective_from_ms}"
            )
        return self
