"""Rejections on their way to their senders: a bounded queue in which everybody has a turn."""

from collections import OrderedDict, deque
from typing import Final

from dermatrace.ingest.recorder import Refusal
from dermatrace_schemas.settling import Rejection
from dermatrace_schemas.topics import sender_of

REJECTIONS_WAITING_MAX: Final = 1_000
"""Rejections not yet published. Beyond it the oldest of the sender with the most is not told: no
receipt covers its bytes, so they are offered again, and it is told then."""

Addressee = tuple[str, str]
"""Clinic and sender."""


class Refusals:
    """What is to be told, sender by sender: whoever floods us with garbage waits longest."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Addressee, deque[Refusal]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, refusal: Refusal) -> None:
        """Take one up, unless its topic does not say whom to tell."""
        addressee = sender_of(refusal.message.topic_text)
        if addressee is None:
            return
        if self._count >= REJECTIONS_WAITING_MAX:
            self._drop_oldest(max(self._waiting, key=lambda sender: len(self._waiting[sender])))
        self._waiting.setdefault(addressee, deque()).append(refusal)
        self._count += 1

    def first(self) -> tuple[Addressee, Refusal] | None:
        """Return the next one to tell, None if there is none."""
        for addressee, waiting in self._waiting.items():
            return addressee, waiting[0]
        return None

    def told(self) -> None:
        """Forget the first one and let the next sender have its turn."""
        addressee = next(iter(self._waiting))
        self._waiting.move_to_end(addressee)
        self._drop_oldest(addressee)

    def _drop_oldest(self, addressee: Addressee) -> None:
        waiting = self._waiting[addressee]
        waiting.popleft()
        self._count -= 1
        if not waiting:
            del self._waiting[addressee]


def word_rejection(journal_id: str, refusal: Refusal) -> bytes:
    """Return the rejection of one message."""
    message, reason = refusal.message, refusal.reason
    rejection = Rejection(
        kind="rejection",
        journal_id=journal_id,
        entry_id=refusal.entry_id,
        stream_class=None if message.stream is None else message.stream.stream_class,
        stream_id=None if message.stream is None else message.stream.stream_id,
        seq=message.seq,
        sha256=message.digest.hex(),
        reason=reason.code,
        path=reason.path,
        detail=reason.detail or "no further detail",
    )
    return rejection.model_dump_json().encode()
