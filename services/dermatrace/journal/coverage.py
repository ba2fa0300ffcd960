"""What the recorder has of one stream: a pure state machine, no clock, no I/O.

A number is *settled* when its bytes are durable (accepted or rejected), declared lost, or erased.
The caller commits what it recorded together with the pages this machine changed; only then may it
show anybody the receipt.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.limits import MISSING_AFTER_MS, RANGES_PER_RECEIPT_MAX, SEQ_MAX

Standing = Literal["new", "lost", "settled", "erased"]
"""What is known of a number before its message is taken."""

NOTHING_KNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Held:
    """The numbers of a receipt, before they are worded as a document."""

    next_seq: int
    missing: tuple[Span, ...]
    rejected: tuple[Span, ...]
    more: bool
    complete: bool


@dataclass(slots=True)
class Coverage:
    """The settled numbers of one stream, and what is known to be missing.

    `known_last` is the highest number known to exist, `end_seq` the last there will be (None while
    that is open). `dirty` collects the pages to store with the next commit.
    """

    settled: SeqSet = field(default_factory=SeqSet)
    rejected: SeqSet = field(default_factory=SeqSet)
    lost: SeqSet = field(default_factory=SeqSet)
    known_last: int = NOTHING_KNOWN
    end_seq: int | None = None
    erased: bool = False
    next_seq: int = 0
    dirty: set[int] = field(default_factory=set)
    _horizon: int = NOTHING_KNOWN
    """Up to here an unsettled number counts as missing."""
    _candidate: int = NOTHING_KNOWN
    _candidate_since_ms: int = 0

    @property
    def page_count(self) -> int:
        """Pages in memory: the measure of what the stream costs."""
        return self.settled.page_count + self.rejected.page_count + self.lost.page_count

    def standing(self, seq: int) -> Standing:
        """Tell whether a message with this number is new, and if not, why not."""
        if self.erased:
            return "erased"
        if seq not in self.settled:
            return "new"
        return "lost" if seq in self.lost else "settled"

    def is_late(self, seq: int) -> bool:
        """Tell whether this number had already been reported missing."""
        return seq <= self._horizon

    def accept(self, seq: int, now_ms: int) -> None:
        """Count the bytes of a number as recorded, also where they replace a declared loss."""
        self.lost.discard(seq)
        self._settle(seq, now_ms)

    def reject(self, seq: int, now_ms: int) -> None:
        """Count a number as settled though refused, or in conflict with bytes we already had."""
        self.lost.discard(seq)
        self.rejected.add(seq)
        self._settle(seq, now_ms)

    def declare(self, *, last: int | None, lost: list[Span], ended: bool, now_ms: int) -> bool:
        """Take a sender's account of the stream; return whether it told anything new.

        `last` is the highest number the sender holds. A loss counts only for numbers we lack.
        """
        if self.erased:
            return False
        before = (self.known_last, self.end_seq, self.next_seq, len(self.lost))
        for first, final in lost:
            lacking = SeqSet([(first, final)])
            lacking.discard_all(self.settled)
            self.lost.add_all(lacking)
            self._settle_all(lacking)
            self._learn_last(final, now_ms)
        if last is not None:
            self._learn_last(last, now_ms)
        if ended:
            self.end(self.known_last)
        return before != (self.known_last, self.end_seq, self.next_seq, len(self.lost))

    def end(self, last_seq: int) -> None:
        """Learn that no number will follow `last_seq`; a lower one told before was wrong."""
        self.end_seq = last_seq if self.end_seq is None else max(self.end_seq, last_seq)

    def erase(self) -> None:
        """Settle every number for ever; what arrives from now on is only counted."""
        self.erased = True

    def is_complete(self) -> bool:
        """Tell whether the stream has ended and is settled throughout."""
        if self.erased:
            return True
        return self.end_seq is not None and self.next_seq > max(self.end_seq, self.known_last)

    def held(self, now_ms: int) -> Held:
        """Return what a receipt says now."""
        if self.erased:
            return Held(SEQ_MAX + 1, (), (), more=False, complete=True)
        self._mature(now_ms)
        limit = RANGES_PER_RECEIPT_MAX + 1
        missing = self.settled.gaps(self.next_seq, self._horizon, limit=limit)
        rejected = self.rejected.spans(limit=limit)
        return Held(
            self.next_seq,
            tuple(missing[:RANGES_PER_RECEIPT_MAX]),
            tuple(rejected[:RANGES_PER_RECEIPT_MAX]),
            more=len(missing) == limit or len(rejected) == limit,
            complete=self.is_complete(),
        )

    def matures_ms(self) -> int | None:
        """Return when a gap will count as missing that does not yet, or None if there is none."""
        if self.erased or self._first_gap() > self.known_last:
            return None
        return self._candidate_since_ms + MISSING_AFTER_MS

    def loaded(self, now_ms: int) -> None:
        """Start the wait for missing numbers anew after a restart: messages may be on their way."""
        self.next_seq = self.settled.first_absent()
        self._horizon, self._candidate = NOTHING_KNOWN, self.known_last
        self._candidate_since_ms = now_ms

    def _settle(self, seq: int, now_ms: int) -> None:
        self._settle_all(SeqSet([(seq, seq)]))
        self._learn_last(seq, now_ms)

    def _settle_all(self, numbers: SeqSet) -> None:
        self.settled.add_all(numbers)
        self.dirty.update(numbers.page_numbers)
        self.next_seq = self.settled.first_absent(self.next_seq)

    def _learn_last(self, last: int, now_ms: int) -> None:
        if last > self.known_last:
            self.known_last = last
            self._mature(now_ms)

    def _mature(self, now_ms: int) -> None:
        """Move the horizon once what lies below it has had its time to arrive.

        Two marks instead of a time for each gap: a gap behind another one is reported at the latest
        after twice MISSING_AFTER_MS, and the cost does not grow with the number of gaps.
        """
        had_its_time = now_ms - self._candidate_since_ms >= MISSING_AFTER_MS
        if had_its_time or self._candidate < self._first_gap():
            self._horizon = max(self._horizon, self._candidate)
        if self._candidate <= self._horizon < self.known_last:
            self._candidate, self._candidate_since_ms = self.known_last, now_ms

    def _first_gap(self) -> int:
        """Return the lowest unsettled number that is not called missing yet."""
        return self.settled.first_absent(max(self.next_seq, self._horizon + 1))
