"""Entry by entry, what the journal calls for in InfluxDB: a fold that makes steps.

It depends on the entries and their order alone. Taken again from a committed place, the same
entries make the same points at the same times, which InfluxDB then has once.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from dermatrace.forward import other_points
from dermatrace.forward.account import points_of
from dermatrace.forward.measurement import UNKNOWN, Bucket
from dermatrace.forward.memory import EnteredPlace, Held, Memory, SessionMemory
from dermatrace.forward.rendering_sessions import SessionDesk
from dermatrace.forward.rendering_verdicts import VerdictDesk
from dermatrace.forward.step import Counting, Group, Step
from dermatrace.forward.store import Store
from dermatrace.forward.streams import Streams
from dermatrace.journal.entry import Entry, Head
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import read_again
from dermatrace_schemas.registry import RegistryOperator, RegistryProtocol
from dermatrace_schemas.system import SystemDocument, SystemErased
from dermatrace_schemas.topics import (
    REPORT_CLASSES,
    STREAM_CLASSES,
    Topic,
    TopicError,
    parse_topic,
    sender_of,
)

TOPICS_CACHED_MAX: Final = 4_096
"""Topics kept taken apart; the longest unused is taken apart again when it returns."""
_CLASSES: Final = STREAM_CLASSES | REPORT_CLASSES

NewestGeneration = Callable[[str, str, str], int]
"""(clinic, device, session) to the newest judgement there was when a rebuild began; else -1."""


class Renderer:
    """Takes entries and makes steps of them."""

    def __init__(
        self,
        reader: JournalReader,
        store: Store,
        newest_generation: NewestGeneration | None = None,
        rebuilt_to_entry_id: int = 0,
    ) -> None:
        """Go on from what `store` has; it is only read.

        With `newest_generation` a rebuild is under way, up to an entry.
        """
        place = store.place()
        self.head = place.head
        self.streams = Streams(store)
        self.reader = reader
        self.entry_id = self.head.entry_id
        """Of the entry in hand: what is on record later does not count, here or in a rebuild."""
        self.committed_number = 0
        """Number of the newest step that is committed; set by whoever commits."""
        self.step = Step(1, self.head)
        self._made: list[Step] = []
        self._newest_generation = newest_generation
        self._rebuilt_to_entry_id = rebuilt_to_entry_id
        self._sessions = SessionDesk(self)
        self._verdicts = VerdictDesk(self)

    def take(self, entry: Entry) -> None:
        """Do what one entry calls for."""
        self.entry_id = entry.entry_id
        # In an order that is the same after a restart: what one gives up, another may rest on.
        for _, memory in sorted(self.streams.holding.items()):
            if memory.held.is_over(entry.received_ms):
                self._give_up(entry, memory)
        self._take(entry)
        self.step.first_received_ms = self.step.first_received_ms or entry.received_ms
        self.step.entry_count += 1
        self.head = self.step.head = Head(entry.entry_id, entry.entry_hash)
        if self.step.is_full:
            self.close_step()

    def take_steps(self, *, unfinished: bool) -> list[Step]:
        """Return the steps made since the last call, with the `unfinished` one or without."""
        if unfinished and not self.step.is_empty:
            self.close_step()
        made, self._made = self._made, []
        return made

    def close_step(self) -> None:
        """Begin another step; what has been taken so far is in the one before."""
        self.streams.finish(self.step, self.committed_number)
        self._made.append(self.step)
        self.step = Step(self.step.number + 1, self.head)

    def add(
        self,
        entry: Entry,
        lines: list[str],
        *,
        row: int | None = None,
        bucket: Bucket = "raw",
        counting: Counting = "kept",
    ) -> None:
        """Add an entry's lines to the step."""
        self.step.add(Group(entry.entry_id, row, bucket, counting, lines))

    def is_superseded(self, entry: Entry, session: tuple[str, str, str], generation: int) -> bool:
        """Tell whether a rebuild knows a newer judgement already."""
        if self._newest_generation is None or entry.entry_id > self._rebuilt_to_entry_id:
            return False
        return generation < self._newest_generation(*session)

    def documents_held(
        self, held: Held, message_class: str
    ) -> Iterator[tuple[Entry, StreamDocument]]:
        """Yield what is held and has not been erased, in the order of record."""
        for entry_id in sorted(held.entry_ids):
            entry = self.reader.entry(entry_id)
            if entry is not None and entry.payload is not None:
                yield entry, _stream_document(message_class, entry.payload)

    def documents_told(
        self, held: Held, message_class: str
    ) -> Iterator[tuple[Entry, StreamDocument]]:
        """Yield the same to be told now; what is gone meanwhile counts as erased."""
        told_count = 0
        for entry, document in self.documents_held(held, message_class):
            told_count += points_of(document)
            yield entry, document
        self.step.erased_count += held.point_count - told_count

    def document_of(self, entry: Entry) -> StreamDocument | None:
        """Return the document of a session's entry, or None if it has been erased."""
        return None if entry.payload is None else _stream_document("session", entry.payload)

    def draw_limits(
        self, entry: Entry, session: SessionMemory, places: Iterable[EnteredPlace]
    ) -> None:
        """Add what the treatment protocol in force allows at some places of a session."""
        self._verdicts.draw_limits(entry, session, places)

    def _take(self, entry: Entry) -> None:
        if entry.outcome == "system":
            self._take_system(entry)
        elif entry.outcome in {"rejected", "conflict"}:
            self._take_refused(entry)
        elif entry.payload is not None and (topic := _topic(entry.topic)) is not None:
            self._take_document(entry, topic, entry.payload)

    def _take_document(self, entry: Entry, topic: Topic, payload: bytes) -> None:
        match topic.message_class:
            case "session":
                self._sessions.take(entry, topic, _stream_document("session", payload))
            case "verdict" if topic.sender == JUDGE_SENDER:
                self._verdicts.take(entry, topic, _stream_document("verdict", payload))
            case "registry":
                self._take_registry(topic, payload)
            case "announcement" | "status":
                self._take_device(entry, topic, read_again(topic.message_class, payload))

    def _take_registry(self, topic: Topic, payload: bytes) -> None:
        """Note what verdicts only name by its digest."""
        document = read_again("registry", payload)
        if isinstance(document, RegistryOperator):
            fact = document.content.role
            self.streams.note("operator", f"{topic.clinic} {document.digest}", fact, self.step)
        elif isinstance(document, RegistryProtocol):
            self._verdicts.note_protocol(topic.clinic, document)

    def _take_device(self, entry: Entry, topic: Topic, document: object) -> None:
        self.step.journalled_count += points_of(document)
        if isinstance(document, Announcement):
            self._sessions.note_device(topic, other_points.descriptor_tags(document.device))
        tags = self._sessions.device_tags(topic)
        if isinstance(document, Announcement):
            self.add(entry, [other_points.announced_state(tags, document, entry)])
        elif isinstance(document, Status):
            self.add(entry, [other_points.status_state(tags, document, entry)])

    def _take_refused(self, entry: Entry) -> None:
        self.step.journalled_count += 1
        levels = entry.topic.split("/", 5)
        named = levels[4] if len(levels) > 4 else ""  # noqa: PLR2004  root, version, clinic, sender
        # Anybody can publish under any class: as a tag only known ones may count.
        message_class = named if named in _CLASSES else UNKNOWN
        line = other_points.rejection(entry, sender_of(entry.topic), message_class)
        self.add(entry, [line])
        topic = _topic(entry.topic)
        is_first = entry.outcome == "rejected" and entry.seq == 0
        if is_first and topic is not None and topic.message_class == "session":
            self._sessions.begin_unknown(entry, topic)

    def _take_system(self, entry: Entry) -> None:
        document = None if entry.payload is None else read_again("system", entry.payload)
        if not isinstance(document, SystemDocument):
            return
        if isinstance(document, SystemErased):
            self._erase(document)
        self.step.journalled_count += points_of(document)
        self.add(entry, [other_points.record_event(document, entry)])

    def _erase(self, document: SystemErased) -> None:
        """Let everything of the erased streams go before anything else is written."""
        if not self.step.is_empty:
            self.close_step()
        for stream in self.reader.streams_erased_by(document.order_entry_id):
            if stream.key.stream_class == "session":
                self._sessions.erase(stream.row, stream.key)
            elif stream.key.stream_class == "verdict":
                self._verdicts.erase(stream.row)

    def _give_up(self, entry: Entry, memory: Memory) -> None:
        if isinstance(memory, SessionMemory):
            self._sessions.release(memory.row)
        else:
            self._verdicts.give_up(entry, memory.row)


@lru_cache(maxsize=TOPICS_CACHED_MAX)
def _topic(text: str) -> Topic | None:
    try:
        return parse_topic(text)
    except TopicError:
        return None  # kept because it came, but nobody's


def _stream_document(message_class: str, payload: bytes) -> StreamDocument:
    document = read_again(message_class, payload)
    if not isinstance(document, StreamDocument):
        raise TypeError(f"{message_class} gave {type(document).__name__}")
    return document
