"""Coming in: links, tokens, cookies, and what other sites and other sign-ins cannot do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.console.people import LINK_LIFE_MS, LOGIN_IDLE_MAX_MS, LOGIN_LIFE_MS, People
from dermatrace.console.store import Store
from support.console_bench import ConsoleBench, csrf_of, post
from support.manual_clock import ManualClock

HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fresh(tmp_path: Path, clock: ManualClock) -> Iterator[ConsoleBench]:
    """Return a console in which nobody has come in, and whose clock we turn."""
    with ConsoleBench(tmp_path / "data", clock) as bench:
        yield bench


def test_first_link_makes_an_administrator_once(fresh: ConsoleBench) -> None:
    token, other = fresh.people.issue("first"), fresh.anybody()
    client = fresh.anybody()
    assert "administrator" in client.get(f"/enter?token={token}").text
    came = client.post("/enter", data={"token": token, "name": "desk-1"})
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert [user.role for user in fresh.people.users()] == ["administrator"]
    assert client.get("/api/v1/visitor").json()["name"] == "desk-1"
    assert other.get(f"/enter?token={token}").status_code == 403
    assert other.post("/enter", data={"token": token, "name": "desk-2"}).status_code == 403


def test_newer_first_link_replaces_the_one_before(fresh: ConsoleBench) -> None:
    older, newer = fresh.people.issue("first"), fresh.people.issue("first")
    assert (fresh.people.kind_of(older), fresh.people.kind_of(newer)) == (None, "first")


def test_first_link_opens_nothing_once_somebody_is_there(fresh: ConsoleBench) -> None:
    token = fresh.people.issue("first")
    fresh.people.add("somebody", "director")
    assert fresh.people.sign_in(token, first_name="thief") is None


def test_name_that_cannot_be_one_is_said_and_the_link_stays_good(fresh: ConsoleBench) -> None:
    token, client = fresh.people.issue("first"), fresh.anybody()
    refused = client.post("/enter", data={"token": token, "name": "Not A Name"})
    assert refused.status_code == 403
    assert "cannot be a user" in refused.text
    assert client.post("/enter", data={"token": token, "name": "desk-1"}).status_code == 303


def test_looking_at_a_link_does_not_use_it_up(fresh: ConsoleBench) -> None:
    fresh.people.add("nurse-1", "operator")
    link, client = fresh.people.issue("link", "nurse-1"), fresh.anybody()
    for _ in range(2):
        assert client.get(f"/enter?token={link}").status_code == 200
    assert client.post("/enter", data={"token": link}).status_code == 303
    assert client.post("/enter", data={"token": link}).status_code == 403


def test_link_opens_nothing_after_its_time(fresh: ConsoleBench, clock: ManualClock) -> None:
    fresh.people.add("nurse-1", "operator")
    link = fresh.people.issue("link", "nurse-1")
    clock.advance(LINK_LIFE_MS)
    assert fresh.anybody().post("/enter", data={"token": link}).status_code == 403


def test_cookie_is_for_this_site_and_no_script(fresh: ConsoleBench) -> None:
    fresh.people.add("nurse-1", "operator")
    answer = fresh.anybody().post("/enter", data={"token": fresh.people.issue("link", "nurse-1")})
    told = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= told
    assert "secure" not in told


def test_cookie_travels_only_encrypted_where_the_console_is(tmp_path: Path) -> None:
    with ConsoleBench(tmp_path, url="https://console.clinic.example") as bench:
        bench.people.add("nurse-1", "operator")
        answer = bench.anybody().post(
            "/enter", data={"token": bench.people.issue("link", "nurse-1")}
        )
    name, *told = (part.strip().lower() for part in answer.headers["set-cookie"].split(";"))
    assert name.startswith("__host-")
    assert "secure" in told


def test_two_consoles_of_one_machine_have_cookies_of_their_own(tmp_path: Path) -> None:
    with (
        ConsoleBench(tmp_path / "a", url="http://127.0.0.1:8430") as one,
        ConsoleBench(tmp_path / "b", url="http://127.0.0.1:8431") as other,
    ):
        assert one.installation.cookie != other.installation.cookie


@pytest.mark.parametrize("used_every_ms", [LOGIN_IDLE_MAX_MS - HOUR_MS, None])
def test_sign_in_ends_unused_after_a_shift_and_used_after_a_month(
    fresh: ConsoleBench, clock: ManualClock, used_every_ms: int | None
) -> None:
    client = fresh.signed_in("director")
    step_ms = used_every_ms or LOGIN_IDLE_MAX_MS
    held_ms = 0
    while client.get("/account").status_code == 200:
        clock.advance(step_ms)
        held_ms += step_ms
    assert held_ms == (LOGIN_IDLE_MAX_MS if used_every_ms is None else held_ms)
    assert used_every_ms is None or LOGIN_LIFE_MS <= held_ms < LOGIN_LIFE_MS + step_ms


def test_revoked_user_is_out_at_once(fresh: ConsoleBench) -> None:
    client = fresh.signed_in("director")
    token = fresh.people.issue("access", "director.every")
    link = fresh.people.issue("link", "director.every")
    fresh.people.revoke("director.every")
    assert client.get("/account").status_code == 303
    assert fresh.people.bearer(token) is None
    assert fresh.people.sign_in(link) is None


def test_signing_out_ends_the_login_itself(fresh: ConsoleBench) -> None:
    client = fresh.signed_in("director")
    kept = dict(client.cookies)
    assert post(client, "/sign-out").status_code == 303
    client.cookies.update(kept)
    assert client.get("/account").status_code == 303


def test_access_token_speaks_as_its_user_and_signs_in(fresh: ConsoleBench) -> None:
    fresh.people.add("reader-1", "director")
    token = fresh.people.issue("access", "reader-1")
    program = fresh.anybody()
    headers = {"authorization": f"Bearer {token}"}
    assert program.get("/api/v1/visitor", headers=headers).json()["name"] == "reader-1"
    assert program.get("/api/v1/visitor", headers={"authorization": "Bearer x"}).status_code == 401
    for _ in range(2):
        assert program.post("/enter", data={"token": token}).status_code == 303


def test_link_is_no_access_token(fresh: ConsoleBench) -> None:
    fresh.people.add("reader-1", "director")
    link = fresh.people.issue("link", "reader-1")
    headers = {"authorization": f"Bearer {link}"}
    assert fresh.anybody().get("/api/v1/visitor", headers=headers).status_code == 401


def test_no_token_and_no_login_stands_in_the_file(fresh: ConsoleBench, tmp_path: Path) -> None:
    fresh.people.add("reader-1", "director")
    secrets = [fresh.people.issue("access", "reader-1"), fresh.people.issue("link", "reader-1")]
    login = fresh.people.sign_in(secrets[1])
    assert login is not None
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("console.db*"))
    assert b"reader-1" in stored
    assert not any(secret.encode() in stored for secret in (*secrets, login))
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "data").glob("console.db")}
    assert modes == {0}


@pytest.mark.parametrize("sent", ["", "0" * 64])
def test_change_without_the_token_of_this_sign_in_is_refused(
    fresh: ConsoleBench, sent: str
) -> None:
    client = fresh.signed_in("director")
    assert client.post("/account/token", data={"csrf_token": sent}).status_code == 403
    assert client.post("/account/token", headers={"x-csrf-token": sent}).status_code == 403


def test_token_of_another_sign_in_is_refused(fresh: ConsoleBench) -> None:
    client, other = fresh.signed_in("director"), fresh.signed_in("operator")
    sent = {"csrf_token": csrf_of(other)}
    assert client.post("/account/token", data=sent).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_change_that_another_site_asks_for_is_refused_token_or_not(
    fresh: ConsoleBench, headers: dict[str, str]
) -> None:
    client = fresh.signed_in("director")
    sent = {"csrf_token": csrf_of(client)}
    assert client.post("/account/token", data=sent, headers=headers).status_code == 403
    fresh.people.add("nurse-1", "operator")
    link = {"token": fresh.people.issue("link", "nurse-1")}
    assert fresh.anybody().post("/enter", data=link, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("/devices?x=1", "/devices?x=1"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_goes_on_only_within_the_console(
    fresh: ConsoleBench, to: str, expected: str
) -> None:
    fresh.people.add("reader-1", "director")
    token = fresh.people.issue("access", "reader-1")
    came = fresh.anybody().post("/enter", data={"token": token, "to": to})
    assert came.headers["location"] == expected


def test_people_can_be_added_beside_a_console_that_runs(
    fresh: ConsoleBench, clock: ManualClock
) -> None:
    with Store(fresh.installation.settings.console_file, serve=False) as beside:
        People(beside, clock).add("nurse-1", "operator")
    assert fresh.people.user("nurse-1") is not None
