"""A visit as pages and programs see it: what is planned, what is known, what is on its way."""

import re
from collections.abc import Iterable
from typing import Final

from pydantic import JsonValue

from dermatrace.console.chart_facts import ToldFacts, told_facts
from dermatrace.console.desk import Desk
from dermatrace.console.facts import Facts
from dermatrace.console.floor_tiles import due_ms_of
from dermatrace.judge.chart import Fact, SessionId, put_together
from dermatrace.judge.search import FoundSession
from dermatrace.reading.session_chart import chart_lines
from dermatrace.reading.visit_chart import Visit, read_visit
from dermatrace_schemas.chart import ChartAttach, ChartDocument, ChartPlan
from dermatrace_schemas.chart_review import ChartCorrection, ChartNote, ChartSignature
from dermatrace_schemas.session import Plan
from dermatrace_schemas.treatment import Gate

_SPAN: Final = re.compile(r"^(\d+)_(\d+)$")
_CARRIED_BY_ALL: Final = set(ChartDocument.model_fields) - {"visit_id", "fact_time_ms"} | {"kind"}


class VisitFact(Facts):
    """One fact told about a visit or session, as it stands in the record."""

    sender: str
    stream_id: str
    seq: int
    entry_id: int
    kind: str
    words: str
    said: dict[str, JsonValue]
    """What the document itself tells, beside what every chart document carries."""
    author: str | None
    fact_time_ms: int | None
    """When it happened or held."""
    entered_ms: int | None
    is_withdrawn: bool
    """Whether a correction says not to go by it."""


class VisitSession(Facts):
    """One session of a visit."""

    sender: str
    session_id: str
    state: str
    started_ms: int | None
    asked_gates: tuple[Gate, ...]
    open_gates: tuple[Gate, ...]
    high_count: int
    medium_count: int
    low_count: int


class VisitItem(Facts):
    """One line of the list of visits."""

    clinic: str
    visit_id: str
    subject_id: str | None
    protocol_id: str | None
    protocol_version: str | None
    operator_id: str | None
    room_id: str | None
    device_sender: str | None
    due_ms: int | None
    """When it was to begin: as planned, else when that was typed in."""
    session_count: int
    open_gates: tuple[Gate, ...]
    """Of all its sessions."""


class Unassigned(Facts):
    """A session of which nobody has said to which visit it belongs."""

    clinic: str
    sender: str
    session_id: str
    told_ms: int | None


class VisitList(Facts):
    """The visits of the last day, and the sessions that belong to none."""

    visits: tuple[VisitItem, ...]
    unassigned: tuple[Unassigned, ...]


class VisitFacts(Facts):
    """Everything about one visit."""

    item: VisitItem
    plan: Plan
    series_id: str | None
    planned_ms: int | None
    sessions: tuple[VisitSession, ...]
    asked_gates: tuple[Gate, ...]
    open_gates: tuple[Gate, ...]
    facts: tuple[VisitFact, ...]
    photos: tuple[str, ...]
    """Digests of the images that lie in this installation's store."""
    entered: tuple[ToldFacts, ...]
    """What was entered here about it, with what became of each."""


def visit_item(visit: Visit) -> VisitItem:
    """Return one line of the list."""
    plan, gates = visit.chart.plan, dict.fromkeys(g for s in visit.sessions for g in s.open_gates)
    return VisitItem(
        clinic=visit.clinic,
        visit_id=visit.visit_id,
        subject_id=plan.subject_id,
        protocol_id=plan.protocol_id,
        protocol_version=plan.protocol_version,
        operator_id=plan.operator_id,
        room_id=plan.room_id,
        device_sender=None if visit.planned is None else visit.planned.device_sender,
        due_ms=due_ms_of(visit),
        session_count=len(visit.sessions),
        open_gates=tuple(gates),
    )


def read(desk: Desk, clinic: str, visit_id: str) -> Visit | None:
    """Return a visit as far as the judge has read; None where nothing is judged."""
    journal, index = desk.record.journal, desk.record.index
    if journal is None or index is None:
        return None
    return read_visit(journal, index, clinic, visit_id)


