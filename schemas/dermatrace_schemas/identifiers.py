"""What may be called what: the grammar of every identifier in the contract."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from dermatrace_schemas.limits import SEQ_MAX

CLINIC_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,62}$"
SENDER_PATTERN: Final = CLINIC_PATTERN
STREAM_PATTERN: Final = r"^[a-z0-9][a-z0-9.-]{0,159}$"
NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,79}$"
ZONE_PATTERN: Final = r"^[a-z][a-z0-9-]{0,39}$"
EXTENSION_PATTERN: Final = r"^[a-z][a-z0-9-]{1,31}\.[a-z][a-z0-9_]{0,47}$"

RECORDER_SENDER: Final = "dermatrace"
"""The recorder's own sender id; a message that arrives under it is rejected."""
JUDGE_SENDER: Final = "judge"
"""Under which the judge sends. Nobody else may: its name is its place in every verdict's topic."""


ClinicId = Annotated[str, StringConstraints(pattern=CLINIC_PATTERN)]
SenderId = Annotated[str, StringConstraints(pattern=SENDER_PATTERN)]
StreamId = Annotated[str, StringConstraints(pattern=STREAM_PATTERN)]
RegistryId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""Id of a thing in the registry: a protocol, an operator, a device model."""
ZoneCode = Annotated[str, StringConstraints(pattern=ZONE_PATTERN)]
"""A treated zone; `zones.py` lists the known ones, an unlisted one is a finding."""
BootId = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
]
"""Random, new at every start of the sender."""
SubjectId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{5,62}$")]
"""Random pseudonym of the treated person; never a name or a record number."""
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""Random text that keeps a digest of a short document from being guessed."""
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=120)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Seq = Annotated[int, Field(ge=0, le=SEQ_MAX)]
UtcMs = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
"""Milliseconds since 1970-01-01T00:00:00Z, up to the end of the year 9999."""

StreamClass = Literal["session", "chart", "registry", "verdict"]
"""Streams with sequence numbers; the class is a level of the topic."""
Laterality = Literal["left", "right", "midline", "bilateral"]
