"""The device's own counters at the end of a session against what was added up."""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.defaults import COUNTER_TOLERANCE
from dermatrace.judge.readings import Shot
from dermatrace.judge.rules.budget import is_above, said
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.session import SessionStopped

_RULE: Final = "data.counters_differ"
_UNCOUNTED: Final = f"{_RULE}.uncounted"
"""Set once strokes of a window were not counted: the sum is then no count."""
_ENERGY_MJ: Final = f"{_RULE}.energy_mj"
"""Delivered by all shots, test shots included, in the scope they report."""
_ENERGY_UNKNOWN: Final = f"{_RULE}.energy_unknown"
_SCOPE: Final = f"{_RULE}.energy_scope"
_SCOPES: Final = {"total": 1.0, "per_pin": 2.0}


def _counters(case: Case) -> Iterable[Hit]:
    if case.ending is not None:
        return _compare(case)
    document, shot = case.document, case.shot
    if isinstance(document, NeedlingWindows):
        counted = document.stroke_count
        if counted is None or None in counted:
            case.state.numbers[_UNCOUNTED] = 1.0
    elif shot is not None:
        _add_energy(case.state.numbers, shot)
    return ()


def _add_energy(numbers: dict[str, float], shot: Shot) -> None:
    for pulse in shot.pulses:
        energy_mj = pulse.energy_delivered_mj
        parts = [channel.energy_delivered_mj for channel in pulse.channels or ()]
        if energy_mj is None and parts:
            known = [part for part in parts if part is not None]
            energy_mj = sum(known) if len(known) == len(parts) else None
        scope = _SCOPES.get(pulse.energy_scope or "")
        if energy_mj is None or scope is None or numbers.setdefault(_SCOPE, scope) != scope:
            numbers[_ENERGY_UNKNOWN] = 1.0
            return
        numbers[_ENERGY_MJ] = numbers.get(_ENERGY_MJ, 0.0) + energy_mj


def _compare(case: Case) -> Iterator[Hit]:
    stopped, numbers = case.state.stopped, case.state.numbers
    if stopped is None or not _is_whole(case):
        return
    tallies = case.state.tallies.values()
    strokes = sum(tally.stroke_count for tally in tallies)
    # A console's motor may count insertions of which no windows are sent.
    if _UNCOUNTED not in numbers and (strokes or case.modality == "pen"):
        yield from _difference("strokes", stopped.stroke_count, strokes, stopped)
    shots = sum(tally.treatment_shot_count + tally.test_shot_count for tally in tallies)
    yield from _difference("shots", stopped.shot_count, shots, stopped)
    if _ENERGY_UNKNOWN not in numbers and _ENERGY_MJ in numbers:
        energy_mj = numbers[_ENERGY_MJ]
        allowed_mj = COUNTER_TOLERANCE.value * abs(energy_mj)
        yield from _difference(
            "of energy", stopped.energy_delivered_mj, energy_mj, stopped, allowed_mj, "mJ"
        )


def _is_whole(case: Case) -> bool:
    """Whether everything the device counted was there to be added up."""
    ending = case.ending
    if ending is None or not ending.ended or case.state.skipped:
        return False
    if case.context.chart.withdrawn_seqs:
        return False
    return not (ending.missing or ending.lost or ending.rejected or ending.conflicts)


def _difference(
    what: str,
    told: float | None,
    added: float,
    stopped: SessionStopped,
    allowed: float = 0.0,
    unit: Unit = "1",
) -> Iterator[Hit]:
    if told is None or not is_above(abs(told - added), allowed):
        return
    yield Hit(
        sentence=f"The device counted {said(told, unit)} {what}; its messages, of which none is"
        f" missing, add up to {said(added, unit)}.",
        about=what,
        seqs=(stopped.seq, stopped.seq),
        measured_value=round(told, 3),
        limit_value=round(added, 3),
        unit=unit,
    )


COUNTER_RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id=_RULE,
        meaning="The device did something it did not report, or reported something it did not do.",
        envelopes=("none",),
        priority="medium",
        nature="technical",
        persistence="the whole session",
        clearing="never",
        source="The device's own counters in its last message",
        trust="D",
        when=("windows", "shot", "closed"),
        look=_counters,
    ),
)
