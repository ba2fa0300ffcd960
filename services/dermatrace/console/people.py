"""Who may come in: users, and the tokens that let them. Of a token only its SHA-256 is kept.

A token is 256 random bits, not a word somebody chose: nobody can guess it from its digest, however
fast digests are made, so a slow password hash would only slow down every request.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from dermatrace.clock import Clock
from dermatrace.console.access import ROLES, Role, Visitor
from dermatrace.console.store import Statement, Store
from dermatrace.errors import UsageError

TOKEN_BYTES: Final = 32
LINK_LIFE_MS: Final = 24 * 3_600_000
"""How long a link to sign in holds; then it opens nothing and another one is asked for."""
LOGIN_IDLE_MAX_MS: Final = 12 * 3_600_000
"""Unused for this long, a sign-in ends: about a shift."""
LOGIN_LIFE_MS: Final = 30 * 24 * 3_600_000
"""A sign-in ends after this however much it is used."""
SEEN_STEP_MS: Final = 60_000
"""How exactly it is noted when a sign-in was used last: not every read is worth a write."""
USERS_LISTED_MAX: Final = 1_000
"""Users that are listed; an organisation with more signs its people in by other means."""

Kind: TypeAlias = Literal["first", "link", "access"]
"""first: makes the first administrator. link: signs one user in, once. access: speaks as a user
until it is revoked, for programs and for the sign-in page."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_USER: Final = "name, role, clinics, vendor, created_ms, revoked_ms"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody an administrator has named."""

    name: str
    role: Role
    clinics: tuple[str, ...] | None
    """None: every clinic."""
    vendor: str | None
    created_ms: int
    revoked_ms: int | None


