"""How a sender and the recorder agree on what is kept: `outbox`, `receipt`, `rejection`.

"A receipt is what I have, an outbox is what you have." None of these is numbered: each tells the
whole state of what it speaks of, so that losing one costs nothing but time.
"""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed, SeqRange
from dermatrace_schemas.identifiers import (
    BootId,
    LongText,
    Seq,
    Sha256Hex,
    ShortText,
    StreamClass,
    StreamId,
    UtcMs,
)
from dermatrace_schemas.limits import (
    RANGES_PER_OUTBOX_STREAM_MAX,
    RANGES_PER_RECEIPT_MAX,
    SEQ_MAX,
    STREAMS_PER_OUTBOX_MAX,
)

LossReason = Literal["not_stored", "freed", "rejected", "too_large"]
RejectionReason = Literal[
    "topic",
    "reserved_sender",
    "unknown_version",
    "too_large",
    "not_json",
    "duplicate_member",
    "number_altered",
    "too_deep",
    "invalid",
    "wrong_class",
    "conflict",
    "failed",
]


class LostRange(SeqRange):
    """Sequence numbers whose documents the sender can no longer give."""

    reason: LossReason
    """not_stored: no room when it was made. freed: given up to make room. rejected: the recorder
    refused bytes whose number it could not read. too_large: the connection broke on it each time.
    """


class OutboxStream(Closed):
    """What the sender holds of one stream."""

    stream_class: StreamClass
    stream_id: StreamId
    first_seq: Seq | None
    """Lowest number still held; null if nothing is held."""
    last_seq: Seq | None
    """Highest number still held; null if nothing is held."""
    ended: bool
    """True once the stream will get no further number."""
    lost: Annotated[list[LostRange], Field(max_length=RANGES_PER_OUTBOX_STREAM_MAX)]


class Outbox(Closed):
    """The sender's whole account of its unsettled streams, and its clock."""

    kind: Literal["outbox"]
    boot_id: BootId
    uptime_ms: Annotated[int, Field(ge=0, le=2**48)]
    wall_time_ms: UtcMs | None
    """With `uptime_ms` the clock anchor of this boot; null while the clock is not set."""
    streams: Annotated[list[OutboxStream], Field(max_length=STREAMS_PER_OUTBOX_MAX)]


class Completion(Closed):
    """Proof that a stream is complete: an entry of the journal and the chain's value there."""

    entry_id: Annotated[int, Field(ge=1)]
    entry_hash: Sha256Hex


Ranges = Annotated[list[SeqRange], Field(max_length=RANGES_PER_RECEIPT_MAX)]


class Receipt(Closed):
    """What the recorder has of one stream, durably."""

    kind: Literal["receipt"]
    journal_id: ShortText
    """A new one means that an older copy of the journal was restored: offer again."""
    stream_class: StreamClass
    stream_id: StreamId
    next_seq: Annotated[int, Field(ge=0, le=SEQ_MAX + 1)]
    """Everything below is settled; 0 means nothing is."""
    missing: Ranges
    """Known to exist, not settled, lowest first."""
    rejected: Ranges
    """Settled but refused, or received twice with different bytes; lowest first."""
    more: bool
    """True if either list was cut."""
    complete: Completion | None
    """Set once the stream has ended and is settled throughout."""


class Rejection(Closed):
    """Why one message was kept but not understood."""

    kind: Literal["rejection"]
    journal_id: ShortText
    entry_id: Annotated[int, Field(ge=1)]
    """Where the bytes are kept."""
    stream_class: StreamClass | None
    stream_id: StreamId | None
    seq: Seq | None
    """Null if it could not be read from the bytes; then match by `sha256`."""
    sha256: Sha256Hex
    """Of the payload as it arrived."""
    reason: RejectionReason
    path: Annotated[str, Field(max_length=200)]
    """Member at fault, as a dotted path; empty if the whole message is."""
    detail: LongText
