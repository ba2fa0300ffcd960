"""What the documents of a folder name, and whether it is there.

What is not there may be on record already, so it is worth a look but no mistake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from dermatrace.registry.problems import Notebook, Problem
from dermatrace_schemas.references import RegistryKind

_DIGEST: Final = "protocol_digest"
_POINTERS: Final[dict[RegistryKind, dict[tuple[str, ...], str]]] = {
    "clinic": {("jurisdiction_id",): "jurisdiction"},
    "director": {("person_id",): "operator"},
    "device": {("device_model_id",): "device_model", ("room_id",): "room"},
    "device_model": {("tip_model_ids",): "tip_model"},
    "protocol": {("device", "device_model_ids"): "device_model"},
    "approval": {("protocol_id",): "protocol", ("director_id",): "director", (_DIGEST,): _DIGEST},
    "series_plan": {("protocol_id",): "protocol"},
}
"""Which member of a content names a thing of which kind."""


@dataclass(frozen=True, slots=True)
class FolderDocument:
    """One version of one thing, and where it was written down."""

    kind: RegistryKind
    registry_id: str
    version: str
    clinic: str | None
    """None: of every clinic."""
    content: dict[str, JsonValue]
    digest: str
    file: str
    line: int

    @property
    def named(self) -> tuple[str, str, str]:
        """What tells it from all others of a clinic."""
        return self.kind, self.registry_id, self.version

    def is_at(self, clinic: str | None) -> bool:
        """Whether it goes on record at a clinic."""
        return self.clinic in {None, clinic}

    @property
    def facts(self) -> dict[str, JsonValue]:
        """What its document says, beside what every document carries."""
        return {
            "registry_id": self.registry_id,
            "version": self.version,
            "content": self.content,
            "digest": self.digest,
        }


def warnings_of(documents: list[FolderDocument]) -> list[Problem]:
    """Return what is named and neither the same clinic's nor every clinic's in this folder."""
    notes = Notebook()
    for document in documents:
        within = [other for other in documents if other.is_at(document.clinic)]
        known = {(str(other.kind), other.registry_id) for other in within}
        known |= {(_DIGEST, other.digest) for other in within if other.kind == "protocol"}
        for path, kind, name in _named(document):
            if (kind, name) not in known:
                what = f"{kind} {name} is not in this folder"
                remedy = "Right if it is on record already; else check it."
                notes.add(document.file, document.line, path, what, remedy)
    return notes.problems


def _named(document: FolderDocument) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if document.clinic is not None:
        yield ("clinic",), "clinic", document.clinic
    for path, kind in _POINTERS.get(document.kind, {}).items():
        value: JsonValue = document.content
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        for named in value if isinstance(value, list) else [value]:
            if named is not None:
                yield ("content", *path), kind, str(named)
