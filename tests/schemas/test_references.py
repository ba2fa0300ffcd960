"""One document can point at another without room for doubt."""

from typing import get_args

import pytest
from pydantic import ValidationError

from dermatrace_schemas import catalogue
from dermatrace_schemas.references import (
    DocumentKey,
    RegistryKind,
    RegistryPin,
    SessionKey,
    StreamKey,
)


def test_keys_that_say_the_same_are_equal_and_usable_as_dictionary_keys() -> None:
    first, second = (
        StreamKey(clinic="c", sender="pen-01", stream_class="session", stream_id="s") for _ in "ab"
    )
    assert {first: 1}[second] == 1
    assert SessionKey(sender="a", stream_id="s") != SessionKey(sender="b", stream_id="s")


def test_key_of_a_class_without_streams_is_refused() -> None:
    with pytest.raises(ValidationError, match="stream_class"):
        DocumentKey.model_validate(
            {"sender": "a", "stream_class": "outbox", "stream_id": "s", "seq": 0}
        )


def test_every_versioned_registry_document_can_be_pinned() -> None:
    kinds = {catalogue.kind_of(document) for document in catalogue.REGISTRY_DOCUMENTS}
    assert {f"registry.{kind}" for kind in get_args(RegistryKind)} == kinds - {"registry.erasure"}


def test_pin_without_digest_is_refused() -> None:
    with pytest.raises(ValidationError, match="digest"):
        RegistryPin.model_validate({"registry_kind": "room", "registry_id": "r", "version": "1"})
