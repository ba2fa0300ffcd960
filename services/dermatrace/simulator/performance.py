"""A script with its faults, turned into the steps a player takes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from pydantic import JsonValue

from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    Reboot,
    Reordering,
    UnsetClock,
    check_placed,
    tail_index,
)
from dermatrace.simulator.timeline import ScriptedDocument, count, depths_of, facts_of
from dermatrace_schemas.rf import RfDepth, SubPulse


@dataclass(frozen=True, slots=True)
class _OfDocument:
    """A step that says one document of the script, or fails to."""

    index: int
    document: ScriptedDocument

    @property
    def at_ms(self) -> int:
        """When the step is due."""
        return self.document.due_ms


@dataclass(frozen=True, slots=True)
class _Beside:
    """A step beside the documents; `at_ms` is when it is due."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Send(_OfDocument):
    """Send one document; `held` stores it and leaves the publishing to a later `Replay`."""

    clock_offset_ms: int | None
    """How wrong the wall clock is; None while it is not set."""
    held: bool = False


class SendContinuation(Send):
    """Start the session that goes on after a reboot without durable storage."""


class Lose(_OfDocument):
    """Use up the number of a document that could not be stored."""


class PublishBroken(_OfDocument):
    """Use up a number and publish under it a document that is cut off."""


@dataclass(frozen=True, slots=True)
class PublishGarbage(_Beside):
    """Publish bytes on the session's topic as they are."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Replay(_Beside):
    """Publish stored documents again, or for the first time if they were held."""

    first_index: int
    last_index: int


@dataclass(frozen=True, slots=True)
class Restart(_Beside):
    """Switch the device off and on."""

    keeps_outbox: bool


Step: TypeAlias = _OfDocument | _Beside
Column: TypeAlias = list[float | None]


def perform(script: Sequence[ScriptedDocument], faults: Sequence[Fault] = ()) -> tuple[Step, ...]:
    """Return the steps that play a script with these faults.

    Raises FaultMisplacedError if the faults do not fit the script or one another.
    """
    check_placed(script, faults)
    documents = list(script)
    for fault in faults:
        if isinstance(fault, LimitCrossing):
            for index in fault.span:
                documents[index] = _crossed(documents[index], fault)
    documents[-1] = _with_own_counters(documents, faults)
    return tuple(
        step
        for index in range(tail_index(script, faults))
        for step in _steps_at(index, documents, faults)
    )


def _steps_at(
    index: int, documents: Sequence[ScriptedDocument], faults: Sequence[Fault]
) -> Iterator[Step]:
    document, offset_ms = documents[index], _clock_offset_ms(index, faults)
    for fault in faults:
        if isinstance(fault, Reboot) and fault.index == index:
            yield Restart(document.at_ms, fault.keeps_outbox)
            if not fault.keeps_outbox:
                start = replace(documents[0], at_ms=document.at_ms)
                yield SendContinuation(index, start, offset_ms)
    kinds = {type(fault) for fault in faults if index in fault.span}
    if Gap in kinds:
        yield Lose(index, document)
    elif BrokenJson in kinds:
        yield PublishBroken(index, document)
    else:
        yield Send(index, document, offset_ms, held=Reordering in kinds)
    for fault in faults:
        if index == fault.span[-1]:
            yield from _steps_after(document, fault)


def _steps_after(document: ScriptedDocument, fault: Fault) -> Iterator[Step]:
    """Yield what follows the last document of a fault."""
    match fault:
        case Duplicates(first, last, copies):
            yield from [Replay(document.due_ms, first, last)] * copies
        case Reordering():
            for late in reversed(fault.span):
                yield Replay(document.due_ms, late, late)
        case Garbage(_, payload):
            yield PublishGarbage(document.due_ms, payload)


def _clock_offset_ms(index: int, faults: Sequence[Fault]) -> int | None:
    if any(isinstance(fault, UnsetClock) and index < fault.index for fault in faults):
        return None
    steps = (fault for fault in faults if isinstance(fault, ClockStep))
    return sum(fault.step_ms for fault in steps if fault.index <= index)


def _crossed(document: ScriptedDocument, fault: LimitCrossing) -> ScriptedDocument:
    facts = dict(document.facts)
    if document.kind == "needling.windows":
        facts |= _crossed_windows(facts, fault)
    elif document.kind == "rf.shot":
        facts["depths"] = [facts_of(_crossed_depth(d, fault)) for d in depths_of(document)]
    return replace(document, facts=facts)


def _crossed_windows(facts: Mapping[str, JsonValue], fault: LimitCrossing) -> dict[str, JsonValue]:
    """Move what was measured so that each median lies exactly that far over what was planned."""
    names = ("depth_commanded_mm", "depth_measured_median_mm")
    planned_mm, medians_mm = (cast("Column", facts[name]) for name in names)
    shifts_mm: Column = [
        None if planned is None or median is None else planned + fault.over_mm - median
        for planned, median in zip(planned_mm, medians_mm, strict=True)
    ]
    measured = [f"depth_measured_{part}_mm" for part in ("min", "median", "max")]
    crossed = {name: _moved(cast("Column", facts[name]), shifts_mm) for name in measured}
    if fault.dialled:
        dialled_mm: Column = [None if shift is None else fault.over_mm for shift in shifts_mm]
        crossed["depth_commanded_mm"] = _moved(planned_mm, dialled_mm)
    return crossed


def _moved(column: Column, shifts: Column) -> JsonValue:
    pairs = zip(column, shifts, strict=True)
    return [v if v is None or shift is None else round(v + shift, 3) for v, shift in pairs]


def _crossed_depth(depth: RfDepth, fault: LimitCrossing) -> RfDepth:
    changes: dict[str, object] = {
        "sub_pulses": [_crossed_sub_pulse(sub_pulse, fault) for sub_pulse in depth.sub_pulses]
    }
    deeper_mm = round((depth.depth_commanded_mm or 0.0) + fault.over_mm, 3)
    names = ["depth_measured_mm"] * bool(fault.over_mm) + ["depth_commanded_mm"] * fault.dialled
    return depth.model_copy(update=changes | dict.fromkeys(names, deeper_mm))


def _crossed_sub_pulse(sub_pulse: SubPulse, fault: LimitCrossing) -> SubPulse:
    """Deliver more by delivering longer, so that energy stays power times duration."""
    names = ["energy_delivered_mj", "duration_ms"]
    if fault.dialled:
        names += ["energy_commanded_mj", "duration_commanded_ms"]
    factor = 1.0 + fault.over_energy_fraction
    return sub_pulse.model_copy(
        update={name: round(getattr(sub_pulse, name) * factor, 3) for name in names}
    )


def _with_own_counters(
    documents: Sequence[ScriptedDocument], faults: Sequence[Fault]
) -> ScriptedDocument:
    """Let the stop count what this device can know: nothing before a reboot that forgot all."""
    reboots = (fault for fault in faults if isinstance(fault, Reboot) and not fault.keeps_outbox)
    known = count(documents[max((fault.index for fault in reboots), default=0) :])
    stop = documents[-1]
    return replace(stop, facts={name: known.get(name, told) for name, told in stop.facts.items()})
