"""The matrix of the console: every route, who may use it, and a real address to try it at.

Written apart from what the routes declare of themselves: whoever opens a route to somebody else, or
adds one, has to say so here as well.
"""

from dataclasses import dataclass, field
from typing import Final

from dermatrace.console.access import ADMINISTRATORS, CLINICAL, EVERYBODY, PUBLIC, Access
from dermatrace.console.doors import API, Method
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.topics import sender_of
from support.console_bench import NORTH, SOUTH
from support.console_clinic import DEVICES, PROTOCOL

OWN: Final = Access(EVERYBODY, "own")
CLINICAL_OWN: Final = Access(CLINICAL, "own")
ADMINISTRATION: Final = Access(ADMINISTRATORS, "own")
CLINICS: Final = Access(CLINICAL, "clinics")
CLINIC: Final = Access(CLINICAL, "clinic")
SESSIONS: Final = Access(CLINICAL, "clinics", reads="sessions")
SESSION: Final = Access(CLINICAL, "clinic", reads="session")
REJECTION: Final = Access(CLINICAL, "clinic", reads="rejection")
FLOOR: Final = Access(CLINICAL, "clinics", reads="floor")
OK: Final = (200,)
MOVED: Final = (303,)
TREATED: Final = {NORTH: "pen-north-1", SOUTH: "home-south-1"}
"""Devices whose third session has ended, with a finding."""
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
        protocol_id=PROTOCOL,
        kind="device",
        registry_id=sender,
        entry_id=next(refused),
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
    *_facts("/sessions", SESSIONS),
    Place("GET", "/sessions.csv", SESSIONS),
    # At another clinic the same address leads nowhere.
    Place("GET", "/sessions/{session}", Access(CLINICAL, "clinics", reads="session"), (303, 404)),
    *_facts("/sessions/{clinic}/{sender}/{session}", SESSION),
    Place("GET", f"{API}/sessions/{{clinic}}/{{sender}}/{{session}}/trace", SESSION),
    Place("GET", "/sessions/{clinic}/{sender}/{session}/live", SESSION),
    *_facts("/sessions/{clinic}/{sender}/{session}/findings/{number}", SESSION),
    Place("GET", "/sessions/{clinic}/{sender}/{session}/report", SESSION),
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
