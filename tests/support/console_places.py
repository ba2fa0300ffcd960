"""The matrix of the console: every route, who may use it, and a real address to try it at.

Written apart from what the routes declare of themselves: whoever opens a route to somebody else, or
adds one, has to say so here as well.
"""

from dataclasses import dataclass, field
from typing import Final

from dermatrace.console.access import (
    CLINICAL,
    EVERYBODY,
    PUBLIC,
    Access,
)
from dermatrace.console.doors import API, Method
from support.console_bench import NORTH, SOUTH

OWN: Final = Access(EVERYBODY, "own")
CLINICAL_OWN: Final = Access(CLINICAL, "own")
SESSIONS: Final = Access(CLINICAL, "clinics", reads="sessions")
_OK: Final = (200,)


@dataclass(frozen=True, slots=True)
class Place:
    """One route and what comes of trying it."""

    method: Method
    path: str
    access: Access
    answers: tuple[int, ...] = _OK
    """To whoever is let in."""
    fills: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the parts of the path are, clinic by clinic."""
    form: dict[str, str] | None = None

    @property
    def clinics(self) -> tuple[str, ...]:
        """Where to try it: a route of one clinic at both."""
        return (NORTH, SOUTH) if self.access.scope == "clinic" else (NORTH,)

    def address(self, clinic: str) -> str:
        """Return an address that exists, at a clinic."""
        return self.path.format(clinic=clinic, **self.fills.get(clinic, {}))


_ALL: Final = (
    Place("GET", "/sessions", SESSIONS),
    Place("GET", f"{API}/sessions", SESSIONS),
    Place("GET", "/sessions.csv", SESSIONS),
    Place("POST", "/sessions/searches", CLINICAL_OWN, (303,), form={"title": "all"}),
    Place("POST", "/sessions/searches/remove", CLINICAL_OWN, (303,), form={"title": "all"}),
    Place("GET", "/enter", PUBLIC),
    Place("POST", "/enter", PUBLIC),
    Place("GET", "/sign-in", PUBLIC),
    Place("GET", "/healthz", PUBLIC),
    Place("GET", "/", OWN, (303,)),
    Place("GET", "/account", OWN),
    Place("POST", "/account/token", OWN),
    # Nothing of the form signs the visitor out here: the token in it is of another sign-in.
    Place("POST", "/sign-out", OWN, (303,)),
    Place("GET", f"{API}/pulse", OWN),
    Place("GET", f"{API}/visitor", OWN),
    Place("GET", f"{API}/openapi.json", OWN),
)
PLACES: Final = {f"{place.method} {place.path}": place for place in _ALL}
"""By method and path."""
