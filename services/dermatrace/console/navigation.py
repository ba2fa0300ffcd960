"""The places that every page leads to, for those who may go there."""

from typing import Final, NamedTuple

from dermatrace.console.access import ADMINISTRATORS, CLINICAL, EVERYBODY, Role, Visitor


class Place(NamedTuple):
    """One entry of the navigation."""

    path: str
    title: str
    who: frozenset[Role]


PLACES: Final = (
    Place("/", "Floor", CLINICAL),
    Place("/visits", "Check-in", CLINICAL),
    Place("/sessions", "Sessions", CLINICAL),
    Place("/series", "Series", CLINICAL),
    Place("/protocols", "Protocols", CLINICAL),
    Place("/registry", "Registry", CLINICAL),
    Place("/devices", "Devices", EVERYBODY),
    Place("/rejections", "Rejections", CLINICAL),
    Place("/health", "Health", CLINICAL),
    Place("/users", "Users", ADMINISTRATORS),
)


def places_for(visitor: Visitor | None) -> list[Place]:
    """Return where a visitor may go, in the order of the navigation."""
    if visitor is None:
        return []
    return [place for place in PLACES if visitor.role in place.who]


def first_place(visitor: Visitor) -> str:
    """Return where a visitor arrives."""
    return places_for(visitor)[0].path
