"""Reference data: every document is one immutable version of one thing, named by its digest."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.document import Closed, StreamDocument
from dermatrace_schemas.identifiers import (
    LongText,
    RegistryId,
    Sha256Hex,
    ShortText,
    SubjectId,
)
from dermatrace_schemas.references import StreamKey
from dermatrace_schemas.registry_devices import DeviceModelContent, TipModelContent
from dermatrace_schemas.registry_models import (
    ClinicContent,
    DeviceContent,
    DirectorContent,
    JurisdictionContent,
    OperatorContent,
    RoomContent,
    SeriesPlanContent,
)
from dermatrace_schemas.registry_protocols import ApprovalContent, ProtocolContent

STREAMS_PER_ERASURE_MAX = 1_000
"""Streams one order names; a longer list is several orders."""


def digest_of_content(content: Closed) -> str:
    """Return the digest of a content as its sender wrote it: members left out stay left out.

    Raises ValueError if it holds a number that RFC 8785 cannot express.
    """
    return registry_digest(content.model_dump(mode="json", exclude_unset=True))


class RegistryDocument(StreamDocument):
    """One version of one thing. Another content is another version, never an edit."""

    registry_id: RegistryId
    version: ShortText
    content: Closed
    digest: Sha256Hex
    """SHA-256 of `content` in RFC 8785 form."""

    @model_validator(mode="after")
    def _digest_is_of_content(self) -> Self:
        actual = digest_of_content(self.content)
        if actual != self.digest:
            raise ValueError(f"digest says {self.digest}, the content has {actual}")
        return self


class RegistryClinic(RegistryDocument):
    """A clinic."""

    kind: Literal["registry.clinic"]
    content: ClinicContent


class RegistryRoom(RegistryDocument):
    """A treatment room."""

    kind: Literal["registry.room"]
    content: RoomContent


class RegistryDirector(RegistryDocument):
    """An appointment as medical director or deputy."""

    kind: Literal["registry.director"]
    content: DirectorContent


class RegistryOperator(RegistryDocument):
    """A person and what they may do."""

    kind: Literal["registry.operator"]
    content: OperatorContent


class RegistryDevice(RegistryDocument):
    """A device in use."""

    kind: Literal["registry.device"]
    content: DeviceContent


class RegistryDeviceModel(RegistryDocument):
    """What a model of device can do and is cleared for."""

    kind: Literal["registry.device_model"]
    content: DeviceModelContent


class RegistryTipModel(RegistryDocument):
    """What a model of cartridge or tip can do."""

    kind: Literal["registry.tip_model"]
    content: TipModelContent


class RegistryJurisdiction(RegistryDocument):
    """Where needling turns medical."""

    kind: Literal["registry.jurisdiction"]
    content: JurisdictionContent


class RegistryProtocol(RegistryDocument):
    """A version of a treatment protocol."""

    kind: Literal["registry.protocol"]
    content: ProtocolContent


class RegistryApproval(RegistryDocument):
    """A treatment protocol put in force."""

    kind: Literal["registry.approval"]
    content: ApprovalContent


class RegistrySeriesPlan(RegistryDocument):
    """A plan for a series of sessions."""

    kind: Literal["registry.series_plan"]
    content: SeriesPlanContent


class RegistryErasure(StreamDocument):
    """An order to erase what is held about a subject, or in some streams.

    The payloads go; that they were there, and this order, remain.
    """

    kind: Literal["registry.erasure"]
    subject_id: SubjectId | None = None
    streams: Annotated[list[StreamKey], Field(max_length=STREAMS_PER_ERASURE_MAX)] | None = None
    reason: LongText
    ordered_by: RegistryId

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.subject_id is None and not self.streams:
            raise ValueError("an erasure names a subject_id, streams or both")
        return self
