"""What can go wrong with a session, as data: applied to a script by `performance.py`.

Indexes are positions in the script, which are also the sequence numbers as long as no reboot
without durable storage starts another stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

from dermatrace.simulator.timeline import ScriptedDocument

READINGS: Final = frozenset({"needling.windows", "rf.shot"})


@dataclass(frozen=True, slots=True)
class At:
    """A fault at one document."""

    index: int

    @property
    def span(self) -> range:
        """Which documents it concerns."""
        return range(self.index, self.index + 1)


@dataclass(frozen=True, slots=True)
class Over:
    """A fault over several documents in a row."""

    first_index: int
    last_index: int

    @property
    def span(self) -> range:
        """Which documents it concerns."""
        return range(self.first_index, self.last_index + 1)


Fault: TypeAlias = At | Over


class Gap(Over):
    """Documents the device could not store: their numbers are used up and declared lost."""


class LostTail(At):
    """The device vanishes before this document: the rest is never sent, nor is a stop."""


@dataclass(frozen=True, slots=True)
class Duplicates(Over):
    """Stored documents published again, byte for byte, right after the last of them."""

    copies: int = 1


class Reordering(Over):
    """Documents published last to first."""


@dataclass(frozen=True, slots=True)
class ClockStep(At):
    """The wall clock jumps before this document and stays there; uptime does not."""

    step_ms: int


class UnsetClock(At):
    """The wall clock is not set before this document."""


class BrokenJson(At):
    """A document that comes out cut off: its number can be read, nothing else."""


@dataclass(frozen=True, slots=True)
class Garbage(At):
    """Bytes without any number on the session's own topic, after this document."""

    payload: bytes = b"\x00\xff not a document"


@dataclass(frozen=True, slots=True)
class Reboot(At):
    """The device restarts before this document.

    With `keeps_outbox` the stream goes on under a new boot id. Without, the stream ends where it
    was and another session that `continues` it tells the rest, counting from nought.
    """

    keeps_outbox: bool


@dataclass(frozen=True, slots=True)
class LimitCrossing(Over):
    """Readings over what was set; with `dialled` the operator set more than planned.

    Applies to the windows on skin and the shots of these documents, and to no others.
    """

    over_mm: float = 0.0
    over_energy_fraction: float = 0.0
    dialled: bool = False


class FaultMisplacedError(ValueError):
    """A fault does not fit the script or another fault: nobody could say what must follow."""

    def __init__(self, fault: Fault, why: str) -> None:
        super().__init__(f"{fault}: {why}")


def check_placed(script: Sequence[ScriptedDocument], faults: Sequence[Fault]) -> None:
    """Refuse faults whose joint outcome would be a matter of chance or of opinion.

    Raises FaultMisplacedError.
    """
    end = tail_index(script, faults)
    for place, fault in enumerate(faults):
        if not isinstance(fault, LostTail):
            for objection in chain(_objections(fault, script, end), _clashes(place, faults)):
                raise FaultMisplacedError(fault, objection)


def tail_index(script: Sequence[ScriptedDocument], faults: Sequence[Fault]) -> int:
    """Return the index of the first document that is never sent, or the script's length."""
    tails = [fault for fault in faults if isinstance(fault, LostTail)]
    for fault in tails:
        if len(tails) > 1 or not 1 <= fault.index < len(script):
            raise FaultMisplacedError(fault, "one lost tail, from 1 to the last document")
    return tails[0].index if tails else len(script)


def continued_stream_id(stream_id: str, reboot_number: int) -> str:
    """Return the stream of the session that goes on after a reboot without durable storage."""
    return stream_id if reboot_number == 0 else f"{stream_id}.r{reboot_number}"


def _objections(fault: Fault, script: Sequence[ScriptedDocument], end: int) -> Iterator[str]:
    span = fault.span
    if not span:
        yield "it ends before it begins"
    if span.start < 0 or span.stop > end:
        yield f"documents 0 to {end - 1} are played"
    # A session without its start or stop is another fault, the lost tail.
    keeps_edges = span.start > 0 and span.stop < len(script)
    if isinstance(fault, Gap | Reordering | BrokenJson) and not keeps_edges:
        yield "the start and the stop must stay as they are"
    if isinstance(fault, Reboot) and fault.index == 0:
        yield "nothing is to be continued before the first document"
    if isinstance(fault, Duplicates) and fault.copies < 1:
        yield "at least one copy"
    if isinstance(fault, LimitCrossing) and not READINGS & {script[index].kind for index in span}:
        yield "there is no reading among these documents"


def _clashes(place: int, faults: Sequence[Fault]) -> Iterator[str]:
    fault, alone = faults[place], Gap | Duplicates | Reordering | BrokenJson
    if isinstance(fault, alone):
        for other in faults[:place]:
            if isinstance(other, alone) and set(other.span).intersection(fault.span):
                yield "another fault already changes one of these documents"
        for other in faults:
            if isinstance(other, Reboot) and other.index in fault.span[1:]:
                yield f"{other} would cut it in two"
