"""What the judge's documents call for: points that stand until a newer judgement begins."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from dermatrace.forward import verdict_points
from dermatrace.forward.account import points_of
from dermatrace.forward.line import tag, time_ns
from dermatrace.forward.measurement import SESSION_TAGS, UNKNOWN, VERDICT_TAGS
from dermatrace.forward.memory import (
    CLEARED_EARLY_MAX,
    EnteredPlace,
    Held,
    SessionMemory,
    VerdictMemory,
    session_named_by,
)
from dermatrace.forward.step import Counting, Deletion, RaisedFinding
from dermatrace.journal.entry import Entry
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.references import RegistryPin, SessionKey
from dermatrace_schemas.registry import RegistryProtocol
from dermatrace_schemas.topics import Topic
from dermatrace_schemas.verdict import (
    VerdictClosed,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictOpened,
    VerdictState,
    VerdictSummary,
)

if TYPE_CHECKING:
    from dermatrace.forward.rendering import Renderer

NAMELESS: Final = (
    "not sent: the first document of this judgement never came, and the name of its stream does"
    " not tell which session it judges"
)
NEVER_RAISED: Final = "not sent: the document that raised this finding never came"
_BANDS: Final = TypeAdapter(list[Band])
_UNKNOWN_TAGS: Final = {name: UNKNOWN for name in VERDICT_TAGS if name not in SESSION_TAGS}


class VerdictDesk:
    """Makes lines of verdicts, and sees that those of older judgements go."""

    def __init__(self, renderer: "Renderer") -> None:
        self._renderer = renderer

    def take(self, entry: Entry, topic: Topic, document: StreamDocument) -> None:
        """Take a verdict; before the first document of its stream has come, hold it."""
        row = entry.stream_key
        if row is None:
            return
        memory = self._renderer.streams.verdict(row) or VerdictMemory(row)
        if isinstance(document, VerdictOpened) and self._open(
            entry, memory, topic.clinic, document
        ):
            self._release(memory)
            return
        point_count = points_of(document)
        self._renderer.step.journalled_count += point_count
        if memory.session_row is None and not memory.is_given_up:
            memory.held.add(entry.entry_id, entry.received_ms, point_count)
            self._renderer.streams.changed(memory, self._renderer.step)
        else:
            self._tell(entry, memory, document)

    def give_up(self, entry: Entry, row: int) -> None:
        """Stop waiting: for a judgement's first document, or for the session that one names.

        Without a first document the name of the stream may tell what it judges.
        """
        memory = self._renderer.streams.verdict(row)
        stream = self._renderer.reader.stream_by_row(row)
        if memory is None or stream is None:
            return
        clinic, held = stream.key.clinic, self._renderer.documents_held(memory.held, "verdict")
        opened = next((told for _, told in held if isinstance(told, VerdictOpened)), None)
        if opened is not None:
            self._open(entry, memory, clinic, opened)
        elif (named := session_named_by(stream.key.stream_id)) is not None:
            self._begin(entry, memory, clinic, *named, pins=[])
        memory.is_given_up = memory.session_row is None
        self._release(memory)

    def erase(self, row: int) -> None:
        """Let what a judgement said go; if it no longer stands, that has been done."""
        renderer = self._renderer
        memory = renderer.streams.verdict(row)
        if memory is None:
            return
        renderer.step.erased_count += memory.pending_count
        memory.held, memory.cleared_early = Held(), {}
        memory.tags, memory.protocol_digest = dict(_UNKNOWN_TAGS), None
        renderer.streams.changed(memory, renderer.step)
        session = self._session(memory)
        if session is not None and session.generation == memory.generation:
            key = (session.clinic, session.device, session.session)
            renderer.step.deletions.append(Deletion(session.row, *key, "erased", whole=False))

    def note_protocol(self, clinic: str, document: RegistryProtocol) -> None:
        """Note what a treatment protocol allows, for whoever is judged by it."""
        bands = _BANDS.dump_json(document.content.bands, exclude_none=True).decode()
        key = f"{clinic} {document.digest}"
        self._renderer.streams.note("protocol", key, bands, self._renderer.step)

    def draw_limits(
        self, entry: Entry, session: SessionMemory, places: Iterable[EnteredPlace]
    ) -> None:
        """Add what the treatment protocol of a session's newest judgement allows at some places."""
        row, streams = session.verdict_row, self._renderer.streams
        verdict = None if row is None else streams.verdict(row)
        if verdict is None or verdict.protocol_digest is None:
            return
        known = streams.known("protocol", f"{session.clinic} {verdict.protocol_digest}")
        bands = [] if known is None else _BANDS.validate_json(known)
        lines = list(verdict_points.limits(session, verdict, bands, places))
        self._add(entry, session, lines, "aside")

    def _open(
        self, entry: Entry, memory: VerdictMemory, clinic: str, document: VerdictOpened
    ) -> bool:
        """Begin a judgement as it says; return whether the session it names is on record."""
        device, name = document.session.sender, document.session.stream_id
        if self._renderer.is_superseded(entry, (clinic, device, name), document.generation):
            memory.is_superseded = True
        pins, generation = document.pins, document.generation
        self._begin(entry, memory, clinic, document.session, generation, pins=pins)
        session = self._session(memory)
        if session is not None and session.verdict_row == memory.row:
            self.draw_limits(entry, session, session.places)
        return session is not None

    def _begin(
        self,
        entry: Entry,
        memory: VerdictMemory,
        clinic: str,
        judged: SessionKey,
        generation: int,
        *,
        pins: Iterable[RegistryPin],
    ) -> None:
        """Learn which session a stream judges; if nobody has judged it later, this stands."""
        renderer, key = self._renderer, (clinic, judged.sender, judged.stream_id)
        stream = renderer.reader.stream(StreamKey(clinic, judged.sender, "session", key[2]))
        if stream is None or (stream.first_entry_id or entry.entry_id) >= entry.entry_id:
            return  # the index speaks of what is on record by now; this goes by what was then
        known = renderer.streams.session(stream.row)
        session = known or SessionMemory.of(stream.row, *key)
        is_newest = generation > session.generation and not memory.is_superseded
        if is_newest and session.generation >= 0:
            # Whatever is in the step was said before this judgement and must be deleted with it.
            if not renderer.step.is_empty:
                renderer.close_step()
            renderer.step.deletions.append(Deletion(stream.row, *key, "superseded", whole=False))
            self._supersede(session)
        memory.session_row, memory.generation = stream.row, generation
        memory.tags, memory.protocol_digest = self._told_by(clinic, pins)
        if is_newest:
            session.generation, session.verdict_row = generation, memory.row
        renderer.streams.changed(session, renderer.step)
        renderer.streams.changed(memory, renderer.step)

    def _supersede(self, session: SessionMemory) -> None:
        """Stop waiting for findings of a judgement that no longer stands."""
        streams, row = self._renderer.streams, session.verdict_row
        before = None if row is None else streams.verdict(row)
        if before is not None and before.cleared_early:
            self._renderer.step.superseded_count += len(before.cleared_early)
            before.cleared_early = {}
            streams.changed(before, self._renderer.step)

    def _release(self, memory: VerdictMemory) -> None:
        held, memory.held = memory.held, Held()
        self._renderer.streams.changed(memory, self._renderer.step)
        for entry, document in self._renderer.documents_told(held, "verdict"):
            self._tell(entry, memory, document)

    def _tell(self, entry: Entry, memory: VerdictMemory, document: StreamDocument) -> None:
        step, session = self._renderer.step, self._session(memory)
        if session is None:
            step.unattributed += [(entry.entry_id, NAMELESS)] * points_of(document)
        elif isinstance(document, VerdictState):
            # What was shown live stays as it was shown.
            line = verdict_points.state(session, memory, document)
            self._renderer.add(entry, [line], row=session.row)
        elif memory.is_superseded or memory.generation < session.generation:
            step.superseded_count += points_of(document)
        else:
            self._make(entry, session, memory, document)

    def _make(
        self, entry: Entry, session: SessionMemory, memory: VerdictMemory, document: StreamDocument
    ) -> None:
        match document:
            case VerdictFindingRaised():
                self._raise(entry, session, memory, document)
            case VerdictFindingCleared():
                self._clear(entry, session, memory, document)
            case VerdictSummary():
                line = verdict_points.summary(session, memory, document)
                self._add(entry, session, [line], "judged")
            case VerdictClosed():
                line = verdict_points.close(session, memory, document)
                self._add(entry, session, [line], "judged")

    def _raise(
        self,
        entry: Entry,
        session: SessionMemory,
        memory: VerdictMemory,
        document: VerdictFindingRaised,
    ) -> None:
        seqs, number = document.finding.seq_range, document.finding_number
        began_ms = self._time_of(session, None if seqs is None else seqs.first_seq, entry)
        ended_ms = self._time_of(session, None if seqs is None else seqs.last_seq, entry)
        start = verdict_points.finding_start(session, memory, document)
        at_ns, generation = time_ns(began_ms, number), memory.generation
        raised = RaisedFinding(session.row, number, generation, start, at_ns)
        self._renderer.streams.raise_finding(raised, self._renderer.step)
        line = verdict_points.finding_raised(start, at_ns, memory, document, ended_ms)
        self._add(entry, session, [line], "judged")
        self._clear_late(session, memory, number)

    def _clear(
        self,
        entry: Entry,
        session: SessionMemory,
        memory: VerdictMemory,
        document: VerdictFindingCleared,
    ) -> None:
        """Say of a finding that it cleared; before it was raised, that is kept for later."""
        streams, step = self._renderer.streams, self._renderer.step
        number = document.finding_number
        raised = streams.finding(session.row, number, memory.generation)
        if raised is None and len(memory.cleared_early) < CLEARED_EARLY_MAX:
            memory.cleared_early[number] = entry.entry_id
            streams.changed(memory, step)
            return
        if raised is None:
            step.unattributed.append((entry.entry_id, NEVER_RAISED))
            return
        seqs = document.finding.seq_range
        ended_ms = self._time_of(session, None if seqs is None else seqs.last_seq, entry)
        line = verdict_points.finding_cleared(raised.start, raised.at_ns, document, ended_ms)
        self._add(entry, session, [line], "replacing")

    def _clear_late(self, session: SessionMemory, memory: VerdictMemory, number: int) -> None:
        """Say of a finding just raised that it cleared, if that came first."""
        entry_id = memory.cleared_early.pop(number, None)
        if entry_id is None:
            return
        self._renderer.streams.changed(memory, self._renderer.step)
        held = Held([entry_id], point_count=1)
        for entry, document in self._renderer.documents_told(held, "verdict"):
            if isinstance(document, VerdictFindingCleared):
                self._clear(entry, session, memory, document)

    def _time_of(self, session: SessionMemory, seq: int | None, told: Entry) -> int:
        """Return when a document of a session happened; else when the session began."""
        for entry in (
            () if seq is None else self._renderer.reader.read_stream(session.row, seq, seq)
        ):
            document = self._renderer.document_of(entry)
            if document is not None and entry.entry_id < told.entry_id:
                return session.clock.moment(document, entry.received_ms).at_ms
        return told.received_ms if session.started_ms is None else session.started_ms

    def _add(
        self, entry: Entry, session: SessionMemory, lines: list[str], counting: Counting
    ) -> None:
        self._renderer.add(entry, lines, row=session.row, bucket="sessions", counting=counting)

    def _session(self, memory: VerdictMemory) -> SessionMemory | None:
        row = memory.session_row
        return None if row is None else self._renderer.streams.session(row)

    def _told_by(
        self, clinic: str, pins: Iterable[RegistryPin]
    ) -> tuple[dict[str, str], str | None]:
        """Return the tags that a judgement's pins give, and its treatment protocol's digest."""
        tags, digest = dict(_UNKNOWN_TAGS), None
        for pin in pins:
            match pin.registry_kind:
                case "protocol":
                    tags |= {"protocol": tag(pin.registry_id), "protocol_version": tag(pin.version)}
                    digest = pin.digest
                case "operator":
                    role = self._renderer.streams.known("operator", f"{clinic} {pin.digest}")
                    tags["operator_role"] = tag(role)
                case "series_plan":
                    tags["series"] = tag(pin.registry_id)
        return tags, digest
