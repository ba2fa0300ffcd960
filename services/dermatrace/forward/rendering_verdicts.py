"""What the judge's documents call for: points that stand until a newer judgement begins."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal

from pydantic import TypeAdapter

from dermatrace.forward import verdict_points
from dermatrace.forward.account import points_of
from dermatrace.forward.line import tag
from dermatrace.forward.measurement import SESSION_TAGS, UNKNOWN, VERDICT_TAGS
from dermatrace.forward.measurements_verdict import LIMIT
from dermatrace.forward.memory import (
    EnteredPlace,
    Held,
    SessionMemory,
    VerdictMemory,
)
from dermatrace.forward.rendering_findings import FindingDesk
from dermatrace.forward.step import Deletion
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
from dermatrace_schemas.verdict_streams import session_named_by

if TYPE_CHECKING:
    from dermatrace.forward.rendering import Renderer

NAMELESS: Final = (
    "not sent: the first document of this judgement never came, or the session that it names is not"
    " on record"
)
_BANDS: Final = TypeAdapter(list[Band])
_UNKNOWN_TAGS: Final = {name: UNKNOWN for name in VERDICT_TAGS if name not in SESSION_TAGS}


class VerdictDesk:
    """Makes lines of verdicts, and sees that those of older judgements go."""

    def __init__(self, renderer: "Renderer") -> None:
        self._renderer = renderer
        self._findings = FindingDesk(renderer)

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
        memory.is_given_up = True
        if opened is not None:
            self._open(entry, memory, clinic, opened)
        elif (named := session_named_by(stream.key.stream_id)) is not None:
            judged = SessionKey(sender=named[0], stream_id=named[1])
            self._begin(memory, clinic, judged, named[2], [])
        self._release(memory)

    def erase(self, row: int) -> None:
        """Let what a judgement said go; if it no longer stands, that has been done."""
        renderer = self._renderer
        memory = renderer.streams.verdict(row)
        if memory is None:
            return
        renderer.step.erased_count += memory.pending_count
        memory.held, memory.cleared_early = Held(), []
        memory.tags, memory.protocol_digest = dict(_UNKNOWN_TAGS), None
        renderer.streams.changed(memory, renderer.step)
        session = self._session(memory)
        if session is not None and session.generation == memory.generation:
            self._delete(session, "erased")

    def note_protocol(self, clinic: str, document: RegistryProtocol) -> None:
        """Note what a treatment protocol allows, for whoever is judged by it."""
        bands = _BANDS.dump_json(document.content.bands, exclude_defaults=True).decode()
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
        self._renderer.add(entry, lines, row=session.row, bucket=LIMIT.bucket, counting="aside")

    def _open(
        self, entry: Entry, memory: VerdictMemory, clinic: str, document: VerdictOpened
    ) -> bool:
        """Begin a judgement as it says; return whether its session is known by now."""
        device, name = document.session.sender, document.session.stream_id
        if self._renderer.is_superseded(entry, (clinic, device, name), document.generation):
            memory.is_superseded = True
        self._begin(memory, clinic, document.session, document.generation, document.pins)
        session = self._session(memory)
        if session is not None and session.verdict_row == memory.row:
            self.draw_limits(entry, session, session.places)
        return session is not None

    def _begin(
        self,
        memory: VerdictMemory,
        clinic: str,
        judged: SessionKey,
        generation: int,
        pins: Iterable[RegistryPin],
    ) -> None:
        """Learn which session a stream judges; if nobody has judged it later, this stands.

        While the session itself has not begun, as after a backup was restored, this is put off.
        """
        renderer, key = self._renderer, (clinic, judged.sender, judged.stream_id)
        stream = renderer.reader.stream(StreamKey(clinic, judged.sender, "session", key[2]))
        if stream is None or (stream.first_entry_id or renderer.entry_id) >= renderer.entry_id:
            return  # the index speaks of what is on record by now; this goes by what was then
        known = renderer.streams.session(stream.row)
        session = known or SessionMemory.of(stream.row, *key)
        if not (session.is_begun or memory.is_given_up):
            return
        is_newest = generation > session.generation and not memory.is_superseded
        if is_newest and session.generation >= 0:
            # Whatever is in the step was said before this judgement and must be deleted with it.
            if not renderer.step.is_empty:
                renderer.close_step()
            self._delete(session, "superseded")
            self._supersede(session)
        memory.session_row, memory.generation = stream.row, generation
        memory.tags, memory.protocol_digest = self._told_by(clinic, pins)
        if is_newest:
            session.generation, session.verdict_row = generation, memory.row
        renderer.streams.changed(session, renderer.step)
        renderer.streams.changed(memory, renderer.step)

    def _delete(self, session: SessionMemory, fate: Literal["erased", "superseded"]) -> None:
        """Let what its newest judgement said of a session go."""
        key, stood = (session.clinic, session.device, session.session), tuple(session.standing)
        deletion = Deletion(session.row, *key, fate, whole=False, standing=stood)
        self._renderer.step.deletions.append(deletion)
        session.standing = []
        self._renderer.streams.changed(session, self._renderer.step)

    def _supersede(self, session: SessionMemory) -> None:
        """Stop waiting for findings of a judgement that no longer stands."""
        streams, row = self._renderer.streams, session.verdict_row
        before = None if row is None else streams.verdict(row)
        if before is not None and before.cleared_early:
            self._renderer.step.superseded_count += len(before.cleared_early)
            before.cleared_early = []
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
                self._findings.raise_one(entry, session, memory, document)
            case VerdictFindingCleared():
                self._findings.clear_one(entry, session, memory, document)
            case VerdictSummary():
                line = verdict_points.summary(session, memory, document)
                self._add_once(entry, session, memory, document, line)
            case VerdictClosed():
                line = verdict_points.close(session, memory, document)
                self._add_once(entry, session, memory, document, line)

    def _add_once(
        self,
        entry: Entry,
        session: SessionMemory,
        memory: VerdictMemory,
        document: VerdictSummary | VerdictClosed,
        line: str,
    ) -> None:
        """Add what stands once a session, and remember how it is found again."""
        standing = verdict_points.standing(session, memory, document)
        if standing not in session.standing:
            session.standing.append(standing)
            self._renderer.streams.changed(session, self._renderer.step)
        self._renderer.add(entry, [line], row=session.row, bucket="sessions", counting="judged")

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
