"""How often a zone was gone over, held against how often it may and should be."""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.judge.bounds import Bound
from dermatrace.judge.case import Case
from dermatrace.judge.rules.budget import (
    aside,
    budget,
    digests_of,
    floors,
    has_ceiling,
    priority_of,
    said,
)
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import spot_of_key


def _pass_count(case: Case) -> float | None:
    number, windows, shot = case.pass_number, case.windows, case.shot
    treats = windows.contact_stroke_count if windows is not None else shot and shot.treatment
    if number is None or not treats:
        return None
    seen = case.tally().passes
    return len(seen) + (number not in seen)


def _floors_of_passes(case: Case) -> Iterator[tuple[Spot, int, float, Bound]]:
    """Yield each treated zone that was given fewer passes than a lower limit, by that limit.

    The highest number told counts, so that a pass whose documents are lost is not held against
    anybody.
    """
    for key, tally in case.state.tallies.items():
        spot = spot_of_key(key)
        if spot.zone is None or not tally.delivered:
            continue
        made = max(tally.passes, default=0)
        for lower, bound in floors(case.bounds("pass_count", spot)):
            if made < lower:
                yield spot, made, lower, bound


def _is_partial(case: Case) -> bool:
    """Whether documents of the session are not there, so that work may be missing from totals."""
    ending = case.ending
    return ending is None or not ending.ended or any((ending.missing, ending.lost, ending.rejected))


def _passes_few(case: Case) -> Iterable[Hit]:
    if _is_partial(case):
        return ()
    return [
        Hit(
            sentence=f"Passes at {spot.name} in this session came to {made}, fewer than the"
            f" {said(lower)} of the {bound.whose}{aside(bound)}.",
            envelope=bound.envelope,
            priority=priority_of(bound),
            spot=spot,
            measured_value=float(made),
            limit_value=lower,
            unit="1",
            digests=digests_of((bound,)),
        )
        for spot, made, lower, bound in _floors_of_passes(case)
        if made
    ]


def _passes_unknown(case: Case) -> Iterable[Hit]:
    partial_record = _is_partial(case)
    why = "documents are missing" if partial_record else "the device does not tell its passes"
    return [
        Hit(
            sentence=f"Whether the {said(lower)} passes of the {bound.whose} were made at"
            f" {spot.name} cannot be assessed: {why}.",
            spot=spot,
            digests=digests_of((bound,)),
        )
        for spot, made, lower, bound in _floors_of_passes(case)
        if partial_record or not made
    ]


RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="exposure.passes",
        meaning="A zone was gone over more often than allowed.",
        priority="medium",
        source="Vivace, vendor's routine of two passes per section; a study gives floors only",
        trust="S",
        envelopes=("clinic_protocol", "cleared_label", "device_rating"),
        nature="treatment",
        persistence="the first work on skin beyond the limit",
        clearing="never",
        when=("windows", "shot"),
        look=budget("pass_count", "Passes", _pass_count),
        applies=has_ceiling("pass_count"),
    ),
    MomentRule(
        id="exposure.passes_few",
        meaning="A zone was gone over less often than intended; it may do less than hoped.",
        priority="low",
        source="Cohen 2016: two to three passes at least with one insulated system",
        trust="V",
        envelopes=("clinic_protocol", "cleared_label", "device_rating"),
        nature="treatment",
        persistence="once, when the session has ended",
        clearing="never",
        when=("closed",),
        look=_passes_few,
    ),
    MomentRule(
        id="exposure.passes_unknown",
        meaning="Nobody can tell whether a zone was gone over as often as intended.",
        persistence="once, when the session has ended",
        source="Only the device numbers its passes",
        trust="D",
        envelopes=("none",),
        nature="technical",
        priority="low",
        clearing="never",
        when=("closed",),
        look=_passes_unknown,
    ),
)
