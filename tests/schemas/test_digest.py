"""The three digests, against values found without this package."""

import hashlib

import pytest

from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256, registry_digest


def test_payload_digest_is_of_the_bytes_as_they_came() -> None:
    assert payload_sha256(b"").hex() == hashlib.sha256(b"").hexdigest()
    assert payload_sha256(b'{"a":1}') != payload_sha256(b'{"a": 1}')


def test_chain_is_spelled_out() -> None:
    start = hashlib.sha256(b"dermatrace/v1\n" + b"s-1").digest()
    step = hashlib.sha256(start + hashlib.sha256(b"payload").digest()).digest()
    assert chain_start("s-1") == start
    assert chain_next(start, payload_sha256(b"payload")) == step


def test_chain_depends_on_stream_order_and_every_byte() -> None:
    def chain(stream_id: str, *payloads: bytes) -> bytes:
        value = chain_start(stream_id)
        for payload in payloads:
            value = chain_next(value, payload_sha256(payload))
        return value

    ways = [
        chain("a", b"1", b"2"),
        chain("a", b"2", b"1"),
        chain("a", b"12"),
        chain("b", b"1", b"2"),
        chain("a", b"1", b"2", b""),
    ]
    assert len(set(ways)) == len(ways)


def test_content_written_in_another_order_has_the_same_digest() -> None:
    assert registry_digest({"a": 1, "b": [2.0]}) == registry_digest({"b": [2], "a": 1.0})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2**53])
def test_number_that_has_no_canonical_form_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match=r".+"):
        registry_digest({"a": number})
