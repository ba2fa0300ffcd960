"""Finds one session of the record, and everything a page or a report tells of it."""

from dataclasses import dataclass
from typing import Final

from dermatrace.console.words import PRIORITY_MARKS
from dermatrace.console.zone_map import Amount, ZoneMap, maps_of
from dermatrace.errors import NotHere
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.judge.index import Index
from dermatrace.judge.rules.budget import said
from dermatrace.reading.session_facts import Page, gather
from dermatrace.reading.session_findings import PRIORITIES
from dermatrace.reading.session_reading import SessionReading, context_of
from dermatrace.reading.session_review import Review, review_of
from dermatrace.reading.session_trace import Trace
from dermatrace.reading.session_zones import Budget, ZoneLine
from dermatrace_schemas.quantities import Quantity

_OF_WHAT: Final[dict[Quantity, str]] = {
    "dose_per_zone": "dose",
    "shot_count": "shots",
    "puncture_count": "punctures",
    "stroke_count": "strokes",
    "contact_time": "contact",
    "pass_count": "passes",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """One session, read."""

    page: Page
    reading: SessionReading

    @property
    def review(self) -> Review:
        """What is told of it."""
        return review_of(self.page, self.reading)

    def trace(self, journal: JournalReader) -> Trace:
        """What is drawn of it; of a session that was erased, nothing."""
        is_told = self.page.is_judged
        newest = self.page.newest if is_told else None
        return self.reading.trace(journal, self.page.stream, newest)


def find_stream(
    journal: JournalReader | None, clinic: str, sender: str, session: str
) -> StreamRecord:
    """Return a session's stream. Raises NotHere if nothing of it is on record."""
    key = StreamKey(clinic, sender, "session", session)
    stream = None if journal is None else journal.stream(key)
    if stream is None:
        raise NotHere(f"no session {session} of {sender} is on record at {clinic}")
    return stream


def look_at(journal: JournalReader, index: Index | None, stream: StreamRecord) -> Looked:
    """Read a session as it is on record now."""
    page = gather(journal, index, stream)
    context = None if page.certificate.erased_by is not None else context_of(journal, index, stream)
    reading = SessionReading(context)
    reading.read(journal, stream)
    return Looked(page, reading)


def zone_maps(review: Review) -> list[ZoneMap]:
    """Return where on the body a session worked, each zone filled by its budget."""
    return maps_of(_amount(zone) for zone in review.zones if zone.zone is not None)


def _amount(zone: ZoneLine) -> Amount:
    assert zone.zone is not None  # noqa: S101  the others are on no map
    marks = "".join(PRIORITY_MARKS[name].shape for name in PRIORITIES if zone.findings[name])
    fill = None if zone.budget is None else zone.budget.step
    return Amount(zone.zone, zone.laterality, zone.name, budget_words(zone.budget), fill, marks)


def budget_words(budget: Budget | None) -> str:
    """Say how much of its budget a zone has had."""
    if budget is None:
        return "no budget entered"
    used, limit = said(budget.used), said(budget.limit, budget.unit)
    return f"{used} of {limit} {_OF_WHAT[budget.quantity]}"
