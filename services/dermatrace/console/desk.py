"""What a page works with: who is asking, the record as of one moment, and how to answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse

from dermatrace.console.access import Visitor
from dermatrace.console.guard import Admitted, FormFields
from dermatrace.console.installation import Installation
from dermatrace.console.records import Record
from dermatrace.console.rendering import render
from dermatrace.errors import SignInNeeded


@dataclass(slots=True)
class Desk:
    """One request, admitted."""

    installation: Installation
    request: Request
    visitor: Visitor
    record: Record
    form: dict[str, str]
    """Of a plain form."""

    @property
    def now_ms(self) -> int:
        """The console's clock."""
        return self.installation.clock.utc_ms()

    def page(self, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:  # noqa: ANN401  whatever the template needs
        """Return a page of ours."""
        return page_of(self.installation, self.request, self.visitor, template, status, facts)

    def to(self, path: str) -> RedirectResponse:
        """Send the browser on after a change, so that loading again does not repeat it."""
        return RedirectResponse(path, status_code=303)

    def clinics(self) -> list[str]:
        """Return the visitor's clinics of which anything is on record, by name."""
        return [name for name in self.record.registry().clinics() if self.visitor.may_see(name)]


def installation_of(request: Request) -> Installation:
    """Return the console that a request came to."""
    found: Installation = request.app.state.installation
    return found


Here = Annotated[Installation, Depends(installation_of)]


def desk_of(
    request: Request, visitor: Admitted, form: FormFields, installation: Here
) -> Iterator[Desk]:
    """Open the record for one request and close it afterwards."""
    if visitor is None:
        raise SignInNeeded
    with installation.records.open() as record:
        yield Desk(installation, request, visitor, record, form)


AtDesk = Annotated[Desk, Depends(desk_of)]


def page_of(
    installation: Installation,
    request: Request,
    visitor: Visitor | None,
    template: str,
    status: int,
    facts: dict[str, Any],
) -> HTMLResponse:
    """Return a page, for a visitor or before anybody has signed in."""
    frame = {
        "visitor": visitor,
        "path": request.url.path,
        "now_ms": installation.clock.utc_ms(),
        "theme": request.cookies.get("theme", "system"),
    }
    return HTMLResponse(render(template, frame | facts), status_code=status)
