"""A running session as a stream of events: what has come since, and how it stands."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter
from starlette.responses import StreamingResponse

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import Here
from dermatrace.console.doors import Doors
from dermatrace.console.installation import Installation
from dermatrace.console.records import Record
from dermatrace.console.session_lookup import find_stream
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.judge.chart import SessionId
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.verdict_reading import read_generations
from dermatrace.reading.session_reading import SessionReading, context_of
from dermatrace.reading.session_trace import Trace

doors = Doors()
LIVE_INTERVAL_S: Final = 1.0
"""Between two looks at the record for one page: a device tells something once a second."""
STREAM_MAX_S: Final = 600
"""Then a stream ends: the browser comes back by itself, and is asked again who it is."""
_TRACE: Final = TypeAdapter(Trace)


@doors.other("/sessions/{clinic}/{sender}/{session}/live", Access(CLINICAL, "clinic", "session"))
def session_live(here: Here, clinic: str, sender: str, session: str) -> StreamingResponse:
    """Tell what comes of a session: `trace` like its JSON, `standing` every second; ends with it.

    One visit is noted for as long as the stream is read.
    """
    key = StreamKey(clinic, sender, "session", session)
    with here.records.open() as record:
        find_stream(record.journal, clinic, sender, session)
    return StreamingResponse(_events(here, key), media_type="text/event-stream")


async def _events(here: Installation, key: StreamKey) -> AsyncIterator[str]:
    live = Following(here, key)
    for _ in range(round(STREAM_MAX_S / LIVE_INTERVAL_S)):
        for event in await asyncio.to_thread(live.look):
            yield event
        if not live.is_open:
            return
        await asyncio.sleep(LIVE_INTERVAL_S)


@dataclass(slots=True)
class Following:
    """What one reader of the stream has been told."""

    here: Installation
    key: StreamKey
    is_open: bool = True
    _reading: SessionReading = field(default_factory=lambda: SessionReading(None))
    _told: str = ""
    _bases_ms: list[int] = field(default_factory=list)

    def look(self) -> list[str]:
        """Return the events of one look at the record."""
        with self.here.records.open() as record:
            journal = record.journal
            assert journal is not None  # noqa: S101  the session was found in it
            stream = journal.stream(self.key)
            assert stream is not None  # noqa: S101  streams are never taken out
            found = self._found(record)
            self.is_open = stream.erased_by is None and (found is None or found.state == "open")
            standing = {
                "now_ms": self.here.clock.utc_ms(),
                "last_received_ms": stream.last_received_ms,
                "status": "" if found is None else found.status,
                "is_open": self.is_open,
                "settled_seq": stream.coverage.next_seq,
                "known_seq": stream.coverage.known_last + 1,
                "told": _told(journal, stream, found),
            }
            events = [_event("standing", json.dumps(standing))]
            if stream.erased_by is None:
                events = [*self._trace(record, journal, stream, str(standing["told"])), *events]
            return events

    def _trace(
        self, record: Record, journal: JournalReader, stream: StreamRecord, told: str
    ) -> list[str]:
        reading, after_entry_id = self._reading, self._reading.documents.last_entry_id
        is_told_anew = told != self._told
        if is_told_anew:
            before = _withdrawn_seqs(reading)
            reading.context = context_of(journal, record.index, stream)
            self._told = told
            if _withdrawn_seqs(reading) != before:
                after_entry_id = 0
        if not reading.read(journal, stream) and not is_told_anew:
            return []
        # What was shown is placed elsewhere if the device's clock turns out to be otherwise.
        bases_ms = reading.axis.bases_ms
        if bases_ms[: len(self._bases_ms)] != self._bases_ms:
            after_entry_id = 0
        self._bases_ms = list(bases_ms)
        session = SessionId(self.key.clinic, self.key.sender, self.key.stream_id)
        newest = next(reversed(read_generations(journal, session)), None)
        trace = reading.trace(journal, stream, newest, after_entry_id=after_entry_id)
        return [_event("trace", _TRACE.dump_json(trace).decode())]

    def _found(self, record: Record) -> FoundSession | None:
        if record.index is None:
            return None
        clinic, sender, _, stream_id = self.key
        query = SessionQuery(clinic=clinic, sender=sender, stream_id=stream_id)
        return next(iter(search(record.index, query)), None)


def _withdrawn_seqs(reading: SessionReading) -> frozenset[int]:
    return frozenset() if reading.context is None else reading.context.chart.withdrawn_seqs


def _told(journal: JournalReader, stream: StreamRecord, found: FoundSession | None) -> str:
    """Return what changes when a page would say something else, its numbers of documents aside."""
    known: dict[str, Any] = {} if found is None else asdict(found)
    marks = (
        stream.closed_by,
        stream.completed_by,
        stream.erased_by,
        journal.newest_entry_of_class("chart"),
        journal.newest_entry_of_class("registry"),
    )
    return hashlib.sha256(json.dumps([known, marks]).encode()).hexdigest()[:16]


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
