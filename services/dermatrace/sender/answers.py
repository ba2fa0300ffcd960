"""What the recorder last said of single documents, so that whoever sent one can be told.

Settling needs none of it: a rejected document is settled like any other. Memory only; after a
restart the first receipt of a stream tells it again.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

from dermatrace.sender.in_flight import Key
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace.seqset import Span
from dermatrace_schemas.limits import RANGES_PER_RECEIPT_MAX
from dermatrace_schemas.settling import Receipt, Rejection

ANSWERS_MAX: Final = 1_000
"""Streams, and rejections, whose last answer is remembered. Beyond it the one heard longest
ago is forgotten: then we say `waiting` of that stream until the recorder speaks of it again, and of
that rejection not why."""

State: TypeAlias = Literal["recorded", "rejected", "lost", "waiting"]
_Of = TypeVar("_Of")
_What = TypeVar("_What")
_LOSSES: Final = {
    "not_stored": "there was no room or no disk for it; make room, then send it once more",
    "too_large": "the connection broke on it each time: too large for the broker?",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document; without a reason if it is recorded."""

    state: State
    reason: str = ""


UNEXPLAINED: Final = Outcome("rejected", "the recorder refused it; its log says why")


class Answers:
    """The last receipt of each stream, and the rejections; of one journal, the last heard."""

    def __init__(self) -> None:
        self._journal_id = ""
        self._rejected: dict[StreamName, tuple[int, list[Span]]] = {}
        """Up to which number a receipt told everything, and what of it was rejected."""
        self._rejections: dict[Key, Rejection] = {}

    def receipt(self, receipt: Receipt) -> None:
        """Take note of a receipt; it replaces all that was said of these numbers before."""
        self._hear(receipt.journal_id)
        name = (receipt.stream_class, receipt.stream_id)
        rejected = [(span.first_seq, span.last_seq) for span in receipt.rejected]
        # The list may have been cut: then nothing is known of what comes after it.
        is_cut = receipt.more and len(rejected) == RANGES_PER_RECEIPT_MAX
        told_seq = rejected[-1][1] + 1 if is_cut else receipt.next_seq
        _remember(self._rejected, name, (told_seq, rejected))
        for key, rejection in list(self._rejections.items()):
            # One without a number is no business of receipts: they know only that it was lost.
            is_told = key[0] == name and key[1] < told_seq and rejection.seq is not None
            if is_told and not _holds(rejected, key[1]):
                del self._rejections[key]

    def rejection(self, key: Key, rejection: Rejection) -> None:
        """Take note of why a document was rejected."""
        self._hear(rejection.journal_id)
        _remember(self._rejections, key, rejection)

    def outcome(self, stream: StreamState, seq: int) -> Outcome:
        """Tell what became of a document, as far as the recorder has said."""
        told_seq, rejected = self._rejected.get(stream.name, (0, []))
        loss = next((name for name, numbers in stream.lost.items() if seq in numbers), None)
        why = self._rejections.get((stream.name, seq))
        if why is not None:
            return Outcome("rejected", f"{why.reason}: {why.path} {why.detail}")
        if loss == "rejected" or _holds(rejected, seq):
            return UNEXPLAINED
        if loss is not None:
            return Outcome("lost", _LOSSES.get(loss, loss))
        # What settling does not believe yet, from a journal just met, is not recorded either.
        if seq >= min(told_seq, stream.settled_seq):
            return Outcome("waiting", "no receipt yet")
        if seq not in stream.held:
            # Settled once, but perhaps in a journal that another has replaced since.
            return Outcome("waiting", "its bytes were freed; only the record can tell")
        return Outcome("recorded")

    def _hear(self, journal_id: str) -> None:
        """Forget what another journal has said."""
        if journal_id != self._journal_id:
            self._journal_id = journal_id
            self._rejected.clear()
            self._rejections.clear()


def _holds(spans: list[Span], seq: int) -> bool:
    return any(first <= seq <= last for first, last in spans)


def _remember(answers: dict[_Of, _What], key: _Of, answer: _What) -> None:
    answers.pop(key, None)
    answers[key] = answer
    if len(answers) > ANSWERS_MAX:
        del answers[next(iter(answers))]
