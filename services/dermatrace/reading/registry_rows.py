"""One version of one registry thing as plain data: what names it, and whether it is in force."""

from typing import Any

from dermatrace.judge.registry_history import Version
from dermatrace.reading.registry_standing import Standing


def version_names(version: Version) -> dict[str, Any]:
    """Return what names a version, and the entry that brought it."""
    pin = version.pin.model_dump(mode="json")
    return {"clinic": version.clinic, **pin, "entry_id": version.entry_id}


def version_row(standing: Standing, version: Version) -> dict[str, Any]:
    """Return a version, whether it is in force and why not, and how often it is contradicted."""
    thing = version.clinic, version.kind, version.registry_id
    why_not = standing.why_not(version)
    conflict_count = len(standing.history.conflicts(*thing))
    return {
        **version_names(version),
        "in_force": not why_not,
        "why_not": why_not,
        "conflict_count": conflict_count,
    }
