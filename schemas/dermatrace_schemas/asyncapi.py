"""Renders the contract as one AsyncAPI 3.0 document, seen from the recorder.

Channels come from `topics.py`, messages from `catalogue.py`; payloads point at the JSON Schemas.
"""

from typing import Any, Final

import yaml
from pydantic import BaseModel

from dermatrace_schemas import catalogue
from dermatrace_schemas.identifiers import CLINIC_PATTERN, SENDER_PATTERN, STREAM_PATTERN
from dermatrace_schemas.json_schema import file_name
from dermatrace_schemas.limits import CONTRACT_VERSION
from dermatrace_schemas.topics import (
    RETAINED_CLASSES,
    STREAM_CLASSES,
    receipt_topic,
    rejection_topic,
    sender_root,
)

QOS: Final = 1
BINDING_VERSION: Final = "0.2.0"

SENT_BY_RECORDER: Final = {"receipt": receipt_topic, "rejection": rejection_topic}
"""Classes the recorder sends, and how their topics are built."""

_ABOUT: Final = {
    "session": "One treatment's ordered stream, told by its device.",
    "chart": "What people know about visits: one sitting of one writer.",
    "registry": "Reference data: one import a stream.",
    "verdict": "One generation of judgement of one session.",
    "outbox": "What a sender still holds, and its clock.",
    "receipt": "What the recorder has of one stream, durably.",
    "rejection": "Why one message was kept but not understood.",
    "announcement": "What a device is.",
    "status": "How a device is; also its will.",
}

_PARAMETERS: Final = {
    "clinic": f"The clinic, matching {CLINIC_PATTERN}",
    "sender": f"Also the sender's MQTT user name and client id, matching {SENDER_PATTERN}",
    "stream_id": f"The stream, unique for its sender and class, matching {STREAM_PATTERN}",
}

_DESCRIPTION: Final = (
    "Numbered documents from devices and people, and the receipts that say what is durably "
    "recorded. The recorder only listens: no message of it can start, stop or set a device. "
    "Operations are those of the recorder: it receives what senders publish and sends receipts "
    "and rejections."
)


def channel_address(message_class: str) -> str:
    """Return the topic of a class with its parameters in braces."""
    if message_class in SENT_BY_RECORDER:
        return SENT_BY_RECORDER[message_class]("{clinic}", "{sender}")
    last = "/{stream_id}" if message_class in STREAM_CLASSES else ""
    return f"{sender_root('{clinic}', '{sender}')}/{message_class}{last}"


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    classes = list(_ABOUT)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "dermatrace",
            "version": f"{CONTRACT_VERSION}.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name) for name in classes},
        "operations": dict(_operation(name) for name in classes),
        "components": {
            "messages": {
                catalogue.kind_of(document): _message(document)
                for name in classes
                for document in catalogue.documents_of(name)
            }
        },
    }


def render_asyncapi() -> str:
    """Return the text of `asyncapi.yaml`: the same contract always gives the same text."""
    text: str = yaml.dump(asyncapi(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return "# Generated; change the models and run `make schemas`.\n" + text


def _channel(message_class: str) -> dict[str, Any]:
    address = channel_address(message_class)
    kinds = [catalogue.kind_of(document) for document in catalogue.documents_of(message_class)]
    return {
        "address": address,
        "description": _ABOUT[message_class],
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        "parameters": {
            name: {"description": about}
            for name, about in _PARAMETERS.items()
            if f"{{{name}}}" in address
        },
    }


def _operation(message_class: str) -> tuple[str, dict[str, Any]]:
    action = "send" if message_class in SENT_BY_RECORDER else "receive"
    operation = {
        "action": action,
        "channel": {"$ref": f"#/channels/{message_class}"},
        "summary": _ABOUT[message_class],
        "bindings": {
            "mqtt": {
                "qos": QOS,
                "retain": message_class in RETAINED_CLASSES,
                "bindingVersion": BINDING_VERSION,
            }
        },
    }
    return f"{action}_{message_class}", operation


def _message(document: type[BaseModel]) -> dict[str, Any]:
    kind = catalogue.kind_of(document)
    summary = (document.__doc__ or "").strip().splitlines()[0]
    return {
        "name": kind,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"./json/{file_name(kind)}"},
    }


class _Plain(yaml.SafeDumper):
    """Writes every value out, so that a reader never has to follow an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401  PyYAML's signature
        """Never make an alias."""
        del data
        return True
