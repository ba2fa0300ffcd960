"""What the documents of sessions call for."""

from typing import TYPE_CHECKING, Final

from dermatrace.forward import other_points, reading_points
from dermatrace.forward.account import points_of
from dermatrace.forward.line import tag, time_ns
from dermatrace.forward.measurement import UNKNOWN
from dermatrace.forward.memory import PLACES_MAX, EnteredPlace, Held, SessionMemory
from dermatrace.forward.step import Deletion
from dermatrace.journal.entry import Entry
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, SessionStarted, SessionStopped, ZoneEntered
from dermatrace_schemas.topics import Topic

if TYPE_CHECKING:
    from dermatrace.forward.rendering import Renderer

_NOBODY: Final = {"firmware": UNKNOWN, "modality": UNKNOWN, "model": UNKNOWN}


class SessionDesk:
    """Makes lines of sessions, and remembers what later ones need."""

    def __init__(self, renderer: "Renderer") -> None:
        self._renderer = renderer

    def take(self, entry: Entry, topic: Topic, document: StreamDocument) -> None:
        """Take a session's document; before its first one has come, hold it."""
        step, row = self._renderer.step, entry.stream_key
        if row is None or topic.stream_id is None:
            return
        memory = self.memory(row, topic.clinic, topic.sender, topic.stream_id)
        point_count = points_of(document)
        step.journalled_count += point_count
        if not memory.is_begun and document.seq > 0:
            memory.held.add(entry.entry_id, entry.received_ms, point_count)
            self._renderer.streams.changed(memory, step)
            return
        if isinstance(document, SessionStarted):
            tags = other_points.descriptor_tags(document.device)
            memory.tags |= tags
            memory.setting = tag(document.setting)
            self.note_device(topic, tags)
        self._tell(memory, entry, document)
        if document.seq == 0:
            self.release(row)

    def release(self, row: int) -> None:
        """Tell what was held of a session, with what is known of it by now."""
        memory = self._renderer.streams.session(row)
        if memory is None:
            return
        memory.is_begun = True
        held, memory.held = memory.held, Held()
        self._renderer.streams.changed(memory, self._renderer.step)
        for entry, document in self._renderer.documents_told(held, "session"):
            self._tell(memory, entry, document)

    def begin_unknown(self, entry: Entry, topic: Topic) -> None:
        """Stop waiting for a first document that came and could not be read."""
        if entry.stream_key is None or topic.stream_id is None:
            return
        memory = self.memory(entry.stream_key, topic.clinic, topic.sender, topic.stream_id)
        self._renderer.streams.changed(memory, self._renderer.step)
        self.release(memory.row)

    def erase(self, row: int, key: StreamKey) -> None:
        """Let everything of a session go."""
        renderer, session = self._renderer, (key.clinic, key.sender, key.stream_id)
        before, memory = self.memory(row, *session), SessionMemory.of(row, *session)
        memory.is_begun, memory.generation = True, before.generation
        renderer.step.erased_count += before.pending_count
        stood, started_ns = tuple(before.standing), before.started_ns
        deletion = Deletion(
            row, *session, "erased", whole=True, standing=stood, started_ns=started_ns
        )
        renderer.step.deletions.append(deletion)
        renderer.streams.changed(memory, renderer.step)

    def memory(self, row: int, clinic: str, device: str, session: str) -> SessionMemory:
        """Return what is remembered of a session; nothing yet if it is new."""
        found = self._renderer.streams.session(row)
        return found or SessionMemory.of(row, clinic, device, session)

    def note_device(self, topic: Topic, tags: dict[str, str]) -> None:
        """Note what a device says it is, for what it says outside its sessions."""
        told = "\n".join(tags[name] for name in sorted(_NOBODY))
        key = f"{topic.clinic} {topic.sender}"
        if self._renderer.streams.known("device", key) != told:
            self._renderer.streams.note("device", key, told, self._renderer.step)

    def device_tags(self, topic: Topic) -> dict[str, str]:
        """Return the tags of a device outside its sessions."""
        told = self._renderer.streams.known("device", f"{topic.clinic} {topic.sender}")
        known = (
            _NOBODY if told is None else dict(zip(sorted(_NOBODY), told.split("\n"), strict=True))
        )
        return {"clinic": topic.clinic, "device": topic.sender, **known}

    def _tell(self, memory: SessionMemory, entry: Entry, document: StreamDocument) -> None:
        """Make a document's lines."""
        moment = memory.clock.take(document, entry.received_ms)
        if memory.started_ms is None or moment.at_ms < memory.started_ms:
            memory.started_ms = moment.at_ms
        lines: list[str] = []
        match document:
            case NeedlingWindows():
                lines = reading_points.windows(memory, document, moment)
            case RfShot():
                lines = reading_points.shot(memory, document, moment)
            case ZoneEntered():
                self._enter(memory, entry, document, moment.at_ms)
                lines = [reading_points.event(memory, document, moment)]
            case DeviceEvent() | SessionStopped():
                memory.fault_count += (
                    isinstance(document, DeviceEvent) and document.event == "fault"
                )
                lines = [reading_points.event(memory, document, moment)]
            case SessionStarted():
                lines = [reading_points.event(memory, document, moment)]
                if document.seq == 0:
                    memory.started_ns = time_ns(moment.at_ms, entry.entry_id)
                    lines.append(
                        other_points.started_state(memory.tags, document, memory.started_ns)
                    )
        self._renderer.add(entry, lines, row=memory.row)
        self._renderer.streams.changed(memory, self._renderer.step)

    def _enter(
        self, memory: SessionMemory, entry: Entry, document: ZoneEntered, at_ms: int
    ) -> None:
        """Move to a place, unless a later document has moved on already; draw its limits."""
        zone, side = tag(document.place.zone), document.place.laterality or UNKNOWN
        if document.seq > memory.place_seq:
            memory.zone, memory.laterality = zone, side
            memory.pass_number, memory.place_seq = document.place.pass_number, document.seq
        place = EnteredPlace(zone, side, time_ns(at_ms, document.seq), document.seq)
        if len(memory.places) < PLACES_MAX:
            memory.places.append(place)
        self._renderer.draw_limits(entry, memory, [place])
