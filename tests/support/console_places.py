"""The matrix of the console: every route, who may use it, and a real address to try it at.

Written apart from what the routes declare of themselves: whoever opens a route to somebody else, or
adds one, has to say so here as well.
"""

from dataclasses import dataclass, field
from typing import Final

from dermatrace.console.access import (
    ADMINISTRATORS,
    CLINICAL,
    DIRECTORS,
    EVERYBODY,
    PUBLIC,
    WRITERS,
    Access,
)
from dermatrace.console.doors import API, Method
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.topics import sender_of
from support.console_bench import NORTH, SOUTH
from support.console_clinic import DEVICES, PROTOCOL
from support.judged_clinic import HOME_SUBJECT, SUBJECT

OWN: Final = Access(EVERYBODY, "own")
CLINICAL_OWN: Final = Access(CLINICAL, "own")
ADMINISTRATION: Final = Access(ADMINISTRATORS, "own")
CLINICS: Final = Access(CLINICAL, "clinics")
CLINIC: Final = Access(CLINICAL, "clinic")
SESSIONS: Final = Access(CLINICAL, "clinics", reads="sessions")
SESSION: Final = Access(CLINICAL, "clinic", reads="session")
SERIES: Final = Access(CLINICAL, "clinic", reads="series")
REJECTION: Final = Access(CLINICAL, "clinic", reads="rejection")
FLOOR: Final = Access(CLINICAL, "clinics", reads="floor")
VISIT: Final = Access(CLINICAL, "clinic", reads="visit")
CHART: Final = Access(WRITERS, "clinic", reads="chart")
UNREADABLE: Final = (422,)
"""Let in, and told that nothing was sent: nothing is entered by trying."""
VISITED: Final = {NORTH: "pen-north-1", SOUTH: "home-south-1"}
"""A device at each clinic whose first session has a visit."""
OK: Final = (200,)
MOVED: Final = (303,)
TREATED: Final = {NORTH: "pen-north-1", SOUTH: "home-south-1"}
"""Devices whose third session has ended, with a finding."""
SUBJECTS: Final = {NORTH: SUBJECT, SOUTH: HOME_SUBJECT}
NONSENSE: Final = (400,)
"""Let in, and told that what was sent makes no sense: nothing is changed by trying."""


@dataclass(frozen=True, slots=True)
class Place:
    """One route and what comes of trying it."""

    method: Method
    path: str
    access: Access
    answers: tuple[int, ...] = OK
    """To whoever is let in."""
    form: dict[str, str] = field(default_factory=dict)
    query: str = ""
    """What a stream of events needs in order to end."""

    @property
    def clinics(self) -> tuple[str, ...]:
        """Where to try it: a route of one clinic at both."""
        return (NORTH, SOUTH) if self.access.scope == "clinic" else (NORTH,)


def address(place: Place, clinic: str, journal: JournalReader) -> str:
    """Return an address that exists at a clinic."""
    sender = TREATED[clinic] if "{session}" in place.path else DEVICES[clinic]
    refused = (
        entry_id
        for entry_id, topic in journal.refused_ids(2**62)
        if sender_of(topic) == (clinic, DEVICES[clinic])
    )
    return f"{place.path}{place.query}".format(
        clinic=clinic,
        sender=sender,
        session=f"run-{sender}-3",
        number=0,
        subject=SUBJECTS[clinic],
        protocol_id=PROTOCOL,
        kind="device",
        registry_id=sender,
        entry_id=next(refused),
        visit_id=f"visit-run-{VISITED[clinic]}-1",
        stream_id="nobody-1",
        photo="0" * 64,
    )


def _facts(path: str, access: Access) -> tuple[Place, Place]:
    """Return a page and the same as JSON."""
    return Place("GET", path, access), Place("GET", f"{API}{path}", access)


