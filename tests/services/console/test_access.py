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
from support.console_places import PLACES, Place

ROUTES = all_routes()


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
    place = PLACES[key]
    for person in PEOPLE:
        client = crowded.signed_in(person.role, *(person.clinics or ()))
        for clinic in place.clinics:
            status = _visit(client, place, clinic)
            assert status in _expected(place, person, clinic), f"{person.name} at {clinic}"


@pytest.mark.parametrize("key", PLACES)
def test_nobody_gets_in_without_signing_in_where_it_is_not_public(
    crowded: ConsoleBench, key: str
) -> None:
    place = PLACES[key]
    for clinic in place.clinics:
        answered = crowded.anybody().request(place.method, place.address(clinic))
        if place.access == PUBLIC:
            assert answered.status_code < 500
        elif place.method == "GET" and not place.path.startswith(API):
            assert answered.status_code == 303
            assert answered.headers["location"].startswith("/sign-in")
        else:
            assert answered.status_code == 401


def _visit(client: TestClient, place: Place, clinic: str) -> int:
    headers = {"x-csrf-token": csrf_of(client)}
    answered = client.request(place.method, place.address(clinic), headers=headers, data=place.form)
    if place.access.scope == "clinics" and answered.status_code == 200:
        _assert_only_of_theirs(client, answered.text)
    return answered.status_code


def _assert_only_of_theirs(client: TestClient, text: str) -> None:
    told = client.get(f"{API}/visitor").json()
    for clinic in (NORTH, SOUTH):
        if told["clinics"] is not None and clinic not in told["clinics"]:
            assert clinic not in text, f"{told['name']} reads of {clinic}"


def _expected(place: Place, person: Person, clinic: str) -> tuple[int, ...]:
    if place.access == PUBLIC:
        return (200, 303, 403)
    if person.role not in place.access.who:
        return (403,)
    if place.access.scope == "clinic" and person.clinics not in {None, (clinic,)}:
        return (404,)
    return place.answers


CLINICS: dict[str, frozenset[str] | None] = {
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
        for role in EVERYBODY:
            for clinics in CLINICS:
                mine = "admitted" if role in who else "not_your_role"
                yield Case(Access(who, "clinics"), role, clinics, mine)
                yield Case(Access(who, "own"), role, clinics, mine)
                there = mine if clinics != "another" or role not in who else "not_your_clinic"
                yield Case(Access(who, "clinic"), role, clinics, there)


@pytest.mark.parametrize("case", list(_cases()), ids=str)
def test_answer_follows_from_role_and_clinic(case: Case) -> None:
    visitor = Visitor("somebody", case.role, CLINICS[case.clinics])
    assert answer(case.access, visitor, NORTH) == case.expected


def test_nobody_known_is_asked_to_sign_in_except_where_it_is_public() -> None:
    assert answer(Access(EVERYBODY, "own"), None, None) == "sign_in"
    assert answer(PUBLIC, None, None) == "admitted"


def test_route_of_a_clinic_that_names_none_lets_nobody_in_who_sees_some() -> None:
    visitor = Visitor("somebody", "director", frozenset({NORTH}))
    assert answer(Access(CLINICAL, "clinic"), visitor, None) == "not_your_clinic"


def test_access_that_is_neither_public_nor_somebodys_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="public"):
        Access(frozenset(), "own")
    with pytest.raises(ValueError, match="public"):
        Access(EVERYBODY, "public")
