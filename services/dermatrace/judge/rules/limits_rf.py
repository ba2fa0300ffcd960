"""What a shot shows beside its bands: impedance by the session's own measure, energies unknown."""

from collections.abc import Iterable
from statistics import median
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.defaults import IMPEDANCE_BAND, IMPEDANCE_RISE, IMPEDANCE_SHOTS_MIN
from dermatrace.judge.readings import Shot
from dermatrace.judge.rules.budget import Look, cannot_assess, ceilings, has_ceiling, said
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.quantities import Quantity

OFF_SESSION: Final = "impedance.off_session"
IMPEDANCES_KEPT_MAX: Final = 100
"""Latest shots that the running median is taken of; what came earlier no longer counts."""


def _off_session(case: Case) -> Iterable[Hit]:
    shot = case.shot
    before_ohm = None if shot is None else shot.impedance_before_ohm
    if before_ohm is None:
        return ()
    seen = case.state.lists.setdefault(OFF_SESSION, [])
    hits: tuple[Hit, ...] = ()
    if len(seen) >= IMPEDANCE_SHOTS_MIN.value:
        hits = _against(median(seen), before_ohm, case)
    seen.append(before_ohm)
    del seen[:-IMPEDANCES_KEPT_MAX]
    return hits


def _against(usual_ohm: float, before_ohm: float, case: Case) -> tuple[Hit, ...]:
    share = IMPEDANCE_BAND.value
    low_ohm, high_ohm = usual_ohm * (1 - share), usual_ohm * (1 + share)
    if low_ohm <= before_ohm <= high_ohm:
        return ()
    side, limit_ohm = ("above", high_ohm) if before_ohm > high_ohm else ("below", low_ohm)
    sentence = (
        f"Impedance before a shot at {case.spot.name} was {said(before_ohm, 'Ohm')}, {side}"
        f" {said(limit_ohm, 'Ohm')}: more than {share:.0%}, a default, away from"
        f" {said(usual_ohm, 'Ohm')}, the median of the session's shots before it."
    )
    return (
        Hit(
            sentence=sentence,
            spot=case.spot,
            about=side,
            measured_value=before_ohm,
            limit_value=limit_ohm,
            unit="Ohm",
        ),
    )


def _rises(case: Case) -> Iterable[Hit]:
    shot = case.shot
    if shot is None:
        return ()
    readings = [r for pulse in shot.pulses for r in (pulse, *(pulse.channels or ()))]
    ends = [
        (end_ohm / start_ohm, start_ohm, end_ohm)
        for start_ohm, end_ohm in ((r.impedance_start_ohm, r.impedance_end_ohm) for r in readings)
        if start_ohm is not None and start_ohm > 0.0 and end_ohm is not None
    ]
    factor, start_ohm, end_ohm = max(ends, default=(0.0, 0.0, 0.0))
    factor_max = 1 + IMPEDANCE_RISE.value
    if factor < factor_max:
        return ()
    sentence = (
        f"Impedance rose within a pulse at {case.spot.name} from {said(start_ohm, 'Ohm')} to"
        f" {said(end_ohm, 'Ohm')}: {said(factor)} times its start, where"
        f" {said(factor_max)} times, a default, points to drying tissue or lost contact."
    )
    return (
        Hit(
            sentence=sentence,
            spot=case.spot,
            measured_value=end_ohm,
            limit_value=start_ohm * factor_max,
            unit="Ohm",
        ),
    )


def energy_unknown(quantity: Quantity, what: str, *, treatment_only: bool = False) -> Look:
    """Return a look that tells shots whose energy cannot be held against an existing ceiling."""

    def look(case: Case) -> Iterable[Hit]:
        shot = case.shot
        if shot is None or not shot.pulses or (treatment_only and not shot.treatment):
            return ()
        limits = ceilings(case.bounds(quantity))
        if not limits:
            return ()
        per_pin_mj, needles = shot.energy_per_pin_delivered_mj, case.needle_count
        energy_mj = per_pin_mj if quantity == "energy_per_pin" else shot.energy_delivered_mj
        if energy_mj is not None:
            return ()
        about, why = _why_unknown(shot, needles)
        return (cannot_assess(what, why, limits, case, about),)

    return look


def _why_unknown(shot: Shot, needle_count: int | None) -> tuple[str, str]:
    for pulse in shot.pulses:
        parts = [channel.energy_delivered_mj for channel in pulse.channels or ()]
        if pulse.energy_delivered_mj is None and (None in parts or not parts):
            return "energy", "the device reports no energy delivered for a shot"
    if any(pulse.energy_scope is None for pulse in shot.pulses):
        return "scope", "the device does not say whether its energy is in total or per pin"
    if needle_count is None:
        return "pins", "the pin count of the tip in use is unknown"
    return "energy", "its energies cannot be brought together"


RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id=OFF_SESSION,
        meaning="Before a shot the skin conducted quite unlike before the others of the session.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence=f"one shot, after {IMPEDANCE_SHOTS_MIN.value:g} others",
        clearing="never",
        source=IMPEDANCE_BAND.source,
        trust=IMPEDANCE_BAND.trust,
        when=("shot",),
        look=_off_session,
    ),
    MomentRule(
        id="impedance.rises",
        meaning="During a pulse the tissue stopped conducting: it may have dried out.",
        envelopes=("none",),
        priority="medium",
        nature="technical",
        persistence="one shot",
        clearing="never",
        source=IMPEDANCE_RISE.source,
        trust=IMPEDANCE_RISE.trust,
        when=("shot",),
        look=_rises,
    ),
    MomentRule(
        id="energy.unknown",
        meaning="Energy per insertion is limited, and what was delivered is not known.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence="one shot",
        clearing="never",
        source="Without a scope, an energy can mean the whole tip or one pin",
        trust="D",
        when=("shot",),
        look=energy_unknown("energy_total", "Energy of an insertion"),
        applies=has_ceiling("energy_total"),
    ),
    MomentRule(
        id="energy_per_pin.unknown",
        meaning="Energy per needle is limited, and how much each one delivered is not known.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence="one shot",
        clearing="never",
        source="Energy per pin is energy divided by the pins of the tip in use",
        trust="D",
        when=("shot",),
        look=energy_unknown("energy_per_pin", "Energy per pin"),
        applies=has_ceiling("energy_per_pin"),
    ),
)
