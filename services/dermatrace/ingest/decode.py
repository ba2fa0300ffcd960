"""Bytes to a document, or to a reason. Never raises: every message gets one verdict."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pydantic import BaseModel

from dermatrace import logs
from dermatrace.journal.entry import Reason
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.parse import Unreadable, parse, recover_seq
from dermatrace_schemas.topics import Topic, TopicError, parse_topic

if TYPE_CHECKING:
    from dermatrace_schemas.identifiers import StreamClass

TOPICS_CACHED_MAX: Final = 4_096
"""Topics taken apart once; beyond it the longest unused is taken apart again when it returns."""

_log = logs.log("ingest")


class Message(NamedTuple):
    """One arrival, understood as far as it can be.

    `document` is set when it was understood, `reason` when it was not; never both.
    """

    topic_text: str
    payload: bytes
    digest: bytes
    topic: Topic | None
    stream: StreamKey | None
    seq: int | None
    document: BaseModel | None
    reason: Reason | None


def decode(topic_text: str, payload: bytes, *, topic_is_utf8: bool = True) -> Message:
    """Read one message."""
    digest = payload_sha256(payload)
    if not topic_is_utf8:
        reason = Reason("topic", "", "the topic is not UTF-8; it is shown with its bytes escaped")
        return Message(topic_text, payload, digest, None, None, None, None, reason)
    try:
        topic, stream = _topic(topic_text)
    except TopicError as error:
        reason = Reason(error.reason, "", str(error))
        return Message(topic_text, payload, digest, None, None, None, None, reason)
    try:
        document = parse(topic.message_class, payload)
    except Unreadable as bad:
        seq, reason = bad.seq, Reason(bad.reason, bad.path, bad.detail)
    except Exception as error:  # noqa: BLE001  one message must never stop the next
        _log.exception("decoder failed", **log_facts(topic.clinic, topic.sender, stream))
        detail = f"the recorder could not read it: {type(error).__name__}"
        seq, reason = recover_seq(payload), Reason("failed", "", detail)
    else:
        number = getattr(document, "seq", None)  # reports have none
        return Message(topic_text, payload, digest, topic, stream, number, document, None)
    number = None if stream is None else seq
    return Message(topic_text, payload, digest, topic, stream, number, None, reason)


def log_facts(clinic: str, sender: str, stream: StreamKey | None) -> dict[str, str]:
    """Return what a log line about a message carries."""
    facts = {logs.CLINIC: clinic, logs.SENDER: sender}
    if stream is not None:
        facts[logs.STREAM] = f"{stream.stream_class}/{stream.stream_id}"
    return facts


@lru_cache(maxsize=TOPICS_CACHED_MAX)
def _topic(text: str) -> tuple[Topic, StreamKey | None]:
    topic = parse_topic(text)
    if topic.stream_id is None:
        return topic, None
    stream_class = cast("StreamClass", topic.message_class)  # only streams have an id
    return topic, StreamKey(topic.clinic, topic.sender, stream_class, topic.stream_id)
