"""Protocols, registry, rejections: what the record says, as it says it."""

import pytest
from starlette.testclient import TestClient

from dermatrace.console.registry_pages import PAGE_THINGS
from dermatrace.console.rejections_pages import SHOWN_BYTES_MAX
from support.console_bench import NORTH, SOUTH, ConsoleBench
from support.console_clinic import BROKEN, DEVICES, NO_TEXT, PROTOCOL

API = "/api/v1"
ONE = f"/protocols/{NORTH}/{PROTOCOL}"


@pytest.fixture
def director(bench: ConsoleBench) -> TestClient:
    return bench.signed_in("director")


def test_protocols_tell_the_newest_version_and_why_it_is_not_in_force(
    director: TestClient,
) -> None:
    told = {
        (one["clinic"], one["registry_id"]): one
        for one in director.get(f"{API}/protocols").json()["protocols"]
    }
    newest = told[NORTH, PROTOCOL]
    assert (newest["version"], newest["version_count"], newest["conflict_count"]) == ("2", 2, 1)
    assert newest["why_not"] == "no approval of it is in force"
    assert told[SOUTH, PROTOCOL]["in_force"] is True


def test_every_limit_stands_with_its_source(director: TestClient) -> None:
    page = director.get(f"{ONE}?version=1").text
    bands = director.get(f"{API}{ONE}?version=1").json()["content"]["bands"]
    limits = [band[side] for band in bands for side in ("lower", "upper") if band.get(side)]
    assert limits
    missing = {limit["source"] for limit in limits if limit["source"][:40] not in page}
    assert not {source for source in missing if "'" not in source}
    assert page.count('href="#source-') >= len(bands)


def test_versions_and_conflicts_of_a_protocol_are_listed(director: TestClient) -> None:
    told = director.get(f"{API}{ONE}").json()
    assert [(v["version"], v["is_conflict"]) for v in told["versions"]] == [
        ("1", False),
        ("2", False),
        ("1", True),
    ]
    assert told["approvals"] == []
    assert director.get(f"{API}{ONE}?version=1").json()["approvals"][0]["in_force"] is True


def test_difference_is_told_limit_by_limit(director: TestClient) -> None:
    told = director.get(f"{API}{ONE}/diff?before=1&after=2").json()
    (change,) = told["changes"]
    assert (change["change"], change["after"]) == ("raised", "0.8 mm")
    assert "raised" in director.get(f"{ONE}/diff?before=1&after=2").text
    same = director.get(f"{ONE}/diff?before=2&after=2").text
    assert "same content" in same


@pytest.mark.parametrize(
    "path",
    [
        f"{ONE}?version=99",
        f"/protocols/{NORTH}/absent",
        f"{ONE}/diff?before=99",
        f"/registry/{NORTH}/nonsense/x",
        f"/registry/{NORTH}/device/absent",
        f"/devices/{NORTH}/absent",
        f"/rejections/{NORTH}/1",
        f"/rejections/{NORTH}/999999",
    ],
)
def test_what_is_not_on_record_is_not_there(director: TestClient, path: str) -> None:
    assert director.get(path).status_code == 404
    answered = director.get(f"{API}{path}")
    assert answered.status_code == 404
    assert answered.headers["content-type"] == "application/problem+json"


def test_registry_can_be_narrowed_by_clinic_and_kind(director: TestClient) -> None:
    things = director.get(f"{API}/registry?clinic={NORTH}&kind=device").json()["things"]
    assert {(one["clinic"], one["registry_kind"]) for one in things} == {(NORTH, "device")}
    assert director.get("/registry?clinic=&kind=").status_code == 200


def test_registry_is_told_page_by_page(director: TestClient) -> None:
    told = director.get(f"{API}/registry").json()
    assert (told["count"], told["next"]) == (len(told["things"]), None)
    rest = director.get(f"{API}/registry?start=5").json()
    assert rest["things"] == told["things"][5:]
    assert director.get(f"{API}/registry?start={told['count']}").json()["things"] == []
    assert told["count"] < PAGE_THINGS, "else the first page is not all of it"


def test_version_of_a_thing_reads_as_it_was_recorded(director: TestClient) -> None:
    told = director.get(f"{API}/registry/{NORTH}/device/{DEVICES[NORTH]}").json()
    assert told["content"]["sender"] == DEVICES[NORTH]
    assert told["item"]["in_force"] is True
    page = director.get(f"/registry/{NORTH}/device/{DEVICES[NORTH]}").text
    assert f"sender: {DEVICES[NORTH]}" in page


def _rejected(client: TestClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get(f"{API}/rejections").json()["rejections"]
    return found


def test_rejections_come_newest_first_with_reason_and_number(bench: ConsoleBench) -> None:
    told = _rejected(bench.signed_in("director", NORTH))
    assert [(one["code"], one["seq"]) for one in told] == [("not_json", None), ("not_json", 7)]
    assert {one["sender"] for one in told} == {DEVICES[NORTH]}


def test_what_names_no_clinic_is_seen_only_by_who_sees_all(bench: ConsoleBench) -> None:
    clinics = {one["clinic"] for one in _rejected(bench.signed_in("director"))}
    assert clinics == {NORTH, SOUTH, None}
    stray = next(o for o in _rejected(bench.signed_in("director")) if o["clinic"] is None)
    address = f"/rejections/-/{stray['entry_id']}"
    assert bench.signed_in("director").get(address).status_code == 200
    assert bench.signed_in("director", NORTH).get(address).status_code == 404


def test_rejection_of_another_clinic_is_not_found_under_the_own_one(bench: ConsoleBench) -> None:
    theirs = _rejected(bench.signed_in("director", SOUTH))[0]["entry_id"]
    client = bench.signed_in("director", NORTH)
    for path in (f"/rejections/{NORTH}/{theirs}", f"/rejections/{NORTH}/{theirs}/bytes"):
        assert client.get(path).status_code == 404


def test_bytes_are_shown_and_given_exactly_as_they_came(director: TestClient) -> None:
    mine = [one for one in _rejected(director) if one["clinic"] == NORTH]
    for one, payload in zip(mine, (NO_TEXT, BROKEN), strict=True):
        address = f"/rejections/{NORTH}/{one['entry_id']}"
        given = director.get(f"{address}/bytes")
        assert given.content == payload
        assert given.headers["content-type"] == "application/octet-stream"
        told = director.get(f"{API}{address}").json()
        assert (told["text"], told["hex"]) == (
            (BROKEN.decode(), None) if payload == BROKEN else (None, NO_TEXT.hex(" "))
        )
        assert len(payload) < SHOWN_BYTES_MAX
        assert not told["is_cut"]


def test_folder_without_a_record_teaches_on_every_page(empty_bench: ConsoleBench) -> None:
    client = empty_bench.signed_in("director")
    for path in ("/protocols", "/registry", "/devices", "/rejections"):
        page = client.get(path)
        assert page.status_code == 200
        assert 'class="empty"' in page.text, path
        assert client.get(f"{API}{path}").status_code == 200
