"""What ships in the library, read as a clinic's own folder would be, and parsed as on the wire."""

import json
from collections.abc import Iterator
from typing import Final, TypeVar

from pydantic import JsonValue

from dermatrace.registry.load import Folder, load_folder
from dermatrace.registry.references import FolderDocument
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.parse import parse
from dermatrace_schemas.quantities import Limit

Document = TypeVar("Document")

SHIPPED: Final = ("device_models", "treatment_protocols", "jurisdictions")
"""Folders for every clinic to start from; the sample clinic stands beside them."""


def library_folder(name: str) -> Folder:
    """Return one folder of the library."""
    return load_folder(sample_clinic().parent / name)


def parsed(document: FolderDocument) -> object:
    """Return what the contract makes of a document. Raises what `parse` raises."""
    envelope: dict[str, JsonValue] = {
        "seq": 0,
        "kind": f"registry.{document.kind}",
        "boot_id": "b",
        "uptime_ms": 0,
        "wall_time_ms": None,
        **document.facts,
    }
    return parse("registry", json.dumps(envelope).encode())


def all_of(folder: Folder, model: type[Document]) -> dict[str, Document]:
    """Return the documents of one kind by their ids."""
    found = ((document.registry_id, parsed(document)) for document in folder.documents)
    return {name: one for name, one in found if isinstance(one, model)}


def limits_in(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Yield every limit, however deep it stands."""
    if isinstance(value, dict):
        if "quantity" in value:
            yield value
        for inner in value.values():
            yield from limits_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from limits_in(inner)


def limits_of(folder: Folder) -> list[dict[str, JsonValue]]:
    """Return every limit of a folder."""
    return [limit for document in folder.documents for limit in limits_in(document.content)]


def number(limit: Limit | None) -> float | None:
    """Return a limit's number; None if there is no limit, or nobody has entered it."""
    return None if limit is None else limit.value
