"""The recorder thread: batches in, receipts out."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import DermatraceError
from dermatrace.ingest.announcer import UNANSWERED_MAX
from dermatrace.ingest.health import Metrics, Reading
from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.pipeline import Pipeline
from dermatrace.journal.writer import Journal
from dermatrace.mqtt import Connection
from dermatrace_schemas.system import SystemConnected, SystemDocument, SystemLost

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDER_STEP_MAX_S: Final = 0.2
"""Longest wait of the recorder for a message; bounds how late a receipt or a stop can be."""
RECORDER_STUCK_MS: Final = 30_000
"""A recorder that has not finished a batch for this long hangs: a disk that never answers."""
STOP_WAIT_S: Final = 10.0
"""Longest wait for the recorder to finish its batch when asked to stop."""
REFUSED_FROM: Final = 0x80
"""Reason codes from here on are refusals; below it the broker has taken the message."""


@dataclass(slots=True)
class _Line:
    """One connection to publish on; each count has one thread that writes it."""

    connection: Connection
    unanswered_max: int
    published_count: int = 0
    answered_count: int = 0

    @property
    def room(self) -> int:
        return self.unanswered_max - (self.published_count - self.answered_count)


class Recording:
    """The one thread that owns the pipeline."""

    def __init__(
        self, journal: Journal, pipeline: Pipeline, inbox: Inbox, broker: str, clock: Clock
    ) -> None:
        self._journal = journal
        self._pipeline = pipeline
        self._inbox = inbox
        self._broker = broker
        self._clock = clock
        self._log = logs.log("ingest")
        self._line: _Line | None = None
        self._notes: deque[Callable[[int], SystemDocument]] = deque()
        self._connection_count = 0
        self._refused_count = 0
        self._broker_dropped_count: int | None = None
        self._stopping = threading.Event()
        self.metrics = Metrics(self._read)
        self.failure: BaseException | None = None
        self._last_step_ms = clock.monotonic_ms()
        self._thread = threading.Thread(target=self._run, name="ingest.recorder", daemon=True)

    def start(self) -> None:
        """Begin to record."""
        self._last_step_ms = self._clock.monotonic_ms()
        self._thread.start()

    def stop(self) -> bool:
        """Finish the batch in hand, then end; tell whether it did.

        What still waits is not acknowledged, so the broker delivers it again.
        """
        self._stopping.set()
        self._inbox.wake()
        if self._thread.ident is not None:
            self._thread.join(STOP_WAIT_S)
        return not self._thread.is_alive()

    def check(self) -> None:
        """Raise what ended the thread, or DermatraceError if it hangs."""
        if self.failure is not None:
            raise self.failure
        if self._clock.monotonic_ms() - self._last_step_ms > RECORDER_STUCK_MS:
            remedy = "A disk that does not answer? The process ends; its supervisor restarts it."
            raise DermatraceError("the recorder hangs", remedy=remedy)

    # --- what the connection says (`subscriber.Ears`), from its own thread --------------------

    def up(self, connection: Connection, *, session_present: bool, receive_max: int) -> None:
        """Publish on this connection from now on."""
        self._connection_count += 1
        self._line = _Line(connection, min(UNANSWERED_MAX, receive_max))
        self._notes.append(
            lambda at_ms: SystemConnected(
                kind="system.connected",
                at_ms=at_ms,
                broker=self._broker,
                session_present=session_present,
            )
        )
        self._inbox.wake()

    def down(self, reason: str) -> None:
        """Publish nothing until there is another connection."""
        self._broker_dropped_count = None  # perhaps it begins to count anew
        if self._line is not None:
            self._line = None
            self._notes.append(
                lambda at_ms: SystemLost(kind="system.lost", at_ms=at_ms, reason=reason[:2_000])
            )
            self._inbox.wake()

    def answered(self, reason_code: int) -> None:
        """One announcement less on the way."""
        self._refused_count += reason_code >= REFUSED_FROM
        if self._line is not None:
            had_room = self._line.room > 0
            self._line.answered_count += 1
            if not had_room:
                self._inbox.wake()

    def told_dropped(self, count: int | None) -> None:
        """Keep it for whoever asks."""
        self._broker_dropped_count = count

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._step()
        except BaseException as error:  # noqa: BLE001  handed to the main thread, which ends us
            self.failure = error

    def _step(self) -> None:
        arrivals = self._inbox.take(self._wait_s())
        if arrivals:
            with self.metrics.commits.time():
                taken = self._pipeline.run(arrivals)
            self._inbox.decided(taken.fates)
        while self._notes:
            self._pipeline.note(self._notes.popleft()(self._clock.utc_ms()))
        self._pipeline.look()
        line = self._line
        if line is not None and line.room > 0:
            self._pipeline.announcer.publish_due(lambda *what: _publish(line, *what), line.room)
        self._last_step_ms = self._clock.monotonic_ms()

    def _wait_s(self) -> float:
        """Return how long there is nothing to do but wait for messages."""
        if self._line is None or self._line.room <= 0:
            return RECORDER_STEP_MAX_S  # whatever is due, it cannot be told now
        return self._pipeline.announcer.wait_s(RECORDER_STEP_MAX_S)

    def _read(self) -> Reading:
        announcer = self._pipeline.announcer
        return Reading(
            books=self._inbox.books(),
            receipt_count=announcer.receipt_count,
            rejection_count=announcer.rejection_count,
            receipts_due_count=announcer.due_count,
            rejections_waiting_count=announcer.waiting_count,
            refused_count=self._refused_count,
            connection_count=self._connection_count,
            is_connected=self._line is not None,
            head_entry_id=self._journal.head.entry_id,
            broker_dropped_count=self._broker_dropped_count,
        )


def _publish(line: _Line, topic: str, payload: bytes) -> bool:
    if not line.connection.publish(topic, payload):
        return False
    line.published_count += 1
    return True
