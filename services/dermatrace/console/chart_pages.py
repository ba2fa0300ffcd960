"""Where what people enter comes in: each as a document for the record, with what became of it."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import Body
from pydantic import Field, JsonValue

from dermatrace.console.access import DIRECTORS, WRITERS, Access
from dermatrace.console.chart_facts import (
    ChartKind,
    Entered,
    Replaced,
    ToldFacts,
    correction,
    document,
    finding_keys,
    session_of,
    told_facts,
)
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.telling import Document
from dermatrace.errors import NotHere, UsageError
from dermatrace.journal.streams import StreamKey
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.finding import FINDINGS_PER_DOCUMENT_MAX
from dermatrace_schemas.registry_models import DirectorContent

doors = Doors()
DOCUMENTS_AT_ONCE_MAX: Final = 10
"""Documents of one form; more are sent as several."""
_WRITE: Final = Access(WRITERS, "clinic", reads="chart")
_SIGN: Final = Access(DIRECTORS, "clinic", reads="chart")
_SESSION: Final = "/chart/{clinic}/sessions/{sender}/{session}"
Words = Annotated[str, Field(min_length=1, max_length=2_000)]


class Fact(Entered):
    """One chart document without what the console adds: salt, author, when it was typed in."""

    kind: ChartKind
    facts: dict[str, JsonValue]
    replaces: Replaced | None = None
    """A correction that names both is sent along."""


class Sitting(Entered):
    """What is entered at once."""

    about: Annotated[str, Field(min_length=1, max_length=320)]
    """The visit's id, or sender and id of a session with a slash between."""
    documents: Annotated[list[Fact], Field(min_length=1, max_length=DOCUMENTS_AT_ONCE_MAX)]


class SeenFindings(Entered):
    """Findings that somebody has seen."""

    numbers: Annotated[list[int], Field(min_length=1, max_length=FINDINGS_PER_DOCUMENT_MAX)]
    """In the session's newest judgement."""
    detail: Words | None = None
    replaces: Replaced | None = None


class JustifiedFindings(Entered):
    """Findings that somebody accepts, and why."""

    numbers: Annotated[list[int], Field(min_length=1, max_length=FINDINGS_PER_DOCUMENT_MAX)]
    reason: Words
    replaces: Replaced | None = None


class Signing(Entered):
    """What a director signs a session's record for."""

    meaning: Literal["review", "approval", "responsibility"]
    generation: int
    """The judgement that was shown."""
    as_of_entry_id: int
    """The last entry that the page took in."""
    statement: Words | None = None


class WhatBecame(Facts):
    """What became of the documents of one sitting."""

    told: tuple[ToldFacts, ...]


def tell(
    desk: Desk, clinic: str, about: str, documents: list[Document], stream_id: str | None = None
) -> WhatBecame:
    """Send documents, wait a little for the receipt, and return what became of each."""
    telling, name = desk.installation.telling, desk.visitor.name
    told = telling.tell(clinic, about, name, documents, stream_id=stream_id)
    return WhatBecame(told=tuple(told_facts(told)))


def tell_corrected(
    desk: Desk, clinic: str, about: str, made: Sequence[tuple[Document, Replaced | None]]
) -> WhatBecame:
    """Send documents, each with the correction that puts it in place of an earlier one.

    Raises UsageError if an earlier one is not on record; then nothing is sent.
    """
    stream_id = desk.installation.telling.name_sitting(about)
    documents: list[Document] = []
    for one, replaced in made:
        documents.append(one)
        if replaced is not None:
            seq = len(documents) - 1
            documents.append(correction(desk, clinic, replaced, stream_id, one, seq))
    return tell(desk, clinic, about, documents, stream_id)


@doors.json("/chart/{clinic}", _WRITE, method="POST")
def enter_facts(desk: AtDesk, clinic: str, sitting: Annotated[Sitting, Body()]) -> WhatBecame:
    """Send what somebody has entered; answers when it is recorded, or after two seconds."""
    made = [
        (document(desk, clinic, one.kind, one.facts), one.replaces) for one in sitting.documents
    ]
    return tell_corrected(desk, clinic, sitting.about, made)


@doors.json("/chart/{clinic}/told/{stream_id}", _WRITE)
def told_of_sitting(desk: AtDesk, clinic: str, stream_id: str) -> WhatBecame:
    """Say what has become of what was entered in one sitting."""
    telling = desk.installation.telling
    told = telling.of_stream(clinic, stream_id, desk.record.journal)
    if not told:
        raise NotHere(f"nothing was entered here as {stream_id}")
    telling.note_if_recorded(clinic, told)
    told = telling.of_stream(clinic, stream_id, desk.record.journal)
    return WhatBecame(told=tuple(told_facts(told)))


