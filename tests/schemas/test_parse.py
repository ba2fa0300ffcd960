"""Bytes become exactly the document they are, or a precise refusal."""

import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace_schemas import catalogue
from dermatrace_schemas.limits import (
    DOCUMENT_MAX_BYTES,
    INTEGER_MAGNITUDE_MAX,
    REGISTRY_DOCUMENT_MAX_BYTES,
    SEQ_MAX,
)
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import Unreadable, parse, recover_seq, size_limit_bytes
from support.vectors import (
    KINDS,
    Invalid,
    class_of,
    example,
    example_bytes,
    invalid_messages,
    with_changes,
)


def _refusal(message_class: str, payload: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        parse(message_class, payload)
    return caught.value


@pytest.mark.parametrize("invalid", invalid_messages(), ids=lambda invalid: invalid.name)
def test_invalid_message_is_refused_as_published(invalid: Invalid) -> None:
    refusal = _refusal(invalid.message_class, invalid.payload)
    expected = (invalid.reason, invalid.path, invalid.seq)
    assert (refusal.reason, refusal.path, refusal.seq) == expected
    assert 0 < len(refusal.detail) <= 500


@pytest.mark.parametrize("kind", KINDS)
def test_valid_document_is_read_as_its_kind(kind: str) -> None:
    document = parse(class_of(kind), example_bytes(kind))
    assert document.model_dump(mode="json", exclude_unset=True) == example(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_path_of_an_error_starts_at_the_document_and_names_no_kind(kind: str) -> None:
    refusal = _refusal(class_of(kind), with_changes(kind, unknown_member=1))
    assert (refusal.reason, refusal.path) == ("invalid", "unknown_member")


@pytest.mark.parametrize("message_class", sorted(catalogue.BY_CLASS))
@given(payload=st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_but_never_a_fault(
    message_class: str, payload: bytes
) -> None:
    with suppress(Unreadable):
        parse(message_class, payload)


@given(st.data())
def test_damaged_document_is_refused_or_read_but_never_a_fault(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    payload = bytearray(example_bytes(kind))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unreadable):
        parse(class_of(kind), bytes(payload))


def _objects_in(value: Any) -> int:  # noqa: ANN401  any JSON value
    children = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)):
        return 0
    return bool(isinstance(value, dict) and value) + sum(map(_objects_in, children))


class _Repeating:
    """Writes JSON with one member of the chosen object given twice."""

    def __init__(self, chosen: int) -> None:
        self.objects_left = chosen
        self.repeated = ""

    def write(self, value: Any) -> str:  # noqa: ANN401  any JSON value
        if isinstance(value, list):
            return "[" + ",".join(map(self.write, value)) + "]"
        if not isinstance(value, dict) or not value:
            return json.dumps(value)
        repeat = self.objects_left == 0
        self.objects_left -= 1
        members = [f"{json.dumps(name)}:{self.write(member)}" for name, member in value.items()]
        if repeat:
            self.repeated = next(reversed(value))
            members.append(members[-1])
        return "{" + ",".join(members) + "}"


@pytest.mark.parametrize("kind", KINDS)
def test_member_given_twice_is_found_in_every_object_of_every_document(kind: str) -> None:
    document = example(kind)
    for chosen in range(_objects_in(document)):
        repeating = _Repeating(chosen)
        payload = repeating.write(document).encode()
        refusal = _refusal(class_of(kind), payload)
        assert (refusal.reason, refusal.path) == ("duplicate_member", repeating.repeated)


def test_member_given_twice_is_found_beside_texts_full_of_colons() -> None:
    place = '{"zone":"cheek","zone":"nose"}'
    head = '{"seq":1,"kind":"zone.entered","boot_id":"b","uptime_ms":1,"wall_time_ms":null'
    payload = f'{head},"place":{place},"extensions":{{"vendor.fact":"::::"}}}}'
    assert _refusal("session", payload.encode()).reason == "duplicate_member"


def test_colons_in_texts_are_no_members() -> None:
    assert parse("session", with_changes("device.event", detail='a:b "c":"d"'))


@pytest.mark.parametrize("sign", [1, -1])
def test_largest_exact_integer_is_read_and_the_next_is_refused(sign: int) -> None:
    def windows(number: int) -> bytes:
        return with_changes("needling.windows", motor_current_ma=[number, 1, 1])

    document = parse("session", windows(sign * INTEGER_MAGNITUDE_MAX))
    assert isinstance(document, NeedlingWindows)
    assert document.motor_current_ma == [sign * INTEGER_MAGNITUDE_MAX, 1, 1]
    assert _refusal("session", windows(sign * (INTEGER_MAGNITUDE_MAX + 1))).reason == (
        "number_altered"
    )


def test_long_digits_that_are_no_integer_are_read() -> None:
    assert parse("session", with_changes("device.event", detail="12345678901234567890"))
    current = [0.12345678901234567, 1, 1]
    assert parse("session", with_changes("needling.windows", motor_current_ma=current))


def _padded(kind: str, size_bytes: int) -> bytes:
    text = example_bytes(kind).rstrip()
    return text[:-1] + b" " * (size_bytes - len(text)) + b"}"


@pytest.mark.parametrize(
    ("kind", "limit_bytes"),
    [
        ("zone.entered", DOCUMENT_MAX_BYTES),
        ("chart.note", DOCUMENT_MAX_BYTES),
        ("outbox", DOCUMENT_MAX_BYTES),
        ("registry.room", REGISTRY_DOCUMENT_MAX_BYTES),
    ],
)
def test_document_of_the_greatest_size_is_read_and_one_byte_more_is_refused(
    kind: str, limit_bytes: int
) -> None:
    message_class = class_of(kind)
    assert size_limit_bytes(message_class) == limit_bytes
    assert parse(message_class, _padded(kind, limit_bytes))
    refusal = _refusal(message_class, _padded(kind, limit_bytes + 1))
    assert refusal.reason == "too_large"


@pytest.mark.parametrize("kind", KINDS)
def test_document_on_the_topic_of_another_class_is_refused(kind: str) -> None:
    others = [
        name for name in ("session", "chart", "registry", "verdict") if name != class_of(kind)
    ]
    for other in others:
        refusal = _refusal(other, example_bytes(kind))
        assert (refusal.reason, refusal.path) == ("wrong_class", "kind")
        assert kind in refusal.detail


def test_class_without_documents_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        parse("command", b"{}")


@pytest.mark.parametrize(
    ("payload", "seq"),
    [
        (b'{"seq":0,', 0),
        (b' {\n "seq" :\t17 }', 17),
        (b'{"seq":%d}' % SEQ_MAX, SEQ_MAX),
        (b'{"seq":%d}' % (SEQ_MAX + 1), None),
        (b'{"seq":99999999,', None),
        (b'{"seq":1.5,', None),
        (b'{"seq":-1,', None),
        (b'{"seq":01,', None),
        (b'{"seq":"1",', None),
        (b'{"seq":1', None),
        (b'{"kind":"x","seq":1}', None),
        (b'[{"seq":1}]', None),
        (b"", None),
    ],
)
def test_number_is_recovered_only_where_it_is_certain(payload: bytes, seq: int | None) -> None:
    assert recover_seq(payload) == seq


def test_what_is_said_of_an_error_stays_short() -> None:
    name = "x" * 3_000
    refusal = _refusal("session", with_changes("zone.entered", **{name: 1}))
    assert len(refusal.path) == 200
    refusal = _refusal("session", with_changes("zone.entered", kind=name))
    assert len(refusal.detail) < 200


def test_refusal_counts_the_further_errors() -> None:
    refusal = _refusal("session", with_changes("zone.entered", uptime_ms=-1, boot_id="", more=1))
    assert "(and 2 more)" in refusal.detail


def test_reading_order_of_members_does_not_matter() -> None:
    members = list(example("rf.shot").items())
    random.Random(7).shuffle(members)
    assert parse("session", json.dumps(dict(members)).encode()) == parse(
        "session", example_bytes("rf.shot")
    )
