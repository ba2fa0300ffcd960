"""What a sender knows of one of its streams."""

from dataclasses import dataclass, field
from typing import TypeAlias

from dermatrace.seqset import SeqSet
from dermatrace_schemas.limits import RANGES_PER_OUTBOX_STREAM_MAX
from dermatrace_schemas.settling import LossReason, LostRange, OutboxStream

StreamName: TypeAlias = tuple[str, str]
"""(stream class, stream id)."""


@dataclass(slots=True)
class StreamState:
    """One stream, as far as settling needs to know it; the bytes are elsewhere.

    Every number below `next_seq` is in `held`, in one of `lost`, or was freed. `settled_seq` is
    what the last receipt believed said: everything below it is the recorder's.
    """

    name: StreamName
    next_seq: int = 0
    ended: bool = False
    held: SeqSet = field(default_factory=SeqSet)
    lost: dict[LossReason, SeqSet] = field(default_factory=dict)
    settled_seq: int = 0
    complete: bool = False
    live: SeqSet = field(default_factory=SeqSet)
    """Recorded while connected and not yet published."""
    backlog: SeqSet = field(default_factory=SeqSet)
    """To be published when live documents leave room."""
    in_flight: SeqSet = field(default_factory=SeqSet)
    """Published and not yet answered by the broker."""
    repeated: SeqSet = field(default_factory=SeqSet)
    """Published from the backlog a short while ago: on their way, not to be offered again yet."""
    repeated_before: SeqSet = field(default_factory=SeqSet)
    heard_ms: int = 0
    """When a receipt last spoke of it, or an outbox last asked."""
    silence_ms: int = 0
    """How long to wait for the next receipt."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do: all is the recorder's, and it knows of the end."""
        if self.settled_seq < self.next_seq:
            return False
        return self.complete or not self.ended

    @property
    def is_worth_telling(self) -> bool:
        """Whether there is anything to say of it at all."""
        return self.next_seq > 0 or self.ended

    def offer(self, first: int, last: int) -> None:
        """Queue what was asked for and is held, unless it is on its way already."""
        wanted = self.held.part(first, last)
        for on_its_way in (self.live, self.in_flight, self.repeated, self.repeated_before):
            wanted.discard_all(on_its_way)
        self.backlog.add_all(wanted)

    def reopen(self) -> None:
        """Put everything the broker has not answered back on the pile."""
        unanswered = self.in_flight.part(self.settled_seq, self.next_seq)
        unanswered.add_all(self.live)
        for first, last in unanswered.spans():
            self.backlog.add_all(self.held.part(first, last))
        self.live, self.in_flight = SeqSet(), SeqSet()

    def release(self, first: int, last: int) -> None:
        """Forget bytes that were removed: freed to make room, or given up."""
        for numbers in (self.held, self.live, self.backlog):
            numbers.discard_span(first, last)

    def declare_lost(self, first: int, last: int, reason: LossReason) -> None:
        """Give numbers up; they are never offered again."""
        self.release(first, last)
        self.lost.setdefault(reason, SeqSet()).add_span(first, last)

    def lacks_any(self, first: int, last: int) -> bool:
        """Whether any number given out between `first` and `last` is no longer held."""
        return bool(self.held.gaps(first, min(last, self.next_seq - 1), limit=1))

    def account(self) -> OutboxStream:
        """Return what we hold, as the contract words it.

        Whatever we do not hold is told as lost, freed documents too: a journal that has them knows
        better, one restored from an older copy learns that it need not wait. What the recorder has
        settled is left out, and of many losses only the lowest are told; but the highest number
        given out is always told, held or lost, for without it `ended` would name a wrong end.
        """
        losses = self._losses()
        last_seq = self.next_seq - 1
        if last_seq >= 0 and last_seq not in self.held:
            told_last = losses[-1].last_seq if losses else -1
            if len(losses) > RANGES_PER_OUTBOX_STREAM_MAX or told_last < last_seq:
                del losses[RANGES_PER_OUTBOX_STREAM_MAX - 1 :]
                losses.append(self._loss(last_seq, last_seq, self._reason(last_seq)))
        held = bool(self.held)
        return OutboxStream.model_validate(
            {
                "stream_class": self.name[0],
                "stream_id": self.name[1],
                "first_seq": self.held.lowest() if held else None,
                "last_seq": self.held.highest() if held else None,
                "ended": self.ended,
                "lost": losses[:RANGES_PER_OUTBOX_STREAM_MAX],
            }
        )

    def _losses(self) -> list[LostRange]:
        """Return the lowest unsettled numbers we do not hold; one more than fits, if there are."""
        limit = RANGES_PER_OUTBOX_STREAM_MAX + 1
        known = self.held.part(self.settled_seq, self.next_seq)
        losses: list[LostRange] = []
        for reason, numbers in self.lost.items():
            known.add_all(numbers)
            for first, last in numbers.spans(self.settled_seq, limit=limit):
                losses.append(self._loss(first, last, reason))
        for first, last in known.gaps(self.settled_seq, self.next_seq - 1, limit=limit):
            losses.append(self._loss(first, last, "freed"))
        return sorted(losses, key=lambda loss: loss.first_seq)[:limit]

    def _reason(self, seq: int) -> LossReason:
        return next((reason for reason, numbers in self.lost.items() if seq in numbers), "freed")

    @staticmethod
    def _loss(first: int, last: int, reason: LossReason) -> LostRange:
        return LostRange(first_seq=first, last_seq=last, reason=reason)
