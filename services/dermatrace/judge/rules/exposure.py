"""What a zone or a tip has been given in total, held against what it may be given.

Totals are the zone's numbers of all documents before the one in hand, and that document's own.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules import passes, stacking
from dermatrace.judge.rules.budget import (
    above,
    budget,
    cannot_assess,
    ceilings,
    digests_of,
    has_ceiling,
    is_above,
    said,
)
from dermatrace.judge.rules.limits_rf import energy_unknown
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.session import Tip

MS_PER_S: Final = 1_000.0
MJ_PER_J: Final = 1_000.0
_ALL: Final[tuple[Envelope, ...]] = ("clinic_protocol", "cleared_label", "device_rating")
_OF_TIP: Final[tuple[Envelope, ...]] = ("device_rating", "cleared_label")
"""Shots limited here are those one tip may deliver; the treatment protocol limits those of a
zone."""
_TIP_NUMBER: Final = "exposure.tip_life.tip"
_TIP_SHOTS: Final = "exposure.tip_life.shots"


def _contact_strokes(case: Case) -> int:
    return 0 if case.windows is None else sum(case.windows.contact_strokes)


def _stroke_count(case: Case) -> float | None:
    added = _contact_strokes(case)
    return case.tally().contact_stroke_count + added if added else None


def _puncture_count(case: Case) -> float | None:
    added, needles = _contact_strokes(case), case.needle_count
    if not added or needles is None:
        return None
    return (case.tally().puncture_count or 0) + added * needles


def _contact_s(case: Case) -> float | None:
    windows = case.windows
    if windows is None or not _contact_strokes(case):
        return None
    return (case.tally().contact_ms + windows.contact_ms) / MS_PER_S


def _shot_count(case: Case) -> float | None:
    shot = case.shot
    if shot is None or not shot.treatment:
        return None
    return case.tally().treatment_shot_count + 1


def _dose_j(case: Case) -> float | None:
    shot = case.shot
    if shot is None or not shot.treatment or shot.energy_delivered_mj is None:
        return None
    return ((case.tally().energy_delivered_mj or 0.0) + shot.energy_delivered_mj) / MJ_PER_J


def _punctures_unknown(case: Case) -> Iterable[Hit]:
    bounds = case.bounds("puncture_count")
    if not bounds or case.needle_count is not None or not _contact_strokes(case):
        return ()
    limits = ceilings(bounds)
    if not limits:
        return ()
    why = "the needle count of the tip in use is unknown"
    return (cannot_assess("The number of punctures", why, limits, case, "needles"),)


def _shots_before(tip: Tip | None) -> int | None:
    """Return what a tip had delivered when it was attached; None if nobody knows.

    A tip attached for the first time had delivered nothing.
    """
    if tip is None or tip.shot_count is not None:
        return None if tip is None else tip.shot_count
    return 0 if tip.attach_count == 1 else None


def _tip_life(case: Case) -> Iterable[Hit]:
    shot, tip, state = case.shot, case.tip, case.state
    if shot is None or not shot.pulses:
        return ()
    number = -1.0 if tip is None else float(state.tip_count)
    if state.numbers.get(_TIP_NUMBER) != number:
        state.numbers[_TIP_NUMBER], state.numbers[_TIP_SHOTS] = number, 0.0
    state.numbers[_TIP_SHOTS] += 1
    limits = ceilings(case.bounds("shot_count"), _OF_TIP)
    before = _shots_before(tip)
    total = (before or 0) + state.numbers[_TIP_SHOTS]
    what = "Shots of the tip in use" if before is not None else "Shots of the tip in use, at least,"
    return [
        above(what, total, bound, about=_tip_name(case))
        for bound in limits
        if is_above(total, bound.upper)
    ]


def _tip_life_unknown(case: Case) -> Iterable[Hit]:
    shot = case.shot
    if shot is None or not shot.pulses or _shots_before(case.tip) is not None:
        return ()
    limits = ceilings(case.bounds("shot_count"), _OF_TIP)
    if not limits:
        return ()
    sentence = (
        "The life of the tip in use cannot be assessed: it was not told how many shots it had"
        f" delivered before, and it may deliver {said(limits[0].upper or 0.0)} by the"
        f" {limits[0].whose}."
    )
    return (Hit(sentence=sentence, about=_tip_name(case), digests=digests_of(limits)),)


def _tip_name(case: Case) -> str:
    return "no tip" if case.tip is None else f"tip {case.state.tip_count}"


_spent = partial(
    MomentRule,
    envelopes=_ALL,
    nature="treatment",
    persistence="the total once above its limit",
    clearing="never",
)
_unknown = partial(
    MomentRule,
    envelopes=("none",),
    priority="low",
    nature="technical",
    clearing="never",
)
RULES: Final[tuple[AnyRule, ...]] = (
    *passes.RULES,
    _spent(
        id="exposure.strokes",
        meaning="A zone was given more strokes on skin than allowed.",
        priority="medium",
        source="Strokes are stroke rate times time on skin",
        trust="D",
        when=("windows",),
        look=budget("stroke_count", "Contact strokes", _stroke_count),
        applies=has_ceiling("stroke_count"),
    ),
    _spent(
        id="exposure.punctures",
        meaning="A zone was given more needle holes than allowed.",
        priority="medium",
        source="Punctures are contact strokes times needles",
        trust="D",
        when=("windows",),
        look=budget("puncture_count", "Punctures", _puncture_count),
        applies=has_ceiling("puncture_count"),
    ),
    _spent(
        id="exposure.contact_time",
        meaning="A zone was worked on for longer than allowed.",
        priority="medium",
        source="Time on skin is what the device measures, or the time it made strokes",
        trust="D",
        when=("windows",),
        look=budget("contact_time", "Time on skin", _contact_s),
        applies=has_ceiling("contact_time"),
    ),
    _spent(
        id="exposure.shots",
        meaning="A zone was given more shots than allowed.",
        priority="medium",
        envelopes=("clinic_protocol",),
        source="Shots of a zone are limited by treatment protocols, if at all",
        trust="U",
        when=("shot",),
        look=budget("shot_count", "Treatment shots", _shot_count, ("clinic_protocol",)),
        applies=has_ceiling("shot_count", ("clinic_protocol",)),
    ),
    _spent(
        id="exposure.dose",
        meaning="A zone was given more energy in total than allowed, which can burn or cost fat.",
        priority="high",
        source="FDA communication of 15 October 2025 on RF microneedling, as reported: fat loss",
        trust="S",
        when=("shot",),
        look=budget("dose_per_zone", "Energy delivered", _dose_j),
        applies=has_ceiling("dose_per_zone"),
    ),
    _spent(
        id="exposure.tip_life",
        meaning="The tip delivered more shots than it is made for.",
        priority="medium",
        envelopes=_OF_TIP,
        source="510(k) K131758: surface tips validated for 800 pulses; others state their own",
        trust="V",
        when=("shot",),
        look=_tip_life,
    ),
    _unknown(
        id="exposure.punctures_unknown",
        meaning="Needle holes are limited, and nobody knows how many needles the tip has.",
        persistence="one document with contact",
        source="Punctures are contact strokes times needles",
        trust="D",
        when=("windows",),
        look=_punctures_unknown,
        applies=has_ceiling("puncture_count"),
    ),
    _unknown(
        id="exposure.dose_unknown",
        meaning="The energy of a zone is limited, and nobody knows how much it was given.",
        persistence="one treatment shot",
        source="Without a scope, an energy can mean the whole tip or one pin",
        trust="D",
        when=("shot",),
        look=energy_unknown("dose_per_zone", "The dose of the zone", treatment_only=True),
        applies=has_ceiling("dose_per_zone"),
    ),
    _unknown(
        id="exposure.tip_life_unknown",
        meaning="Nobody can tell whether the tip delivered more shots than it is made for.",
        persistence="one shot",
        source="A tip that is not new has delivered shots before",
        trust="D",
        when=("shot",),
        look=_tip_life_unknown,
        applies=has_ceiling("shot_count", _OF_TIP),
    ),
    *stacking.RULES,
)
