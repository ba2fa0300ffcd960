"""How one document points at another: by key, by registry version, by journal entry."""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import (
    ClinicId,
    RegistryId,
    SenderId,
    Seq,
    Sha256Hex,
    ShortText,
    StreamClass,
    StreamId,
)

EntryId = Annotated[int, Field(ge=1, le=2**53)]
"""Position in the journal, from 1."""

RegistryKind = Literal[
    "clinic",
    "room",
    "director",
    "operator",
    "device",
    "device_model",
    "tip_model",
    "jurisdiction",
    "protocol",
    "approval",
    "series_plan",
]
"""Kinds of reference data with an identity and versions; `registry.` and this is the document."""


class StreamKey(Closed):
    """One stream, unmistakable among all clinics."""

    clinic: ClinicId
    sender: SenderId
    stream_class: StreamClass
    stream_id: StreamId


class SessionKey(Closed):
    """One session of the clinic on whose topic the document travels."""

    sender: SenderId
    """The device that tells the session."""
    stream_id: StreamId


class DocumentKey(Closed):
    """One numbered document of the clinic on whose topic the naming document travels."""

    sender: SenderId
    stream_class: StreamClass
    stream_id: StreamId
    seq: Seq


class RegistryPin(Closed):
    """Exactly one version of one thing in the registry."""

    registry_kind: RegistryKind
    registry_id: RegistryId
    version: ShortText
    digest: Sha256Hex
    """Of the version's content; the same id and version with another digest is another thing."""
