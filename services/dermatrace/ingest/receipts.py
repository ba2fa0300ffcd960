"""When a receipt is due, and what it says.

A receipt tells the whole state of its stream, so nothing is queued but the fact that one is due:
however far the announcing falls behind, it never grows and never says anything old.
"""

import heapq
from typing import Final

from dermatrace.journal.coverage import Held
from dermatrace.journal.entry import Head
from dermatrace.journal.streams import StreamKey
from dermatrace.seqset import Span
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.limits import RECEIPTS_MAX_PER_SECOND
from dermatrace_schemas.settling import Completion, Receipt

RECEIPT_INTERVAL_MS: Final = 1_000 // RECEIPTS_MAX_PER_SECOND
SENT_REMEMBERED_MAX: Final = 50_000
"""Streams whose last receipt time is remembered. Beyond it those that may have another by now are
forgotten; so many receipts a second that all must be kept are not to be had."""


class Schedule:
    """Which streams are due a receipt, and from when; at most one waits for each stream."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, StreamKey]] = []
        self._due_ms: dict[StreamKey, int] = {}
        self._sent_ms: dict[StreamKey, int] = {}

    def __len__(self) -> int:
        return len(self._due_ms)

    def want(self, key: StreamKey, at_ms: int) -> None:
        """Ask for a receipt, not before `at_ms` and not sooner after the last than is allowed."""
        earliest_ms = max(at_ms, self._sent_ms.get(key, -RECEIPT_INTERVAL_MS) + RECEIPT_INTERVAL_MS)
        known_ms = self._due_ms.get(key)
        if known_ms is None or earliest_ms < known_ms:
            self._due_ms[key] = earliest_ms
            heapq.heappush(self._queue, (earliest_ms, key))

    def take(self, now_ms: int) -> StreamKey | None:
        """Return a stream whose receipt is due, the one that has waited longest; None if none."""
        while self._queue and self._queue[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._queue)
            if self._due_ms.get(key) == due_ms:
                del self._due_ms[key]
                self._remember(key, now_ms)
                return key
        return None

    def next_ms(self) -> int | None:
        """Return when the next receipt is due, or None."""
        return self._queue[0][0] if self._queue else None

    def _remember(self, key: StreamKey, now_ms: int) -> None:
        if len(self._sent_ms) >= SENT_REMEMBERED_MAX:
            recent_ms = now_ms - RECEIPT_INTERVAL_MS
            self._sent_ms = {k: sent for k, sent in self._sent_ms.items() if sent > recent_ms}
        self._sent_ms[key] = now_ms


def word_receipt(journal_id: str, key: StreamKey, held: Held, completion: Head | None) -> bytes:
    """Return the receipt of one stream."""
    receipt = Receipt(
        kind="receipt",
        journal_id=journal_id,
        stream_class=key.stream_class,
        stream_id=key.stream_id,
        next_seq=held.next_seq,
        missing=_ranges(held.missing),
        rejected=_ranges(held.rejected),
        more=held.more,
        complete=None
        if completion is None
        else Completion(entry_id=completion.entry_id, entry_hash=completion.entry_hash.hex()),
    )
    return receipt.model_dump_json().encode()


def _ranges(spans: tuple[Span, ...]) -> list[SeqRange]:
    return [SeqRange(first_seq=first, last_seq=last) for first, last in spans]
