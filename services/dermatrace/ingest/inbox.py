"""Between the network thread and the recorder: a bounded queue that never makes anybody wait.

It also keeps the books, under one lock, so that every message is accounted for at every moment:
received = what became of it (stored, duplicate, ...) + shed + waiting + in hand
"""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dermatrace.ingest.pipeline import Arrival
from dermatrace.ingest.recorder import Fate

MESSAGES_WAITING_MAX: Final = 20_000
"""Messages received and not yet taken up. Beyond it this and all further messages of the connection
are shed: let go unacknowledged, until the connection is dropped and the broker delivers again.
Much more than RECEIVE_MAX, since some brokers overshoot that after a reconnect."""
WAITING_MAX_BYTES: Final = 64 * 1024 * 1024
"""The same for their payloads; one message may go beyond it."""
BATCH_MESSAGES_MAX: Final = 500
"""Messages of one commit. A larger batch saves little and makes the first of it wait."""


@dataclass(frozen=True, slots=True)
class Books:
    """Where every message received so far has gone."""

    received_count: int
    fates: Mapping[Fate, int]
    shed_count: int
    waiting_count: int
    waiting_bytes: int
    in_hand_count: int

    @property
    def in_flight_count(self) -> int:
        """Messages received about which nothing is decided yet."""
        return self.waiting_count + self.in_hand_count


class Inbox:
    """Arrivals in the order they came."""

    def __init__(
        self,
        *,
        messages_max: int = MESSAGES_WAITING_MAX,
        waiting_max_bytes: int = WAITING_MAX_BYTES,
    ) -> None:
        self._messages_max = messages_max
        self._waiting_max_bytes = waiting_max_bytes
        self._changed = threading.Condition()
        self._waiting: deque[Arrival] = deque()
        self._waiting_bytes = 0
        self._woken = False
        self._received_count = 0
        self._shed_count = 0
        self._in_hand_count = 0
        self._fates: Counter[Fate] = Counter()
        self._is_shedding = False

    def put(self, arrival: Arrival) -> None:
        """Take a message from the network thread: note it and return."""
        with self._changed:
            self._received_count += 1
            is_full = len(self._waiting) >= self._messages_max
            if self._is_shedding or is_full or self._waiting_bytes >= self._waiting_max_bytes:
                # Whatever follows is shed too: it would only be stored before what it follows.
                self._is_shedding = True
                self._shed_count += 1
                return
            self._waiting.append(arrival)
            self._waiting_bytes += len(arrival.payload)
            if len(self._waiting) == 1:  # only then does anybody wait for it
                self._changed.notify()

    def wake(self) -> None:
        """Let a waiting `take` return."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, wait_s: float) -> list[Arrival]:
        """Return what has come, up to a batch; wait for the first of it up to `wait_s`.

        What is returned counts as in hand until `decided` says what became of it.
        """
        with self._changed:
            if not self._waiting and not self._woken:
                self._changed.wait(wait_s)
            self._woken = False
            size = min(len(self._waiting), BATCH_MESSAGES_MAX)
            batch = [self._waiting.popleft() for _ in range(size)]
            self._waiting_bytes -= sum(len(arrival.payload) for arrival in batch)
            self._in_hand_count = size
            return batch

    def decided(self, fates: Mapping[Fate, int]) -> None:
        """Book what became of the messages in hand."""
        with self._changed:
            self._fates.update(fates)
            self._in_hand_count = 0

    def must_reconnect(self) -> bool:
        """Tell whether messages were shed and all others are dealt with."""
        with self._changed:
            return self._is_shedding and not self._waiting and not self._in_hand_count

    def reopen(self) -> None:
        """Take messages again: those of another connection."""
        with self._changed:
            self._is_shedding = False

    def books(self) -> Books:
        """Return all numbers as of one moment."""
        with self._changed:
            return Books(
                self._received_count,
                dict(self._fates),
                self._shed_count,
                len(self._waiting),
                self._waiting_bytes,
                self._in_hand_count,
            )
