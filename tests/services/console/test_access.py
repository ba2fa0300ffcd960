"""Every route, every role, every clinic: who gets in."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from dermatrace.console.access import (
    ADMINISTRATORS,
    CLINICAL,
    DIRECTORS,
    EVERYBODY,
    PUBLIC,
    WRITERS,
    Access,
    Role,
    Visitor,
    answer,
)
from dermatrace.console.app import all_routes
from dermatrace.console.doors import API, Route
from support.console_bench import NORTH, PEOPLE, SOUTH, ConsoleBench, Person, csrf_of
from support.console_places import PLACES, Place, address
from support.console_twins import OpenGuard, TrustingGuard

ROUTES = all_routes()
GUARDED = [key for key, place in PLACES.items() if place.access != PUBLIC]


def _key(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_every_route_of_the_application_is_in_the_matrix_and_nothing_else(
    bench: ConsoleBench,
) -> None:
    served = {
        f"{method} {route.path}"
        for route in bench.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    others = {getattr(r, "path", "") for r in bench.app.routes if not isinstance(r, APIRoute)}
    assert others == {"/static"}, "what is mounted is public: only our own files may be"
    assert served == {_key(route) for route in ROUTES} == set(PLACES)


@pytest.mark.parametrize("route", ROUTES, ids=_key)
def test_declared_access_is_what_the_matrix_says(route: Route) -> None:
    assert route.access == PLACES[_key(route)].access


@pytest.mark.parametrize("key", PLACES)
def test_route_lets_in_whom_the_matrix_names_and_nobody_else(
    crowded: ConsoleBench, key: str
) -> None:
    assert _deviations(crowded, PLACES[key]) == []


OF_EACH_KIND = {PLACES[key].access: key for key in reversed(GUARDED)}
"""One place of every kind of access: what a guard forgets, it forgets everywhere."""


@pytest.mark.parametrize("key", [k for a, k in OF_EACH_KIND.items() if a.who != EVERYBODY])
def test_matrix_goes_red_with_a_guard_that_asks_nothing(crowded: ConsoleBench, key: str) -> None:
    careful = crowded.app.state.guard
    crowded.app.state.guard = OpenGuard(crowded.installation, ROUTES)
    try:
        assert _deviations(crowded, PLACES[key]) != []
    finally:
        crowded.app.state.guard = careful


@pytest.mark.parametrize("key", GUARDED)
def test_nobody_gets_in_without_signing_in_where_it_is_not_public(
    crowded: ConsoleBench, key: str
) -> None:
    place = PLACES[key]
    for clinic in place.clinics:
        answered = crowded.anybody().request(place.method, _address(crowded, place, clinic))
        if place.method == "GET" and not place.path.startswith(API):
            assert answered.status_code == 303
            assert answered.headers["location"].startswith("/sign-in")
        else:
            assert answered.status_code == 401


CHANGES = [key for key in GUARDED if PLACES[key].method != "GET"]


@pytest.mark.parametrize("key", CHANGES)
def test_change_is_made_only_if_a_page_of_this_sign_in_wants_it(
    crowded: ConsoleBench, key: str
) -> None:
    assert _unwanted_changes(crowded, PLACES[key]) == []


@pytest.mark.parametrize("key", CHANGES)
def test_unwanted_changes_are_made_with_a_guard_that_trusts_every_page(
    crowded: ConsoleBench, key: str
) -> None:
    careful = crowded.app.state.guard
    crowded.app.state.guard = TrustingGuard(crowded.installation, ROUTES)
    try:
        assert _unwanted_changes(crowded, PLACES[key]) != []
    finally:
        crowded.app.state.guard = careful


def _deviations(bench: ConsoleBench, place: Place) -> list[str]:
    """Return each visitor to whom a route does not answer as the matrix says."""
    return [
        f"{person.name} at {clinic}: {said}"
        for person in PEOPLE
        for clinic in place.clinics
        if (said := _deviation(bench, place, person, clinic))
    ]


def _deviation(bench: ConsoleBench, place: Place, person: Person, clinic: str) -> str:
    client = bench.signed_in(person.role, *(person.clinics or ()))
    headers = {"x-csrf-token": csrf_of(client)}
    where = _address(bench, place, clinic)
    answered = client.request(place.method, where, headers=headers, data=place.form)
    if answered.status_code not in _expected(place, person, clinic):
        return f"answered {answered.status_code}"
    others = {NORTH, SOUTH} - set(person.clinics or (NORTH, SOUTH))
    if place.access.scope == "clinics" and answered.status_code == 200:
        return "".join(f"reads of {other}" for other in others if other in answered.text)
    return ""


def _unwanted_changes(bench: ConsoleBench, place: Place) -> list[str]:
    """Return each way in which somebody else can make a visitor's browser change something."""
    found = []
    for headers in (
        {},
        {"x-csrf-token": "0" * 64},
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        client = _somebody(bench, place)
        own = {} if "x-csrf-token" in headers or not headers else {"x-csrf-token": csrf_of(client)}
        where = _address(bench, place, NORTH)
        answered = client.request(place.method, where, headers=own | headers, data=place.form)
        if answered.status_code != 403:
            found.append(f"{headers}: {answered.status_code}")
    return found


def _somebody(bench: ConsoleBench, place: Place) -> TestClient:
    return bench.signed_in(min(place.access.who))


def _address(bench: ConsoleBench, place: Place, clinic: str) -> str:
    with bench.installation.records.open() as record:
        assert record.journal is not None
        return address(place, clinic, record.journal)


def _expected(place: Place, person: Person, clinic: str) -> tuple[int, ...]:
    if place.access == PUBLIC:
        return (200, 403)
    if person.role not in place.access.who:
        return (403,)
    if place.access.scope == "clinic" and person.clinics not in {None, (clinic,)}:
        return (404,)
    return place.answers


SEEN: dict[str, frozenset[str] | None] = {
    "every": None,
    "theirs": frozenset({NORTH}),
    "another": frozenset({SOUTH}),
}


@dataclass(frozen=True)
class Case:
    """Somebody at a route."""

    access: Access
    role: Role
    clinics: str
    expected: str


def _cases() -> Iterator[Case]:
    for who in (EVERYBODY, CLINICAL, WRITERS, DIRECTORS, ADMINISTRATORS):
        for role in sorted(EVERYBODY):
            for clinics in SEEN:
                mine = "admitted" if role in who else "not_your_role"
                yield Case(Access(who, "clinics"), role, clinics, mine)
                yield Case(Access(who, "own"), role, clinics, mine)
                there = mine if clinics != "another" or role not in who else "not_your_clinic"
                yield Case(Access(who, "clinic"), role, clinics, there)


def test_answer_follows_from_role_and_clinic() -> None:
    for case in _cases():
        visitor = Visitor("somebody", case.role, SEEN[case.clinics])
        assert answer(case.access, visitor, NORTH) == case.expected, case


def test_nobody_known_is_asked_to_sign_in_except_where_it_is_public() -> None:
    assert answer(Access(EVERYBODY, "own"), None, None) == "sign_in"
    assert answer(PUBLIC, None, None) == "admitted"


def test_route_of_a_clinic_that_names_none_lets_nobody_in() -> None:
    visitor = Visitor("somebody", "director", None)
    assert answer(Access(CLINICAL, "clinic"), visitor, None) == "not_your_clinic"


def test_access_that_is_neither_public_nor_somebodys_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="public"):
        Access(frozenset(), "own")
    with pytest.raises(ValueError, match="public"):
        Access(EVERYBODY, "public")
