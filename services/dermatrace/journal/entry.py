"""One row of the record: what it holds and how its hash is made."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from dermatrace_schemas.settling import RejectionReason

Outcome = Literal["accepted", "rejected", "conflict", "report", "system"]
"""accepted: a numbered document, understood. rejected: kept, not understood. conflict: the number
was taken by other bytes already. report: an unnumbered message whose content changed. system: what
the recorder itself knows."""

HEADER_MARK: Final = "dermatrace-entry/1"
FIRST_PREVIOUS: Final = bytes(32)
"""What stands before entry 1: 32 zero bytes."""
SYSTEM_TOPIC: Final = "dermatrace/system"
"""Topic under which the recorder's own entries are filed; nothing can be published to it."""

_HEAD: Final = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")
# Made once: with separators of its own, every json.dumps makes an encoder.
_as_json: Final = json.JSONEncoder(separators=(",", ":")).encode


class NewEntry(NamedTuple):
    """Something to append."""

    received_ms: int
    """The recorder's clock, UTC: shown and used for waiting, never judged."""
    outcome: Outcome
    topic: str
    payload: bytes
    payload_sha256: bytes
    seq: int | None = None
    reason: str | None = None
    """Why it was rejected: `Reason` as JSON. None otherwise."""
    stream_key: int | None = None
    """Row of the stream it belongs to; follows from the topic, so it is not hashed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something appended. `payload` is None once it has been erased."""

    entry_id: int
    received_ms: int
    outcome: Outcome
    topic: str
    seq: int | None
    reason: str | None
    payload_sha256: bytes
    entry_hash: bytes
    stream_key: int | None
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: with it, anybody can later tell whether the record was changed."""

    entry_id: int
    entry_hash: bytes

    def __str__(self) -> str:
        return f"{self.entry_id}:{self.entry_hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what `str` wrote.

        Raises ValueError if it is not `ENTRY_ID:64 hex digits`.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise ValueError("a head is written ENTRY_ID:64 hex digits")
        return cls(int(found[1]), bytes.fromhex(found[2]))


EMPTY: Final = Head(0, FIRST_PREVIOUS)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a message was rejected."""

    code: RejectionReason
    path: str
    detail: str

    def as_text(self) -> str:
        """Return it as it is stored and hashed."""
        return _as_json([self.code, self.path, self.detail])

    @classmethod
    def from_text(cls, text: str) -> "Reason":
        """Read what `as_text` wrote."""
        code, path, detail = json.loads(text)
        return cls(code, path, detail)


def entry_hash(previous: bytes, entry_id: int, entry: NewEntry | Entry) -> bytes:
    """Return SHA-256(previous || header || SHA-256(payload)).

    The header is a JSON array in ASCII without white space: HEADER_MARK, entry id, received_ms,
    outcome, topic, seq or null, reason or null. Both neighbours are 32 bytes, so nothing can be
    moved across the borders.
    """
    header = _as_json(
        [
            HEADER_MARK,
            entry_id,
            entry.received_ms,
            entry.outcome,
            entry.topic,
            entry.seq,
            entry.reason,
        ]
    )
    return hashlib.sha256(previous + header.encode() + entry.payload_sha256).digest()
