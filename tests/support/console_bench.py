"""A console over a filled data folder: people of every role, and a client for each."""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from httpx2 import Response
from starlette.testclient import TestClient

from dermatrace.clock import Clock, SystemClock
from dermatrace.console.access import ROLES, Role
from dermatrace.console.app import create_app
from dermatrace.console.installation import Installation
from dermatrace.settings import Settings
from support.ports import find_free_port

URL: Final = "http://127.0.0.1:8430"
NORTH, SOUTH = "north-clinic", "south-clinic"
VENDOR: Final = "dermatrace simulator"
_CSRF: Final = re.compile(r'<meta name="csrf-token" content="([0-9a-f]{64})">')


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes to the console."""

    role: Role
    clinics: tuple[str, ...] | None

    @property
    def name(self) -> str:
        """What they are called here."""
        where = "every" if self.clinics is None else "-".join(self.clinics)
        return f"{self.role.replace('_', '-')}.{where}"


PEOPLE: Final = tuple(
    Person(role, clinics) for role in ROLES for clinics in (None, (NORTH,), (SOUTH,))
)
"""Every role, for every clinic, for one, and for the other."""


class ConsoleBench:
    """A console inside the test's own process; no socket, no browser."""

    def __init__(
        self,
        folder: Path,
        clock: Clock | None = None,
        *,
        url: str = URL,
        **settings_given: Any,  # noqa: ANN401  any setting
    ) -> None:
        # Nothing that happens to run on this machine is looked at.
        names = ("broker_port", "health_port", "judge_health_port", "forward_health_port")
        ports = {name: find_free_port() for name in names}
        settings = Settings(data=folder, console_url=url, **(ports | settings_given))
        self._at_the_end = ExitStack()
        self.installation = self._at_the_end.enter_context(
            Installation.open(settings, url, clock or SystemClock())
        )
        self.people = self.installation.people
        self.app = create_app(self.installation)
        self._clients: dict[str, TestClient] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._at_the_end.close()

    def anybody(self) -> TestClient:
        """Return a client that nobody has signed in with."""
        client = TestClient(self.app, base_url=self.installation.url, follow_redirects=False)
        client.headers["accept"] = "text/html"
        self._at_the_end.callback(client.close)
        return client

    def add(self, people: Iterable[Person]) -> None:
        """Name people who may come in."""
        for person in people:
            vendor = VENDOR if person.role == "vendor" else None
            self.people.add(person.name, person.role, person.clinics, vendor)

    def signed_in(self, role: Role, *clinics: str) -> TestClient:
        """Return a client of somebody of a role, for some clinics or for all."""
        person = Person(role, clinics or None)
        client = self._clients.get(person.name) or self.anybody()
        if not client.cookies:
            if self.people.user(person.name) is None:
                self.add([person])
            link = self.people.issue("link", person.name)
            answer = client.post("/enter", data={"token": link})
            assert answer.status_code == 303, answer.text
            self._clients[person.name] = client
        return client


def csrf_of(client: TestClient) -> str:
    """Return what a page of this sign-in sends back with a change."""
    found = _CSRF.search(client.get("/account").text)
    assert found is not None
    return found[1]


def post(client: TestClient, path: str, **fields: str) -> Response:
    """Send a form as a page of ours does."""
    return client.post(path, data={"csrf_token": csrf_of(client), **fields})
