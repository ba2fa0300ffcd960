"""What forwarding remembers of each stream, because later points need it.

Everything here follows from the journal's entries in their order, so whoever follows them again
remembers the same and makes the same points.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from dermatrace.forward.line import tag
from dermatrace.forward.measurement import UNKNOWN
from dermatrace.forward.session_clock import SessionClock

PLACES_MAX: Final = 1_000
"""Entered places of one session that are remembered for the limits of a later judgement; limits
for what is entered after that are not drawn again when the session is judged anew."""
HELD_ENTRIES_MAX: Final = 2_000
"""Entries of one stream that wait for its first document; with one more it is given up."""
CLEARED_EARLY_MAX: Final = 1_000
"""Findings of one judgement said to have cleared before they were said to be raised; what clears
beyond that goes to quarantine."""
HELD_MAX_MS: Final = 30_000
"""How long they wait, by the recorder's clock as it stands in the entries. Devices fill gaps within
seconds; what is never filled must not keep a session out of sight."""


class EnteredPlace(NamedTuple):
    """A place work has moved to."""

    zone: str
    laterality: str
    at_ns: int
    seq: int


class Standing(NamedTuple):
    """How a point is found that nothing in its tags says the session of."""

    predicate: str
    at_ns: int


@dataclass(slots=True)
class Held:
    """Entries that cannot be told before their stream's first document."""

    entry_ids: list[int] = field(default_factory=list)
    since_ms: int = 0
    point_count: int = 0

    def add(self, entry_id: int, received_ms: int, point_count: int) -> None:
        """Hold one more."""
        self.since_ms = self.since_ms if self.entry_ids else received_ms
        self.entry_ids.append(entry_id)
        self.point_count += point_count

    def is_over(self, now_ms: int) -> bool:
        """Tell whether waiting has been long enough."""
        too_many = len(self.entry_ids) > HELD_ENTRIES_MAX
        return bool(self.entry_ids) and (too_many or now_ms - self.since_ms > HELD_MAX_MS)


@dataclass(slots=True)
class SessionMemory:
    """One session: who tells it, its clocks, where it works, how it is judged."""

    row: int
    """Of its stream in the journal."""
    clinic: str
    device: str
    session: str
    tags: dict[str, str]
    """Values of `SESSION_TAGS`, ready to be written."""
    setting: str = UNKNOWN
    is_begun: bool = False
    """Whether its first document was seen, or is no longer waited for."""
    held: Held = field(default_factory=Held)
    clock: SessionClock = field(default_factory=SessionClock)
    started_ms: int | None = None
    """Time of its first document, or of the earliest seen."""
    started_ns: int | None = None
    """Time of the point in which its device says what it is: nothing in it names the session."""
    zone: str = UNKNOWN
    laterality: str = UNKNOWN
    pass_number: int | None = None
    place_seq: int = -1
    """Document that told the three of them."""
    places: list[EnteredPlace] = field(default_factory=list)
    fault_count: int = 0
    generation: int = -1
    """The newest judgement heard of; -1: none."""
    verdict_row: int | None = None
    """Of that judgement's stream in the journal."""
    standing: list[Standing] = field(default_factory=list)
    """What that judgement says once a session, or once a zone; each of them once."""

    @property
    def pending_count(self) -> int:
        """Points of what is held."""
        return self.held.point_count

    @classmethod
    def of(cls, row: int, clinic: str, device: str, session: str) -> "SessionMemory":
        """Begin to remember a session."""
        names = {"clinic": clinic, "device": device, "session": session}
        tags = {name: tag(value) for name, value in names.items()}
        unknown = dict.fromkeys(("firmware", "modality", "model"), UNKNOWN)
        return cls(row, clinic, device, session, tags | unknown)


@dataclass(slots=True)
class VerdictMemory:
    """One generation of judgement of one session."""

    row: int
    """Of its stream in the journal."""
    session_row: int | None = None
    """None while its first document has not come."""
    generation: int = -1
    tags: dict[str, str] = field(default_factory=dict)
    """Values of the tags that only verdicts have, ready to be written."""
    protocol_digest: str | None = None
    is_superseded: bool = False
    """Whether a newer judgement was on record when the rebuild under way began."""
    is_given_up: bool = False
    """Whether its first document, or its session, is no longer waited for."""
    held: Held = field(default_factory=Held)
    cleared_early: list[tuple[int, int]] = field(default_factory=list)
    """(finding, entry that says it cleared) while the one that raised it has not come."""

    @property
    def pending_count(self) -> int:
        """Points of what is held."""
        return self.held.point_count + len(self.cleared_early)


Memory = SessionMemory | VerdictMemory
_SESSION: Final = TypeAdapter(SessionMemory)
_VERDICT: Final = TypeAdapter(VerdictMemory)


def packed(memory: Memory) -> bytes:
    """Return a memory as it is kept."""
    if isinstance(memory, SessionMemory):
        return _SESSION.dump_json(memory)
    return _VERDICT.dump_json(memory)


def unpacked_session(kept: bytes) -> SessionMemory:
    """Return a session's memory from what `packed` made."""
    return _SESSION.validate_json(kept)


def unpacked_verdict(kept: bytes) -> VerdictMemory:
    """Return a verdict stream's memory from what `packed` made."""
    return _VERDICT.validate_json(kept)
