"""Every document has one kind, one class and a place in the published files."""

from collections import Counter
from typing import get_args

import pytest

from dermatrace_schemas import catalogue
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.system import SystemDocument
from dermatrace_schemas.topics import REPORT_CLASSES, STREAM_CLASSES, MessageClass
from support.vectors import KINDS, kinds_with_example


def test_no_two_documents_share_a_kind() -> None:
    assert [kind for kind, count in Counter(KINDS).items() if count > 1] == []


def test_every_topic_class_has_documents() -> None:
    for message_class in get_args(MessageClass):
        assert catalogue.documents_of(message_class)
    extra = set(catalogue.BY_CLASS) - STREAM_CLASSES - REPORT_CLASSES
    assert extra == {"system", "receipt", "rejection"}


def test_documents_of_streams_are_numbered_and_no_others() -> None:
    for message_class, documents in catalogue.BY_CLASS.items():
        for document in documents:
            assert issubclass(document, StreamDocument) == (message_class in STREAM_CLASSES)
            assert issubclass(document, SystemDocument) == (message_class == "system")


def test_kind_leads_back_to_its_class() -> None:
    for message_class, documents in catalogue.BY_CLASS.items():
        for document in documents:
            assert catalogue.class_of(catalogue.kind_of(document)) == message_class
    assert catalogue.class_of("zone.left") is None


@pytest.mark.parametrize("prefix", ["chart", "registry", "verdict", "system"])
def test_kinds_of_a_class_start_with_its_name(prefix: str) -> None:
    kinds = [catalogue.kind_of(document) for document in catalogue.documents_of(prefix)]
    assert all(kind.startswith(f"{prefix}.") for kind in kinds)


def test_every_kind_has_a_committed_example_and_no_other_has() -> None:
    assert kinds_with_example() == sorted(KINDS)


def test_every_document_says_in_a_sentence_what_it_is() -> None:
    for documents in catalogue.BY_CLASS.values():
        for document in documents:
            assert (document.__doc__ or "").strip().splitlines()[0].endswith((".", ":"))
