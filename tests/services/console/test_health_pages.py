"""Health: each part, how it is, and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.console_bench import NORTH, SOUTH, ConsoleBench
from support.health_page import HealthPage

API = "/api/v1"


def _parts(bench: ConsoleBench) -> dict[str, dict[str, Any]]:
    told = bench.signed_in("director").get(f"{API}/health").json()
    return {one["what"]: one for one in told["parts"]}


def test_part_that_does_not_answer_is_named_with_what_to_do(bench: ConsoleBench) -> None:
    parts = _parts(bench)
    for name in ("broker", "recorder", "judge"):
        assert not parts[name]["ok"]
        assert "dermatrace up" in parts[name]["remedy"]
    assert "needs attention" in bench.signed_in("director").get("/health").text


def test_forwarding_that_was_never_begun_is_no_trouble_but_one_that_ended_is(
    bench: ConsoleBench,
) -> None:
    assert _parts(bench)["forwarding to InfluxDB"]["ok"]
    bench.installation.settings.forward_file.touch()
    forward = _parts(bench)["forwarding to InfluxDB"]
    assert not forward["ok"]
    assert "dermatrace forward" in forward["remedy"]


@pytest.mark.parametrize(
    ("said", "status", "found"),
    [
        ({"healthy": True, "connected": True, "problems": []}, 200, "records what comes"),
        ({"healthy": False, "connected": True, "problems": ["disk full"]}, 503, "disk full"),
        ({"healthy": True, "connected": False, "problems": []}, 200, "not connected"),
        ("<h1>Some other page</h1>", 200, "something else answers there"),
        (["healthy"], 200, "something else answers there"),
    ],
)
def test_recorder_is_told_as_it_tells_itself(
    tmp_path: Path, said: object, status: int, found: str
) -> None:
    body = said if isinstance(said, str) else json.dumps(said)
    with (
        HealthPage(body, status) as page,
        ConsoleBench(tmp_path, health_port=page.port) as bench,
    ):
        recorder = _parts(bench)["recorder"]
    assert recorder["found"] == found
    assert recorder["ok"] is (found == "records what comes")
    assert bool(recorder["remedy"]) is not recorder["ok"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"healthy": True, "problems": []}, "has judged all there is"),
        ({"healthy": False, "problems": ["it has not come round for 70 s"]}, "not come round"),
        ({"healthy": False, "problems": []}, "not connected to the broker"),
    ],
)
def test_judge_is_told_as_it_tells_itself(data: Path, said: dict[str, Any], found: str) -> None:
    status = 200 if said["healthy"] else 503
    with (
        HealthPage(json.dumps(said), status) as page,
        ConsoleBench(data, judge_health_port=page.port) as bench,
    ):
        judge = _parts(bench)["judge"]
    assert found in judge["found"]
    assert judge["ok"] is said["healthy"]
    assert bool(judge["remedy"]) is not judge["ok"]


def test_parts_are_asked_where_a_setting_says(tmp_path: Path) -> None:
    body = json.dumps({"healthy": True, "connected": True, "problems": []})
    with HealthPage(body) as page:
        url = f"http://127.0.0.1:{page.port}"
        with ConsoleBench(tmp_path, ingest_url=url, forward_url=url) as bench:
            parts = _parts(bench)
    assert parts["recorder"]["ok"]
    assert parts["forwarding to InfluxDB"]["found"] == "keeps up"


def test_broker_that_listens_is_well(tmp_path: Path) -> None:
    with HealthPage("") as page, ConsoleBench(tmp_path, broker_port=page.port) as bench:
        assert _parts(bench)["broker"]["ok"]


def test_judge_that_is_far_behind_is_said(bench: ConsoleBench) -> None:
    for path in bench.installation.settings.data.glob("index.db*"):
        path.unlink()
    judge = _parts(bench)["judge"]
    assert (judge["ok"], judge["found"]) == (False, "nothing has been judged")


@pytest.mark.parametrize(("clinic", "other"), [(NORTH, SOUTH), (SOUTH, NORTH)])
def test_what_a_clinic_lacks_is_told_to_whom_it_concerns(
    bench: ConsoleBench, clinic: str, other: str
) -> None:
    told = bench.signed_in("operator", clinic).get(f"{API}/health").json()["registry"]
    assert told
    assert not [one for one in told if other in one["what"]]


def test_nothing_recorded_yet_is_said_in_words(empty_bench: ConsoleBench) -> None:
    parts = _parts(empty_bench)
    assert parts["journal"]["found"] == "nothing has been recorded yet"
