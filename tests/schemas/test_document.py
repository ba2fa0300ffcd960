"""What every document has in common."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from dermatrace_schemas import catalogue
from dermatrace_schemas.document import Closed, SeqRange, StreamDocument
from dermatrace_schemas.limits import EXTENSIONS_MAX_BYTES
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.session import Place, ZoneEntered
from support.vectors import class_of, example, with_changes

DOCUMENTS = [document for documents in catalogue.BY_CLASS.values() for document in documents]
NUMBERED = [document for document in DOCUMENTS if issubclass(document, StreamDocument)]


def _entered(value: object) -> bytes:
    return with_changes("zone.entered", extensions={"vendor.fact": value})


@pytest.mark.parametrize("document", DOCUMENTS, ids=catalogue.kind_of)
def test_document_is_closed_frozen_and_strict(document: type[BaseModel]) -> None:
    assert issubclass(document, Closed)
    assert document.model_config.get("extra") == "forbid"
    assert document.model_config.get("frozen")
    assert document.model_config.get("strict")
    assert document.model_config.get("allow_inf_nan") is False


@pytest.mark.parametrize("document", NUMBERED, ids=catalogue.kind_of)
def test_seq_is_the_first_member_of_a_numbered_document(document: type[BaseModel]) -> None:
    assert list(document.model_fields)[:2] == ["seq", "kind"]
    kind = catalogue.kind_of(document)
    read = parse(class_of(kind), json.dumps(example(kind)).encode())
    assert read.model_dump_json().startswith('{"seq":')


def test_document_cannot_be_changed() -> None:
    place = Place(zone="cheek")
    with pytest.raises(ValidationError, match="frozen"):
        place.zone = "nose"  # type: ignore[misc]


@pytest.mark.parametrize("letter", ["a", "ä", "\N{GRINNING FACE}"])
def test_extensions_are_measured_as_compact_utf8(letter: str) -> None:
    overhead_bytes = len('{"vendor.fact":""}')
    letters = (EXTENSIONS_MAX_BYTES - overhead_bytes) // len(letter.encode())
    assert parse("session", _entered(letter * letters))
    with pytest.raises(Unreadable, match="at most 1024") as caught:
        parse("session", _entered(letter * (letters + 1)))
    assert caught.value.path == "extensions"


@pytest.mark.parametrize("name", ["fact", "Vendor.fact", "vendor.Fact", "v.fact", "vendor.a.b"])
def test_extension_without_vendor_and_fact_is_refused(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("session", with_changes("zone.entered", extensions={name: 1}))
    assert caught.value.reason == "invalid"


def test_extensions_may_hold_any_json() -> None:
    value = {"a": [1, 2.5, None, True, {"b": "c"}]}
    document = parse("session", _entered(value))
    assert isinstance(document, ZoneEntered)
    assert document.extensions == {"vendor.fact": value}


def test_range_of_one_is_a_range_and_a_range_backwards_is_none() -> None:
    assert SeqRange(first_seq=4, last_seq=4)
    with pytest.raises(ValidationError, match="last_seq 3 is before first_seq 4"):
        SeqRange(first_seq=4, last_seq=3)
