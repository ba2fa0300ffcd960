"""Who may come in, changed from the pages; and who has looked at what."""

import re

import pytest

from support.console_bench import NORTH, ConsoleBench, post

API = "/api/v1"


def test_administrator_adds_somebody_who_comes_in_by_the_link(bench: ConsoleBench) -> None:
    page = post(
        bench.signed_in("administrator"),
        "/users/add",
        name="nurse-1",
        role="operator",
        clinics=f"{NORTH}, ",
    )
    link = re.search(r"/enter\?token=([\w-]+)", page.text)
    assert link is not None
    client = bench.anybody()
    assert client.post("/enter", data={"token": link[1]}).status_code == 303
    told = client.get(f"{API}/visitor").json()
    assert (told["name"], told["role"], told["clinics"]) == ("nurse-1", "operator", [NORTH])


def test_revoked_user_is_listed_and_out(bench: ConsoleBench) -> None:
    operator, administrator = bench.signed_in("operator"), bench.signed_in("administrator")
    assert post(administrator, "/users/revoke", name="operator.every").status_code == 303
    assert operator.get("/sessions").status_code == 303
    listed = administrator.get(f"{API}/users").json()["users"]
    (revoked,) = [user for user in listed if user["revoked_ms"] is not None]
    assert revoked["name"] == "operator.every"
    assert post(administrator, "/users/link", name="operator.every").status_code == 400


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Nurse 1", "role": "operator"}, "cannot be a user"),
        ({"name": "nurse-1", "role": "owner"}, "no role"),
        ({"name": "administrator.every", "role": "operator"}, "already"),
        ({"name": "maker-1", "role": "vendor"}, "name of a vendor"),
    ],
)
def test_user_that_makes_no_sense_is_refused_in_words(
    bench: ConsoleBench, fields: dict[str, str], said: str
) -> None:
    page = post(bench.signed_in("administrator"), "/users/add", **fields)
    assert page.status_code == 400
    assert said in page.text


def test_every_visit_to_a_person_is_listed_in_pages(bench: ConsoleBench) -> None:
    director, administrator = bench.signed_in("director"), bench.signed_in("administrator")
    for number in range(103):
        director.get(f"/sessions?subject_id=s-{number}")
    first = administrator.get(f"{API}/reads").json()
    rest = administrator.get(f"{API}/reads?before={first['next']}").json()
    paths = [one["path"] for one in (*first["reads"], *rest["reads"])]
    assert paths == [f"/sessions?subject_id=s-{number}" for number in reversed(range(103))]
    assert rest["next"] is None
    assert 'rel="next"' in administrator.get("/reads").text
