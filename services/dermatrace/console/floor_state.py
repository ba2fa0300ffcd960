"""Reads what is on the floor: goes on in the journal where it stopped, and asks the index."""

from dataclasses import dataclass, field
from typing import Final

from dermatrace.console.clinic_time import time_zone_of
from dermatrace.console.floor_facts import FloorTile, TileFinding
from dermatrace.console.floor_readings import LiveReadings
from dermatrace.console.floor_rooms import Room, Rooms, lay_out
from dermatrace.console.floor_tiles import (
    ENDED_SHOWN_MS,
    FORGOTTEN_AFTER_MS,
    PRIORITIES,
    LiveSession,
)
from dermatrace.console.floor_visits import VISIT_KEPT_MS, FloorVisits
from dermatrace.console.records import Record
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.archive import Archive, fact_of
from dermatrace.judge.context import SessionContext
from dermatrace.judge.index import Index
from dermatrace.judge.search import SessionQuery, search
from dermatrace.judge.session_detail import FoundFinding, findings_of
from dermatrace.reading.registry_standing import Standing
from dermatrace.reading.visit_chart import Visit
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.finding import FindingKey
from dermatrace_schemas.parse import parse
from dermatrace_schemas.registry_models import DeviceContent, RoomContent
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.topics import TopicError, parse_topic

SESSIONS_LOOKED_AT_MAX: Final = 500
"""Streams of sessions that a first look goes through, the newest: days of a large clinic."""
CHARTS_LOOKED_AT_MAX: Final = 500
"""Streams of chart facts that a first look goes through, the newest; an older visit is found by its
address."""
ENTRIES_AT_ONCE_MAX: Final = 2_000
"""Entries taken in at a time; what is left is taken in the next time."""


@dataclass(slots=True)
class FloorState:
    """What one console knows of the floor; nothing that another would not find in the record."""

    sessions: dict[int, LiveSession] = field(default_factory=dict)
    """By the row of its stream."""
    rooms: Rooms = field(default_factory=Rooms)
    cursor: int = 0
    judged_entry_id: int = 0
    judge_moved_ms: int | None = None
    """When the judge last got on, or had nothing to read; None: there is no index of its."""
    journal_id: str = ""
    _visits: FloorVisits = field(default_factory=FloorVisits)
    _marks: dict[int, tuple[object, ...]] = field(default_factory=dict)

    def look(self, record: Record, now_ms: int) -> list[FloorTile]:
        """Take in what has come since the last look, and return every tile."""
        journal = record.journal
        if journal is None:
            return []
        head = journal.head().entry_id
        if self.journal_id != journal.journal_id or head < self.cursor:
            self._begin(journal, now_ms)
        while self.cursor < head and (
            entries := journal.read_after(self.cursor, limit=ENTRIES_AT_ONCE_MAX)
        ):
            for entry in entries:
                self._take(journal, entry)
            self.cursor = entries[-1].entry_id
        self._forget(now_ms)
        self._ask_index(record, journal, now_ms)
        self.rooms = _rooms_of(record, now_ms)
        return lay_out(self.rooms, self.sessions.values(), self.visits, now_ms)

    @property
    def visits(self) -> list[Visit]:
        """Return the visits of the day."""
        return list(self._visits.by_key.values())

    def judge_behind_ms(self, now_ms: int) -> int | None:
        """Return for how long the judge has not got on although it should; None: no index."""
        return None if self.judge_moved_ms is None else max(0, now_ms - self.judge_moved_ms)

    # --- the journal --------------------------------------------------------------------------

    def _begin(self, journal: JournalReader, now_ms: int) -> None:
        """Read what is shown now from its beginning, and go on from here."""
        self.sessions.clear()
        self._visits = FloorVisits()
        self._marks.clear()
        self.journal_id, self.cursor = journal.journal_id, journal.head().entry_id
        for stream in journal.streams_of_class("session", newest=SESSIONS_LOOKED_AT_MAX):
            # A day of sessions that have ended long ago would be read in vain.
            has_ended = stream.completed_by is not None or stream.closed_by is not None
            most_ms = ENDED_SHOWN_MS if has_ended else FORGOTTEN_AFTER_MS
            if now_ms - (stream.last_received_ms or 0) < most_ms:
                self._open(journal, stream)
        for stream in journal.streams_of_class("chart", newest=CHARTS_LOOKED_AT_MAX):
            if now_ms - (stream.last_received_ms or 0) < VISIT_KEPT_MS:
                for entry in journal.read_stream(stream.row):
                    self._take_chart(entry)

    def _open(self, journal: JournalReader, stream: StreamRecord) -> None:
        live = self.sessions[stream.row] = LiveSession(stream, LiveReadings())
        seq = 0
        while entries := journal.read_stream(stream.row, seq, limit=ENTRIES_AT_ONCE_MAX):
            for entry in entries:
                if entry.entry_id <= self.cursor:
                    _read(live, entry)
            seq = 1 + (entries[-1].seq or 0)

    def _take(self, journal: JournalReader, entry: Entry) -> None:
        if entry.outcome != "accepted" or entry.stream_key is None:
            return
        live = self.sessions.get(entry.stream_key)
        if live is not None:
            _read(live, entry)
            return
        try:
            stream_class = parse_topic(entry.topic).message_class
        except TopicError:
            return
        if stream_class == "chart":
            self._take_chart(entry)
        elif stream_class == "session":
            stream = journal.stream_by_row(entry.stream_key)
            if stream is not None:
                cursor, self.cursor = self.cursor, entry.entry_id
                self._open(journal, stream)
                self.cursor = cursor

    def _take_chart(self, entry: Entry) -> None:
        fact = fact_of(entry)
        if fact is not None:
            self._visits.hear(parse_topic(entry.topic).clinic, fact, entry.received_ms)

    def _forget(self, now_ms: int) -> None:
        for row in [row for row, live in self.sessions.items() if not live.is_shown(now_ms)]:
            # What is told of it later brings it back.
            del self.sessions[row]
            self._marks.pop(row, None)
        self._visits.forget(now_ms)

    # --- the index ----------------------------------------------------------------------------

    def _ask_index(self, record: Record, journal: JournalReader, now_ms: int) -> None:
        index = record.index
        if index is None:
            self.judge_moved_ms = None
        else:
            judged = index.cursor()[0].entry_id
            if judged != self.judged_entry_id or judged >= self.cursor:
                self.judge_moved_ms = now_ms
            self.judged_entry_id = judged
        marks = journal.newest_entry_of_class("chart"), journal.newest_entry_of_class("registry")
        archive = None if index is None else Archive(journal, index, record.registry())
        for row, live in self.sessions.items():
            live.stream = journal.stream_by_row(row) or live.stream
            if index is not None and archive is not None:
                before = live.found
                self._judge(index, archive, live, marks)
                self._visits.judged(live.clinic, before, live.found)
        if index is not None:
            self._visits.read(journal, index)

    def _judge(
        self, index: Index, archive: Archive, live: LiveSession, marks: tuple[int, int]
    ) -> None:
        """Bring what the judge knows of a session up to date."""
        clinic, sender, _, stream_id = live.stream.key
        asked = SessionQuery(clinic=clinic, sender=sender, stream_id=stream_id)
        live.found = next(iter(search(index, asked)), None)
        row, found = live.stream.row, live.found
        if found is None or found.generation < 0:
            return
        # A fact is on record before the judge has filed it, and is found only once it has.
        filed = min(self.judged_entry_id, max(marks))
        known = (*marks, filed, found.visit_id, found.protocol_digest, found.generation)
        if self._marks.get(row) != known:
            self._marks[row], live.context = known, _context(index, archive, row)
        told = findings_of(index, row)
        live.findings = tuple(
            sorted(
                (_finding(live, one) for one in told),
                key=lambda one: (
                    one.is_seen,
                    one.is_cleared,
                    PRIORITIES.index(one.priority),
                    -one.number,
                ),
            )
        )
        live.counts = {p: sum(one.priority == p for one in told) for p in PRIORITIES}


