"""The committed test vectors, read once."""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from dermatrace_schemas import catalogue
from support.tree import ROOT

VECTORS: Final = ROOT / "schemas" / "vectors"
INVALID_FILE: Final = "invalid"


@dataclass(frozen=True, slots=True)
class Invalid:
    """A message that must be refused, and how."""

    name: str
    message_class: str
    payload: bytes
    reason: str
    path: str
    seq: int | None


def example_bytes(kind: str) -> bytes:
    """Return the valid document of this kind, as it is committed."""
    return (VECTORS / "documents" / f"{kind}.json").read_bytes()


def example(kind: str) -> dict[str, Any]:
    """Return the valid document of this kind, free to be changed."""
    document: dict[str, Any] = json.loads(example_bytes(kind))
    return document


def with_changes(kind: str, /, **members: object) -> bytes:
    """Return the valid document of this kind with some members replaced, as bytes."""
    return json.dumps({**example(kind), **members}).encode()


def class_of(kind: str) -> str:
    """Return the class of topic of a kind that is known to exist."""
    message_class = catalogue.class_of(kind)
    assert message_class is not None, f"{kind} is no kind"
    return message_class


def kinds_with_example() -> list[str]:
    """Return the kinds of all committed examples."""
    paths = sorted((VECTORS / "documents").glob("*.json"))
    return [path.stem for path in paths if path.stem != INVALID_FILE]


def invalid_messages() -> list[Invalid]:
    """Return every message that must be refused."""
    rows = json.loads((VECTORS / "documents" / f"{INVALID_FILE}.json").read_text(encoding="utf-8"))
    return [
        Invalid(
            name=row["name"],
            message_class=row["class"],
            payload=(
                row["payload"].encode()
                if "payload" in row
                else base64.b64decode(row["payload_base64"])
            ),
            reason=row["reason"],
            path=row["path"],
            seq=row["seq"],
        )
        for row in rows
    ]


KINDS: Final = tuple(
    catalogue.kind_of(document)
    for documents in catalogue.BY_CLASS.values()
    for document in documents
)
"""Every kind there is."""
