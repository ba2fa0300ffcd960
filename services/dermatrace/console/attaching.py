"""Attaches the next session of a planned device to its visit, so that nobody has to say it."""

import secrets
from collections.abc import Iterable
from typing import Final, NamedTuple

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.console.floor import Shown
from dermatrace.console.floor_tiles import DUE_SHOWN_MS, LiveSession, due_ms_of
from dermatrace.console.telling import Document, Telling
from dermatrace.errors import DermatraceError
from dermatrace.reading.visit_chart import Visit

SETTLED_AFTER_MS: Final = 3_000
"""A session is left alone for so long after it was first heard of: others may be attaching it."""
EARLY_MAX_MS: Final = 2 * 3_600_000
"""A session that begins earlier than this before its visit was to begin is taken for another's."""
WRITTEN_BY: Final = "console"
"""Who is noted as having entered it; in the record nobody says it."""


class Attachment(NamedTuple):
    """A session that belongs to a visit by what was planned."""

    clinic: str
    visit_id: str
    sender: str
    session_id: str


def attachments(
    sessions: Iterable[LiveSession], visits: Iterable[Visit], now_ms: int
) -> list[Attachment]:
    """Return which sessions follow from a plan. Pure.

    Only while it runs, only if nobody has said whose it is, and only if exactly one visit waits for
    its device: with two, a person has to say.
    """
    waiting = [one for one in visits if one.planned is not None and not one.sessions]
    found = []
    for live in sessions:
        if live.found is None or live.found.generation < 0 or live.has_ended:
            continue
        begun_ms = live.readings.last_received_ms - live.readings.elapsed_ms
        if live.found.visit_id is not None or now_ms - begun_ms < SETTLED_AFTER_MS:
            continue
        fitting = [one for one in waiting if _fits(one, live, begun_ms)]
        if len(fitting) == 1:
            key = live.stream.key
            found.append(Attachment(key.clinic, fitting[0].visit_id, key.sender, key.stream_id))
    return found


def _fits(visit: Visit, live: LiveSession, begun_ms: int) -> bool:
    due_ms, planned = due_ms_of(visit), visit.planned
    if due_ms is None or planned is None or visit.clinic != live.clinic:
        return False
    if planned.device_sender != live.stream.key.sender:
        return False
    return due_ms - EARLY_MAX_MS <= begun_ms <= due_ms + DUE_SHOWN_MS


class Attaching:
    """Says of each session once, through the outbox, what follows from the plan."""

    def __init__(self, telling: Telling, clock: Clock) -> None:
        self._telling = telling
        self._clock = clock
        self._said: set[Attachment] = set()
        self._log = logs.log("console")

    def after_look(self, shown: Shown) -> None:
        """Attach what can be attached; what fails is tried again after the next look."""
        for one in attachments(shown.sessions, shown.visits, shown.now_ms):
            if one in self._said or self._is_said(one):
                continue
            try:
                self._attach(one)
            except DermatraceError as error:
                self._log.warning("session not attached", **{logs.ERROR: str(error)})

    def _is_said(self, one: Attachment) -> bool:
        """Whether that was said before this start and is only not judged yet."""
        told = self._telling.about(one.clinic, f"{one.sender}/{one.session_id}", None)
        return any(told_one.kind == "chart.attach" for told_one in told)

    def _attach(self, one: Attachment) -> None:
        attach: Document = (
            "chart.attach",
            {
                "salt": secrets.token_hex(16),
                "visit_id": one.visit_id,
                "session": {"sender": one.sender, "stream_id": one.session_id},
                "manner": "planned_device",
                "entered_ms": self._clock.utc_ms(),
                "source": "console",
            },
        )
        about = f"{one.sender}/{one.session_id}"
        self._telling.tell(one.clinic, about, WRITTEN_BY, [attach], wait_s=0.0)
        self._said.add(one)
