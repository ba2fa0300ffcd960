"""How a version of a treatment protocol stands at a clinic: since when, approved by whom."""

from typing import Any

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.registry_history import Version
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.registry_protocols import ApprovalContent


def protocol_standing(
    reader: JournalReader, standing: Standing, version: Version, digest: str
) -> dict[str, Any]:
    """Return how a version on record stands, compared with the content that a digest names."""
    entry = reader.entry(version.entry_id)
    assert entry is not None  # noqa: S101  it was read from there, and entries stay
    why_not = standing.why_not(version)
    if version.digest != digest:
        why_not = f"this version is on record with other content, digest {version.digest}"
    return {
        "clinic": version.clinic,
        "entry_id": version.entry_id,
        "recorded_ms": entry.received_ms,
        "in_force": not why_not,
        "why_not": why_not,
        "approvals": [
            _approval(standing, approval, approval.content)
            for approval in standing.newest("approval")
            if isinstance(approval.content, ApprovalContent)
            and approval.content.protocol_digest == digest
        ],
    }


def _approval(standing: Standing, approval: Version, content: ApprovalContent) -> dict[str, Any]:
    why_not = standing.why_not(approval)
    return {
        "registry_id": approval.registry_id,
        "version": approval.version,
        "effective_from_ms": content.effective_from_ms,
        "retired_from_ms": content.retired_from_ms,
        "director_id": content.director_id,
        "in_force": not why_not,
        "why_not": why_not,
    }
