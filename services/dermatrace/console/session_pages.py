"""One session, live and finished alike: what happened, against which limits, how complete it is."""

from typing import Annotated, Any, Final

from fastapi import Path, Query
from starlette.responses import Response

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.report import POLICY, report_html
from dermatrace.console.session_lookup import (
    Looked,
    budget_words,
    find_stream,
    look_at,
    zone_maps,
)
from dermatrace.errors import NotHere, UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.explaining import explain
from dermatrace.judge.explanation import Explanation
from dermatrace.judge.finding_on_record import Asked
from dermatrace.reading.explanation_text import (
    facts,
    instant,
    reading_cells,
    reading_columns,
    recomputed_lines,
)
from dermatrace.reading.session_findings import counts
from dermatrace.reading.session_review import Review
from dermatrace.reading.session_trace import Trace

doors = Doors()
FINDING_NUMBER_MAX: Final = 100_000
"""Asked about; no judgement numbers so many."""
_ONE: Final = Access(CLINICAL, "clinic", reads="session")
_SESSION: Final = "/sessions/{clinic}/{sender}/{session}"
FindingNumber = Annotated[int, Path(ge=0, le=FINDING_NUMBER_MAX)]
OfGeneration = Annotated[
    int | None, Query(ge=0, le=FINDING_NUMBER_MAX, description="Without it: the newest.")
]


@doors.other("/sessions/{session}", Access(CLINICAL, "clinics", reads="session"))
def session_by_id(desk: AtDesk, session: str) -> Response:
    """Lead from a session's id alone to its page, if only one of the visitor's has it."""
    journal = desk.record.journal
    streams = [] if journal is None else journal.streams_named("session", session)
    seen = [stream.key for stream in streams if desk.visitor.may_see(stream.key.clinic)]
    if len(seen) != 1:
        raise NotHere(
            f"{len(seen) or 'no'} sessions are called {session}",
            remedy="The list of sessions has their whole addresses.",
        )
    return desk.to(f"/sessions/{seen[0].clinic}/{seen[0].sender}/{session}")


def _dress(_: Desk, review: Review) -> dict[str, Any]:
    identity = review.identity
    named = f"/{identity.clinic}/{identity.sender}/{identity.session_id}"
    return {
        "address": f"/sessions{named}",
        "maps": zone_maps(review),
        "counts": counts(review.findings),
        "budget_words": budget_words,
    }


@doors.facts(_SESSION, "session.html", _ONE, dress=_dress)
def session(desk: AtDesk, clinic: str, sender: str, session: str) -> Review:
    """Tell everything about one session but its readings."""
    return _look(desk, clinic, sender, session)[0].review


@doors.json(f"{_SESSION}/trace", _ONE)
def session_trace(desk: AtDesk, clinic: str, sender: str, session: str) -> Trace:
    """Give every window and shot as columns, and what is missing or doubtful in between."""
    looked, journal = _look(desk, clinic, sender, session)
    return looked.trace(journal)


def _explained(_: Desk, explanation: Explanation) -> dict[str, Any]:
    names = reading_columns(explanation.readings)
    return {
        "lines": list(facts(explanation)),
        "columns": [name.removeprefix("device-") for name in names] or ["values"],
        "readings": [(one, reading_cells(one, names)) for one in explanation.readings],
        "recomputed": list(recomputed_lines(explanation)),
        "instant": instant,
        "address": f"/sessions/{explanation.clinic}/{explanation.sender}/{explanation.session}",
    }


@doors.facts(f"{_SESSION}/findings/{{number}}", "finding.html", _ONE, dress=_explained)
def session_finding(
    desk: AtDesk,
    clinic: str,
    sender: str,
    session: str,
    number: FindingNumber,
    generation: OfGeneration = None,
) -> Explanation:
    """Tell everything a finding rests on, down to the entries, and judge the session again."""
    journal, index = desk.record.journal, desk.record.index
    find_stream(journal, clinic, sender, session)
    if journal is None or index is None:
        raise NotHere("nothing has been judged", remedy="`dermatrace judge` does it.")
    try:
        return explain(journal, index, Asked(session, number, generation, clinic, sender))
    except UsageError as error:
        raise NotHere(error.args[0], remedy=error.remedy) from error


@doors.other(f"{_SESSION}/report", _ONE)
def session_report(desk: AtDesk, clinic: str, sender: str, session: str) -> Response:
    """Return the two printed pages; the same file as `dermatrace report` writes."""
    looked, journal = _look(desk, clinic, sender, session)
    html = report_html(looked, journal, desk.now_ms)
    return Response(
        html, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY}
    )


def _look(desk: Desk, clinic: str, sender: str, session: str) -> tuple[Looked, JournalReader]:
    journal = desk.record.journal
    stream = find_stream(journal, clinic, sender, session)
    assert journal is not None  # noqa: S101  the stream was found in it
    return look_at(journal, desk.record.index, stream), journal
