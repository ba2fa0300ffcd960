"""Telling senders what is kept: receipts and rejections, after the commit that makes them true."""

from collections.abc import Callable, Iterable
from typing import Final

from dermatrace.clock import Clock
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.ingest.receipts import Schedule, word_receipt
from dermatrace.ingest.recorder import Refusal
from dermatrace.ingest.refusals import Refusals, word_rejection
from dermatrace.journal.entry import Head
from dermatrace.journal.streams import StreamRecord
from dermatrace_schemas.topics import receipt_topic, rejection_topic

ANNOUNCED_PER_PASS_MAX: Final = 100
"""Receipts and rejections published between two batches, so that announcing never holds up
recording."""
UNANSWERED_MAX: Final = 500
"""Announcements the broker has not acknowledged; beyond it the others wait."""

Publish = Callable[[str, bytes], bool]
"""Publishes one message; returns False if there is no connection."""


class Announcer:
    """Publishes what is due, within bounds; state, not messages, is what waits."""

    def __init__(
        self,
        journal_id: str,
        streams: OpenStreams,
        find_entry: Callable[[int], Head],
        clock: Clock,
    ) -> None:
        self._journal_id = journal_id
        self._streams = streams
        self._find_entry = find_entry
        self._clock = clock
        self._schedule = Schedule()
        self._refusals = Refusals()
        self.receipt_count = 0
        self.rejection_count = 0

    @property
    def due_count(self) -> int:
        """Streams whose receipt is due, now or when a gap will count as missing."""
        return len(self._schedule)

    @property
    def waiting_count(self) -> int:
        """Rejections not yet published."""
        return len(self._refusals)

    def note(self, records: Iterable[StreamRecord], refusals: Iterable[Refusal]) -> None:
        """Take up what a committed batch came to."""
        now_ms = self._clock.monotonic_ms()
        for record in records:
            self._schedule.want(record.key, now_ms)
        for refusal in refusals:
            self._refusals.add(refusal)

    def publish_due(self, publish: Publish, room: int) -> None:
        """Publish what is due, at most `room` messages; receipts and rejections take turns."""
        left = min(room, ANNOUNCED_PER_PASS_MAX)
        told = True
        while told and left > 0:
            told = False
            for tell in (self._tell_receipt, self._tell_rejection):
                if left > 0 and tell(publish):
                    told, left = True, left - 1

    def wait_s(self, most_s: float) -> float:
        """Return how long nothing is due."""
        if self._refusals:
            return 0.0
        next_ms = self._schedule.next_ms()
        if next_ms is None:
            return most_s
        return min(most_s, max(0.0, (next_ms - self._clock.monotonic_ms()) / 1_000))

    def _tell_receipt(self, publish: Publish) -> bool:
        """Publish one receipt; return False if none is due or it could not be published."""
        key = self._schedule.take(self._clock.monotonic_ms())
        if key is None:
            return False
        record = self._streams.get(key)
        if record is None:
            return True  # long unheard and out of memory: its sender will ask
        if not publish(receipt_topic(key.clinic, key.sender), self._receipt(record)):
            self._schedule.want(key, self._clock.monotonic_ms())
            return False
        self.receipt_count += 1
        return True

    def _receipt(self, record: StreamRecord) -> bytes:
        """Word the receipt; ask for another at the time a gap will count as missing."""
        now_ms = self._clock.monotonic_ms()
        held = record.coverage.held(now_ms)
        matures_ms = record.coverage.matures_ms()
        if matures_ms is not None:
            self._schedule.want(record.key, max(matures_ms, now_ms + 1))
        proof = record.erased_by if record.coverage.erased else record.completed_by
        completion = self._find_entry(proof) if held.complete and proof is not None else None
        return word_receipt(self._journal_id, record.key, held, completion)

    def _tell_rejection(self, publish: Publish) -> bool:
        """Publish one rejection; return False if there is none or it could not be published."""
        first = self._refusals.first()
        if first is None:
            return False
        addressee, refusal = first
        payload = word_rejection(self._journal_id, refusal)
        if not publish(rejection_topic(*addressee), payload):
            return False
        self._refusals.told()
        self.rejection_count += 1
        return True
