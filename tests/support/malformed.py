"""Messages that must be refused, and how: the vectors, and what no vector can say of topics."""

import json
from dataclasses import dataclass
from typing import Final

from dermatrace_schemas.topics import STREAM_CLASSES, Topic
from support.vectors import invalid_messages, with_changes

CLINIC, SENDER, STREAM_ID = "north-clinic", "pen-7", "bad-1"
SPEAKER: Final = f"dermatrace/v1/{CLINIC}/{SENDER}"


@dataclass(frozen=True, slots=True)
class Malformed:
    """One message, and the one verdict it gets."""

    name: str
    topic: str
    payload: bytes
    reason: str
    seq: int | None
    topic_is_utf8: bool = True

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def _alive(seq: int = 3) -> bytes:
    return with_changes("device.event", seq=seq, event="alive")


def _nested(open_: str, close: str, depth: int) -> bytes:
    text = json.dumps({"seq": 3, "kind": "device.event", "extensions": {"ab.c": "NEST"}})
    return text.replace('"NEST"', open_ * depth + close * depth).encode()


def _on_topics() -> list[Malformed]:
    rows = [
        ("unknown version", f"dermatrace/v2/{CLINIC}/{SENDER}/session/s-1", "unknown_version"),
        ("version without a number", f"dermatrace/vx/{CLINIC}/{SENDER}/outbox", "topic"),
        ("reserved sender", f"dermatrace/v1/{CLINIC}/dermatrace/session/s-1", "reserved_sender"),
        ("clinic in capitals", "dermatrace/v1/North/pen-7/session/s-1", "topic"),
        ("sender with a dot", f"dermatrace/v1/{CLINIC}/pen.7/session/s-1", "topic"),
        ("stream with a look-alike", f"{SPEAKER}/session/ѕ-1", "topic"),  # noqa: RUF001  on purpose
        ("stream climbing out", f"{SPEAKER}/session/../s-1", "topic"),
        ("stream with a space", f"{SPEAKER}/session/s 1", "topic"),
        ("stream of two levels", f"{SPEAKER}/session/s-1/x", "topic"),
        ("stream missing", f"{SPEAKER}/session", "topic"),
        ("stream empty", f"{SPEAKER}/session/", "topic"),
        ("stream too long", f"{SPEAKER}/session/{'a' * 161}", "topic"),
    ]
    return [Malformed(name, topic, _alive(), reason, None) for name, topic, reason in rows]


def _vectors() -> list[Malformed]:
    found = []
    for bad in invalid_messages():
        is_stream = bad.message_class in STREAM_CLASSES
        topic = f"{SPEAKER}/{bad.message_class}" + (f"/{STREAM_ID}" if is_stream else "")
        found.append(Malformed(bad.name, topic, bad.payload, bad.reason, bad.seq))
    return found


def _session(name: str, payload: bytes, reason: str, seq: int | None) -> Malformed:
    topic = str(Topic(CLINIC, SENDER, "session", STREAM_ID))
    return Malformed(name, topic, payload, reason, seq)


MALFORMED: Final = (
    *_vectors(),
    *_on_topics(),
    _session("arrays nested 250 deep", _nested("[", "]", 250), "too_deep", 3),
    _session("objects nested 100,000 deep", b'{"a":' * 2_900, "too_deep", None),
    _session("seq of 2^60", _alive(2**60), "invalid", None),
    _session("sixteen megabytes", b"x" * (16 * 1024 * 1024), "too_large", None),
    _session("half a million zero bytes", bytes(500_000), "too_large", None),
    _session("a JPEG's first bytes", b"\xff\xd8\xff\xe0\x00\x10JFIF", "not_json", None),
)
NOT_UTF8: Final = Malformed(
    "topic that is not UTF-8",
    r"dermatrace/v1/\xff/pen-7/outbox",
    b"{}",
    "topic",
    None,
    topic_is_utf8=False,
)
"""No broker worth the name lets it through, so it is not in the table for both paths."""
