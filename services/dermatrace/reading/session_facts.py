"""One session as programs read it: its certificate, and how it was judged."""

from dataclasses import dataclass
from typing import Any

from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.session_detail import FoundFinding, FoundZone, findings_of, zones_of
from dermatrace.judge.verdict_reading import Generation, ToldFinding, read_generations
from dermatrace.reading.session_list import session_json
from dermatrace_schemas.references import RegistryPin


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of one session."""

    stream: StreamRecord
    certificate: Certificate
    generations: list[Generation]
    """On record, the oldest first."""
    found: FoundSession | None
    """None if there is no index, or the judge has not come to it."""
    zones: list[FoundZone]
    standings: dict[int, FoundFinding]
    """Of the generation that the index has, by number."""
    has_index: bool

    @property
    def newest(self) -> Generation | None:
        """The judgement that holds, as far as it is on record."""
        return self.generations[-1] if self.generations else None

    @property
    def is_judged(self) -> bool:
        """Whether there is anything to tell of a judgement; what was erased is told no more."""
        if self.certificate.erased_by is not None:
            return False
        return self.newest is not None or (self.found is not None and self.found.generation >= 0)

    @property
    def is_current(self) -> bool:
        """Whether index and record speak of the same generation."""
        newest, found = self.newest, self.found
        return newest is not None and found is not None and newest.number == found.generation


def gather(reader: JournalReader, index: Index | None, stream: StreamRecord) -> Page:
    """Collect what the record and the index say of a session."""
    key = stream.key
    query = SessionQuery(clinic=key.clinic, sender=key.sender, stream_id=key.stream_id)
    found = None if index is None else next(iter(search(index, query)), None)
    zones, findings = [], []
    if index is not None and found is not None:
        zones = zones_of(index, found.stream_row)
        findings = findings_of(index, found.stream_row)
    return Page(
        stream,
        certify(reader, stream),
        read_generations(reader, SessionId(key.clinic, key.sender, key.stream_id)),
        found,
        zones,
        {finding.number: finding for finding in findings},
        index is not None,
    )


def page_json(page: Page) -> dict[str, Any]:
    """Return the certificate as plain data, the judgement beside it; null if there is none."""
    newest = page.newest
    judgement: dict[str, Any] | None = None
    if page.is_judged:
        judgement = {
            "generations": [generation_json(generation) for generation in page.generations],
            "pins": [pin.model_dump(mode="json") for pin in pins_of(newest)],
            "findings": [_finding_json(page, told) for told in newest.findings] if newest else [],
            "summaries": [s.model_dump(mode="json") for s in newest.summaries] if newest else [],
            "open_gates": open_gates_of(page),
            "index": None if page.found is None else session_json(page.found),
        }
    return {**page.certificate.as_json(), "judgement": judgement}


def generation_json(generation: Generation) -> dict[str, Any]:
    """Return what names a generation and what it came to."""
    opened, closed, pin = generation.opened, generation.closed, generation.protocol
    return {
        "generation": generation.number,
        "stream_id": generation.stream_id,
        "cause": None if opened is None else opened.cause,
        "rule_set_digest": None if opened is None else opened.rule_set_digest,
        "as_of_entry_id": None if opened is None else opened.as_of_entry_id,
        "protocol": None if pin is None else pin.model_dump(mode="json"),
        "outcome": None if closed is None else closed.outcome,
        "grade": None if closed is None else closed.grade,
        "finding_count": len(generation.findings),
    }


def _finding_json(page: Page, told: ToldFinding) -> dict[str, Any]:
    standing = page.standings.get(told.number) if page.is_current else None
    return {
        "name": f"{page.stream.key.stream_id}/{told.number}",
        "number": told.number,
        **told.finding.model_dump(mode="json"),
        "cleared": told.cleared is not None,
        "justified": None if standing is None else standing.justified,
    }


def open_gates_of(page: Page) -> list[str] | None:
    """Return the open gates that were told last; None if nothing has been told."""
    if page.found is not None:
        return list(page.found.open_gates)
    newest = page.newest
    if newest is not None and newest.summaries:
        return list(newest.summaries[0].open_gates)
    return None if newest is None or newest.state is None else list(newest.state.open_gates)


def pins_of(generation: Generation | None) -> list[RegistryPin]:
    """Return the registry versions a judgement rests on."""
    opened = None if generation is None else generation.opened
    return [] if opened is None else opened.pins
