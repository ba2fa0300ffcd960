"""A session's documents in the order of their numbers, read once and kept while more come."""

from bisect import insort
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.readings import window_length_ms
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.limits import MISSING_AFTER_MS
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.rf import RfShot

DOCUMENTS_DRAWN_MAX: Final = 20_000
"""Documents of one session that are drawn, the lowest numbers first: over five hours of one a
second. A page says so where there are more; all of them are judged and certified."""
_SEQ = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class Told:
    """One document, and how it came."""

    document: StreamDocument
    entry_id: int
    received_ms: int
    """By the recorder's clock."""

    @property
    def seq(self) -> int:
        """Its number in the stream."""
        return self.document.seq

    @property
    def span_ms(self) -> int:
        """How long what it tells of took; 0 for an instant."""
        document = self.document
        if isinstance(document, NeedlingWindows):
            return document.offset_ms[-1] + round(window_length_ms(document))
        if isinstance(document, RfShot):
            pulses = (pulse for depth in document.depths for pulse in depth.sub_pulses)
            ends = ((p.offset_ms or 0.0) + (p.duration_ms or 0.0) for p in pulses)
            return round(max(ends, default=0.0))
        return 0


@dataclass(slots=True)
class SessionDocuments:
    """What has been read of one session so far."""

    told: list[Told] = field(default_factory=list)
    """By number."""
    last_entry_id: int = 0

    def read(self, reader: JournalReader, stream: StreamRecord) -> bool:
        """Take in what has come since the last call; return whether anything has."""
        newest, room = stream.last_entry_id or 0, DOCUMENTS_DRAWN_MAX - len(self.told)
        if newest <= self.last_entry_id:
            return False
        for entry in reader.accepted_after(stream.row, self.last_entry_id, limit=max(0, room)):
            document = None if entry.payload is None else parse("session", entry.payload)
            if isinstance(document, StreamDocument):
                told = Told(document, entry.entry_id, entry.received_ms)
                if not self.told or told.seq > self.told[-1].seq:
                    self.told.append(told)  # as nearly all come; else a place is looked for
                else:
                    insort(self.told, told, key=_SEQ)
        self.last_entry_id = newest
        return True

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for more."""
        return len(self.told) >= DOCUMENTS_DRAWN_MAX

    def late_seqs(self) -> set[int]:
        """Return the numbers that came after a later one had been there long enough to miss them.

        That is how the recorder counts: what a pause in the connection brings late, in order, is
        as late for it as what another way brings out of order.
        """
        late: set[int] = set()
        earliest_ms: int | None = None
        for told in reversed(self.told):
            if earliest_ms is not None and told.received_ms - earliest_ms >= MISSING_AFTER_MS:
                late.add(told.seq)
            elif earliest_ms is None or told.received_ms < earliest_ms:
                earliest_ms = told.received_ms
        return late
