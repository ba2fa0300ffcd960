"""Contents of the registry: clinic, people, devices in use, jurisdiction, series."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import (
    RegistryId,
    Salt,
    SenderId,
    ShortText,
    SubjectId,
    UtcMs,
    ZoneCode,
)
from dermatrace_schemas.quantities import Limit, Source
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import Role, Treatment

HOLIDAYS_PER_CLINIC_MAX = 400
"""Dates one version of a clinic lists: over ten years of them."""
BOUNDARIES_PER_JURISDICTION_MAX = 100
"""Class boundaries one jurisdiction lists; more is refused."""

IsoDate = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Treatments = Annotated[list[Treatment], Field(max_length=4)]


class Valid(Closed):
    """Something that holds from one moment to another."""

    valid_from_ms: UtcMs
    valid_until_ms: UtcMs | None = None
    """The first moment at which it no longer holds; null while no end is known."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_until_ms is not None and self.valid_until_ms <= self.valid_from_ms:
            raise ValueError(
                f"valid_until_ms {self.valid_until_ms} is not after {self.valid_from_ms}"
            )
        return self


class ClinicContent(Closed):
    """A clinic, as far as rules and reports need to know it."""

    name: ShortText
    time_zone: ShortText | None = None
    """IANA name, for example Europe/Vienna; reports show this zone's time beside UTC."""
    jurisdiction_id: RegistryId | None = None
    region: ShortText | None = None
    """Coarse enough to be given away with statistics."""
    reporting: Literal["user_facility", "voluntary"] | None = None
    """Which reporting periods apply to harm; a legal question the clinic answers."""
    holidays: Annotated[list[IsoDate], Field(max_length=HOLIDAYS_PER_CLINIC_MAX)] | None = None
    """Days that do not count as work days."""
    review_sample_fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of sessions without findings that are reviewed too; those with findings always are."""


class RoomContent(Closed):
    """A treatment room."""

    name: ShortText


class DirectorContent(Valid):
    """One appointment of one person as medical director or deputy."""

    person_id: RegistryId
    """The operator who is appointed."""
    name: ShortText | None = None
    credential: ShortText | None = None
    """Licence and where it was issued, as it appears beside a signature."""
    deputy: bool


class OperatorContent(Closed):
    """A person who works here, and what they may do."""

    name: ShortText | None = None
    role: Role
    treatments: Treatments
    """What they may perform; empty means nothing."""
    depth_max_mm: Annotated[float, Field(ge=0)] | None = None
    """Deepest setting they may use; null: no ceiling of their own."""
    rf_allowed: bool
    valid_from_ms: UtcMs | None = None
    valid_until_ms: UtcMs | None = None
    source: ShortText | None = None
    """Who granted this scope, and in which document."""


class DeviceContent(Closed):
    """One device in use: which hardware speaks under which sender id."""

    sender: SenderId
    device_model_id: RegistryId
    serial: ShortText
    room_id: RegistryId | None = None
    udi: ShortText | None = None
    in_service_from_ms: UtcMs | None = None
    retired_from_ms: UtcMs | None = None


class ClassBoundary(Source):
    """Up to which depth needling counts as what, for whom."""

    classification: Literal["not_medical", "medical", "forbidden"]
    depth_above: Limit | None = None
    """Deeper than this, this depth not included; null: from zero."""
    depth_up_to: Limit | None = None
    """This depth included; null: without end."""
    modality: Modality | None = None
    setting: Setting | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=9)] | None = None
    """Null: everybody."""

    @model_validator(mode="after")
    def _limits_are_depths(self) -> Self:
        for limit in (self.depth_above, self.depth_up_to):
            if limit is not None and limit.quantity != "depth":
                raise ValueError(f"a class boundary is a depth, not {limit.quantity}")
        return self


class JurisdictionContent(Closed):
    """Where needling turns medical under one law. What no boundary covers needs classification."""

    name: ShortText
    boundaries: Annotated[list[ClassBoundary], Field(max_length=BOUNDARIES_PER_JURISDICTION_MAX)]


class SeriesPlanContent(Closed):
    """How many sessions one subject is to have, how far apart, at the clinic or at home."""

    salt: Salt
    """The content is short and about a person: without it the digest could be guessed."""
    subject_id: SubjectId
    setting: Setting
    treatment: Treatment | None = None
    protocol_id: RegistryId | None = None
    indication: RegistryId | None = None
    zones: Annotated[list[ZoneCode], Field(min_length=1, max_length=60)] | None = None
    session_count: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Null: goes on until it is ended, as weekly home care does."""
    interval_days: Annotated[float, Field(gt=0)] | None = None
    """Intended; sessions before `interval_min_days` are early, after `interval_max_days` late."""
    interval_min_days: Annotated[float, Field(ge=0)] | None = None
    interval_max_days: Annotated[float, Field(gt=0)] | None = None
    starts_ms: UtcMs | None = None
    ends_ms: UtcMs | None = None
