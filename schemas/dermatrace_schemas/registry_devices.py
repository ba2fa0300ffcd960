"""Contents of the registry: what a model of device or tip can do and is cleared for."""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import RegistryId, ShortText, ZoneCode
from dermatrace_schemas.quantities import Band, Limit, Source
from dermatrace_schemas.session import Insulation, Modality, Ratings, Setting
from dermatrace_schemas.treatment import Phototype

CLEARANCES_PER_MODEL_MAX = 20
"""Submissions one device model lists; more is refused."""
INDICATIONS_PER_LABEL_MAX = 40
"""Cleared uses one label lists; more is refused."""
LIMITS_PER_LABEL_MAX = 60
"""Limits of one label; more is refused."""


class Clearance(Source):
    """One authority's decision that the model may be sold, and as what."""

    authority: ShortText
    """For example FDA."""
    device_class: Literal["I", "II", "IIa", "IIb", "III"] | None = None
    regulation: ShortText | None = None
    """For example 21 CFR 878.4430."""
    product_code: ShortText | None = None
    submission: ShortText | None = None


class SourcedRatings(Source):
    """What the maker says the model can do, and where the maker says so."""

    ratings: Ratings


class LabelIndication(Source):
    """One use the label covers. What it does not cover is off-label, which is no fault."""

    indication: RegistryId
    zones: Annotated[list[ZoneCode], Field(min_length=1, max_length=60)] | None = None
    """Null: the label names no zone."""
    phototypes: Annotated[list[Phototype], Field(min_length=1, max_length=6)] | None = None
    """Null: the label names no phototype."""
    age_min: Limit | None = None
    """Youngest age the label covers."""


class Label(Closed):
    """What the model's cleared label covers."""

    indications: Annotated[list[LabelIndication], Field(max_length=INDICATIONS_PER_LABEL_MAX)]
    limits: Annotated[list[Band], Field(max_length=LIMITS_PER_LABEL_MAX)]
    """Greatest depth that was evaluated, energy with phototypes, pulses a tip may deliver."""
    settings: Annotated[list[Setting], Field(min_length=1, max_length=2)] | None = None
    """Where it may be used; null: the label does not say."""


class DeviceModelContent(Closed):
    """A model of device. Devices that claim to be it are compared with this."""

    vendor: ShortText
    model: ShortText
    modality: Modality
    clearances: Annotated[list[Clearance], Field(max_length=CLEARANCES_PER_MODEL_MAX)]
    """Empty: none is known, which is not the same as cleared."""
    rated: SourcedRatings | None = None
    label: Label | None = None
    tip_model_ids: Annotated[list[RegistryId], Field(max_length=100)] | None = None
    """Tips made for it; null: unknown."""
    example: bool
    """True for a model that ships with the software and that nobody has checked here."""


class TipModelContent(Closed):
    """A model of needle cartridge or RF tip."""

    vendor: ShortText
    model: ShortText
    needle_count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    needle_length_mm: float | None = None
    insulation: Insulation | None = None
    single_use: bool | None = None
    limits: Annotated[list[Band], Field(max_length=LIMITS_PER_LABEL_MAX)]
    """For example greatest depth or shots one unit may deliver."""
    source: ShortText | None = None
