"""The list of sessions: searched by everything the judge knows, page by page, kept, exported."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Query
from starlette.responses import Response

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.paging import TRAIL, pages_of
from dermatrace.console.searches import Searches
from dermatrace.console.sessions_form import READY_MADE, choices
from dermatrace.console.sessions_question import SessionsAsked
from dermatrace.judge.search import (
    SESSIONS_FOUND_MAX,
    Consent,
    GradeShown,
    SessionQuery,
    State,
    count_sessions,
    search,
)
from dermatrace.reading.session_list import csv_text, session_json
from dermatrace_schemas.treatment import Gate

doors = Doors()
Asked = Annotated[SessionsAsked, Query()]
_LIST = Access(CLINICAL, "clinics", reads="sessions")
_OWN = Access(CLINICAL, "own")


class SessionItem(Facts):
    """One session as of its newest judgement; null where nobody knows."""

    clinic: str
    sender: str
    session_id: str
    state: State
    status: str
    visit_id: str | None
    subject_id: str | None
    operator_id: str | None
    protocol_id: str | None
    protocol_version: str | None
    protocol_digest: str | None
    series_id: str | None
    treatment: str | None
    modality: str | None
    setting: str | None
    started_ms: int | None
    """By the device's clock, UTC."""
    clinic_day: int | None
    """Days since 1970 by the clinic's calendar."""
    ended_ms: int | None
    generation: int
    """-1: not judged yet."""
    cause: str
    grade: GradeShown
    grade_as_of: str
    adherence: float | None
    why_not: str | None
    """Why adherence cannot be assessed; null also while the session is open."""
    adherent: bool
    data_coverage: float | None
    asked_gates: list[Gate]
    open_gates: list[Gate]
    first_contact_seq: int | None
    high_count: int
    medium_count: int
    low_count: int
    consent_finding: int | None
    consent: Consent
    """Whether it was there before the first contact."""


class SessionList(Facts):
    """One page of what fits, newest first."""

    sessions: list[SessionItem]
    count: int
    """How many fit on all pages."""
    unplaced_count: int
    """How many more fit but for the time, which nobody knows."""
    next: int | None
    """Give it as `after` for the next page; null on the last one."""
    is_recording: bool
    """Whether there is a journal."""
    is_judged: bool
    """Whether there is an index; without one nothing can be searched."""
    behind_entries: int
    """Entries of the journal that the judge has not taken in yet."""


def _dress(desk: Desk, facts: SessionList) -> dict[str, Any]:
    """Return what the page needs beyond the facts: what was asked, and what can be."""
    told = dict(parse_qsl(desk.request.url.query))
    asked = {name: value for name, value in told.items() if name not in {"limit", "after", TRAIL}}
    return {
        "asked": asked,
        "question": urlencode(asked),
        "pages": pages_of(desk.request.url, "after", facts.next),
        "kept": _searches(desk).of(desk.visitor.name),
        "ready_made": READY_MADE,
        "choices": choices(desk),
    }


@doors.facts("/sessions", "sessions.html", _LIST, dress=_dress)
def sessions(desk: AtDesk, asked: Asked) -> SessionList:
    """Search sessions by everything the judge knows of them."""
    journal, index = desk.record.journal, desk.record.index
    query = asked.query(desk.visitor, desk.now_ms)
    if journal is None or index is None:
        return SessionList(
            sessions=[],
            count=0,
            unplaced_count=0,
            next=None,
            is_recording=journal is not None,
            is_judged=False,
            behind_entries=0,
        )
    # One more than fits on the page tells whether there is another page.
    found = search(index, replace(query, newest=asked.limit + 1))
    page = found[: asked.limit]
    return SessionList(
        sessions=[SessionItem(**session_json(one)) for one in page],
        count=count_sessions(index, replace(query, after_row=None)),
        unplaced_count=_unplaced(desk, query),
        next=page[-1].stream_row if len(found) > len(page) else None,
        is_recording=True,
        is_judged=True,
        behind_entries=max(0, journal.head().entry_id - index.cursor()[0].entry_id),
    )


@doors.other("/sessions.csv", _LIST)
def sessions_csv(desk: AtDesk, asked: Asked) -> Response:
    """Return what fits for a spreadsheet; an empty cell is unknown."""
    index = desk.record.index
    query = replace(
        asked.query(desk.visitor, desk.now_ms, newest=SESSIONS_FOUND_MAX), after_row=None
    )
    found = [] if index is None else search(index, query)
    headers = {"content-disposition": 'attachment; filename="sessions.csv"'}
    text = csv_text(session_json(one) for one in found)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@doors.other("/sessions/searches", _OWN, method="POST")
def keep_search(desk: AtDesk) -> Response:
    """Keep what the page asks under a title."""
    question = desk.form.get("question", "")
    _searches(desk).keep(desk.visitor.name, desk.form.get("title", "").strip(), question)
    return desk.to(f"/sessions?{question}")


@doors.other("/sessions/searches/remove", _OWN, method="POST")
def remove_search(desk: AtDesk) -> Response:
    """Forget a search of the visitor's own."""
    _searches(desk).remove(desk.visitor.name, desk.form.get("title", ""))
    return desk.to("/sessions")


def _searches(desk: Desk) -> Searches:
    return Searches(desk.installation.store, desk.installation.clock)


def _unplaced(desk: Desk, query: SessionQuery) -> int:
    """Count what fits but for the time, because nobody knows it."""
    index = desk.record.index
    if index is None or query.undated is not None:
        return 0
    without = replace(query, after_row=None, from_day=None, until_day=None)
    if (query.from_day, query.until_day) != (None, None):
        return count_sessions(index, replace(without, undated=True))
    if (query.from_ms, query.until_ms) != (None, None):
        return count_sessions(index, replace(without, from_ms=None, until_ms=None, timed=False))
    return 0