_ALL: Final = (
    Place("GET", "/enter", PUBLIC),
    Place("POST", "/enter", PUBLIC),
    Place("GET", "/sign-in", PUBLIC),
    Place("GET", "/healthz", PUBLIC),
    Place("GET", "/", Access(EVERYBODY, "clinics", reads="floor"), (*OK, *MOVED)),
    Place("GET", f"{API}/floor", FLOOR),
    Place("GET", "/floor/live", FLOOR, query="?events=1"),
    Place("POST", "/sign-out", OWN, MOVED),
    Place("GET", "/account", OWN),
    Place("POST", "/account/token", OWN),
    Place("GET", f"{API}/pulse", OWN),
    Place("GET", f"{API}/visitor", OWN),
    Place("GET", f"{API}/openapi.json", OWN),
    *_facts("/visits", Access(CLINICAL, "clinics", reads="visits")),
    Place("POST", f"{API}/visits/{{clinic}}", CHART, UNREADABLE),
    *_facts("/visits/{clinic}/{visit_id}", VISIT),
    Place("GET", "/visits/{clinic}/{visit_id}/slip", VISIT),
    *_facts("/sessions/{clinic}/{sender}/{session}/chart", SESSION),
    Place("POST", f"{API}/chart/{{clinic}}", CHART, UNREADABLE),
    Place("GET", f"{API}/chart/{{clinic}}/told/{{stream_id}}", CHART, (404,)),
    *(
        Place(
            "POST",
            f"{API}/chart/{{clinic}}/sessions/{{sender}}/{{session}}/{act}",
            CHART,
            UNREADABLE,
        )
        for act in ("seen", "justified")
    ),
    Place(
        "POST",
        f"{API}/chart/{{clinic}}/sessions/{{sender}}/{{session}}/signature",
        Access(DIRECTORS, "clinic", reads="chart"),
        UNREADABLE,
    ),
    Place("PUT", f"{API}/photos/{{clinic}}", Access(WRITERS, "clinic", reads="photo"), UNREADABLE),
    Place("GET", "/photos/{clinic}/{photo}", Access(CLINICAL, "clinic", reads="photo"), (404,)),
    *_facts("/sessions", SESSIONS),
    Place("GET", "/sessions.csv", SESSIONS),
    # At another clinic the same address leads nowhere.
    Place("GET", "/sessions/{session}", Access(CLINICAL, "clinics", reads="session"), (303, 404)),
    *_facts("/sessions/{clinic}/{sender}/{session}", SESSION),
    Place("GET", f"{API}/sessions/{{clinic}}/{{sender}}/{{session}}/trace", SESSION),
    Place("GET", "/sessions/{clinic}/{sender}/{session}/live", SESSION),
    *_facts("/sessions/{clinic}/{sender}/{session}/findings/{number}", SESSION),
    Place("GET", "/sessions/{clinic}/{sender}/{session}/report", SESSION),
    *_facts("/series", Access(CLINICAL, "clinics", reads="series list")),
    *_facts("/series/{clinic}/{subject}", SERIES),
    Place("GET", "/series/{clinic}/{subject}/report", SERIES),
    Place("POST", "/sessions/searches", CLINICAL_OWN, MOVED, {"title": "all"}),
    Place("POST", "/sessions/searches/remove", CLINICAL_OWN, MOVED, {"title": "all"}),
    *_facts("/protocols", CLINICS),
    *_facts("/protocols/{clinic}/{protocol_id}", CLINIC),
    *_facts("/protocols/{clinic}/{protocol_id}/diff", CLINIC),
    *_facts("/registry", CLINICS),
    *_facts("/registry/{clinic}/{kind}/{registry_id}", CLINIC),
    *_facts("/devices", Access(EVERYBODY, "clinics")),
    *_facts("/devices/{clinic}/{sender}", Access(EVERYBODY, "clinic")),
    *_facts("/rejections", Access(CLINICAL, "clinics", reads="rejections")),
    *_facts("/rejections/{clinic}/{entry_id}", REJECTION),
    Place("GET", "/rejections/{clinic}/{entry_id}/bytes", REJECTION),
    *_facts("/health", CLINICS),
    *_facts("/users", ADMINISTRATION),
    Place("POST", "/users/add", ADMINISTRATION, NONSENSE),
    Place("POST", "/users/link", ADMINISTRATION, NONSENSE),
    Place("POST", "/users/revoke", ADMINISTRATION, NONSENSE),
    *_facts("/reads", ADMINISTRATION),
)
PLACES: Final = {f"{place.method} {place.path}": place for place in _ALL}
"""By method and path."""
