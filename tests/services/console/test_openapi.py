"""The description of the API: everything in it is there, and everything there is in it."""

from typing import Any

import pytest

from dermatrace.console.app import all_routes
from dermatrace.console.doors import API
from support.console_bench import ConsoleBench

JSON = [route for route in all_routes() if route.form == "json"]


@pytest.fixture
def described(empty_bench: ConsoleBench) -> dict[str, Any]:
    found: dict[str, Any] = empty_bench.signed_in("director").get(f"{API}/openapi.json").json()
    return found


def test_every_answer_in_json_is_described_under_its_own_name(described: dict[str, Any]) -> None:
    told = {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert {(route.method, route.path) for route in JSON} == set(told)
    names = [operation["operationId"] for operation in told.values()]
    assert len(set(names)) == len(names)
    assert all(operation.get("description") for operation in told.values())


def test_every_answer_says_what_it_holds(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert "$ref" in schema, path


def test_page_and_json_of_the_same_facts_ask_for_the_same_access() -> None:
    by_path = {(route.method, route.path): route for route in all_routes()}
    pairs = [
        (route, by_path["GET", f"{API}{route.path}"])
        for route in all_routes()
        if ("GET", f"{API}{route.path}") in by_path and route.method == "GET"
    ]
    assert pairs
    assert all(page.access == told.access for page, told in pairs)
