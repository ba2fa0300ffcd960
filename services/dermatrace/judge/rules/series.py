"""Rules about a series: whether a zone is treated again too early, too late or too often."""

from collections.abc import Iterable
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.circumstances import digests_of
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.rules.series_doubts import DOUBT_RULES
from dermatrace.judge.rules.series_place import is_first_treatment_here, places, plan_of, whose
from dermatrace.judge.series_pace import Term, Timing
from dermatrace.judge.series_view import ZoneProgress


def _early(case: Case) -> Iterable[Hit]:
    return _ill_timed(case, "early")


def _late(case: Case) -> Iterable[Hit]:
    return _ill_timed(case, "late")


def _ill_timed(case: Case, timing: Timing) -> Iterable[Hit]:
    if not case.context.earlier or not is_first_treatment_here(case):
        return ()
    hits = []
    for zone, step in places(case, case.spot):
        pace = zone.pace
        term = pace.interval_min_days if timing == "early" else pace.interval_max_days
        if step.timing == timing and step.waited_days is not None and term is not None:
            hits.append(_waited(case, zone, step.waited_days, timing, term))
    return hits[:1]  # one finding a spot, even if it is two sides


def _waited(case: Case, zone: ZoneProgress, days: int, timing: Timing, term: Term) -> Hit:
    who, version = whose(case.context, term)
    bound = "at the earliest" if timing == "early" else "at the latest"
    after = "on the same day" if days == 0 else f"after {_days(days)}"
    return Hit(
        sentence=f"The {zone.spot.name} was treated again {after}; {who} asks for"
        f" {_days(term.value)} {bound}.",
        spot=case.spot,
        measured_value=days,
        limit_value=term.value,
        unit="d",
        digests=digests_of(version),
    )


def _days(days: float) -> str:
    return f"{said(days)} day{'' if days == 1 else 's'}"


def _too_many(case: Case) -> Iterable[Hit]:
    # Without a plan nobody has said where a series begins: `series.unknown` speaks of that.
    if not case.context.earlier or not is_first_treatment_here(case):
        return ()
    if plan_of(case.context) is None:
        return ()
    for zone, _ in places(case, case.spot):
        most = zone.pace.step_count_max
        if most is not None and zone.is_too_many:
            who, version = whose(case.context, most)
            plan = case.context.registry.series_plan
            sentence = (
                f"This was treatment {len(zone.steps)} of the {zone.spot.name} in its series;"
                f" {who} allows {said(most.value)}."
            )
            return (
                Hit(
                    sentence=sentence,
                    spot=case.spot,
                    measured_value=len(zone.steps),
                    limit_value=most.value,
                    unit="1",
                    digests=digests_of(version, plan),
                ),
            )
    return ()


RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="series.early",
        meaning="The skin was treated again before the time it was to be given to heal.",
        envelopes=("clinic_protocol",),
        priority="medium",
        nature="treatment",
        persistence="the first stroke or treatment shot in a zone",
        clearing="never",
        source="Published series keep their sessions 14 to 42 days apart, by indication; the "
        "limits are those of the series plan and the treatment protocol",
        trust="V",
        when=("worked",),
        look=_early,
    ),
    MomentRule(
        id="series.late",
        meaning="The treatment came later than planned: the series may do less than it could.",
        envelopes=("clinic_protocol",),
        priority="low",
        nature="treatment",
        persistence="the first stroke or treatment shot in a zone",
        clearing="never",
        source="NCT05847530 allows 2 to 12 weeks; the limits are those of the series plan and the "
        "treatment protocol",
        trust="V",
        when=("worked",),
        look=_late,
    ),
    MomentRule(
        id="series.too_many",
        meaning="The zone was treated more often than its series provides for.",
        envelopes=("clinic_protocol",),
        priority="medium",
        nature="treatment",
        persistence="the first stroke or treatment shot in a zone",
        clearing="never",
        source="Published series run from one session to ten, by indication; the limits are those "
        "of the series plan and the treatment protocol",
        trust="V",
        when=("worked",),
        look=_too_many,
    ),
    *DOUBT_RULES,
)