def _read(live: LiveSession, entry: Entry) -> None:
    document = None if entry.payload is None else parse("session", entry.payload)
    if isinstance(document, StreamDocument):
        live.readings.take(document, entry.received_ms)


def _context(index: Index, archive: Archive, row: int) -> SessionContext | None:
    kept = index.file(row)
    if kept is None or kept.state.is_erased or kept.state.generation < 0:
        return None
    return archive.context(kept.state, index.cursor()[0].entry_id)


def _finding(live: LiveSession, one: FoundFinding) -> TileFinding:
    seen = () if live.context is None else live.context.chart.acknowledgements
    return TileFinding(
        number=one.number,
        priority=one.priority,
        nature=one.nature,
        sentence=one.sentence,
        is_cleared=one.cleared,
        is_seen=one.justified or any(means(key, one) for told in seen for key in told.findings),
    )


def means(key: FindingKey, one: FoundFinding) -> bool:
    """Tell whether somebody means a finding; one about what is absent rests on no documents."""
    if (key.rule, key.envelope, key.zone, key.laterality) != (
        one.rule,
        one.envelope,
        one.zone,
        one.laterality,
    ):
        return False
    span = key.seq_range
    if span is None or one.first_seq is None or one.last_seq is None:
        return span is None and one.first_seq is None
    return span.first_seq <= one.last_seq and one.first_seq <= span.last_seq


def _rooms_of(record: Record, now_ms: int) -> Rooms:
    history = record.registry()
    rooms: list[Room] = []
    devices: dict[tuple[str, str], str] = {}
    titles: dict[tuple[str, str | None, str | None], str] = {}
    for clinic in history.clinics():
        standing = Standing(history, clinic, now_ms)
        rooms += [
            Room(clinic, version.registry_id, version.content.name)
            for version in standing.all_in_force("room")
            if isinstance(version.content, RoomContent)
        ]
        for version in standing.all_in_force("device"):
            content = version.content
            if isinstance(content, DeviceContent) and content.room_id is not None:
                devices[clinic, content.sender] = content.room_id
        titles |= {
            (clinic, version.registry_id, version.version): version.content.title
            for newest in standing.newest("protocol")
            for version in history.versions(clinic, "protocol", newest.registry_id)
            if isinstance(version.content, ProtocolContent)
        }
    zones = {name: time_zone_of(history, name, now_ms) for name in history.clinics()}
    return Rooms(tuple(rooms), devices, zones, titles)
