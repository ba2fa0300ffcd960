"""One step forward: what some entries of the journal call for in InfluxDB, and what to remember."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from dermatrace.forward.measurement import Bucket
from dermatrace.forward.memory import Standing
from dermatrace.journal.entry import Head

STEP_LINES_MAX: Final = 5_000
"""Lines of one step and of one request, as the makers of InfluxDB advise; the rest makes another
step. The last document's may go beyond it. So may what was held of a stream, which then takes
several requests."""
STEP_ENTRIES_MAX: Final = 5_000
"""Entries of one step, for those that make no points: the cursor moves at least this often."""

Counting = Literal["kept", "judged", "replacing", "aside"]
"""How a line counts once InfluxDB has it. kept, judged: as forwarded; the second are deleted by a
newer judgement. replacing: in place of a line already counted. aside: not at all."""


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one entry that go to one bucket and count alike."""

    entry_id: int
    row: int | None
    """Of the session they belong to."""
    bucket: Bucket
    counting: Counting
    lines: list[str]
    """Of one document: the first is the oldest."""

    @property
    def oldest_ns(self) -> int:
        """Time of the oldest line."""
        return int(self.lines[0].rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class Deletion:
    """Points of one session that must go before the step's own are written."""

    row: int
    clinic: str
    device: str
    session: str
    fate: Literal["superseded", "erased"]
    """superseded: what earlier judgements said. erased: with `whole` everything of the session."""
    whole: bool
    standing: tuple[Standing, ...] = ()
    """Points to be deleted that do not carry the session as a tag."""
    started_ns: int | None = None
    """Time of what the device said of itself at the session's start, to be deleted as well."""


@dataclass(frozen=True, slots=True)
class RaisedFinding:
    """Where a finding's point stands, for when it clears."""

    row: int
    number: int
    generation: int
    start: str
    at_ns: int


class KeptMemory(NamedTuple):
    """What is remembered of a stream, ready to be kept."""

    sort: str
    packed: bytes
    is_holding: bool
    pending_count: int


@dataclass(slots=True)
class Step:
    """Written whole and in this order: deletions, lines; then the cursor moves to `head`."""

    number: int
    head: Head
    deletions: list[Deletion] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    journalled_count: int = 0
    superseded_count: int = 0
    """Points that a newer judgement had replaced before they were made."""
    erased_count: int = 0
    """Points of held entries that were erased before they were made."""
    unattributed: list[tuple[int, str]] = field(default_factory=list)
    """(entry, why) of points nobody can make a line of: they go to quarantine."""
    memories: dict[int, KeptMemory] = field(default_factory=dict)
    """By row of their stream."""
    findings: list[RaisedFinding] = field(default_factory=list)
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    line_count: int = 0
    entry_count: int = 0
    first_received_ms: int = 0
    """When its first entry came, by the recorder's clock."""

    def add(self, group: Group) -> None:
        """Add lines to be written."""
        if group.lines:
            self.groups.append(group)
            self.line_count += len(group.lines)

    @property
    def is_full(self) -> bool:
        """Whether it should be written before more is added."""
        return self.line_count >= STEP_LINES_MAX or self.entry_count >= STEP_ENTRIES_MAX

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been taken into it."""
        return not (self.entry_count or self.groups or self.deletions or self.unattributed)


class Refused(NamedTuple):
    """One line InfluxDB did not take, in its own words."""

    line: str
    words: str


@dataclass(slots=True)
class Outcome:
    """What became of a step's lines where not all were accepted, by index of their group."""

    refused: dict[int, list[Refused]] = field(default_factory=dict)
    expired: Counter[int] = field(default_factory=Counter)
