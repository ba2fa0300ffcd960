"""The visitor's own page: who one is here, tokens for programs, light or dark."""

from starlette.responses import HTMLResponse

from dermatrace.console.access import EVERYBODY, Access, Role
from dermatrace.console.desk import AtDesk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts

doors = Doors()
_OWN = Access(EVERYBODY, "own")


class WhoIsAsking(Facts):
    """The visitor, as the console knows them."""

    name: str
    role: Role
    clinics: list[str] | None
    """Whose facts they see; null: every clinic's."""
    vendor: str | None
    """Whose devices a vendor sees."""


@doors.page("/account", _OWN)
def account(desk: AtDesk) -> HTMLResponse:
    """Show who is signed in."""
    return desk.page("account.html", token=None)


@doors.page("/account/token", _OWN, method="POST")
def make_token(desk: AtDesk) -> HTMLResponse:
    """Make an access token and show it this once."""
    token = desk.installation.people.issue("access", desk.visitor.name)
    return desk.page("account.html", token=token)


@doors.json("/visitor", _OWN)
def visitor(desk: AtDesk) -> WhoIsAsking:
    """Say who is asking and what they may see."""
    who = desk.visitor
    clinics = None if who.clinics is None else sorted(who.clinics)
    return WhoIsAsking(name=who.name, role=who.role, clinics=clinics, vendor=who.vendor)
