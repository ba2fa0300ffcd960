"""What the judge's documents call for: points that stand until a newer judgement begins."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from dermatrace.forward import verdict_points
from dermatrace.forward.account import points_of
from dermatrace.forward.line import tag, time_ns
from dermatrace.forward.measurement import SESSION_TAGS, UNKNOWN, VERDICT_TAGS
from dermatrace.forward.memory import (
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
        if isinstance(document, VerdictOpened):
            self._open(entry, memory, topic.clinic, document)
            return
        point_count = points_of(document)
        self._renderer.step.journalled_count += point_count
        if memory.session_row is None and not memory.is_given_up:
            memory.held.add(entry.entry_id, entry.received_ms, point_count)
            self._renderer.streams.changed(memory, self._renderer.step)
        else:
            self._tell(entry, memory, document)

    def give_up(self, row: int) -> None:
        """Stop waiting for the first document of a judgement; its name may tell what it judges."""
        memory = self._renderer.streams.verdict(row)
        stream = self._renderer.reader.stream_by_row(row)
        if memory is None or stream is None:
            return
        named = session_named_by(stream.key.stream_id)
        if named is not None:
            self._begin(memory, stream.key.clinic, *named, pins=[])
        memory.is_given_up = memory.session_row is None
        self._release(memory)

    def erase(self, row: int) -> None:
        """Let what a judgement said go; if it no longer stands, that has been done."""
        renderer = self._renderer
        memory = renderer.streams.verdict(row)
        if memory is None:
            return
        renderer.step.erased_count += memory.held.point_count
        memory.held = Held()
        renderer.streams.changed(memory, renderer.step)
        session = self._session(memory)
        if session is not None and session.generation == memory.generation:
            key = (session.clinic, session.device, session.session)
            renderer.step.deletions.append(Deletion(session.row, *key, "erased", whole=False))
            renderer.streams.forget_findings(session.row, renderer.step)

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
    ) -> None:
        device, name = document.session.sender, document.session.stream_id
        if self._renderer.is_superseded(entry, (clinic, device, name), document.generation):
            memory.is_superseded = True
        self._begin(memory, clinic, document.session, document.generation, pins=document.pins)
        session = self._session(memory)
        if session is not None and session.verdict_row == memory.row:
            self.draw_limits(entry, session, session.places)
        self._release(memory)

    def _begin(
        self,
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
        if stream is None:
            return
        known = renderer.streams.session(stream.row)
        session = known or SessionMemory.of(stream.row, *key)
        is_newest = generation > session.generation and not memory.is_superseded
        if is_newest and session.generation >= 0:
            # Whatever is in the step was said before this judgement and must be deleted with it.
            if not renderer.step.is_empty:
                renderer.close_step()
            renderer.step.deletions.append(Deletion(stream.row, *key, "superseded", whole=False))
            renderer.streams.forget_findings(stream.row, renderer.step)
        memory.session_row, memory.generation = stream.row, generation
        memory.tags, memory.protocol_digest = self._told_by(clinic, pins)
        if is_newest:
            session.generation, session.verdict_row = generation, memory.row
        renderer.streams.changed(session, renderer.step)
        renderer.streams.changed(memory, renderer.step)

    def _release(self, memory: VerdictMemory) -> None:
        held, memory.held = memory.held, Held()
        self._renderer.streams.changed(memory, self._renderer.step)
        for entry, document in self._renderer.held_documents(held, "verdict"):
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
                self._clear(entry, session, document)
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
        raised = RaisedFinding(session.row, number, start, time_ns(began_ms, number))
        self._renderer.streams.raise_finding(raised, self._renderer.step)
        line = verdict_points.finding_raised(start, raised.at_ns, memory, document, ended_ms)
        self._add(entry, session, [line], "judged")

    def _clear(self, entry: Entry, session: SessionMemory, document: VerdictFindingCleared) -> None:
        raised = self._renderer.streams.finding(session.row, document.finding_number)
        if raised is None:
            words = "not sent: the document that raised this finding never came"
            self._renderer.step.unattributed.append((entry.entry_id, words))
            return
        seqs = document.finding.seq_range
        ended_ms = self._time_of(session, None if seqs is None else seqs.last_seq, entry)
        line = verdict_points.finding_cleared(raised.start, raised.at_ns, document, ended_ms)
        self._add(entry, session, [line], "replacing")

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
