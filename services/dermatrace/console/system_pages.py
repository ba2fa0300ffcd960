"""What is about the console itself: whether it is there, what its API offers."""

from typing import Any

from dermatrace.console.access import EVERYBODY, PUBLIC, Access
from dermatrace.console.desk import AtDesk, Here
from dermatrace.console.doors import API, Doors
from dermatrace.console.facts import Facts

doors = Doors()
_OWN = Access(EVERYBODY, "own")


class Pulse(Facts):
    """That the console is there, and how far the record has come."""

    now_ms: int
    journal_entry_id: int | None
    """Newest entry; null while there is no journal."""
    judged_entry_id: int | None
    """Newest entry the judge has taken in; null while there is no index."""


@doors.json("/pulse", _OWN)
def pulse(desk: AtDesk) -> Pulse:
    """Say that the console is there; pages ask every few seconds."""
    journal, index = desk.record.journal, desk.record.index
    return Pulse(
        now_ms=desk.now_ms,
        journal_entry_id=None if journal is None else journal.head().entry_id,
        judged_entry_id=None if index is None else index.cursor()[0].entry_id,
    )


@doors.other("/healthz", PUBLIC)
def healthz(here: Here) -> dict[str, Any]:
    """Answer whoever restarts the console, as other processes do; says nothing of the record."""
    can_read = bool(here.store.rows("SELECT 1"))
    return {"healthy": can_read, "ready": True, "connected": can_read, "problems": []}


@doors.other(f"{API}/openapi.json", _OWN)
def openapi(desk: AtDesk) -> dict[str, Any]:
    """Describe the API."""
    described: dict[str, Any] = desk.request.app.openapi()
    return described
