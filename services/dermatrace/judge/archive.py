"""Finds what a session is judged by and on: in the journal, in the registry, among chart facts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from dermatrace.device_clock import plausible_ms
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.chart import Chart, Fact, FactKey, SessionId, put_together, visit_of
from dermatrace.judge.context import EarlierSession, InForce, SessionContext
from dermatrace.judge.file_state import Basis, ChainStanding, FileState, Told
from dermatrace.judge.filing import fact_name, names_of, session_name, visit_name
from dermatrace.judge.in_force import AsOf, pin_registry
from dermatrace.judge.index import Index
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.judge.rule_set import RULE_SET
from dermatrace_schemas.chart import ChartDocument
from dermatrace_schemas.digest import chain_next, chain_start
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import DocumentKey
from dermatrace_schemas.registry_models import ClinicContent
from dermatrace_schemas.session import Plan, SessionStarted, SessionStopped
from dermatrace_schemas.topics import parse_topic
from dermatrace_schemas.verdict import VerdictOpened

READ_DOCUMENTS_MAX: Final = 1_000
"""Documents held at a time while a session is judged anew."""


class Archive:
    """The sources of every session's file; see `file_state.Sources`."""

    def __init__(self, reader: JournalReader, index: Index, history: RegistryHistory) -> None:
        """Look things up in these."""
        self._reader = reader
        self._index = index
        self._history = history

    def context(self, state: FileState, as_of: int) -> SessionContext:
        """Return what a session is judged against, by what stood in the journal then."""
        return self._context(state, as_of, state.offset_ms, None)

    def context_again(self, state: FileState) -> SessionContext:
        """Return the context of the judgement under way, as it was when it was made."""
        basis: Basis = state.basis
        return self._context(state, basis.entry_id, basis.offset_ms, basis.earlier)

    def _context(
        self,
        state: FileState,
        as_of: int,
        offset_ms: dict[str, int],
        earlier: tuple[EarlierSession, ...] | None,
    ) -> SessionContext:
        session = state.session
        started = self._started(state.row, as_of)
        chart = self.chart(session, None if started is None else started.plan, as_of)
        started_ms = None if started is None else _time_of(started, offset_ms)
        first_entry_id = state.pinned_entry_id or state.first_entry_id
        registry = self._pinned(session, chart, AsOf(first_entry_id, started_ms), as_of)
        day = clinic_day(started_ms, None if registry.clinic is None else registry.clinic.content)
        subject = chart.plan.subject_id
        if earlier is None and subject is not None and started_ms is not None:
            earlier = self._index.earlier(session.clinic, subject, started_ms, state.row)
        return SessionContext(
            session=session,
            first_entry_id=first_entry_id,
            started_ms=started_ms,
            clinic_day=day,
            offset_ms=tuple(sorted(offset_ms.items())),
            setting=None if started is None else started.setting,
            chart=chart,
            registry=registry,
            earlier=earlier or (),
        )

    def _pinned(self, session: SessionId, chart: Chart, in_force: AsOf, as_of: int) -> InForce:
        """Find what was in force, and of what contradicts it or was asked for later, what is known.

        The history may have got farther than the entry asked about.
        """
        wanted = (
            (pin, self._history.by_digest(session.clinic, pin.digest))
            for pin in chart.registry_overrides
        )
        known = tuple(pin for pin, version in wanted if version and version.entry_id <= as_of)
        chart = replace(chart, registry_overrides=known)
        found = pin_registry(self._history, session, chart, in_force)
        told = tuple(other for other in found.conflicts if other.entry_id <= as_of)
        return replace(found, conflicts=told)

    def chart(self, session: SessionId, plan: Plan | None, as_of: int) -> Chart:
        """Put together everything people have told; `plan` is what the device was told."""
        facts = self._corrected(session, session_name(session), as_of)
        visit_id = visit_of(session, facts.values(), plan)
        if visit_id is not None:
            facts |= self._corrected(session, visit_name(visit_id), as_of)
        return put_together(session, facts.values(), plan)

    def documents(self, row: int, before_seq: int, as_of: int) -> Iterator[StreamDocument]:
        """Yield a session's documents below a number, in order, as the journal had them then."""
        for entry in self.entries(row, before_seq, as_of):
            if entry.payload is not None:
                document = parse("session", entry.payload)
                if isinstance(document, StreamDocument):
                    yield document

    def entries(self, row: int, before_seq: int, as_of: int) -> Iterator[Entry]:
        """Yield the accepted entries of a stream below a number, as the journal had them then."""
        first = 0
        while first < before_seq:
            page = self._reader.read_stream(row, first, before_seq - 1, limit=READ_DOCUMENTS_MAX)
            yield from (entry for entry in page if entry.entry_id <= as_of)
            if len(page) < READ_DOCUMENTS_MAX:
                return
            first = 1 + (page[-1].seq or 0)

    def chain(self, row: int, stop: SessionStopped | None, as_of: int) -> ChainStanding:
        """Compare the stream chain with what the stop says."""
        stream = self._reader.stream_by_row(row)
        if stop is None or stop.chain is None or stream is None:
            return "cannot_be_checked"
        value, expected_seq = chain_start(stream.key.stream_id), 0
        for entry in self.entries(row, stop.seq, as_of):
            if entry.seq != expected_seq:
                return "cannot_be_checked"
            value, expected_seq = chain_next(value, entry.payload_sha256), expected_seq + 1
        if expected_seq != stop.seq:
            return "cannot_be_checked"
        return "matches" if value.hex() == stop.chain else "differs"

    def told(self, clinic: str, stream_id: str, as_of: int) -> Told:
        """Tell what the journal has of a verdict stream that is to be opened at an entry."""
        stream = self._reader.stream(StreamKey(clinic, JUDGE_SENDER, "verdict", stream_id))
        if stream is None or stream.coverage.erased:
            return "no"
        for entry in self._reader.read_stream(stream.row, 0, 0):
            opened = None if entry.payload is None else parse("verdict", entry.payload)
            if not isinstance(opened, VerdictOpened):
                continue
            if opened.rule_set_digest != RULE_SET.digest:
                return "other_rules"
            if opened.as_of_entry_id != as_of:
                return "other_time"
        return "whole" if stream.coverage.is_complete() else "no"

    def chart_document(self, clinic: str, key: DocumentKey, as_of: int) -> Fact | None:
        """Return a chart document by its key, or None if the journal did not have it then."""
        if key.stream_class != "chart":
            return None
        stream = self._reader.stream(StreamKey(clinic, key.sender, "chart", key.stream_id))
        if stream is None:
            return None
        for entry in self._reader.read_stream(stream.row, key.seq, key.seq):
            if entry.entry_id <= as_of:
                return fact_of(entry)
        return None

    def names_of_corrected(self, clinic: str, key: DocumentKey, as_of: int) -> list[str]:
        """Return under which names the chart document is filed that a correction speaks of.

        If it is not on record yet, it is found to be corrected when it comes.
        """
        earlier = self.chart_document(clinic, key, as_of)
        return [] if earlier is None else list(names_of(earlier.document))

    def _started(self, row: int, as_of: int) -> SessionStarted | None:
        for entry in self._reader.read_stream(row, 0, 0):
            if entry.entry_id <= as_of and entry.payload is not None:
                document = parse("session", entry.payload)
                return document if isinstance(document, SessionStarted) else None
        return None

    def _corrected(self, session: SessionId, name: str, as_of: int) -> dict[FactKey, Fact]:
        """Return the facts under a name and what corrects them: a visit may hang on that."""
        facts = {fact.key: fact for fact in self._facts(session, name, as_of)}
        for key in list(facts):
            facts |= {fact.key: fact for fact in self._facts(session, fact_name(key), as_of)}
        return facts

    def _facts(self, session: SessionId, name: str, as_of: int) -> Iterable[Fact]:
        for entry_id in self._index.facts(session.clinic, name, as_of):
            entry = self._reader.entry(entry_id)
            if entry is not None and entry.payload is not None:
                fact = fact_of(entry)
                if fact is not None:
                    yield fact


def fact_of(entry: Entry) -> Fact | None:
    """Return a chart entry as a fact, or None if it is none."""
    topic = parse_topic(entry.topic)
    document = None if entry.payload is None else parse("chart", entry.payload)
    if not isinstance(document, ChartDocument) or topic.stream_id is None:
        return None
    return Fact(FactKey(topic.sender, topic.stream_id, document.seq), entry.entry_id, document)


def clinic_day(at_ms: int | None, clinic: object) -> int | None:
    """Return days since 1970 where the clinic is; None if moment or time zone is unknown."""
    zone = clinic.time_zone if isinstance(clinic, ClinicContent) else None
    if at_ms is None or zone is None:
        return None
    try:
        local = datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(ZoneInfo(zone))
    except (LookupError, ValueError, OSError, OverflowError):
        return None  # `doctor` names the time zone that this machine does not know
    return (local.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days


def _time_of(document: StreamDocument, offset_ms: dict[str, int]) -> int | None:
    wall_ms = plausible_ms(document.wall_time_ms)
    if wall_ms is not None:
        return wall_ms
    offset = offset_ms.get(document.boot_id)
    return None if offset is None else plausible_ms(document.uptime_ms + offset)
