"""One session as a page and as JSON: facts, readings, reasons, and who reads them."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dermatrace.console.access import CLINICAL, WRITERS, Role
from support.console_bench import NORTH, SOUTH, ConsoleBench
from support.judge_bench import (
    RUN,
    JudgeBench,
    device_messages,
    erasure_message,
    registry_messages,
    session_of,
)
from support.session_scenes import CALM, GAPS, HIGH, NOTHING, RUNNING, SCENES, SHOTS, Scene

API = "/api/v1"


@pytest.fixture(scope="module")
def sessions(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBench]:
    """Return a console over every scene."""
    folder = shutil.copytree(scenes, tmp_path_factory.mktemp("sessions") / "data")
    with ConsoleBench(folder) as bench:
        yield bench


@pytest.fixture
def director(sessions: ConsoleBench) -> TestClient:
    return sessions.signed_in("director")


def _told(client: TestClient, scene: Scene, more: str = "") -> dict[str, Any]:
    answered = client.get(f"{API}{scene.address}{more}")
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()
    return told


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_sort_of_session_has_a_page_and_the_same_as_json(
    director: TestClient, scene: Scene
) -> None:
    told = _told(director, scene)
    page = director.get(scene.address)
    assert page.status_code == 200
    assert told["verdict"].replace("'", "&#39;") in page.text
    assert told["identity"]["session_id"] in page.text
    for finding in told["findings"]:
        assert f'id="finding-{finding["number"]}"' in page.text


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_word_adherent_stands_nowhere_beside_an_example_or_an_open_gate(
    director: TestClient, scene: Scene
) -> None:
    for path in (scene.address, f"{scene.address}/report"):
        assert "adherent" not in director.get(path).text.lower()


def test_coverage_stands_beside_adherence(director: TestClient) -> None:
    page = director.get(GAPS.address).text
    score = page[page.index('class="score"') :]
    score = score[: score.index("</p>")]
    assert "100 %" in score
    assert "coverage" in score
    assert "94.8 %" in score


def test_trace_tells_the_certificate_of_the_same_session(director: TestClient) -> None:
    trace, certificate = _told(director, GAPS, "/trace"), _told(director, GAPS)["certificate"]
    missing = [gap for gap in trace["gaps"] if gap["sort"] == "missing"]
    assert [(g["first_seq"], g["last_seq"]) for g in missing] == [
        tuple(span) for span in certificate["gaps"]
    ]


def test_trace_that_somebody_holds_already_is_not_sent_again(director: TestClient) -> None:
    first = director.get(f"{API}{SHOTS.address}/trace")
    again = director.get(
        f"{API}{SHOTS.address}/trace", headers={"if-none-match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_finding_is_explained_down_to_entries_and_judged_once_more(director: TestClient) -> None:
    number = _told(director, HIGH)["findings"][0]["number"]
    told = _told(director, HIGH, f"/findings/{number}")
    assert told["recomputed"]["outcome"] == "identical"
    page = director.get(f"{HIGH.address}/findings/{number}").text
    assert str(told["readings"][0]["entry_id"]) in page
    assert told["finding"]["sentence"] in page
    assert f"{HIGH.address}#finding={number}" in page


@pytest.mark.parametrize(
    "path",
    [
        f"/sessions/{NORTH}/pen-north-1/no-such",
        f"{CALM.address}/findings/77",
        "/sessions/no-such",
        f"/sessions/{NORTH}/pen-north-1/no-such/report",
        f"/sessions/{NORTH}/pen-north-1/no-such/live",
    ],
)
def test_what_is_not_there_is_said_with_404(director: TestClient, path: str) -> None:
    assert director.get(path).status_code == 404


def test_id_alone_leads_to_the_page_and_to_that_of_no_other_clinic(sessions: ConsoleBench) -> None:
    short = f"/sessions/{CALM.address.rpartition('/')[2]}"
    answered = sessions.signed_in("operator", NORTH).get(short)
    assert (answered.status_code, answered.headers["location"]) == (303, CALM.address)
    assert sessions.signed_in("operator", SOUTH).get(short).status_code == 404


def test_every_way_to_read_a_session_is_noted(sessions: ConsoleBench) -> None:
    client = sessions.signed_in("clinic_viewer", NORTH)
    ways = ("", "/report", "/live", "/findings/0")
    for way in ways:
        client.get(f"{HIGH.address}{way}")
    client.get(f"{API}{HIGH.address}/trace")
    noted = [read.path for read in sessions.installation.audit.newest(limit=5)]
    assert noted[::-1] == [*(f"{HIGH.address}{way}" for way in ways), f"{API}{HIGH.address}/trace"]


def test_stream_of_a_session_that_has_ended_says_so_and_ends(director: TestClient) -> None:
    told = director.get(f"{CALM.address}/live").text
    events = [line.partition(" ")[2] for line in told.splitlines() if line.startswith("event:")]
    assert events == ["trace", "standing"]
    assert '"is_open": false' in told


def test_running_session_says_how_far_it_is_recorded_and_how_old_that_is(
    director: TestClient,
) -> None:
    page = director.get(RUNNING.address).text
    assert "recorded to" in page
    assert "data-heard-ms=" in page
    assert "data-live=" in page
    assert "data-live=" not in director.get(CALM.address).text


def test_session_without_a_plan_says_what_is_missing(director: TestClient) -> None:
    page = director.get(NOTHING.address).text
    assert "Session without a plan" in page
    assert "No zone has been treated" in page


def test_without_the_index_the_record_alone_is_told(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(scenes / "journal.db", tmp_path / "data")
    with ConsoleBench(tmp_path / "data") as bench:
        client = bench.signed_in("director")
        assert "There is no index.db" in client.get(CALM.address).text
        trace = _told(client, CALM, "/trace")
        assert trace["windows"]["at_ms"]
        assert trace["limits"] == []
        assert client.get(f"{CALM.address}/findings/0").status_code == 404


def test_erased_session_says_only_that_it_was(tmp_path: Path) -> None:
    judged = JudgeBench(tmp_path)
    judged.record(registry_messages(), step_ms=1)
    played = session_of(0, minutes=0.1)
    judged.record(device_messages(played))
    stream = {"clinic": NORTH, "sender": "pen-north-1", "stream_class": "session"}
    order = erasure_message(NORTH, streams=[stream | {"stream_id": played.stream_id(RUN)}])
    judged.judge()
    judged.record([order])
    judged.judge()
    judged.close()
    address = f"/sessions/{NORTH}/pen-north-1/{played.stream_id(RUN)}"
    with ConsoleBench(tmp_path) as bench:
        client = bench.signed_in("director")
        page = client.get(address).text
        assert "Erased by order of entry" in page
        assert 'id="plots"' not in page
        told = client.get(f"{API}{address}").json()
        assert (told["findings"], told["zones"], told["chart"], told["pins"]) == ([], [], [], [])
        assert client.get(f"{API}{address}/trace").json()["windows"]["at_ms"] == []
        assert "Erased by order" in client.get(f"{address}/report").text
        assert client.get(f"{address}/findings/0").status_code == 404
        assert '"is_open": false' in client.get(f"{address}/live").text


@pytest.mark.parametrize("role", sorted(CLINICAL))
def test_links_lead_from_the_session_to_its_chart_and_back(
    sessions: ConsoleBench, role: Role
) -> None:
    client = sessions.signed_in(role)
    chart = _link(client.get(CALM.address).text, "Chart")
    assert chart == f"{CALM.address}/chart"
    page = client.get(chart)
    assert page.status_code == 200
    assert ("<form" in page.text.partition("<main")[2].partition("</main>")[0]) is (role in WRITERS)
    back = _link(page.text, "Session")
    assert back == CALM.address
    assert client.get(back).status_code == 200


def _link(html: str, words: str) -> str:
    """Return where the link with these words in the page's heading leads."""
    found = re.search(rf'<a[^>]* href="([^"]+)">{words}</a>', html.partition("<main")[2])
    assert found is not None, f"there is no link {words}"
    return found[1]
