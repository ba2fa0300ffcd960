"""What every answer carries, and what is refused before anything looks at it."""

from pathlib import Path

import pytest

from dermatrace.console.headers import BODY_BYTES_MAX
from support.console_bench import ConsoleBench, csrf_of


@pytest.mark.parametrize("path", ["/sign-in", "/static/console.css", "/nowhere", "/api/v1/pulse"])
def test_every_answer_forbids_what_a_page_of_ours_does_not_need(
    empty_bench: ConsoleBench, path: str
) -> None:
    headers = empty_bench.anybody().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_are_kept_nowhere(empty_bench: ConsoleBench) -> None:
    page = empty_bench.signed_in("director").get("/account")
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["elsewhere.example", "", "127.0.0.1.elsewhere.example"])
def test_request_by_a_foreign_name_of_this_machine_is_refused(
    empty_bench: ConsoleBench, host: str
) -> None:
    assert empty_bench.anybody().get("/sign-in", headers={"host": host}).status_code == 400


def test_console_with_an_address_answers_by_it_and_to_its_own_machine(tmp_path: Path) -> None:
    with ConsoleBench(tmp_path, url="https://console.clinic.example") as bench:
        statuses = [
            bench.anybody().get("/healthz", headers={"host": host}).status_code
            for host in ("console.clinic.example", "127.0.0.1:8430", "elsewhere.example")
        ]
    assert statuses == [200, 200, 400]


@pytest.mark.parametrize("host", ["localhost:8430", "[::1]:8430", "127.0.0.1"])
def test_every_name_of_the_own_machine_is_known(empty_bench: ConsoleBench, host: str) -> None:
    assert empty_bench.anybody().get("/sign-in", headers={"host": host}).status_code == 200


def test_body_that_is_too_large_is_refused(empty_bench: ConsoleBench) -> None:
    client = empty_bench.signed_in("director")
    fields = {"csrf_token": csrf_of(client)}
    enough = {**fields, "note": "x" * (BODY_BYTES_MAX // 2)}
    too_much = {**fields, "note": "x" * BODY_BYTES_MAX}
    assert client.post("/account/token", data=enough).status_code == 200
    assert client.post("/account/token", data=too_much).status_code == 413


def test_answer_already_held_is_not_sent_again(empty_bench: ConsoleBench) -> None:
    client = empty_bench.signed_in("director")
    first = client.get("/api/v1/visitor")
    again = client.get("/api/v1/visitor", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = empty_bench.signed_in("operator").get(
        "/api/v1/visitor", headers={"if-none-match": first.headers["etag"]}
    )
    assert other.status_code == 200