class People:
    """The users of an installation, their tokens, and who is signed in."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def is_empty(self) -> bool:
        """Whether nobody has come in yet."""
        return not self._store.rows("SELECT 1 FROM users LIMIT 1")

    def users(self) -> list[User]:
        """Return everybody by name, revoked or not."""
        query = f"SELECT {_USER} FROM users ORDER BY name LIMIT ?"  # noqa: S608  a constant
        return [_user(row) for row in self._store.rows(query, (USERS_LISTED_MAX,))]

    def user(self, name: str) -> User | None:
        """Return one user, or None."""
        query = f"SELECT {_USER} FROM users WHERE name = ?"  # noqa: S608  a constant
        return next((_user(row) for row in self._store.rows(query, (name,))), None)

    def add(
        self,
        name: str,
        role: Role,
        clinics: Iterable[str] | None = None,
        vendor: str | None = None,
    ) -> User:
        """Name a user. Raises UsageError if the name, the role or the vendor makes no sense."""
        statement = self._adding(name, role, clinics, vendor)
        if self.user(name) is not None:
            raise UsageError(f"there is a user {name} already", remedy="Choose another name.")
        self._store.write(statement)
        return self._known(name)

    def revoke(self, name: str) -> None:
        """Let a user in no more, from this moment on. Raises UsageError if there is none."""
        self._known(name)
        self._store.write(
            ("DELETE FROM logins WHERE user_name = ?", (name,)),
            ("DELETE FROM tokens WHERE user_name = ?", (name,)),
            ("UPDATE users SET revoked_ms = ? WHERE name = ?", (self._clock.utc_ms(), name)),
        )

    def issue(self, kind: Kind, name: str | None = None) -> str:
        """Return a new token; it cannot be shown again. Raises UsageError for no such user."""
        if kind != "first":
            user = self._known(name or "")
            if user.revoked_ms is not None:
                raise UsageError(f"{name} has been revoked", remedy="Add another user.")
        now_ms, token = self._clock.utc_ms(), secrets.token_urlsafe(TOKEN_BYTES)
        expires_ms = None if kind == "access" else now_ms + LINK_LIFE_MS
        insert = "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL)"
        values = (_digest(token), kind, name, now_ms, expires_ms)
        # Only the newest first-start link opens anything: older ones stand in old logs.
        forget = ("DELETE FROM tokens WHERE kind = 'first' AND ? = 'first'", (kind,))
        self._store.write(forget, (insert, values))
        return token

    def kind_of(self, token: str) -> Kind | None:
        """Return what a token is good for now; None if for nothing."""
        query = (
            "SELECT t.kind FROM tokens t LEFT JOIN users u ON u.name = t.user_name"
            " WHERE t.token_sha256 = ? AND t.spent_ms IS NULL AND u.revoked_ms IS NULL"
            " AND (t.expires_ms IS NULL OR t.expires_ms > ?)"
        )
        rows = self._store.rows(query, (_digest(token), self._clock.utc_ms()))
        kind = cast("Kind", rows[0][0]) if rows else None
        return None if kind == "first" and not self.is_empty() else kind

    def sign_in(self, token: str, *, first_name: str | None = None) -> str | None:
        """Exchange a token for a login, which a cookie holds; None if it opens nothing.

        The first-start link makes an administrator of this name. Links are spent by it.
        """
        kind = self.kind_of(token)
        if kind is None or (kind == "first" and first_name is None):
            return None
        now_ms, login = self._clock.utc_ms(), secrets.token_urlsafe(TOKEN_BYTES)
        spend: Statement = (
            "UPDATE tokens SET spent_ms = ? WHERE token_sha256 = ? AND kind <> 'access'",
            (now_ms, _digest(token)),
        )
        statements = [spend]
        if kind == "first":
            name = cast("str", first_name)
            statements += [self._adding(name, "administrator", None, None)]
        else:
            query = "SELECT user_name FROM tokens WHERE token_sha256 = ?"
            ((name,),) = self._store.rows(query, (_digest(token),))
        opened = ("INSERT INTO logins VALUES (?, ?, ?, ?)", (_digest(login), name, now_ms, now_ms))
        self._store.write(*statements, opened)
        return login

    def sign_out(self, login: str) -> None:
        """End a login."""
        self._store.write(("DELETE FROM logins WHERE login_sha256 = ?", (_digest(login),)))

    def signed_in(self, login: str) -> Visitor | None:
        """Return who holds a login; None if it has ended."""
        now_ms = self._clock.utc_ms()
        query = (
            "SELECT user_name, seen_ms FROM logins"
            " WHERE login_sha256 = ? AND seen_ms > ? AND created_ms > ?"
        )
        values = (_digest(login), now_ms - LOGIN_IDLE_MAX_MS, now_ms - LOGIN_LIFE_MS)
        for name, seen_ms in self._store.rows(query, values):
            if now_ms - seen_ms > SEEN_STEP_MS:
                update = "UPDATE logins SET seen_ms = ? WHERE login_sha256 = ?"
                self._store.write((update, (now_ms, _digest(login))))
            return _visitor(self._known(name), csrf_token_of(login))
        return None

    def bearer(self, token: str) -> Visitor | None:
        """Return whose access token it is; None if nobody's."""
        if self.kind_of(token) != "access":
            return None
        query = "SELECT user_name FROM tokens WHERE token_sha256 = ?"
        ((name,),) = self._store.rows(query, (_digest(token),))
        return _visitor(self._known(name), None)

    def _known(self, name: str) -> User:
        user = self.user(name)
        if user is None:
            raise UsageError(f"there is no user {name!r}", remedy="The list of users shows all.")
        return user

    def _adding(
        self, name: str, role: str, clinics: Iterable[str] | None, vendor: str | None
    ) -> Statement:
        if not _NAME.fullmatch(name):
            remedy = "Lower-case letters, digits, dots and hyphens, at most 63."
            raise UsageError(f"{name!r} cannot be a user's name", remedy=remedy)
        if role not in ROLES:
            raise UsageError(f"there is no role {role!r}", remedy=f"Known are: {', '.join(ROLES)}.")
        if (role == "vendor") != (vendor is not None):
            raise UsageError("a vendor, and nobody else, has the name of a vendor")
        told = None if clinics is None else json.dumps(sorted(set(clinics)))
        if told == "[]":
            raise UsageError("a user sees at least one clinic", remedy="Name it, or all of them.")
        now_ms = self._clock.utc_ms()
        return (
            "INSERT INTO users VALUES (?, ?, ?, ?, ?, NULL)",
            (name, role, told, vendor, now_ms),
        )


def csrf_token_of(login: str) -> str:
    """Return what a page sends back with each change.

    It follows from the cookie, which no other site can read.
    """
    return hashlib.sha256(f"csrf\n{login}".encode()).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _user(row: tuple[Any, ...]) -> User:
    name, role, clinics, vendor, created_ms, revoked_ms = row
    known = None if clinics is None else tuple(json.loads(clinics))
    return User(name, role, known, vendor, created_ms, revoked_ms)


def _visitor(user: User, csrf_token: str | None) -> Visitor:
    clinics = None if user.clinics is None else frozenset(user.clinics)
    return Visitor(user.name, user.role, clinics, user.vendor, csrf_token)
