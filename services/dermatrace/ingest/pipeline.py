"""The path of every message, as a list. Start here.

    subscribe   the broker keeps what arrives while we are away            subscriber.py
    decode      bytes to a document, or to the reason why not              decode.py
    append      what is new, with the index that says what is settled      recorder.py
    commit      from this moment on a power cut cannot undo it             journal/writer.py
    acknowledge only now may the broker forget it
    announce    only now is the sender told                                announcer.py

`service.py` says which thread takes which step.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.ingest.announcer import Announcer
from dermatrace.ingest.decode import decode, log_facts
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.ingest.recorder import Recorder, Refusal, Taken
from dermatrace.ingest.watch import Watch
from dermatrace.journal.writer import Journal
from dermatrace_schemas.system import SystemDocument
from dermatrace_schemas.topics import sender_of

REFUSALS_LOGGED_PER_BATCH_MAX: Final = 10
"""Rejections of one batch that are logged one by one; beyond it their number is. All of them are
in the journal."""


class Arrival(Protocol):
    """A message that can be acknowledged once it is safe."""

    @property
    def topic(self) -> str:
        """Where it was published."""
        ...

    @property
    def topic_is_utf8(self) -> bool:
        """Whether the topic could be read."""
        ...

    @property
    def payload(self) -> bytes:
        """Its bytes."""
        ...

    def acknowledge(self) -> None:
        """Let the broker forget it."""
        ...


class Pipeline:
    """Takes batches of arrivals through every step; owned by one thread."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._streams = OpenStreams(journal.open_streams(), clock)
        self._recorder = Recorder(self._streams, clock)
        self._watch = Watch(clock)
        self._log = logs.log("ingest")
        self.announcer = Announcer(journal.journal_id, self._streams, journal.entry_head, clock)
        self.announcer.note(self._streams, ())  # senders may have missed what a crash cut off

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Record a batch, acknowledge it, make its answers due.

        Raises StorageError; then nothing was recorded and nothing has been acknowledged.
        """
        messages = [
            decode(arrival.topic, arrival.payload, topic_is_utf8=arrival.topic_is_utf8)
            for arrival in arrivals
        ]
        with self._journal.batch() as batch:
            taken = self._recorder.take(batch, messages)
        self._acknowledge(arrivals)
        self._streams.committed()
        self.announcer.note(taken.streams.values(), taken.refusals)
        self._log_refusals(taken.refusals)
        return taken

    def note(self, document: SystemDocument) -> None:
        """Journal something the recorder itself knows."""
        with self._journal.batch() as batch:
            batch.append_system(document)

    def look(self) -> None:
        """Journal silences, closed sessions and the passing of time, if it is time to look."""
        if not self._watch.is_due():
            return
        found = self._watch.look(self._streams, self._journal.head)
        if found:
            with self._journal.batch() as batch:
                self._watch.journal(batch, self._streams, found)
            self._streams.committed()

    def _acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Let the broker forget a committed batch, in the order it came (MQTT 5, 4.6)."""
        for arrival in arrivals:
            arrival.acknowledge()

    def _log_refusals(self, refusals: Sequence[Refusal]) -> None:
        for refusal in refusals[:REFUSALS_LOGGED_PER_BATCH_MAX]:
            message, reason = refusal.message, refusal.reason
            clinic, sender = sender_of(message.topic_text) or ("", "")
            self._log.warning(
                "message rejected",
                **log_facts(clinic, sender, message.stream),
                **{logs.REASON: reason.code, logs.PATH: reason.path, logs.ENTRY: refusal.entry_id},
            )
        if len(refusals) > REFUSALS_LOGGED_PER_BATCH_MAX:
            more = len(refusals) - REFUSALS_LOGGED_PER_BATCH_MAX
            self._log.warning("more messages rejected", count=more)
