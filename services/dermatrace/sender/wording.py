"""What a sender says, as bytes: its documents, and its account of what it holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from dermatrace.errors import UsageError
from dermatrace.sender.stream_state import StreamName
from dermatrace_schemas.limits import DOCUMENT_MAX_BYTES, STREAMS_PER_OUTBOX_MAX
from dermatrace_schemas.parse import Unreadable, parse, size_limit_bytes
from dermatrace_schemas.settling import Outbox, OutboxStream

STREAMS_PER_OUTBOX_MAX_BYTES: Final = DOCUMENT_MAX_BYTES - 512
"""What the streams of one outbox may take, so that there is room for its other members."""


def word_document(
    name: StreamName, head: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]
) -> bytes:
    """Return a document as it will be stored and published, its number first.

    Raises UsageError if the recorder would reject it.
    """
    kind = head["kind"]
    if twice := head.keys() & facts.keys():
        raise UsageError(f"{kind}: {sorted(twice)} are not facts", remedy="The sender sets them.")
    try:
        text = json.dumps({**head, **facts}, separators=(",", ":"), allow_nan=False)
        payload = text.encode()
        parse(name[0], payload)
    except Unreadable as unreadable:
        raise UsageError(
            f"{kind} would be rejected: {unreadable.path} {unreadable.detail}",
            remedy=f"At most {size_limit_bytes(name[0])} bytes, members as documented.",
        ) from unreadable
    except ValueError as error:
        raise UsageError(f"{kind}: {error}", remedy="What was not measured is left out.") from error
    return payload


def word_outboxes(
    boot_id: str, times_ms: tuple[int, int | None], streams: Sequence[OutboxStream]
) -> list[bytes]:
    """Return the account of these streams: one outbox, or as many as it takes."""
    uptime_ms, wall_time_ms = times_ms
    return [
        Outbox(
            kind="outbox",
            boot_id=boot_id,
            uptime_ms=uptime_ms,
            wall_time_ms=wall_time_ms,
            streams=group,
        )
        .model_dump_json()
        .encode()
        for group in _groups(streams)
    ]


def _groups(streams: Sequence[OutboxStream]) -> Iterator[list[OutboxStream]]:
    group: list[OutboxStream] = []
    size_bytes = 0
    for stream in streams:
        stream_bytes = len(stream.model_dump_json()) + 1
        is_full = len(group) == STREAMS_PER_OUTBOX_MAX
        if is_full or size_bytes + stream_bytes > STREAMS_PER_OUTBOX_MAX_BYTES:
            yield group
            group, size_bytes = [], 0
        group.append(stream)
        size_bytes += stream_bytes
    yield group
