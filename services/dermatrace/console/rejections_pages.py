"""What was kept and could not be taken up: the reason, the bytes as they came, and the download."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import Path, Query
from starlette.responses import Response

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.paging import pages_of
from dermatrace.errors import NotHere
from dermatrace.journal.entry import Entry, Reason
from dermatrace_schemas.topics import sender_of

doors = Doors()
PAGE_REJECTIONS: Final = 100
"""Rejections on a page; the next page goes on after it."""
SHOWN_BYTES_MAX: Final = 16_384
"""Of a message, on the page; the download has all of it."""
ENTRY_ID_MAX: Final = 2**62
NO_CLINIC: Final = "-"
"""In an address, for what came under a topic that names no clinic; only who sees every clinic sees
it."""
_ONE: Final = Access(CLINICAL, "clinic", reads="rejection")
EntryId = Annotated[int, Path(ge=1, le=ENTRY_ID_MAX)]


class RejectionItem(Facts):
    """One message that was kept and not taken up."""

    entry_id: int
    received_ms: int
    clinic: str | None
    """Null: the topic names none."""
    sender: str | None
    topic: str
    seq: int | None
    """Null: no number could be read."""
    code: str
    path: str
    """Member at fault; empty if the whole message is."""
    detail: str
    size_bytes: int | None
    """Null: erased by order."""
    payload_sha256: str


class RejectionList(Facts):
    """One page, the newest first."""

    rejections: list[RejectionItem]
    next: int | None
    """Give it as `before` for the next page; null on the last one."""


class Rejection(Facts):
    """One rejection and the beginning of its bytes."""

    item: RejectionItem
    text: str | None
    """The bytes as text; null if they are none, or erased."""
    hex: str | None
    """The bytes in hexadecimal, if they are no text."""
    is_cut: bool
    """There is more: the download has all of it."""
    download: str | None
    """Where all bytes are, as they came; null if erased."""


def _dress(desk: Desk, facts: RejectionList) -> dict[str, Any]:
    return {"pages": pages_of(desk.request.url, "before", facts.next)}


@doors.facts(
    "/rejections", "rejections.html", Access(CLINICAL, "clinics", reads="rejections"), dress=_dress
)
def rejections(
    desk: AtDesk, before: Annotated[int | None, Query(ge=1, le=ENTRY_ID_MAX)] = None
) -> RejectionList:
    """List what could not be taken up, with the reason."""
    found = list(islice(_refused(desk, before or ENTRY_ID_MAX), PAGE_REJECTIONS + 1))
    page = found[:PAGE_REJECTIONS]
    return RejectionList(
        rejections=page, next=page[-1].entry_id if len(found) > len(page) else None
    )


@doors.facts("/rejections/{clinic}/{entry_id}", "rejection.html", _ONE)
def rejection(desk: AtDesk, clinic: str, entry_id: EntryId) -> Rejection:
    """Show one rejection and the bytes as they came."""
    entry = _entry(desk, clinic, entry_id)
    shown = None if entry.payload is None else entry.payload[:SHOWN_BYTES_MAX]
    text = None if shown is None else _as_text(shown)
    return Rejection(
        item=_item(entry),
        text=text,
        hex=None if shown is None or text is not None else shown.hex(" "),
        is_cut=entry.payload is not None and len(entry.payload) > SHOWN_BYTES_MAX,
        download=None if shown is None else f"/rejections/{clinic}/{entry_id}/bytes",
    )


@doors.other("/rejections/{clinic}/{entry_id}/bytes", _ONE)
def rejection_bytes(desk: AtDesk, clinic: str, entry_id: EntryId) -> Response:
    """Return the bytes exactly as they came."""
    entry = _entry(desk, clinic, entry_id)
    if entry.payload is None:
        raise NotHere(f"the bytes of entry {entry_id} were erased by order")
    headers = {"content-disposition": f'attachment; filename="entry-{entry_id}.bin"'}
    return Response(entry.payload, media_type="application/octet-stream", headers=headers)


def _refused(desk: Desk, before_entry_id: int) -> Iterator[RejectionItem]:
    journal, visitor = desk.record.journal, desk.visitor
    if journal is None:
        return
    for entry_id, topic in journal.refused_ids(before_entry_id):
        entry = journal.entry(entry_id) if visitor.may_see(_clinic_of(topic)) else None
        if entry is not None:
            yield _item(entry)


def _entry(desk: Desk, clinic: str, entry_id: int) -> Entry:
    """Return a rejection of a clinic. Raises NotHere if there is none of that number."""
    journal = desk.record.journal
    entry = None if journal is None else journal.entry(entry_id)
    is_refused = entry is not None and entry.outcome in {"rejected", "conflict"}
    if entry is None or not is_refused or _clinic_of(entry.topic) != clinic:
        raise NotHere(f"entry {entry_id} is no rejection of {clinic}")
    return entry


def _clinic_of(topic: str) -> str:
    named = sender_of(topic)
    return NO_CLINIC if named is None else named[0]


def _item(entry: Entry) -> RejectionItem:
    named = sender_of(entry.topic)
    return RejectionItem(
        entry_id=entry.entry_id,
        received_ms=entry.received_ms,
        clinic=None if named is None else named[0],
        sender=None if named is None else named[1],
        topic=entry.topic,
        seq=entry.seq,
        size_bytes=None if entry.payload is None else len(entry.payload),
        payload_sha256=entry.payload_sha256.hex(),
        **_reason(entry),
    )


def _reason(entry: Entry) -> dict[str, Any]:
    if entry.reason is None:
        detail = f"number {entry.seq} was used for other bytes before; those are judged"
        return {"code": "conflict", "path": "seq", "detail": detail}
    reason = Reason.from_text(entry.reason)
    return {"code": reason.code, "path": reason.path, "detail": reason.detail}


def _as_text(shown: bytes) -> str | None:
    """Return bytes as text, a character cut at the end left out; None if they are none."""
    try:
        return shown.decode()
    except UnicodeDecodeError as error:
        is_only_cut = error.start > len(shown) - 4 and len(shown) == SHOWN_BYTES_MAX
        return shown[: error.start].decode() if is_only_cut else None
