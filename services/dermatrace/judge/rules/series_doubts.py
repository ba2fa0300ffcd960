"""Rules about what keeps a series from being judged, and about a session outside of its plan."""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.context import EarlierSession
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.circumstances import digests_of, words
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.rules.series_place import clinic_day_of, places, plan_of, treated_spots
from dermatrace.judge.series_view import ZoneProgress, overlap
from dermatrace.judge.spot import Spot
from dermatrace_schemas.registry_models import SeriesPlanContent

MS_PER_DAY: Final = 86_400_000
_NEVER: Final = "never"


def _unknown(case: Case) -> Iterable[Hit]:
    context = case.context
    if context.chart.series_id is not None and context.series_plan is None:
        yield Hit(
            sentence="The series plan the visit names was not on record when the session began:"
            " what it asks for cannot be assessed.",
            about="plan",
        )
    if not _limits_anything(case):
        return
    plan = context.registry.series_plan
    if context.chart.plan.subject_id is None:
        yield Hit(
            sentence="The visit names no subject: whether the session kept the interval of its"
            " series cannot be assessed.",
            about="subject",
            digests=digests_of(plan),
        )
        return
    day = clinic_day_of(case)
    has_doubt = context.started_ms is None or case.state.clock.is_doubtful
    if day is None and (context.earlier or has_doubt):
        yield Hit(
            sentence="The day of the session is not known for sure: whether it kept the interval"
            " of its series cannot be assessed.",
            about="clock",
            digests=digests_of(plan),
        )
    if day is not None and context.earlier:
        for spot in treated_spots(case):
            yield from _unknown_at(case, spot)


def _limits_anything(case: Case) -> bool:
    """Whether there is anything to be kept: a plan, or a number in the treatment protocol."""
    if plan_of(case.context) is not None:
        return True
    return any(
        bound.lower is not None or bound.upper is not None
        for spot in treated_spots(case)
        for bound in (*case.bounds("interval", spot), *case.bounds("session_count", spot))
    )


def _unknown_at(case: Case, spot: Spot) -> Iterator[Hit]:
    context = case.context
    found = places(case, spot)
    reasons = [_reason(case, zone) for zone, step in found if step.timing == "unknown"]
    for about, text in [reason for reason in reasons if reason is not None][:1]:
        yield Hit(
            sentence=f"Whether the {spot.name} was treated in time cannot be assessed: {text}.",
            spot=spot,
            about=about,
            digests=digests_of(context.registry.series_plan, context.registry.protocol),
        )
    if plan_of(context) is None and any(zone.is_too_many for zone, _ in found):
        yield Hit(
            sentence=f"Whether the {spot.name} was treated too often cannot be assessed: no series"
            " plan says where the series begins.",
            spot=spot,
            about="count",
            digests=digests_of(context.registry.protocol),
        )
    if any(_may_be_another_visit(case, spot, other) for other in context.earlier):
        yield Hit(
            sentence=f"The {spot.name} was treated in two sessions on one day, and it is not on"
            " record whether they belong to one visit: they were counted as one.",
            spot=spot,
            about="visit",
        )


def _reason(case: Case, zone: ZoneProgress) -> tuple[str, str] | None:
    pace = zone.pace
    if pace.interval_min_days is None and pace.interval_max_days is None:
        wanted = plan_of(case.context) is not None
        return ("limits", "nobody has entered how far apart sessions may be") if wanted else None
    return ("sessions", "day, zone or treatment of another session is not known")


def _may_be_another_visit(case: Case, spot: Spot, other: EarlierSession) -> bool:
    """Whether a session counts as one with another of the day only because nobody knows better."""
    context, started = case.context, case.state.started
    if other.clinic_day != context.clinic_day or None not in {
        other.visit_id,
        context.chart.visit_id,
    }:
        return False
    if started is not None and started.continues == other.stream_id:
        return False
    return any(overlap(spot, their) for their in other.spots)


def _order(case: Case) -> Iterable[Hit]:
    plan, started_ms = plan_of(case.context), case.context.started_ms
    if plan is None or started_ms is None or case.state.clock.is_doubtful:
        return ()
    version = case.context.registry.series_plan
    if plan.starts_ms is not None and started_ms < plan.starts_ms:
        edge, days = "before the series begins", (plan.starts_ms - started_ms) / MS_PER_DAY
    elif plan.ends_ms is not None and started_ms >= plan.ends_ms:
        edge, days = "after the series has ended", (started_ms - plan.ends_ms) / MS_PER_DAY
    else:
        return ()
    name = "the series plan" if version is None else f"series plan {version.registry_id}"
    return (
        Hit(
            sentence=f"The session began {said(round(days, 1))} days {edge} by {name}.",
            measured_value=round(days, 1),
            unit="d",
            digests=digests_of(version),
        ),
    )


def _plan_differs(case: Case) -> Iterable[Hit]:
    plan, version = case.context.series_plan, case.context.registry.series_plan
    if plan is None:
        return
    for member, text in _differences(case, plan):
        yield Hit(sentence=text, about=member, digests=digests_of(version))


def _differences(case: Case, plan: SeriesPlanContent) -> Iterator[tuple[str, str]]:
    context, started = case.context, case.state.started
    told, protocol = context.chart.plan, context.protocol
    if told.subject_id is not None and told.subject_id != plan.subject_id:
        yield (
            "subject",
            "The series plan of the visit was made for another subject; it was not used.",
        )
    pairs = (
        ("treatment", plan.treatment, None if protocol is None else protocol.treatment),
        ("protocol", plan.protocol_id, told.protocol_id),
        ("indication", plan.indication, told.indication),
        ("setting", plan.setting, None if started is None else started.setting),
    )
    for member, planned, found in pairs:
        if None not in {planned, found} and planned != found:
            plans, is_of = words(str(planned)), words(str(found))
            yield member, f"The series plan is of {member} {plans}, the session of {is_of}."


DOUBT_RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="series.order",
        meaning="The session lies before or after the series it is said to belong to.",
        envelopes=("clinic_protocol",),
        priority="low",
        nature="treatment",
        persistence="the start of the session",
        clearing=_NEVER,
        source="First and last day of the series plan",
        trust="D",
        when=("started", "closed"),
        look=_order,
    ),
    MomentRule(
        id="series.unknown",
        meaning="Nobody can tell whether the skin was given the time to heal that was planned.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence="the whole session",
        clearing=_NEVER,
        source="What is unknown is neither on time nor late",
        trust="D",
        when=("closed",),
        look=_unknown,
    ),
    MomentRule(
        id="series.plan_differs",
        meaning="The series plan of the visit and the session do not fit together.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence="the whole session",
        clearing=_NEVER,
        source="Comparison of series plan, chart and device",
        trust="D",
        when=("started", "closed"),
        look=_plan_differs,
    ),
)
