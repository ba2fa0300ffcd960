"""Where the session in hand stands in its series, zone by zone."""

from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.context import EarlierSession, SessionContext
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.circumstances import protocol_name
from dermatrace.judge.series_pace import Term, covers
from dermatrace.judge.series_steps import Step
from dermatrace.judge.series_view import ZoneProgress, overlap, series_of
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import spot_of_key, tally_key
from dermatrace_schemas.registry_models import SeriesPlanContent

_OURS: Final = ""
"""Stands for the session in hand among the others: no stream has this name."""


def is_first_treatment_here(case: Case) -> bool:
    """Whether the document in hand is the first that treats its zone; test shots do not.

    Asked ten times a second, so what is nearly always false goes first.
    """
    tally = case.state.tallies.get(tally_key(case.spot))
    if tally is not None and (tally.contact_stroke_count or tally.treatment_shot_count):
        return False
    if case.windows is not None:
        return any(case.windows.contact_strokes)
    return case.shot is not None and case.shot.treatment


def treated_spots(case: Case) -> list[Spot]:
    """Return where the session has treated, as far as the zone is known."""
    from_key = case.state.tallies.items()
    spots = ((spot_of_key(key), tally) for key, tally in from_key)
    return [
        spot
        for spot, tally in spots
        if spot.zone is not None and (tally.contact_stroke_count or tally.treatment_shot_count)
    ]


def clinic_day_of(case: Case) -> int | None:
    """Return the session's day, or None: by a doubtful clock nobody knows it."""
    return None if case.state.clock.is_doubtful else case.context.clinic_day


def plan_of(context: SessionContext) -> SeriesPlanContent | None:
    """Return the series plan the visit names, unless it was made for somebody else."""
    plan, subject_id = context.series_plan, context.chart.plan.subject_id
    if plan is None or (subject_id is not None and subject_id != plan.subject_id):
        return None
    return plan


def places(case: Case, spot: Spot) -> list[tuple[ZoneProgress, Step]]:
    """Return the step this session is at a spot; a spot on both sides may be two."""
    context = case.context
    plan, protocol = plan_of(context), context.protocol
    if not covers(plan, spot.zone):
        plan = None
    treatment = protocol.treatment if protocol is not None else plan.treatment if plan else None
    ours = EarlierSession(
        stream_id=_OURS,
        visit_id=context.chart.visit_id,
        treatment=treatment,
        started_ms=None if case.state.clock.is_doubtful else context.started_ms,
        clinic_day=clinic_day_of(case),
        spots=(spot,),
    )
    progress = series_of(
        plan,
        () if protocol is None else protocol.bands,
        (*context.earlier, ours),
        treatment=treatment,
        phototype=context.chart.phototype,
    )
    here = [zone for zone in progress.zones if overlap(zone.spot, spot)]
    steps = [(zone, zone.step_of(_OURS)) for zone in here]
    return [(zone, step) for zone, step in steps if step is not None]


def whose(context: SessionContext, term: Term) -> tuple[str, Version | None]:
    """For a sentence: who set a limit; and the version it stands in."""
    if term.by == "treatment protocol":
        return protocol_name(context), context.registry.protocol
    version = context.registry.series_plan
    if version is None:
        return "the series plan", None
    return f"series plan {version.registry_id} version {version.version}", version
