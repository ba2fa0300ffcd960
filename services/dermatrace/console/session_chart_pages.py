"""What people say of one session: whose it is, why findings were accepted, what is wrong."""

from typing import Any, Final

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.chart_facts import ToldFacts, told_facts
from dermatrace.console.chart_pages import director_of
from dermatrace.console.clinic_time import local_clock, time_zone_of
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.floor_state import means
from dermatrace.console.floor_tiles import PRIORITIES
from dermatrace.console.session_lookup import find_stream
from dermatrace.console.visit_choices import choices
from dermatrace.console.visit_facts import (
    VisitFact,
    VisitSession,
    still_under_way,
    visit_fact,
    visit_session,
)
from dermatrace.judge.chart import SessionId, standing
from dermatrace.judge.search import SessionQuery, search
from dermatrace.judge.session_detail import findings_of
from dermatrace.reading.visit_chart import facts_of_session
from dermatrace_schemas.chart_review import ChartAcknowledgement, ChartJustification
from dermatrace_schemas.finding import Priority

doors = Doors()
_ONE: Final = Access(CLINICAL, "clinic", reads="session")


class SpokenOf(Facts):
    """One finding of the newest judgement, and what people have said of it."""

    number: int
    priority: Priority
    rule: str
    sentence: str
    is_cleared: bool
    is_justified: bool
    seen_by: tuple[str, ...]


class SessionChart(Facts):
    """What people say of one session."""

    clinic: str
    sender: str
    session_id: str
    visit_id: str | None
    session: VisitSession | None
    """Null: the judge has not come to it."""
    generation: int | None
    as_of_entry_id: int
    """The record as this answer shows it; a signature names it."""
    findings: tuple[SpokenOf, ...]
    facts: tuple[VisitFact, ...]
    entered: tuple[ToldFacts, ...]
    """What was entered here about it, with what became of each."""


def _dress(desk: Desk, facts: SessionChart) -> dict[str, Any]:
    zone = time_zone_of(desk.record.registry(), facts.clinic, desk.now_ms)
    shown = desk.installation.floor.shown()
    return {
        "zone": zone,
        "local": local_clock(zone),
        "choices": choices(desk, facts.clinic),
        "signer": director_of(desk, facts.clinic) if desk.visitor.role == "director" else None,
        "under_way": still_under_way(facts.entered, facts.facts),
        "wanted_visit": desk.request.query_params.get("visit") or facts.visit_id,
        "visits": [one for one in shown.visits if one.clinic == facts.clinic],
    }


@doors.facts(
    "/sessions/{clinic}/{sender}/{session}/chart", "session_chart.html", _ONE, dress=_dress
)
def session_chart(desk: AtDesk, clinic: str, sender: str, session: str) -> SessionChart:
    """Tell what people have said of one session."""
    journal, index = desk.record.journal, desk.record.index
    find_stream(journal, clinic, sender, session)
    assert journal is not None  # noqa: S101  the session was found in it
    asked = SessionQuery(clinic=clinic, sender=sender, stream_id=session)
    found = None if index is None else next(iter(search(index, asked)), None)
    name = SessionId(clinic, sender, session)
    facts = [] if index is None else facts_of_session(journal, index, name)
    held = standing(facts)
    said = [fact.document for fact in held]
    reviewed = [one for one in said if isinstance(one, ChartAcknowledgement | ChartJustification)]
    findings = [] if index is None or found is None else findings_of(index, found.stream_row)
    telling = desk.installation.telling
    return SessionChart(
        clinic=clinic,
        sender=sender,
        session_id=session,
        visit_id=None if found is None else found.visit_id,
        session=None if found is None else visit_session(found),
        generation=None if found is None else found.generation,
        as_of_entry_id=journal.head().entry_id,
        findings=tuple(
            SpokenOf(
                number=one.number,
                priority=one.priority,
                rule=one.rule,
                sentence=one.sentence,
                is_cleared=one.cleared,
                is_justified=one.justified,
                seen_by=tuple(
                    told.author or "somebody"
                    for told in reviewed
                    if any(means(key, one) for key in told.findings)
                ),
            )
            for one in sorted(findings, key=lambda told: PRIORITIES.index(told.priority))
        ),
        facts=tuple(visit_fact(fact, fact not in held) for fact in facts),
        entered=tuple(told_facts(telling.about(clinic, f"{sender}/{session}", journal))),
    )
