"""What people say about the record: seen, explained, corrected, signed.

None of these changes or removes anything. A judgement reads them beside what they speak of.
"""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.chart import ChartDocument
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.finding import FINDINGS_PER_DOCUMENT_MAX, FindingKey
from dermatrace_schemas.identifiers import LongText, RegistryId, Sha256Hex, ShortText
from dermatrace_schemas.references import DocumentKey, EntryId, RegistryPin, SessionKey
from dermatrace_schemas.session import Count, Place

FindingKeys = Annotated[list[FindingKey], Field(min_length=1, max_length=FINDINGS_PER_DOCUMENT_MAX)]


class ChartZoneReattribution(ChartDocument):
    """A stretch of a session was delivered to another zone than the device says."""

    kind: Literal["chart.zone_reattribution"]
    session: SessionKey
    seq_range: SeqRange
    place: Place
    """Where it was really delivered; an absent member is unknown, not unchanged."""
    reason: LongText | None = None


class ChartAcknowledgement(ChartDocument):
    """Somebody has seen findings. It says nothing about whether they were right."""

    kind: Literal["chart.acknowledgement"]
    findings: FindingKeys
    detail: LongText | None = None


class ChartJustification(ChartDocument):
    """Why findings were accepted. They stay in the record, with this beside them."""

    kind: Literal["chart.justification"]
    findings: FindingKeys
    reason: LongText


class ChartNote(ChartDocument):
    """Free text for people; never judged."""

    kind: Literal["chart.note"]
    session: SessionKey | None = None
    text: LongText


class ChartCorrection(ChartDocument):
    """An earlier document is wrong. It stays readable; judgements no longer go by it."""

    kind: Literal["chart.correction"]
    earlier: DocumentKey
    reason: LongText
    replacement: DocumentKey | None = None
    """The document that holds instead; null if the earlier one is only withdrawn."""
    registry_version: RegistryPin | None = None
    """Judge by this version instead of the one in force when the session began."""


class ChartSignature(ChartDocument):
    """A person signs exactly one record, named by its hash. `fact_time_ms` is when."""

    kind: Literal["chart.signature"]
    signer: RegistryId
    meaning: Literal["authorship", "review", "approval", "responsibility"]
    record_sha256: Sha256Hex
    """Of the record as the signer saw it; anything added later is not covered."""
    session: SessionKey | None = None
    generation: Count | None = None
    """The judgement that was shown."""
    as_of_entry_id: EntryId | None = None
    """The journal's last entry that the record takes in."""
    statement: LongText | None = None
    """The sentence above the signature."""
    manner: ShortText | None = None
    """How the signer proved who they are."""
