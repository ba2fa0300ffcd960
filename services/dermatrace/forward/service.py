"""The forward process: wait for the journal, follow it, tell how far InfluxDB has got."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Final

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import JournalForked
from dermatrace.forward.delivery import Delivery, Stopped
from dermatrace.forward.forwarder import READ_ENTRIES_MAX, Forwarder
from dermatrace.forward.newest import newest_generations
from dermatrace.forward.pipeline_parts import Standing
from dermatrace.forward.point_store import PointStore
from dermatrace.forward.rebuild import empty_buckets
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.store import Store
from dermatrace.health import HealthServer, Measured, Numbers, State, gauge, gauges
from dermatrace.journal.entry import Head
from dermatrace.journal.reader import JournalReader, is_made

PREFIX: Final = "dermatrace_forward_"
FORKED: Final = (
    "A backup was restored, or another journal lies there. Run `dermatrace forward rebuild`: it"
    " empties both buckets and fills them again from this one."
)
JOURNAL_WAIT_S: Final = 0.5
"""How often to look whether the recorder has made its journal."""
ATTEND_S: Final = 0.25
"""How often the health page's state is brought up to date."""


class ForwardService:
    """Everything of one forward process."""

    def __init__(
        self, journal_file: Path, forward_file: Path, points: PointStore, clock: Clock
    ) -> None:
        """Open forward.db; `run` does the rest. Raises AlreadyRunning, WrongFile, StorageError."""
        self._journal_file = journal_file
        self._clock = clock
        self._points = points
        self._stopping = threading.Event()
        self._stop_signalled = False
        self._log = logs.log("forward")
        self._store = Store(forward_file)
        self._forwarder: Forwarder | None = None
        self._failure: BaseException | None = None
        self._account, self._journal_entries = self._store.account(), 0
        self.delivery = Delivery(points, clock, Random(), self._wait)  # noqa: S311  jitter
        self.state = State()
        self.numbers = Numbers(PREFIX, self._measured)

    def serve_health(self, host: str, port: int) -> HealthServer:
        """Serve /healthz and /metrics. Raises OSError if the port cannot be bound."""
        return HealthServer(host, port, self.numbers, self.state)

    def run(self, *, until: Callable[[Head], bool] = lambda _: False) -> None:
        """Forward until `stop` is called, or until `until` says so.

        Raises StorageError, JournalForked, JournalReplaced, or whatever else must end the process;
        another start goes on from what InfluxDB is known to have.
        """
        with ExitStack() as at_the_end:
            at_the_end.callback(self._store.close)
            if not self._wait_for_journal():
                return
            reader = at_the_end.enter_context(JournalReader(self._journal_file))
            # Steps are made from what is committed while the next is being committed.
            reading = at_the_end.enter_context(Store(self._store.path, read_only=True))
            forwarder = self._make_forwarder(reader, reading)
            attending = threading.Thread(target=self._attend, name="forward.attend")
            attending.start()
            at_the_end.callback(attending.join)
            at_the_end.callback(self._stopping.set)
            self._forward(forwarder, until)
        if self._failure is not None:
            raise self._failure

    def standing(self) -> Standing:
        """Return how far things are, as they were a moment ago; may be called from any thread."""
        behind_s = 0.0 if self._forwarder is None else self._forwarder.behind_s()
        return Standing(self._journal_entries, self._head_id(), behind_s, self._account)

    def _forward(self, forwarder: Forwarder, until: Callable[[Head], bool]) -> None:
        self.state.ready = True
        self._log.info("ready", head=str(forwarder.head))
        try:
            self.delivery.look()
            if self._store.place().must_empty:
                empty_buckets(self.delivery)
                self._store.note_emptied()
        except Stopped:
            return
        self._note_buckets()
        forwarder.run(until=until)
        self._log.info("stopped", head=str(forwarder.head))

    def stop(self) -> None:
        """Ask `run` to end in an orderly way; may be called from any thread."""
        self._stopping.set()
        if self._forwarder is not None:
            self._forwarder.stop()

    def stop_on_signals(self) -> None:
        """End cleanly on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._note_signal())

    def _note_signal(self) -> None:
        # Not `stop`: the signal may have interrupted this very thread inside an event's lock.
        self._stop_signalled = True

    def _wait(self, seconds: float) -> bool:
        """Wait; return whether to stop."""
        return self._stopping.wait(seconds)

    def _wait_for_journal(self) -> bool:
        while not self._stopping.is_set() and not self._stop_signalled:
            if is_made(self._journal_file):
                return True
            self._stopping.wait(JOURNAL_WAIT_S)
        return False

    def _make_forwarder(self, reader: JournalReader, reading: Store) -> Forwarder:
        place = self._store.place()
        try:
            reader.follow_from(place.head)
        except JournalForked as error:
            # A new forward.db is not enough: what InfluxDB has of the other journal must go too.
            error.remedy = FORKED
            raise
        target = place.rebuilt_to_entry_id
        known = newest_generations(reader, target) if place.head.entry_id < target else None
        renderer = Renderer(reader, reading, known, target)
        self._forwarder = Forwarder(
            renderer,
            lambda entry_id: reader.read_after(entry_id, limit=READ_ENTRIES_MAX),
            self.delivery,
            self._store,
            self._clock,
        )
        if self._stopping.is_set():  # whoever asked did not find a forwarder to tell
            self._forwarder.stop()
        return self._forwarder

    def _note_buckets(self) -> None:
        place = self._store.place()
        if not place.bucket_ids or place.head.entry_id == 0:
            self._store.note_buckets(self.delivery.bucket_ids)

    def _attend(self) -> None:
        """Keep the health page true, and pass a signal on."""
        try:
            with (
                Store(self._store.path, read_only=True) as store,
                JournalReader(self._journal_file) as reader,
            ):
                while not self._stopping.wait(ATTEND_S):
                    self._look_round(store, reader)
        except BaseException as error:  # noqa: BLE001  raised again by `run`
            self._failure = error
            self.stop()

    def _look_round(self, store: Store, reader: JournalReader) -> None:
        if self._stop_signalled:
            self.stop()
        reader.check_in_place()
        # Before its first answer nothing is known of InfluxDB, so no trouble is no proof either.
        self.state.connected = bool(self.delivery.bucket_ids) and not self.delivery.trouble.what
        self.state.problems = list(self._problems(store))
        self._journal_entries = reader.head().entry_id
        self._account = store.account()

    def _head_id(self) -> int:
        return 0 if self._forwarder is None else self._forwarder.head.entry_id

    def _problems(self, store: Store) -> Iterator[str]:
        if self.delivery.trouble.what:
            yield self.delivery.trouble.what
        filled = store.place().bucket_ids
        if filled and self.delivery.bucket_ids and filled != self.delivery.bucket_ids:
            yield another_bucket()

    def _measured(self) -> Iterator[Measured]:
        counts = {name.removesuffix("_count"): n for name, n in asdict(self._account).items()}
        yield gauges("points", "Points by what became of them; journalled is all", "fate", counts)
        yield gauge("difference_points", "Points unaccounted for", self._account.difference_count)
        now = self.standing()
        behind_entries = max(0, now.journal_entries - now.forwarded_entries)
        yield gauge("entries", "Entries that InfluxDB has", now.forwarded_entries)
        yield gauge("behind_entries", "Entries that InfluxDB lacks", behind_entries)
        yield gauge("behind_seconds", "Age of the oldest entry under way", now.behind_s)
        yield gauge("influxdb_up", "1 if InfluxDB takes points", int(self.state.connected))


def another_bucket() -> str:
    """Return what to say of a bucket that is not the one that was filled."""
    return (
        "a bucket in InfluxDB was deleted and made again: what it held until then is missing."
        " Stop forwarding, run `dermatrace forward rebuild`, and start it again"
    )
