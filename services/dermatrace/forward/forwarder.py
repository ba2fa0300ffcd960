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
        self._log = logs.log("forward")
        self.head = renderer.head
        """Up to here InfluxDB has everything."""
        self._under_way: Step | None = None

    def stop(self) -> None:
        """Ask `run` to end; what is under way is done again at the next start."""
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Wait; return whether to stop."""
        return self._stopping.wait(seconds)

    def behind_s(self) -> float:
        """Return how old the oldest entry is that is on its way to InfluxDB; 0 if none is."""
        step = self._under_way
        age_ms = 0 if step is None else self._clock.utc_ms() - step.first_received_ms
        return max(age_ms, 0) / 1_000

    def run(self, *, until: Callable[[Head], bool] = lambda _: False) -> None:
        """Forward until stopped, or until `until` says so of where InfluxDB is.

        Raises StorageError if forward.db cannot be written, or whatever ended the reading thread.
        """
        thread = threading.Thread(target=self._read, name="forward.read", daemon=True)
        thread.start()
        try:
            while not (self._stopping.is_set() or self._failure or until(self.head)):
                self._forward_next()
        except Stopped:
            self._log.info("stopped while InfluxDB was away")
        finally:
            self._stopping.set()
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _forward_next(self) -> None:
        try:
            step = self._under_way = self._steps.get(timeout=HAND_OVER_S)
        except queue.Empty:
            return
        outcome = self._delivery.deliver(step)
        # Only now: a crash above repeats the step, and the same points are written over themselves.
        self._store.commit(step, outcome, self._clock.utc_ms())
        self._renderer.committed_number = step.number
        self.head, self._under_way = step.head, None

    def _read(self) -> None:
        try:
            while not self._stopping.is_set():
                entries = self._read_after(self._renderer.head.entry_id)
                for entry in entries:
                    self._renderer.take(entry)
                has_all = len(entries) < READ_ENTRIES_MAX
                self._hand_over(self._renderer.take_steps(unfinished=has_all))
                if not entries:
                    self._stopping.wait(POLL_INTERVAL_S)
        except BaseException as error:  # noqa: BLE001  raised again by the calling thread
            self._failure = error

    def _hand_over(self, steps: list[Step]) -> None:
        for step in steps:
            while not self._stopping.is_set():
                try:
                    self._steps.put(step, timeout=HAND_OVER_S)
                except queue.Full:
                    continue
                break
