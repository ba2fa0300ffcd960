"""Check-in: who comes, for what, to whom; and everything people tell about a visit."""

import secrets
from typing import Annotated, Any, Final

from fastapi import Body, Path, Query
from pydantic import Field, JsonValue
from starlette.responses import Response

from dermatrace.console.access import CLINICAL, WRITERS, Access
from dermatrace.console.chart_facts import Entered, ToldFacts, document
from dermatrace.console.chart_pages import tell
from dermatrace.console.clinic_time import local_clock, time_zone_of
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.visit_choices import HARMS, choices, defaults
from dermatrace.console.visit_facts import (
    Unassigned,
    VisitFacts,
    VisitList,
    read,
    still_under_way,
    visit_facts,
    visit_item,
)
from dermatrace.errors import NotHere
from dermatrace.judge.chart import Chart
from dermatrace.reading.visit_chart import Visit
from dermatrace_schemas.identifiers import (
    CLINIC_PATTERN,
    STREAM_PATTERN,
    RegistryId,
    SenderId,
    ShortText,
    StreamId,
    SubjectId,
    UtcMs,
)
from dermatrace_schemas.questions import QUESTIONS
from dermatrace_schemas.session import Plan

doors = Doors()
PSEUDONYM_CHARACTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another when written by hand."""
PSEUDONYM_LENGTH: Final = 10
"""Random characters: 2^49 of them, so that no two treated persons ever get the same."""
_LIST: Final = Access(CLINICAL, "clinics", reads="visits")
_ONE: Final = Access(CLINICAL, "clinic", reads="visit")
VisitId = Annotated[str, Path(pattern=STREAM_PATTERN)]
OneClinic = Annotated[str | None, Query(pattern=CLINIC_PATTERN)]


class AttachedSession(Entered):
    """A session that is under way already."""

    sender: SenderId
    session_id: StreamId


class NewVisit(Entered):
    """What is planned, as far as it is known. The visit's id is issued, a new subject's too."""

    subject_id: SubjectId | None = None
    protocol_id: RegistryId | None = None
    protocol_version: ShortText | None = None
    operator_id: RegistryId | None = None
    room_id: RegistryId | None = None
    indication: RegistryId | None = None
    age_band: str | None = None
    phototype: str | None = None
    device_sender: SenderId | None = None
    series_id: RegistryId | None = None
    planned_ms: UtcMs | None = None
    session: AttachedSession | None = None
    """To be attached at once."""
    reason: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None


class IssuedVisit(Facts):
    """A visit that has just been made."""

    visit_id: str
    subject_id: str
    told: tuple[ToldFacts, ...]


def _dress_list(desk: Desk, facts: VisitList) -> dict[str, Any]:
    query = desk.request.query_params
    clinics = desk.clinics()
    asked = query.get("clinic")
    clinic = asked if asked in clinics else next(iter(clinics), None)
    named = {"sender": query.get("sender"), "session": query.get("session")}
    if clinic is None:
        return {"clinic": None, "clinics": clinics, "named": named, "local": local_clock("UTC")}
    zone = time_zone_of(desk.record.registry(), clinic, desk.now_ms)
    wanted = defaults(desk, clinic, query.get("subject") or None, query.get("room") or None)
    if named["session"]:
        homes = desk.installation.floor.shown().tiles
        room = next(
            (
                one.tile.key.rpartition("/")[2]
                for one in homes
                if one.tile.session is not None
                and one.tile.session.session_id == named["session"]
                and "/room/" in one.tile.key
            ),
            None,
        )
        wanted = wanted.model_copy(update={"room_id": wanted.room_id or room})
    return {
        "clinic": clinic,
        "clinics": clinics,
        "named": named,
        "zone": zone,
        "local": local_clock(zone),
        "choices": choices(desk, clinic),
        "plan": wanted,
        "device_sender": named["sender"],
        "visits": [one for one in facts.visits if one.clinic == clinic],
    }


@doors.facts("/visits", "visits.html", _LIST, dress=_dress_list)
def visits(desk: AtDesk, clinic: OneClinic = None) -> VisitList:
    """List the visits of the last day, and the sessions of which nobody has said whose they are."""
    shown = desk.installation.floor.shown()
    may_see = desk.visitor.may_see
    items = [visit_item(one) for one in shown.visits if may_see(one.clinic)]
    return VisitList(
        visits=tuple(
            sorted(
                (one for one in items if clinic in {None, one.clinic}),
                key=lambda one: (-(one.due_ms or 0), one.visit_id),
            )
        ),
        unassigned=tuple(
            Unassigned(
                clinic=one.tile.clinic,
                sender=one.tile.session.sender,
                session_id=one.tile.session.session_id,
                told_ms=one.tile.session.told_ms,
            )
            for one in shown.tiles
            if may_see(one.tile.clinic)
            and clinic in {None, one.tile.clinic}
            and one.tile.session is not None
            and one.tile.session.needs_plan
        ),
    )


@doors.json("/visits/{clinic}", Access(WRITERS, "clinic", reads="chart"), method="POST")
def make_visit(desk: AtDesk, clinic: str, asked: Annotated[NewVisit, Body()]) -> IssuedVisit:
    """Issue a visit, and a pseudonym if the treated person has none; send the plan."""
    visit_id = f"v-{_random()}"
    subject_id = asked.subject_id or f"p-{_random()}"
    told = asked.model_dump(
        exclude_none=True,
        exclude={"session", "reason", "device_sender", "series_id", "planned_ms"},
    )
    plan: dict[str, JsonValue] = {**told, "visit_id": visit_id, "subject_id": subject_id}
    facts: dict[str, JsonValue] = {
        "visit_id": visit_id,
        "plan": plan,
        "device_sender": asked.device_sender,
        "series_id": asked.series_id,
        "planned_ms": asked.planned_ms or desk.now_ms,
        "fact_time_ms": desk.now_ms,
    }
    documents = [document(desk, clinic, "chart.plan", facts)]
    if asked.session is not None:
        named = {"sender": asked.session.sender, "stream_id": asked.session.session_id}
        attached: dict[str, JsonValue] = {
            "visit_id": visit_id,
            "session": dict(named),
            "manner": "person",
            "fact_time_ms": desk.now_ms,
            "reason": asked.reason,
        }
        documents.append(document(desk, clinic, "chart.attach", attached))
    became = tell(desk, clinic, visit_id, documents)
    return IssuedVisit(visit_id=visit_id, subject_id=subject_id, told=became.told)


def _dress_one(desk: Desk, facts: VisitFacts) -> dict[str, Any]:
    clinic = facts.item.clinic
    zone = time_zone_of(desk.record.registry(), clinic, desk.now_ms)
    return {
        "clinic": clinic,
        "zone": zone,
        "local": local_clock(zone),
        "choices": choices(desk, clinic),
        "questions": QUESTIONS,
        "harms": HARMS,
        "sessions": [(f"{one.sender}/{one.session_id}", one.session_id) for one in facts.sessions],
        "under_way": still_under_way(facts.entered, facts.facts),
        "own": {(one.stream_id, one.seq): one for one in facts.entered},
        "unassigned": visits(desk, clinic).unassigned,
    }


@doors.facts("/visits/{clinic}/{visit_id}", "visit.html", _ONE, dress=_dress_one)
def visit(desk: AtDesk, clinic: str, visit_id: VisitId) -> VisitFacts:
    """Tell everything about one visit: what is planned, what is known, what is still open."""
    return visit_facts(desk, _find(desk, clinic, visit_id))


@doors.page("/visits/{clinic}/{visit_id}/slip", _ONE)
def visit_slip(desk: AtDesk, clinic: str, visit_id: VisitId) -> Response:
    """Show the pseudonym on a slip for the clinic's own file: only there stands whose it is."""
    facts = visit_facts(desk, _find(desk, clinic, visit_id))
    local = local_clock(time_zone_of(desk.record.registry(), clinic, desk.now_ms))
    return desk.page("visit_slip.html", facts=facts, local=local)


def _find(desk: Desk, clinic: str, visit_id: str) -> Visit:
    """Return a visit. Raises NotHere if neither the record nor an outbox here has heard of it."""
    found = read(desk, clinic, visit_id) or Visit(
        clinic, visit_id, Chart(plan=Plan(visit_id=visit_id)), None, (), frozenset(), ()
    )
    told = desk.installation.telling.about(clinic, visit_id, desk.record.journal)
    if not found.is_known and not told:
        raise NotHere(f"no visit {visit_id} is known at {clinic}")
    return found


def _random() -> str:
    return "".join(secrets.choice(PSEUDONYM_CHARACTERS) for _ in range(PSEUDONYM_LENGTH))
