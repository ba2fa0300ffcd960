"""Coming in and going out: a one-time link, or an access token typed in."""

from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dermatrace.console.access import EVERYBODY, PUBLIC, Access
from dermatrace.console.desk import AtDesk, Here, page_of
from dermatrace.console.doors import Doors
from dermatrace.console.guard import FormFields
from dermatrace.console.navigation import first_place
from dermatrace.console.people import LOGIN_LIFE_MS
from dermatrace.errors import UsageError

doors = Doors()
TOKEN_CHARACTERS_MAX: Final = 200
"""Of a token that is typed in; ours have 43."""


@doors.page("/enter", PUBLIC)
def enter(request: Request, here: Here, token: str = "") -> HTMLResponse:
    """Show what a link is good for.

    Only the button uses it up: whatever looks at links before people do finds it still working, and
    a cookie set in answer to a form of our own is sent with the very next page.
    """
    kind = here.people.kind_of(token[:TOKEN_CHARACTERS_MAX])
    facts = {"kind": kind, "token": token if kind else "", "said": ""}
    return page_of(here, request, None, "enter.html", 200 if kind else 403, facts)


@doors.page("/enter", PUBLIC, method="POST")
def come_in(request: Request, here: Here, form: FormFields) -> Response:
    """Exchange a token for a cookie."""
    token, to = form.get("token", "")[:TOKEN_CHARACTERS_MAX].strip(), form.get("to", "")
    said, login = "This token opens nothing, or not any more.", None
    try:
        login = here.people.sign_in(token, first_name=form.get("name"))
    except UsageError as error:
        said = str(error)
    if login is None:
        kind = here.people.kind_of(token)
        facts = {"kind": kind, "token": token if kind else "", "said": said, "to": to}
        template = "enter.html" if kind else "sign_in.html"
        return page_of(here, request, None, template, 403, facts)
    visitor = here.people.signed_in(login)
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\"))
    target = to if is_ours else "/" if visitor is None else first_place(visitor)
    answer = RedirectResponse(target, status_code=303)
    answer.set_cookie(
        here.cookie,
        login,
        max_age=LOGIN_LIFE_MS // 1_000,
        httponly=True,
        secure=here.is_encrypted,
        samesite="strict",
    )
    return answer


@doors.page("/sign-in", PUBLIC)
def sign_in(request: Request, here: Here, to: str = "") -> HTMLResponse:
    """Ask for an access token, and say how to get one."""
    facts = {"said": "", "to": to, "is_first": here.people.is_empty()}
    return page_of(here, request, None, "sign_in.html", 200, facts)


@doors.other("/sign-out", Access(EVERYBODY, "own"), method="POST")
def sign_out(desk: AtDesk) -> Response:
    """End this sign-in."""
    here = desk.installation
    here.people.sign_out(desk.request.cookies.get(here.cookie, ""))
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(here.cookie, httponly=True, secure=here.is_encrypted, samesite="strict")
    return answer
