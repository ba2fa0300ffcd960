"""Read, write, advance: the journal on one side, InfluxDB on the other, the cursor between.

reading thread   entries into steps, at most two ahead        rendering.py
calling thread   step to InfluxDB, then the cursor            delivery.py, store.py

While InfluxDB takes in one step the next is being made; nothing is remembered of it in forward.db
before InfluxDB has it.
"""

import queue
import threading
from collections.abc import Callable
from typing import Final

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import DermatraceError
from dermatrace.forward.delivery import Delivery, Stopped
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.step import Step
from dermatrace.forward.store import Store
from dermatrace.journal.entry import Entry, Head

READ_ENTRIES_MAX: Final = 500
"""Entries read at a time: a few MB."""
STEPS_AHEAD_MAX: Final = 2
"""Steps made and not yet written; then reading waits."""
POLL_INTERVAL_S: Final = 0.05
"""How often the journal is asked for more once everything is read."""
HAND_OVER_S: Final = 0.25
"""How often either thread looks whether it is to stop while it waits for the other."""

ReadAfter = Callable[[int], list[Entry]]
"""Returns entries after one, at most READ_ENTRIES_MAX."""


class Forwarder:
    """Brings InfluxDB up to the journal, and keeps it there."""

    def __init__(
        self,
        renderer: Renderer,
        read_after: ReadAfter,
        delivery: Delivery,
        store: Store,
        clock: Clock,
    ) -> None:
        """Prepare; `run` does the rest. `renderer` and `read_after` belong to the other thread."""
        self._renderer = renderer
        self._read_after = read_after
        self._delivery = delivery
        self._store = store
        self._clock = clock
        self._steps: queue.Queue[Step] = queue.Queue(STEPS_AHEAD_MAX)
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._is_idle = False
        self._log = logs.log("forward")
        self.head = renderer.head
        """Up to here InfluxDB has everything."""
        self.reading_ms: int | None = None
        """When the oldest entry that InfluxDB does not have was read; None if it has all."""

    def stop(self) -> None:
        """Ask `run` to end; what is under way is done again at the next start."""
        self._stopping.set()

    def run(self, *, until: Callable[[Head], bool] = lambda _: False) -> None:
        """Forward until stopped, or until `until` says so of where InfluxDB is.

        Raises StorageError if forward.db cannot be written, or whatever ended the reading thread.
        """
        thread = threading.Thread(target=self._read, name="forward.read", daemon=True)
        thread.start()
        try:
            while not self._stopping.is_set() and not until(self.head):
                step = self._next_step()
                if step is not None:
                    self._forward(step)
        except Stopped:
            self._log.info("stopped while InfluxDB was away")
        finally:
            self._stopping.set()
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _next_step(self) -> Step | None:
        try:
            return self._steps.get(timeout=HAND_OVER_S)
        except queue.Empty:
            if self._failure is not None:
                raise DermatraceError("the reading thread failed") from self._failure
            if self._is_idle:
                self.reading_ms = None
            return None

    def _forward(self, step: Step) -> None:
        outcome = self._delivery.deliver(step)
        # Only now: a crash above repeats the step, and the same points are written over themselves.
        self._commit(step, outcome)
        self._renderer.committed_number = step.number
        self.head = step.head
        if self._steps.empty():
            self.reading_ms = None

    def _commit(self, step: Step, outcome: object) -> None:
        self._store.commit(step, outcome, self._clock.utc_ms())  # type: ignore[arg-type]

    def _read(self) -> None:
        try:
            while not self._stopping.is_set():
                entries = self._read_after(self._renderer.head.entry_id)
                self._is_idle = not entries
                if not entries:
                    self._stopping.wait(POLL_INTERVAL_S)
                    continue
                for entry in entries:
                    self._renderer.take(entry)
                if self._renderer.has_step or len(entries) < READ_ENTRIES_MAX:
                    self._hand_over()
        except BaseException as error:  # noqa: BLE001  raised again by the calling thread
            self._failure = error

    def _hand_over(self) -> None:
        for step in self._renderer.take_steps():
            self.reading_ms = self.reading_ms or self._clock.utc_ms()
            while not self._stopping.is_set():
                try:
                    self._steps.put(step, timeout=HAND_OVER_S)
                except queue.Full:
                    continue
                break
