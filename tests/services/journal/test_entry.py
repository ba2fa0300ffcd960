"""The hash of an entry, spelled out, and what cannot be confused in it."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.journal.entry import EMPTY, Head, NewEntry, Reason, entry_hash
from dermatrace_schemas.digest import payload_sha256

TOPIC = "dermatrace/v1/north-clinic/pen-7/session/s-1"
ENTRY = NewEntry(
    received_ms=1_780_000_000_123,
    outcome="accepted",
    topic=TOPIC,
    payload=b'{"seq":4}',
    payload_sha256=hashlib.sha256(b'{"seq":4}').digest(),
    seq=4,
    stream_key=1,
)


def test_first_entry_follows_32_zero_bytes() -> None:
    header = (
        b'["dermatrace-entry/1",1,1780000000123,"accepted",'
        b'"dermatrace/v1/north-clinic/pen-7/session/s-1",4,null]'
    )
    expected = hashlib.sha256(bytes(32) + header + hashlib.sha256(b'{"seq":4}').digest())
    assert entry_hash(EMPTY.entry_hash, 1, ENTRY) == expected.digest()


def test_rejected_entry_hashes_its_reason_and_no_number() -> None:
    reason = Reason("invalid", "place.zone", 'not "a" zone: \u00e4\n')
    entry = ENTRY._replace(outcome="rejected", seq=None, reason=reason.as_text())
    previous = bytes(range(32))
    header = (
        b'["dermatrace-entry/1",2,1780000000123,"rejected",'
        b'"dermatrace/v1/north-clinic/pen-7/session/s-1",null,'
        b'"[\\"invalid\\",\\"place.zone\\",\\"not \\\\\\"a\\\\\\" zone: \\\\u00e4\\\\n\\"]"]'
    )
    expected = hashlib.sha256(previous + header + entry.payload_sha256).digest()
    assert entry_hash(previous, 2, entry) == expected


def test_index_row_is_not_part_of_the_record() -> None:
    elsewhere = ENTRY._replace(stream_key=99)
    assert entry_hash(bytes(32), 1, elsewhere) == entry_hash(bytes(32), 1, ENTRY)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENTRIES = st.builds(
    NewEntry,
    received_ms=st.integers(0, 3),
    outcome=st.sampled_from(["accepted", "rejected"]),
    topic=TEXTS | st.just('a",1,"b') | st.just("a\n"),
    payload=st.just(b""),
    payload_sha256=st.sampled_from([bytes(32), payload_sha256(b"")]),
    seq=st.none() | st.integers(0, 3),
    reason=st.none() | TEXTS | st.just("null") | st.just('",null]'),
)


@given(st.integers(1, 3), ENTRIES, st.integers(1, 3), ENTRIES)
def test_different_entries_never_have_the_same_hash(
    one_id: int, one: NewEntry, other_id: int, other: NewEntry
) -> None:
    same = (one_id, one) == (other_id, other)
    assert (entry_hash(bytes(32), one_id, one) == entry_hash(bytes(32), other_id, other)) is same


@given(TEXTS, TEXTS)
def test_reason_survives_being_stored(path: str, detail: str) -> None:
    reason = Reason("invalid", path, detail)
    assert Reason.from_text(reason.as_text()) == reason
    assert json.loads(reason.as_text()) == ["invalid", path, detail]


@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32))
def test_head_survives_being_written_down(entry_id: int, digest: bytes) -> None:
    head = Head(entry_id, digest)
    assert Head.parse(f"  {head}\n") == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        ":" + "0" * 64,
        "12:" + "0" * 63,
        "12:" + "0" * 65,
        "-1:" + "0" * 64,
        "+1:" + "0" * 64,
        "1_0:" + "0" * 64,
        "01:" + "0" * 64,
        "12:" + "g" * 64,
        "12:" + "00 " * 21 + "0",
        "\u0661:" + "0" * 64,
    ],
)
def test_head_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ENTRY_ID:64 hex digits"):
        Head.parse(text)