def visit_facts(desk: Desk, visit: Visit) -> VisitFacts:
    """Return everything about one visit."""
    telling, photos = desk.installation.telling, desk.installation.photos
    chart, item = visit.chart, visit_item(visit)
    gates = dict.fromkeys(gate for one in visit.sessions for gate in one.asked_gates)
    return VisitFacts(
        item=item,
        plan=chart.plan,
        series_id=chart.series_id,
        planned_ms=None if visit.planned is None else visit.planned.planned_ms,
        sessions=tuple(visit_session(one) for one in visit.sessions),
        asked_gates=tuple(gates),
        open_gates=item.open_gates,
        facts=tuple(visit_fact(fact, fact.key in visit.withdrawn) for fact in visit.facts),
        photos=tuple(
            photo.photo_sha256
            for photo in chart.photos
            if photos.find(visit.clinic, photo.photo_sha256) is not None
        ),
        entered=tuple(told_facts(telling.about(visit.clinic, visit.visit_id, desk.record.journal))),
    )


def visit_session(found: FoundSession) -> VisitSession:
    """Return one session of a visit."""
    return VisitSession(
        sender=found.sender,
        session_id=found.stream_id,
        state=found.status if found.state == "open" else found.state,
        started_ms=found.started_ms,
        asked_gates=found.asked_gates,
        open_gates=found.open_gates,
        high_count=found.high_count,
        medium_count=found.medium_count,
        low_count=found.low_count,
    )


def visit_fact(fact: Fact, is_withdrawn: bool) -> VisitFact:  # noqa: FBT001  two values of one fact
    """Return one fact in words."""
    document = fact.document
    return VisitFact(
        sender=fact.key.sender,
        stream_id=fact.key.stream_id,
        seq=fact.key.seq,
        entry_id=fact.entry_id,
        kind=getattr(document, "kind", ""),
        words=_words(fact),
        said=document.model_dump(mode="json", exclude_none=True, exclude=_CARRIED_BY_ALL),
        author=document.author,
        fact_time_ms=document.fact_time_ms,
        entered_ms=document.entered_ms,
        is_withdrawn=is_withdrawn,
    )


def still_under_way(told: Iterable[ToldFacts], facts: Iterable[VisitFact]) -> list[ToldFacts]:
    """Return what was entered here and is not among the facts yet: sent, or not judged."""
    known = {(fact.stream_id, fact.seq) for fact in facts}
    return [one for one in told if (one.stream_id, one.seq) not in known]


def _words(fact: Fact) -> str:
    match fact.document:
        case ChartPlan(plan=plan):
            told = plan.model_dump(exclude_none=True, exclude={"visit_id"})
            named = (f"{_plain(name)} {_value(value)}" for name, value in told.items())
            return ", ".join(named) or "nothing"
        case ChartAttach(visit_id=visit_id, session=session):
            return f"session {session.stream_id} " + ("attached" if visit_id else "taken away")
        case ChartNote(text=text):
            return text
        case ChartCorrection(earlier=earlier, reason=reason, replacement=instead):
            wrong = f"{earlier.stream_class} document {earlier.seq} of {earlier.stream_id} is wrong"
            holds = "" if instead is None else f"; {instead.seq} of {instead.stream_id} holds"
            return f"{wrong}{holds}: {reason}"
        case ChartSignature(signer=signer, meaning=meaning):
            return f"{meaning} signed by {signer}"
    return _line_of(fact, fact.document)


def _line_of(fact: Fact, document: ChartDocument) -> str:
    """Return the words under which a chart lists a fact, by making a chart of it alone."""
    keys = getattr(document, "findings", None) or [document]
    named = getattr(keys[0], "session", None)
    session = SessionId("", getattr(named, "sender", ""), getattr(named, "stream_id", ""))
    chart = put_together(session, [fact], Plan(visit_id=document.visit_id))
    return next((line.words for line in chart_lines(chart, None)), "")


def _plain(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ")


def _value(value: object) -> str:
    """Return a value as people write it: `40_49` is 40 to 49."""
    return _SPAN.sub(r"\1 to \2", str(value))
