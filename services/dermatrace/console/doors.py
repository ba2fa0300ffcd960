"""How a module of pages says what it serves: every route with who may use it.

A route that is not declared here is refused by the guard, whoever asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, Final, Literal, ParamSpec, TypeAlias, TypeVar

from starlette.responses import HTMLResponse, Response

from dermatrace.console.access import Access

API: Final = "/api/v1"
"""Before the path of everything that answers in JSON."""
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
Form: TypeAlias = Literal["page", "json", "other"]
"""page: HTML. json: described by OpenAPI, with an ETag. other: a file, a stream, a redirect."""
P = ParamSpec("P")
T = TypeVar("T")
Dress: TypeAlias = Callable[[Any, Any], dict[str, Any]]
"""From desk and facts to what else the template needs: choices of a form, the page after this."""


@dataclass(frozen=True, slots=True)
class Route:
    """One thing the console serves."""

    method: Method
    path: str
    name: str
    endpoint: Callable[..., Any]
    access: Access
    form: Form


@dataclass(slots=True)
class Doors:
    """The routes of one module, in the order in which they are tried."""

    routes: list[Route] = field(default_factory=list)

    def facts(
        self, path: str, template: str, access: Access, *, dress: Dress | None = None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Serve what a function returns twice: as a page, and under `/api/v1` as JSON.

        The function takes a keyword `desk`; its return type describes the JSON. The template sees
        what it returned as `facts`.
        """

        def declare(gather: Callable[P, T]) -> Callable[P, T]:
            page = _as_page(gather, template, dress)
            name = gather.__name__
            self.routes.append(Route("GET", path, f"{name}_page", page, access, "page"))
            self.routes.append(Route("GET", f"{API}{path}", name, gather, access, "json"))
            return gather

        return declare

    def page(
        self, path: str, access: Access, *, method: Method = "GET"
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Serve a function that returns a response for people: `desk.page(...)`."""
        return self._declare(method, path, access, "page")

    def json(
        self, path: str, access: Access, *, method: Method = "GET"
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Serve what a function returns as JSON, under `/api/v1`."""
        return self._declare(method, f"{API}{path}", access, "json")

    def other(
        self, path: str, access: Access, *, method: Method = "GET"
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Serve a function that returns a response of another sort: a file, events, a redirect."""
        return self._declare(method, path, access, "other")

    def _declare(
        self, method: Method, path: str, access: Access, form: Form
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        def declare(endpoint: Callable[P, T]) -> Callable[P, T]:
            self.routes.append(Route(method, path, endpoint.__name__, endpoint, access, form))
            return endpoint

        return declare


def _as_page(
    gather: Callable[..., Any], template: str, dress: Dress | None
) -> Callable[..., HTMLResponse]:
    @wraps(gather)
    def page(**given: Any) -> HTMLResponse:  # noqa: ANN401  whatever the function takes
        desk = given["desk"]
        facts = gather(**given)
        more = {} if dress is None else dress(desk, facts)
        answer: HTMLResponse = desk.page(template, facts=facts, **more)
        return answer

    own = signature(gather, eval_str=True)
    page.__signature__ = own.replace(return_annotation=Response)  # type: ignore[attr-defined]
    return page
