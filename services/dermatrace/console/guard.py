"""The one place where it is decided whether a request goes on. What no door declares is refused."""

from collections.abc import Iterable
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request

from dermatrace.console.access import Access, Visitor, answer
from dermatrace.console.doors import Route
from dermatrace.console.installation import Installation
from dermatrace.errors import NotHere, NotYours, SignInNeeded

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf_token"
FORM_FIELDS_MAX: Final = 200
"""Fields of one form; a request with more is refused."""
_FORM: Final = "application/x-www-form-urlencoded"


class Guard:
    """Knows what each route asks for, and who has signed in."""

    def __init__(self, installation: Installation, routes: Iterable[Route]) -> None:
        self._installation = installation
        self._asked: dict[tuple[str, str], Access] = {
            (route.method, route.path): route.access for route in routes
        }

    def access_of(self, method: str, path: str) -> Access | None:
        """Return what a route asks for; None if nobody has said."""
        return self._asked.get(("GET" if method == "HEAD" else method, path))

    def admit(self, request: Request, form: dict[str, str]) -> Visitor | None:
        """Return who it is, noted in the audit; None on a public route.

        Raises SignInNeeded, NotYours if it is not for them, NotHere if it is another clinic's.
        """
        route = request.scope.get("route")
        access = self.access_of(request.method, getattr(route, "path", ""))
        if access is None:
            raise NotYours("nobody has said who may come here")
        visitor = self.visitor(request)
        clinic = request.path_params.get("clinic")
        verdict = answer(access, visitor, clinic)
        if visitor is not None and access.reads is not None:
            told = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            is_admitted = verdict == "admitted"
            self._installation.audit.note(
                visitor.name, access.reads, clinic, told, admitted=is_admitted
            )
        if verdict == "sign_in":
            raise SignInNeeded
        if verdict == "not_your_role" and visitor is not None:
            raise NotYours(f"this is not for the role {visitor.role.replace('_', ' ')}")
        if verdict == "not_your_clinic":
            # As if it did not exist: that it does is already a fact about another clinic.
            raise NotHere(f"nothing at {request.url.path}")
        if request.method not in SAFE_METHODS:
            self._check_origin(request)
            # What is public is asked for with a secret of its own: the token that lets one in.
            if access.scope != "public" and visitor is not None:
                _check_csrf(request, form, visitor)
        return visitor

    def visitor(self, request: Request) -> Visitor | None:
        """Return who is asking; None if nobody has signed in."""
        people = self._installation.people
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return people.bearer(token.strip())
        login = request.cookies.get(self._installation.cookie)
        return None if login is None else people.signed_in(login)

    def _check_origin(self, request: Request) -> None:
        """Refuse a change that a page of another origin asks for; programs send no origin."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        own = {self._installation.url, str(request.base_url).rstrip("/")}
        if (origin is not None and origin not in own) or site in {"cross-site", "same-site"}:
            raise NotYours(f"a page of {origin or 'another site'} may change nothing here")


def _check_csrf(request: Request, form: dict[str, str], visitor: Visitor) -> None:
    """Refuse a change that no page of this sign-in has asked for; access tokens need none."""
    given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
    # The expected token is a digest that nobody can shape, so how long comparing takes tells none.
    if visitor.csrf_token not in {None, given}:
        raise NotYours(
            "the page was of an earlier sign-in", remedy="Load it again and enter that once more."
        )


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form as a page without scripts sends it; the last of equal names."""
    if request.method in SAFE_METHODS:
        return {}
    if not request.headers.get("content-type", "").startswith(_FORM):
        return {}
    text = (await request.body()).decode(errors="replace")
    try:
        told = parse_qs(text, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError as error:
        raise NotYours(f"the form cannot be read: {error}") from error
    return {name: values[-1] for name, values in told.items()}


FormFields = Annotated[dict[str, str], Depends(form_of)]


def guard_of(request: Request) -> Guard:
    """Return who decides here."""
    found: Guard = request.app.state.guard
    return found


def admit(request: Request, form: FormFields) -> Visitor | None:
    """Ask the guard; every route depends on this, declared or not."""
    return guard_of(request).admit(request, form)


Admitted = Annotated[Visitor | None, Depends(admit)]
