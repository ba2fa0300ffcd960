"""What a session's file must not forget, and where it finds the rest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dermatrace.device_clock import BOOTS_KEPT_MAX, plausible_ms
from dermatrace.journal.coverage import Coverage
from dermatrace.judge.case import Ending
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import EarlierSession, SessionContext
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.verdict import Grade

ChainStanding = Literal["matches", "differs", "cannot_be_checked"]
Told = Literal["no", "whole", "other_rules", "other_time"]
"""What the journal has of a generation about to be opened: nothing or only its beginning, all of
it, or one that was opened by other rules or at another entry."""


class Sources(Protocol):
    """Where a session's file finds what it does not keep."""

    def context(self, state: "FileState", as_of: int) -> SessionContext:
        """Return what the session is judged against, by what stood in the journal then."""
        ...

    def documents(self, row: int, before_seq: int, as_of: int) -> Iterable[StreamDocument]:
        """Yield the session's documents below a number, in order, as the journal had them then."""
        ...

    def chain(self, row: int, stop: SessionStopped | None, as_of: int) -> ChainStanding:
        """Compare the stream chain with what the stop says: matches, differs, cannot_be_checked."""
        ...

    def told(self, clinic: str, stream_id: str, as_of: int) -> Told:
        """Tell what the journal has of a verdict stream that is to be opened at an entry."""
        ...


@dataclass(slots=True)
class Basis:
    """What the context of the judgement under way was made of, and cannot be looked up later.

    Registry, chart and documents can: the journal knows what it held at an entry. How the device's
    clocks and the subject's other sessions stood then is known only while it is so.
    """

    entry_id: int = 0
    """The journal's last entry it takes in."""
    offset_ms: dict[str, int] = field(default_factory=dict)
    earlier: tuple[EarlierSession, ...] = ()


@dataclass(slots=True)
class FileState:
    """What a file must not forget, beside the judgement under way."""

    session: SessionId
    row: int
    """The journal's row of the stream."""
    first_entry_id: int
    """Where the journal first speaks of the session, if only in the device's account."""
    first_received_ms: int
    pinned_entry_id: int = 0
    """The first entry of the session itself: what is on record before it can be in force."""
    position: int = 0
    """The number to be judged next."""
    waiting: dict[int, int] = field(default_factory=dict)
    """Documents that have come early: number to entry."""
    is_late: bool = False
    """Whether something has come behind the position and is not in the judgement yet."""
    is_closed: bool = False
    is_silent: bool = False
    is_erased: bool = False
    is_by_silence: bool = False
    generation: int = -1
    """The newest; -1 before the first."""
    cause: str = ""
    """Why the newest generation was opened."""
    verdict_seq: int = 0
    """The number of the next document in its stream."""
    is_muted: bool = False
    """Whether the journal has the whole of this generation already."""
    state_count: int = 0
    shown: str = ""
    """The last state told."""
    fingerprint: str = ""
    """Of the newest judgement, once closed."""
    grade: Grade = "open"
    conflicts: list[int] = field(default_factory=list)
    offset_ms: dict[str, int] = field(default_factory=dict)
    """Wall clock minus uptime, by boot, in the boot's lowest document with a plausible clock."""
    offset_seqs: dict[str, int] = field(default_factory=dict)
    """The number of that document."""
    basis: Basis = field(default_factory=Basis)
    rests_on: list[str] = field(default_factory=list)
    """Registry versions that count here, or would if they were known; see `resting_names`."""

    def note_clock(self, document: StreamDocument) -> None:
        """Remember what a document shows of the device's clocks, in whatever order they come.

        Of more boots than BOOTS_KEPT_MAX those with the lowest documents are remembered.
        """
        wall_ms, boot_id, seqs = (
            plausible_ms(document.wall_time_ms),
            document.boot_id,
            self.offset_seqs,
        )
        if wall_ms is None or seqs.get(boot_id, document.seq + 1) <= document.seq:
            return
        if boot_id not in seqs and len(seqs) >= BOOTS_KEPT_MAX:
            last = max(seqs, key=seqs.__getitem__)
            if seqs[last] < document.seq:
                return
            del seqs[last], self.offset_ms[last]
        seqs[boot_id] = document.seq
        self.offset_ms[boot_id] = wall_ms - document.uptime_ms

    def erased(self) -> "FileState":
        """Return what remains once the session is erased: that there was one."""
        return FileState(
            self.session, self.row, self.first_entry_id, self.first_received_ms, is_erased=True
        )


def resting_names(context: SessionContext) -> list[str]:
    """Name each registry version a context rests on, and each digest that a correction wants.

    Another content under such a version, or the content wanted, changes the context.
    """
    pins = (f"{p.registry_kind}/{p.registry_id}/{p.version}" for p in context.registry.pins)
    wanted = (pin.digest for pin in context.chart.registry_overrides)
    return list(dict.fromkeys((*pins, *wanted)))


def ending_of(state: FileState, coverage: Coverage, chain: ChainStanding) -> Ending:
    """Return what is known of a session's documents as a whole."""
    return Ending(
        expected_count=coverage.known_last + 1,
        missing=tuple(coverage.settled.gaps(0, coverage.known_last)),
        lost=tuple(coverage.lost.spans()),
        rejected=tuple(coverage.rejected.spans()),
        conflicts=tuple(state.conflicts),
        ended=coverage.end_seq is not None,
        chain=chain,
    )
