"""Documents of a registry, as bytes, as documents, and put into a journal without a broker."""

import json
from typing import TypeAlias

from pydantic import JsonValue

from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.parse import parse
from dermatrace_schemas.registry import RegistryDocument
from support.scribe import Scribe

Content: TypeAlias = dict[str, JsonValue]
Facts: TypeAlias = tuple[str, str, str, Content]
"""Kind, id, version, content."""

CLINIC = "north"
DIGEST = "d" * 64
"""A digest that no content here has."""

DIRECTOR: Content = {"person_id": "physician-1", "deputy": False, "valid_from_ms": 100}
DEPUTY: Content = {**DIRECTOR, "deputy": True}
OPERATOR: Content = {"role": "nurse", "treatments": ["nano_needling"], "rf_allowed": False}
DEVICE: Content = {"sender": "pen-7", "device_model_id": "pen", "serial": "1"}
DEVICE_MODEL: Content = {
    "vendor": "v",
    "model": "m",
    "modality": "pen",
    "clearances": [],
    "example": True,
}
UNSET: Content = {"quantity": "depth", "unit": "mm", "value": None, "source": "none", "trust": "U"}
PROTOCOL: Content = {
    "title": "Protocol",
    "treatment": "nano_needling",
    "settings": ["clinic"],
    "example": False,
    "bands": [{"upper": {**UNSET, "value": 0.25, "source": "a page"}}],
    "gates": [],
    "contraindications": [],
}
APPROVAL: Content = {
    "clinic": CLINIC,
    "protocol_id": "protocol-1",
    "protocol_version": "1",
    "protocol_digest": registry_digest(PROTOCOL),
    "director_id": "director-1",
    "effective_from_ms": 100,
}


def registry_bytes(
    kind: str, registry_id: str, version: str, content: Content, *, seq: int = 0
) -> bytes:
    """Return a document of the registry as a tool sends it."""
    document = {
        "seq": seq,
        "kind": f"registry.{kind}",
        "boot_id": "boot-1",
        "uptime_ms": 0,
        "wall_time_ms": None,
        "registry_id": registry_id,
        "version": version,
        "content": content,
        "digest": registry_digest(content),
    }
    return json.dumps(document).encode()


def registry_document(
    kind: str, registry_id: str, version: str, content: Content
) -> RegistryDocument:
    """Return a document of the registry as it is read."""
    document = parse("registry", registry_bytes(kind, registry_id, version, content))
    assert isinstance(document, RegistryDocument)
    return document


def shelve(
    scribe: Scribe, *documents: Facts, clinic: str = CLINIC, stream_id: str = "import-1"
) -> int:
    """Record documents as one stream; return the last entry's id."""
    key = StreamKey(clinic, "registry", "registry", stream_id)
    payloads = [registry_bytes(*document, seq=seq) for seq, document in enumerate(documents)]
    return scribe.accept(key, 0, *payloads)
