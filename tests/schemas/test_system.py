"""What the recorder states is unnumbered, dated by its own clock and bounded."""

import json

import pytest

from dermatrace_schemas import catalogue
from dermatrace_schemas.limits import DOCUMENT_MAX_BYTES, SEQ_MAX
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.system import ENTRY_RANGES_PER_ERASED_MAX, SystemDocument
from support.vectors import with_changes


@pytest.mark.parametrize("document", catalogue.SYSTEM_DOCUMENTS, ids=catalogue.kind_of)
def test_system_document_has_kind_and_time_but_no_number(document: type[SystemDocument]) -> None:
    assert list(document.model_fields)[:2] == ["kind", "at_ms"]
    assert "seq" not in document.model_fields


@pytest.mark.parametrize(
    ("next_seq", "fits"), [(0, True), (SEQ_MAX + 1, True), (-1, False), (SEQ_MAX + 2, False)]
)
def test_complete_stream_is_empty_or_full_or_between(next_seq: int, *, fits: bool) -> None:
    payload = with_changes("system.stream_complete", next_seq=next_seq, chain=None)
    if fits:
        assert parse("system", payload)
        return
    with pytest.raises(Unreadable) as caught:
        parse("system", payload)
    assert caught.value.path == "next_seq"


def test_most_erased_entries_still_fit_into_a_document() -> None:
    last = 2**53
    most = [{"first_entry_id": last, "last_entry_id": last}] * ENTRY_RANGES_PER_ERASED_MAX
    payload = with_changes("system.erased", entries=most)
    assert len(json.dumps(json.loads(payload), separators=(",", ":"))) <= DOCUMENT_MAX_BYTES
    assert parse("system", payload)
    with pytest.raises(Unreadable) as caught:
        parse("system", with_changes("system.erased", entries=[*most, most[0]]))
    assert caught.value.path == "entries"


def test_erased_range_backwards_is_refused() -> None:
    entries = [{"first_entry_id": 2, "last_entry_id": 1}]
    with pytest.raises(Unreadable, match="is before 2"):
        parse("system", with_changes("system.erased", entries=entries))


def test_readmission_names_the_reason_it_overcomes() -> None:
    with pytest.raises(Unreadable) as caught:
        parse("system", with_changes("system.readmitted", reason_before="bad luck"))
    assert caught.value.path == "reason_before"
