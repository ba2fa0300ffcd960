"""Senders and recorders that lack one protection each, to show that the simulation sees it."""

from collections.abc import Iterator
from random import Random
from typing import Final

from dermatrace.journal.coverage import Coverage, Held
from dermatrace.sender.in_flight import Key
from dermatrace.sender.settling import Settling
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.settling import LostRange, OutboxStream, Receipt
from support.settling_recorder import Batch, PretendRecorder
from support.settling_world import Cast


class FreesOnPuback(Settling):
    """Takes the broker's success for storage."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._acknowledged: dict[StreamName, SeqSet] = {}

    def acknowledged(self, key: Key) -> None:
        """Remember it as safe."""
        super().acknowledged(key)
        self._acknowledged.setdefault(key[0], SeqSet()).add(key[1])

    def freeable(self) -> Iterator[tuple[StreamName, Span]]:
        """Offer whatever the broker has said yes to."""
        for name, numbers in self._acknowledged.items():
            for seq in range(self.streams[name].next_seq):
                if seq in numbers and seq in self.streams[name].held:
                    yield name, (seq, seq)


class FreesUpToTheHighest(Settling):
    """Takes the highest number the recorder has seen for the end of what it has."""

    def receipt(self, receipt: Receipt, now_ms: int) -> None:
        """Read over the gaps."""
        seen = max((span.last_seq + 1 for span in receipt.missing), default=0)
        next_seq = max(receipt.next_seq, seen)
        super().receipt(receipt.model_copy(update={"next_seq": next_seq}), now_ms)


class IgnoresJournalId(Settling):
    """Believes that there is only one journal, for ever."""

    def receipt(self, receipt: Receipt, now_ms: int) -> None:
        """Read over the journal's name."""
        known = self.journal_id or receipt.journal_id
        super().receipt(receipt.model_copy(update={"journal_id": known}), now_ms)


class BelievesAtOnce(Settling):
    """Believes whichever journal spoke last, also if it was replaced long ago."""

    def _hear(self, journal_id: str, now_ms: int) -> bool:
        super()._hear(journal_id, now_ms)
        return True


class NeverSendsOutbox(Settling):
    """Waits to be asked."""

    def outbox_due(self, now_ms: int) -> bool:
        """Never."""
        del now_ms
        return False

    def wake_ms(self, now_ms: int) -> int | None:
        """Wait for events alone once everything else is over."""
        wake_ms = super().wake_ms(now_ms)
        return None if wake_ms == now_ms else wake_ms


class SilentWhenSettled(Settling):
    """Asks nothing while it believes that all is well."""

    def _ask_anyway_ms(self) -> int:
        return 2**62


class ConcealsWhatItFreed(StreamState):
    """Tells only what it holds and what it gave up otherwise."""

    def _losses(self) -> list[LostRange]:
        return [loss for loss in super()._losses() if loss.reason != "freed"]


class ConcealsTheTop(StreamState):
    """Leaves the highest number untold if it is settled and no longer held."""

    def account(self) -> OutboxStream:
        """Tell the unsettled part alone."""
        told = super().account()
        lost = [span for span in told.lost if span.last_seq >= self.settled_seq]
        return told.model_copy(update={"lost": lost})


class ForgetsTheHorizon(Coverage):
    """Never says that anything is missing."""

    def held(self, now_ms: int) -> Held:
        """Tell the contiguous part alone."""
        held = super().held(now_ms)
        return Held(held.next_seq, (), held.rejected, more=held.more, complete=held.complete)


class HastyRecorder(PretendRecorder):
    """Acknowledges and announces as soon as it has decided, and commits when it gets to it."""

    def _take_batch(self, batch: Batch) -> None:
        super()._take_batch(batch)
        self._acknowledge(batch)
        for stream in batch.touched:
            self.send_receipt(stream)


TWINS: Final[dict[str, Cast]] = {
    "frees on the broker's success": Cast(settling=FreesOnPuback),
    "frees up to the highest number seen": Cast(settling=FreesUpToTheHighest),
    "acknowledges and announces before the commit": Cast(recorder=HastyRecorder),
    "ignores which journal answers": Cast(settling=IgnoresJournalId),
    "believes a late answer of a replaced journal": Cast(settling=BelievesAtOnce),
    "never says what is missing": Cast(coverage=ForgetsTheHorizon),
    "never sends an outbox": Cast(settling=NeverSendsOutbox),
    "asks nothing once it is settled": Cast(settling=SilentWhenSettled),
    "conceals what it freed": Cast(stream=ConcealsWhatItFreed),
    "conceals its highest number": Cast(stream=ConcealsTheTop),
}
