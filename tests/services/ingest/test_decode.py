"""Every message gets one verdict, and its bytes are not touched."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.ingest.decode import decode
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.limits import (
    DOCUMENT_MAX_BYTES,
    REGISTRY_DOCUMENT_MAX_BYTES,
    SEQ_MAX,
)
from support.pipeline_bench import alive
from support.vectors import class_of, example_bytes, kinds_with_example

SENDER_TOPIC = "dermatrace/v1/north-clinic/pen-7"
SESSION_TOPIC = f"{SENDER_TOPIC}/session/s-1"
RECORDERS_OWN = {"receipt", "rejection", "system"}


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds_with_example() if class_of(kind) not in RECORDERS_OWN]
)
def test_every_example_is_understood_on_its_topic(kind: str) -> None:
    message_class = class_of(kind)
    is_stream = message_class in {"session", "chart", "registry", "verdict"}
    topic = f"{SENDER_TOPIC}/{message_class}" + ("/x-1" if is_stream else "")
    message = decode(topic, example_bytes(kind))
    assert message.reason is None
    assert message.document is not None
    assert (message.seq is not None) == (message.stream is not None) == is_stream


def test_stream_is_named_by_the_topic_alone() -> None:
    message = decode(SESSION_TOPIC, alive(3))
    assert message.stream == StreamKey("north-clinic", "pen-7", "session", "s-1")
    assert (message.seq, message.topic_text) == (3, SESSION_TOPIC)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("dermatrace/v2/north-clinic/pen-7/session/s-1", "unknown_version"),
        ("dermatrace/v9999/north-clinic/pen-7/outbox", "unknown_version"),
        ("dermatrace/v01/north-clinic/pen-7/outbox", "topic"),
        ("dermatrace/v1/north-clinic/dermatrace/session/s-1", "reserved_sender"),
        ("dermatrace/v1/north-clinic/pen-7/session", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/a/b", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/../s-1", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/S-1", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/s-1\n", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/s\x001", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/session/ѕ-1", "topic"),  # noqa: RUF001  a look-alike
        ("dermatrace/v1/north-clinic/pen-7/session/" + "a" * 161, "topic"),
        ("dermatrace/v1/North/pen-7/outbox", "topic"),
        ("dermatrace/v1//pen-7/outbox", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/outbox/x", "topic"),
        ("dermatrace/v1/north-clinic/pen-7/receipt", "topic"),
        ("dermatrace/v1/north-clinic", "topic"),
        ("other/v1/north-clinic/pen-7/outbox", "topic"),
        ("", "topic"),
        ("/" * 65_535, "topic"),
    ],
)
def test_topic_that_is_not_ours_has_no_stream_and_no_number(topic: str, reason: str) -> None:
    message = decode(topic, alive(3))
    assert message.reason is not None
    assert message.reason.code == reason
    assert (message.stream, message.seq, message.document) == (None, None, None)


def test_topic_that_is_not_utf8_is_named_as_such() -> None:
    message = decode(r"dermatrace/v1/\xff/pen-7/outbox", b"{}", topic_is_utf8=False)
    assert message.reason is not None
    assert message.reason.code == "topic"
    assert "UTF-8" in message.reason.detail


@pytest.mark.parametrize(
    ("message_class", "limit_bytes"),
    [("session", DOCUMENT_MAX_BYTES), ("registry", REGISTRY_DOCUMENT_MAX_BYTES)],
)
def test_limit_of_size_is_exact(message_class: str, limit_bytes: int) -> None:
    kind = {"session": "device.event", "registry": "registry.room"}[message_class]
    topic = f"{SENDER_TOPIC}/{message_class}/x-1"
    at_limit = example_bytes(kind).rstrip().ljust(limit_bytes)
    assert decode(topic, at_limit).reason is None
    over = decode(topic, at_limit + b" ").reason
    assert over is not None
    assert over.code == "too_large"


def test_number_beyond_the_last_is_not_recovered() -> None:
    assert decode(SESSION_TOPIC, alive(SEQ_MAX)).seq == SEQ_MAX
    assert decode(SESSION_TOPIC, alive(2**60)).seq is None
    assert decode(SESSION_TOPIC, b'{"seq":1152921504606846976,').seq is None


def test_broken_report_has_no_number_even_if_it_names_one() -> None:
    assert decode(f"{SENDER_TOPIC}/outbox", b'{"seq":3,').seq is None


@given(topic=st.text(max_size=200), payload=st.binary(max_size=300))
def test_no_bytes_and_no_topic_raise_or_change(topic: str, payload: bytes) -> None:
    for name in (topic, SESSION_TOPIC, f"{SENDER_TOPIC}/chart/{topic}"):
        message = decode(name, payload)
        assert message.payload == payload
        assert message.digest == hashlib.sha256(payload).digest()
        assert (message.document is None) != (message.reason is None)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3), st.integers(0, 600))
def test_no_damaged_document_raises(seq: int, damage: bytes, where: int) -> None:
    payload = alive(seq)
    where %= len(payload)
    message = decode(SESSION_TOPIC, payload[:where] + damage + payload[where + 1 :])
    assert (message.document is None) != (message.reason is None)
