"""Situations a sender can be in, for tests of its rules."""

from collections.abc import Iterable
from random import Random
from typing import Final

from dermatrace.sender.settling import Key, Settling
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import Span
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.settling import Completion, Receipt

A: Final[StreamName] = ("session", "a")
B: Final[StreamName] = ("session", "b")


def receipt(
    next_seq: int,
    missing: Iterable[Span] = (),
    *,
    stream_id: str = "a",
    journal_id: str = "first",
    complete: bool = False,
) -> Receipt:
    """Return a receipt for one of the streams."""
    return Receipt(
        kind="receipt",
        journal_id=journal_id,
        stream_class="session",
        stream_id=stream_id,
        next_seq=next_seq,
        missing=[SeqRange(first_seq=first, last_seq=last) for first, last in missing],
        rejected=[],
        more=False,
        complete=Completion(entry_id=1, entry_hash="0" * 64) if complete else None,
    )


def recorded(count: int, *, names: tuple[StreamName, ...] = (A,)) -> Settling:
    """Return a connected sender that has told what it holds, nothing of it published."""
    settling = Settling(Random(1))
    for name in names:
        settling.streams[name] = StreamState(name)
    settling.connected(1_000, 0)
    for seq in range(count):
        for name in names:
            settling.recorded((name, seq), 0)
    settling.account(0)
    return settling


def publish_all(settling: Settling, now_ms: int, *, size_bytes: int = 100) -> list[Key]:
    """Publish whatever may be published now, unanswered."""
    keys = []
    while (key := settling.next_to_publish(now_ms)) is not None:
        settling.published(key, size_bytes)
        keys.append(key)
    return keys


def delivered(count: int) -> Settling:
    """Return a sender all of whose documents the broker has said yes to."""
    settling = recorded(count)
    for key in publish_all(settling, 0):
        settling.acknowledged(key)
    return settling


def reconnect(settling: Settling, now_ms: int) -> None:
    """Lose the connection and have another one at once."""
    settling.disconnected(now_ms)
    settling.connected(1_000, now_ms)
