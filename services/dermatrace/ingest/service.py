"""The ingest process: who runs which step, and what ends it.

network thread   takes messages off the connection into the inbox       mqtt.py, inbox.py
recorder thread  batches through the pipeline, then what is due         recording.py
main thread      keeps a connection, and looks after the other two      here, subscriber.py
health threads   answer questions                                       health.py
"""

import contextlib
import signal
import threading
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Final

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import DermatraceError
from dermatrace.health import HealthServer, State
from dermatrace.ingest.health import Metrics
from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.pipeline import Pipeline
from dermatrace.ingest.recording import Recording
from dermatrace.ingest.subscriber import Subscriber
from dermatrace.journal.writer import Journal
from dermatrace.mqtt import BrokerAddress
from dermatrace_schemas.limits import CONTRACT_VERSION
from dermatrace_schemas.system import SystemOpened

TICK_S: Final = 0.25
"""How often the main thread looks after the others; a dead one is noticed within 5 s."""
BROKER_NAME_CHARACTERS_MAX: Final = 120
"""As much of host and port as the journal's entry about a connection takes."""


class IngestService:
    """Everything of one ingest process."""

    def __init__(
        self,
        journal_file: Path,
        address: BrokerAddress,
        *,
        health_host: str,
        health_port: int,
        clock: Clock,
    ) -> None:
        """Open the journal and the health page; `run` does the rest.

        Raises AlreadyRunning, WrongFile, StorageError, OSError.
        """
        self._log = logs.log("ingest")
        self._state = State()
        self._stopping = threading.Event()
        self._stop_signalled = False
        self._clock = clock
        self._inbox = self._make_inbox()
        broker = f"{address.host}:{address.port}"[:BROKER_NAME_CHARACTERS_MAX]
        with contextlib.ExitStack() as if_it_fails:
            self._journal = self._open_journal(journal_file)
            if_it_fails.callback(self._journal.close)
            self._pipeline = self._make_pipeline(self._journal)
            self._recording = Recording(self._journal, self._pipeline, self._inbox, broker, clock)
            self._health = HealthServer(health_host, health_port, self.metrics, self._state)
            if_it_fails.pop_all()
        self._subscriber = Subscriber(
            address,
            self._inbox,
            self._recording,
            clock=clock,
            random=Random(),  # noqa: S311  jitter, not secrecy
        )

    @property
    def health_port(self) -> int:
        """Where `/healthz` and `/metrics` are."""
        return self._health.port

    @property
    def metrics(self) -> Metrics:
        """The numbers that `/metrics` shows."""
        return self._recording.metrics

    def run(self) -> None:
        """Record until `stop` is called.

        Raises StorageError, TakenOver, or whatever else must end the process; then nothing is
        acknowledged that is not on disk, and another start goes on from there.
        """
        try:
            self._pipeline.note(
                SystemOpened(
                    kind="system.opened",
                    at_ms=self._clock.utc_ms(),
                    journal_id=self._journal.journal_id,
                    software_version=version("dermatrace"),
                    contract_version=CONTRACT_VERSION,
                )
            )
            self._recording.start()
            self._state.ready = True
            self._log.info("ready", journal=str(self._journal.path), head=str(self._journal.head))
            while not self._stopping.is_set() and not self._stop_signalled:
                self._attend()
                self._subscriber.changed.wait(TICK_S)
        finally:
            self._end()

    def stop(self) -> None:
        """Ask `run` to end in an orderly way; may be called from any thread."""
        self._stopping.set()
        self._subscriber.changed.set()

    def stop_on_signals(self) -> None:
        """End cleanly on SIGTERM and SIGINT, within a tick."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._note_signal())

    def _note_signal(self) -> None:
        # Not `stop`: the signal may have interrupted this very thread inside an event's lock.
        self._stop_signalled = True

    # The parts that keep the promises; the fault suite shows what happens without each of them.

    def _make_inbox(self) -> Inbox:
        return Inbox()

    def _open_journal(self, path: Path) -> Journal:
        return Journal(path, self._clock)

    def _make_pipeline(self, journal: Journal) -> Pipeline:
        return Pipeline(journal, self._clock)

    def _attend(self) -> None:
        try:
            self._subscriber.attend()
            self._recording.check()
            self._subscriber.check()
        except DermatraceError as error:
            self._state.problems = [str(error)]
            raise
        self._state.connected = self._subscriber.is_up
        self._state.problems = [problem] if (problem := self._subscriber.problem) else []
        if self._inbox.must_reconnect():
            self._log.warning("inbox overflowed", shed=self._inbox.books().shed_count)
            self._subscriber.drop()

    def _end(self) -> None:
        self._state.ready = False
        has_stopped = self._recording.stop()
        self._subscriber.close()
        self._health.close()
        if has_stopped:
            self._journal.close()
        self._log.info("stopped", head=str(self._journal.head))
