"""A registry version is its content: the digest says so and cannot be wrong."""

import json
from typing import Any

import pytest

from dermatrace_schemas import catalogue
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.registry import (
    STREAMS_PER_ERASURE_MAX,
    RegistryDocument,
    RegistryErasure,
    RegistryTipModel,
)
from support.vectors import KINDS, example, with_changes

VERSIONED = [kind for kind in KINDS if kind.startswith("registry.") and kind != "registry.erasure"]
STREAM = {"clinic": "c", "sender": "s", "stream_class": "session", "stream_id": "x"}


def _version(kind: str, content: dict[str, Any]) -> bytes:
    return with_changes(kind, content=content, digest=registry_digest(content))


def test_every_registry_document_but_the_erasure_is_a_version() -> None:
    for document in catalogue.REGISTRY_DOCUMENTS:
        assert issubclass(document, RegistryDocument) == (document is not RegistryErasure)


@pytest.mark.parametrize("kind", VERSIONED)
def test_digest_of_another_content_is_refused_with_both(kind: str) -> None:
    right = example(kind)["digest"]
    wrong = "0" * 64
    with pytest.raises(Unreadable) as caught:
        parse("registry", with_changes(kind, digest=wrong))
    assert wrong in caught.value.detail
    assert right in caught.value.detail


@pytest.mark.parametrize("kind", VERSIONED)
def test_order_and_spaces_of_the_content_do_not_matter(kind: str) -> None:
    document = example(kind)
    document["content"] = dict(reversed(document["content"].items()))
    assert parse("registry", json.dumps(document, indent=3).encode())


def test_absent_and_null_are_different_contents_of_equal_meaning() -> None:
    absent = example("registry.tip_model")["content"]
    null = absent | {"insulation": None}
    assert registry_digest(absent) != registry_digest(null)
    for content in (absent, null):
        document = parse("registry", _version("registry.tip_model", content))
        assert isinstance(document, RegistryTipModel)
        assert document.content.insulation is None
    with pytest.raises(Unreadable, match="digest says"):
        parse("registry", with_changes("registry.tip_model", content=null))


@pytest.mark.parametrize("number", ["1.50", "15e-1", "1.5"])
def test_number_written_in_another_way_has_the_same_digest(number: str) -> None:
    text = json.dumps(example("registry.operator")).replace("1.5", number)
    assert number in text
    assert parse("registry", text.encode())


@pytest.mark.parametrize("number", ["22", "22.0", "2.2e1"])
def test_whole_number_where_a_fraction_may_stand_has_the_same_digest(number: str) -> None:
    text = json.dumps(example("registry.device_model")).replace('"value": 22', f'"value": {number}')
    assert number in text
    assert parse("registry", text.encode())


def test_text_beyond_ascii_has_the_digest_of_its_characters() -> None:
    content: dict[str, Any] = {"name": "Behandlungsraum Süd \N{GRINNING FACE}"}
    document = example("registry.room") | {"content": content, "digest": registry_digest(content)}
    assert parse("registry", json.dumps(document, ensure_ascii=True).encode())
    assert parse("registry", json.dumps(document, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("subject_id", "streams", "fits"),
    [
        ("subj-4k2m9q", None, True),
        (None, [STREAM], True),
        (None, [STREAM] * STREAMS_PER_ERASURE_MAX, True),
        (None, None, False),
        (None, [], False),
        (None, [STREAM] * (STREAMS_PER_ERASURE_MAX + 1), False),
    ],
)
def test_erasure_names_a_subject_or_streams(
    subject_id: str | None, streams: list[dict[str, str]] | None, *, fits: bool
) -> None:
    payload = with_changes("registry.erasure", subject_id=subject_id, streams=streams)
    if fits:
        assert parse("registry", payload)
        return
    with pytest.raises(Unreadable):
        parse("registry", payload)


@pytest.mark.parametrize("member", ["reason", "ordered_by"])
def test_erasure_nobody_answers_for_is_refused(member: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("registry", with_changes("registry.erasure", **{member: None}))
    assert caught.value.path == member
