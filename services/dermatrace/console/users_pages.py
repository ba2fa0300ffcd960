"""Who may come in, and who has looked at what: for administrators."""

from typing import Annotated, Any, Final, cast

from fastapi import Query
from starlette.responses import HTMLResponse, Response

from dermatrace.console.access import ADMINISTRATORS, ROLES, Access, Role
from dermatrace.console.audit import Read
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.paging import pages_of
from dermatrace.console.people import User

doors = Doors()
_OWN: Final = Access(ADMINISTRATORS, "own")
PAGE_READS: Final = 100
"""Reads on a page; the next page goes on after it."""


class UserItem(Facts):
    """Somebody who may come in, or no longer may."""

    name: str
    role: Role
    clinics: list[str] | None
    """Null: every clinic."""
    vendor: str | None
    created_ms: int
    revoked_ms: int | None
    """Since when they come in no more; null: they may."""


class UserList(Facts):
    """Everybody by name."""

    users: list[UserItem]


class ReadItem(Facts):
    """One visit to something about a person, or one that was refused."""

    read_id: int
    at_ms: int
    user_name: str
    reads: str
    clinic: str | None
    path: str
    admitted: bool


class ReadList(Facts):
    """One page of visits, the newest first."""

    reads: list[ReadItem]
    next: int | None
    """Give it as `before` for the next page; null on the last one."""


def _dress(desk: Desk, _: UserList) -> dict[str, Any]:
    return {"roles": ROLES, "clinics": desk.clinics(), "link": None, "link_for": ""}


@doors.facts("/users", "users.html", _OWN, dress=_dress)
def users(desk: AtDesk) -> UserList:
    """List who may come in."""
    return UserList(users=[_user(user) for user in desk.installation.people.users()])


@doors.page("/users/add", _OWN, method="POST")
def add_user(desk: AtDesk) -> HTMLResponse:
    """Name a user and show the link that signs them in once."""
    form, people = desk.form, desk.installation.people
    name, role = form.get("name", ""), cast("Role", form.get("role", ""))
    named = [clinic.strip() for clinic in form.get("clinics", "").split(",")]
    clinics = [clinic for clinic in named if clinic]
    vendor = form.get("vendor", "").strip() or None
    people.add(name, role, clinics or None, vendor)
    return _with_link(desk, name)


@doors.page("/users/link", _OWN, method="POST")
def link_user(desk: AtDesk) -> HTMLResponse:
    """Show another link that signs a user in once."""
    return _with_link(desk, desk.form.get("name", ""))


@doors.other("/users/revoke", _OWN, method="POST")
def revoke_user(desk: AtDesk) -> Response:
    """Let a user in no more."""
    desk.installation.people.revoke(desk.form.get("name", ""))
    return desk.to("/users")


def _dress_reads(desk: Desk, facts: ReadList) -> dict[str, Any]:
    return {"pages": pages_of(desk.request.url, "before", facts.next)}


@doors.facts("/reads", "reads.html", _OWN, dress=_dress_reads)
def reads(desk: AtDesk, before: Annotated[int | None, Query(ge=1, le=2**62)] = None) -> ReadList:
    """List who has looked at what, the newest first."""
    found = desk.installation.audit.newest(before_id=before, limit=PAGE_READS + 1)
    page = found[:PAGE_READS]
    following = page[-1].read_id if len(found) > len(page) else None
    return ReadList(reads=[_read(one) for one in page], next=following)


def _with_link(desk: Desk, name: str) -> HTMLResponse:
    token = desk.installation.people.issue("link", name)
    link = f"{desk.installation.url}/enter?token={token}"
    facts = users(desk)
    more = _dress(desk, facts) | {"link": link, "link_for": name}
    return desk.page("users.html", facts=facts, **more)


def _user(user: User) -> UserItem:
    return UserItem(
        name=user.name,
        role=user.role,
        clinics=None if user.clinics is None else list(user.clinics),
        vendor=user.vendor,
        created_ms=user.created_ms,
        revoked_ms=user.revoked_ms,
    )


def _read(one: Read) -> ReadItem:
    return ReadItem(
        read_id=one.read_id,
        at_ms=one.at_ms,
        user_name=one.user_name,
        reads=one.reads,
        clinic=one.clinic,
        path=one.path,
        admitted=one.admitted,
    )
