"""Chart documents made of what a page sends: who says it, when it was typed in, checked at once."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dermatrace.console.desk import Desk
from dermatrace.console.facts import Facts
from dermatrace.console.telling import Document, State, Told
from dermatrace.errors import NotHere, UsageError
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.session_detail import FoundFinding, findings_of
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.chart_review import ChartCorrection
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.references import DocumentKey
from dermatrace_schemas.registry_models import DirectorContent

ChartKind: TypeAlias = Literal[
    "chart.plan",
    "chart.attach",
    "chart.consent",
    "chart.exam",
    "chart.answers",
    "chart.observation",
    "chart.photo",
    "chart.zone_reattribution",
    "chart.note",
    "chart.correction",
]
"""What a page may word itself. What speaks of findings and signatures is worded here."""
CHART_KINDS: Final[tuple[ChartKind, ...]] = get_args(ChartKind)
OURS: Final = frozenset({"salt", "author", "entered_ms", "source", "kind", "seq", "boot_id"})
"""What nobody may say for the console."""
_ENVELOPE: Final[dict[str, JsonValue]] = {
    "seq": SEQ_MAX,
    "boot_id": "b" * 64,
    "uptime_ms": 2**48,
    "wall_time_ms": 253_402_300_799_999,
}


class Entered(BaseModel):
    """What a page sends: closed, so that a misspelt member is told."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Replaced(Entered):
    """An earlier document that is wrong, and in whose place another one holds."""

    earlier: DocumentKey
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class ToldFacts(Facts):
    """One document that somebody has entered, and what has become of it."""

    stream_id: str
    seq: int
    kind: str
    user_name: str
    told_ms: int
    state: State
    """recorded: a receipt has settled it, or the record has it. waiting: neither yet."""
    reason: str
    recorded_after_ms: int | None
    """As far as somebody waited for it."""


def told_facts(told: Iterable[Told]) -> list[ToldFacts]:
    """Return what became of documents as JSON tells it."""
    return [
        ToldFacts(
            stream_id=one.stream_id,
            seq=one.seq,
            kind=one.kind,
            user_name=one.user_name,
            told_ms=one.told_ms,
            state=one.state,
            reason=one.reason,
            recorded_after_ms=one.recorded_after_ms,
        )
        for one in told
    ]


def author_of(desk: Desk, clinic: str) -> str:
    """Return under which id the registry knows who is signed in; else the name of the user."""
    standing = Standing(desk.record.registry(), clinic, desk.now_ms)
    director = standing.find("director", desk.visitor.name)
    if director is not None and isinstance(director.content, DirectorContent):
        return director.content.person_id
    return desk.visitor.name


def document(desk: Desk, clinic: str, kind: str, facts: Mapping[str, JsonValue]) -> Document:
    """Return a document that will be accepted.

    Raises UsageError naming what is wrong with it; a correction of what is not on record, too.
    """
    if taken := OURS & facts.keys():
        raise UsageError(f"{', '.join(sorted(taken))}: the console says that itself")
    told: dict[str, JsonValue] = {name: value for name, value in facts.items() if value is not None}
    told |= {
        "salt": secrets.token_hex(16),
        "author": author_of(desk, clinic),
        "entered_ms": desk.now_ms,
        "source": "console",
    }
    if kind == "chart.attach" and "visit_id" not in told:
        told["visit_id"] = None
    whole = {**_ENVELOPE, "kind": kind, **told}
    try:
        read = parse("chart", json.dumps(whole, allow_nan=False).encode())
    except Unreadable as unreadable:
        raise UsageError(
            f"{unreadable.path or kind}: {unreadable.detail}",
            remedy="Correct what is named; nothing has been sent.",
        ) from unreadable
    if isinstance(read, ChartCorrection):
        _must_be_on_record(desk, clinic, read.earlier)
    return kind, told


def correction(
    desk: Desk, clinic: str, replaced: Replaced, stream_id: str, made: Document, seq: int
) -> Document:
    """Return the correction that puts a document, `made` under a number, in place of another.

    Raises UsageError if that one is not on record.
    """
    facts: dict[str, JsonValue] = {
        "visit_id": made[1].get("visit_id"),
        "earlier": replaced.earlier.model_dump(),
        "reason": replaced.reason,
        "replacement": {
            "sender": desk.installation.settings.console_sender,
            "stream_class": "chart",
            "stream_id": stream_id,
            "seq": seq,
        },
        "fact_time_ms": desk.now_ms,
    }
    return document(desk, clinic, "chart.correction", facts)


def _must_be_on_record(desk: Desk, clinic: str, earlier: DocumentKey) -> None:
    journal = desk.record.journal
    key = StreamKey(clinic, earlier.sender, earlier.stream_class, earlier.stream_id)
    stream = None if journal is None else journal.stream(key)
    if stream is None or earlier.seq > stream.coverage.known_last:
        raise UsageError(
            f"earlier: {earlier.sender} has told no {earlier.stream_class} document {earlier.seq}"
            f" in {earlier.stream_id} at {clinic}",
            remedy="Choose it in the list of what is known; nothing has been sent.",
        )


def session_of(desk: Desk, clinic: str, sender: str, session: str) -> FoundSession:
    """Return what the judge knows of a session. Raises NotHere."""
    index = desk.record.index
    asked = SessionQuery(clinic=clinic, sender=sender, stream_id=session)
    found = None if index is None else next(iter(search(index, asked)), None)
    if found is None:
        raise NotHere(f"the judge knows no session {session} of {sender} at {clinic}")
    return found


def finding_keys(
    desk: Desk, found: FoundSession, numbers: Iterable[int]
) -> list[dict[str, JsonValue]]:
    """Return the names of findings by their numbers in the newest judgement.

    Raises UsageError for a number it does not have.
    """
    index = desk.record.index
    assert index is not None  # noqa: S101  the session was found in it
    by_number = {one.number: one for one in findings_of(index, found.stream_row)}
    wanted = list(dict.fromkeys(numbers))
    if unknown := [number for number in wanted if number not in by_number]:
        raise UsageError(
            f"the newest judgement has no finding {unknown[0]}",
            remedy="It has been judged anew meanwhile: load the page again.",
        )
    return [_key(found, by_number[number]) for number in wanted]


def _key(found: FoundSession, one: FoundFinding) -> dict[str, JsonValue]:
    key: dict[str, JsonValue] = {
        "session": {"sender": found.sender, "stream_id": found.stream_id},
        "rule": one.rule,
        "envelope": one.envelope,
        "zone": one.zone,
        "laterality": one.laterality,
    }
    if one.first_seq is not None and one.last_seq is not None:
        key["seq_range"] = {"first_seq": one.first_seq, "last_seq": one.last_seq}
    return {name: value for name, value in key.items() if value is not None}
