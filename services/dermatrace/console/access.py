"""Who may see what: roles, visitors, and what a route asks of them. Nothing here reads or writes.

A route says three things: which roles, whose clinics, and what is noted about the read. Whoever may
not see a clinic is not told either whether something exists there.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Role: TypeAlias = Literal["operator", "clinic_viewer", "director", "vendor", "administrator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

EVERYBODY: Final[frozenset[Role]] = frozenset(ROLES)
CLINICAL: Final[frozenset[Role]] = EVERYBODY - {"vendor"}
"""Who may see what happened to a person."""
WRITERS: Final[frozenset[Role]] = CLINICAL - {"clinic_viewer"}
"""Who may enter facts into a chart."""
DIRECTORS: Final[frozenset[Role]] = frozenset({"director"})
"""Who may sign."""
ADMINISTRATORS: Final[frozenset[Role]] = frozenset({"administrator"})
NOBODY: Final[frozenset[Role]] = frozenset()

Scope: TypeAlias = Literal["public", "own", "clinics", "clinic"]
"""public: before anybody has signed in. own: the visitor's own things, or those of the
installation. clinics: things of many clinics, of which the answer holds the visitor's only.
clinic: of the one clinic that the path names."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of whoever comes."""

    who: frozenset[Role]
    scope: Scope
    reads: str | None = None
    """What a visit is noted as in the audit; None is not noted."""

    def __post_init__(self) -> None:
        if (self.scope == "public") != (not self.who):
            raise ValueError("a route is public, or it names the roles that may use it")


PUBLIC: Final = Access(NOBODY, "public")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has signed in."""

    name: str
    role: Role
    clinics: frozenset[str] | None
    """None: every clinic."""
    vendor: str | None = None
    """Whose devices a vendor may see."""
    csrf_token: str | None = None
    """What a page of this sign-in sends back with every change; None with an access token, which no
    browser sends by itself."""

    def may_see(self, clinic: str) -> bool:
        """Whether a clinic is one of theirs."""
        return self.clinics is None or clinic in self.clinics

    @property
    def may_write(self) -> bool:
        """Whether they may enter facts into a chart."""
        return self.role in WRITERS

    @property
    def is_clinical(self) -> bool:
        """Whether they may see what happened to a person."""
        return self.role in CLINICAL


Answer: TypeAlias = Literal["admitted", "sign_in", "not_your_role", "not_your_clinic"]


def answer(access: Access, visitor: Visitor | None, clinic: str | None) -> Answer:
    """Return whether somebody may use a route, and if not, why."""
    if access.scope == "public":
        return "admitted"
    if visitor is None:
        return "sign_in"
    if visitor.role not in access.who:
        return "not_your_role"
    if access.scope == "clinic" and (clinic is None or not visitor.may_see(clinic)):
        return "not_your_clinic"
    return "admitted"
