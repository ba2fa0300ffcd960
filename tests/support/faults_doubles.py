"""The recorder with one protection taken out each, to see what that protection prevents.

Each double is the product's own service with one part replaced; a fault must do damage to it, or
the fault proves nothing. `FAULTY_RECORDERS` names them for the launcher.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermatrace.clock import Clock
from dermatrace.errors import StorageError
from dermatrace.ingest.decode import Message
from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.pipeline import Arrival, Pipeline
from dermatrace.ingest.recorder import Recorder, Taken
from dermatrace.ingest.service import IngestService
from dermatrace.journal.entry import NewEntry
from dermatrace.journal.writer import Batch, Journal
from dermatrace.mqtt import Delivery
from dermatrace_schemas.system import SystemDocument

GATE_VARIABLE: Final = "DERMATRACE_FAULT_GATE"
"""Folder through which a test lets batches pass; see `GatedPipeline`."""
GATE_WAIT_MAX_S: Final = 30.0
"""A gate opens by itself after this, so that no process outlives a test that has failed."""
GATE_ASK_INTERVAL_S: Final = 0.005
COMMIT_TAKES_S: Final = 0.2
"""How long a commit takes where the damage is done in that time; a slow disk's."""


class AcknowledgesFirst(Pipeline):
    """Lets the broker forget a batch before it is committed."""

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Acknowledge, then record."""
        super()._acknowledge(arrivals)
        time.sleep(COMMIT_TAKES_S)
        return super().run(arrivals)

    def _acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Nothing is left to do."""


class SwallowsStorageErrors(Pipeline):
    """Takes a failed commit for a done one and goes on."""

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Record, or pretend to."""
        try:
            return super().run(arrivals)
        except StorageError:
            self._acknowledge(arrivals)
            return Taken()

    def note(self, document: SystemDocument) -> None:
        """Journal a fact, or not."""
        try:
            super().note(document)
        except StorageError:
            return

    def look(self) -> None:
        """Look, or not."""
        try:
            super().look()
        except StorageError:
            return


class GatedPipeline(Pipeline):
    """Stops before each batch until the test lets it pass: the commit that takes as long as needed.

    In the gate's folder it makes a file `waiting-N` when batch N (from 1) is in hand, and goes on
    when there is a file `pass-N`.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        super().__init__(journal, clock)
        self._folder = Path(os.environ[GATE_VARIABLE])
        self._batch_count = 0

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Wait at the gate, then record."""
        self._batch_count += 1
        (self._folder / f"waiting-{self._batch_count}").touch()
        leave = self._folder / f"pass-{self._batch_count}"
        give_up_at_s = time.monotonic() + GATE_WAIT_MAX_S
        while not leave.exists() and time.monotonic() < give_up_at_s:
            time.sleep(GATE_ASK_INTERVAL_S)
        return super().run(arrivals)


class GatedNewest(GatedPipeline):
    """Acknowledges on whatever connection there is, as a client that reconnects by itself does."""

    newest: Delivery | None = None

    def _acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Send the packet ids of old messages on the newest connection."""
        newest = GatedNewest.newest
        for arrival in arrivals:
            if isinstance(arrival, Delivery) and newest is not None:
                newest.client.ack(arrival.packet_id, arrival.qos)


class NotesNewest(Inbox):
    """Remembers which connection spoke last."""

    def put(self, arrival: Arrival) -> None:
        """Take a delivery and remember it."""
        GatedNewest.newest = arrival if isinstance(arrival, Delivery) else None
        super().put(arrival)


class AcknowledgesArrivals(Inbox):
    """Acknowledges on arrival, as MQTT clients do that are not told otherwise."""

    def put(self, arrival: Arrival) -> None:
        """Acknowledge, then queue."""
        arrival.acknowledge()
        super().put(arrival)


class SlowPipeline(Pipeline):
    """Takes its time before a commit."""

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Wait, then record."""
        time.sleep(COMMIT_TAKES_S)
        return super().run(arrivals)


class SyncsSeldom(Journal):
    """Runs with synchronous=NORMAL: a commit is not synced, only a checkpoint is."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock)
        self._connection.pragma("synchronous", "NORMAL")


class StoresAgain(Recorder):
    """Stores what it has already, and what it was told to erase, as if it were new."""

    def take(self, batch: Batch, messages: Iterable[Message]) -> Taken:
        """Append each number that is known once more, then do what is right."""
        messages = list(messages)
        for message in messages:
            if message.stream is None or message.seq is None:
                continue
            row = batch.stream(message.stream).row
            if batch.outcomes_at(row, message.seq):
                batch.append(
                    NewEntry(
                        0,
                        "accepted",
                        message.topic_text,
                        message.payload,
                        message.digest,
                        message.seq,
                        stream_key=row,
                    )
                )
        return super().take(batch, messages)


@dataclass(frozen=True, slots=True)
class Parts:
    """Which part of the recorder is replaced, and by what."""

    pipeline: type[Pipeline] = Pipeline
    inbox: type[Inbox] = Inbox
    journal: type[Journal] = Journal
    recorder: type[Recorder] = Recorder


FAULTY_RECORDERS: Final = {
    "acknowledges-first": Parts(pipeline=AcknowledgesFirst),
    "acknowledges-arrivals": Parts(inbox=AcknowledgesArrivals, pipeline=SlowPipeline),
    "swallows-storage-errors": Parts(pipeline=SwallowsStorageErrors),
    "syncs-seldom": Parts(journal=SyncsSeldom),
    "gated": Parts(pipeline=GatedPipeline),
    "gated-acknowledges-newest": Parts(pipeline=GatedNewest, inbox=NotesNewest),
    "stores-again": Parts(recorder=StoresAgain),
}
"""`gated` alone is sound: it is the product, stopped where a test wants it."""


class FaultyService(IngestService):
    """The product's service with one part replaced."""

    parts = Parts()

    def _make_inbox(self) -> Inbox:
        return self.parts.inbox()

    def _open_journal(self, path: Path) -> Journal:
        return self.parts.journal(path, self._clock)

    def _make_pipeline(self, journal: Journal) -> Pipeline:
        pipeline = self.parts.pipeline(journal, self._clock)
        if self.parts.recorder is not Recorder:
            pipeline._recorder = self.parts.recorder(pipeline._streams, self._clock)  # noqa: SLF001  a double's right
        return pipeline