@doors.json(f"{_SESSION}/seen", _WRITE, method="POST")
def acknowledge_findings(
    desk: AtDesk, clinic: str, sender: str, session: str, seen: Annotated[SeenFindings, Body()]
) -> WhatBecame:
    """Say that somebody has seen findings; that says nothing about whether they were right."""
    found = session_of(desk, clinic, sender, session)
    facts: dict[str, Any] = {"findings": finding_keys(desk, found, seen.numbers)}
    facts |= {"visit_id": found.visit_id, "detail": seen.detail, "fact_time_ms": desk.now_ms}
    made = document(desk, clinic, "chart.acknowledgement", facts)
    return tell_corrected(desk, clinic, f"{sender}/{session}", [(made, seen.replaces)])


@doors.json(f"{_SESSION}/justified", _WRITE, method="POST")
def justify_findings(
    desk: AtDesk,
    clinic: str,
    sender: str,
    session: str,
    given: Annotated[JustifiedFindings, Body()],
) -> WhatBecame:
    """Say why findings were accepted; they stay in the record, with this beside them."""
    found = session_of(desk, clinic, sender, session)
    facts: dict[str, Any] = {"findings": finding_keys(desk, found, given.numbers)}
    facts |= {"visit_id": found.visit_id, "reason": given.reason, "fact_time_ms": desk.now_ms}
    made = document(desk, clinic, "chart.justification", facts)
    return tell_corrected(desk, clinic, f"{sender}/{session}", [(made, given.replaces)])


@doors.json(f"{_SESSION}/signature", _SIGN, method="POST")
def sign_session(
    desk: AtDesk, clinic: str, sender: str, session: str, signing: Annotated[Signing, Body()]
) -> WhatBecame:
    """Sign the record of a session as it was shown; what is added later is not covered."""
    found = session_of(desk, clinic, sender, session)
    signer = director_of(desk, clinic)
    if signer is None:
        raise UsageError(
            f"the registry knows no appointment of {desk.visitor.name} as director of {clinic}",
            remedy="The user's name must be the id of the appointment, or of the person appointed.",
        )
    if signing.generation != found.generation:
        raise UsageError(
            f"the session has been judged anew: generation {found.generation}",
            remedy="Load the page again, look at it, and sign what you see.",
        )
    facts: dict[str, Any] = {
        "session": {"sender": sender, "stream_id": session},
        "visit_id": found.visit_id,
        "signer": signer,
        "meaning": signing.meaning,
        "record_sha256": record_digest(desk, found.clinic, sender, session, signing),
        "generation": signing.generation,
        "as_of_entry_id": signing.as_of_entry_id,
        "statement": signing.statement,
        "manner": "signed in at the console",
        "fact_time_ms": desk.now_ms,
    }
    made = document(desk, clinic, "chart.signature", facts)
    return tell(desk, clinic, f"{sender}/{session}", [made])


def director_of(desk: Desk, clinic: str) -> str | None:
    """Return the person a signed-in director is by an appointment in force, or None."""
    standing = Standing(desk.record.registry(), clinic, desk.now_ms)
    for version in standing.all_in_force("director"):
        content = version.content
        if isinstance(content, DirectorContent) and desk.visitor.name in {
            version.registry_id,
            content.person_id,
        }:
            return content.person_id
    return None


def record_digest(desk: Desk, clinic: str, sender: str, session: str, signing: Signing) -> str:
    """Return the hash of what is signed: which session, as judged, up to which entry of the record.

    The hash of that entry stands for every entry before it. Raises UsageError for an entry that is
    not on record, or that the session's own documents have gone beyond.
    """
    journal = desk.record.journal
    assert journal is not None  # noqa: S101  the session was found
    entry = journal.entry(signing.as_of_entry_id)
    stream = journal.stream(StreamKey(clinic, sender, "session", session))
    if entry is None or stream is None or (stream.last_entry_id or 0) > signing.as_of_entry_id:
        raise UsageError(
            "the session has gone on since the page was shown",
            remedy="Load the page again, look at it, and sign what you see.",
        )
    return registry_digest(
        {
            "clinic": clinic,
            "sender": sender,
            "session": session,
            "generation": signing.generation,
            "as_of_entry_id": signing.as_of_entry_id,
            "as_of_entry_hash": entry.entry_hash.hex(),
        }
    )
