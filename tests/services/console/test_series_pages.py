"""Series as pages and as JSON: progress, what is due, findings, photos side by side."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from dermatrace.console.series_pages import EMBEDDED_BYTES_MAX
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.judge.subject_series import SeriesDesk, Subject
from support.console_bench import NORTH, SOUTH, ConsoleBench
from support.console_browser import (
    LOOKS,
    Browser,
    LiveConsole,
    Theme,
    assert_accessible,
    picture,
)
from support.judged_clinic import HOME_SERIES, HOME_SUBJECT, MEDICAL, SUBJECT

API: Final = "/api/v1"
MEDICAL_PAGE: Final = f"/series/{NORTH}/{SUBJECT}"
HOME_PAGE: Final = f"/series/{SOUTH}/{HOME_SUBJECT}"
IMAGE: Final = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.fixture
def director(bench: ConsoleBench) -> TestClient:
    return bench.signed_in("director")


def _told(client: TestClient, path: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"{API}{path}").json()
    return told


def _photos(bench: ConsoleBench) -> list[str]:
    """Return the digests of the subject's photos, in the order they were told in."""
    settings = bench.installation.settings
    with (
        JournalReader(settings.journal_file) as reader,
        Index(settings.index_file, read_only=True) as index,
    ):
        desk = SeriesDesk(reader, index, bench.installation.clock.utc_ms())
        return [one.photo.photo_sha256 for one in desk.photos(Subject(NORTH, SUBJECT))]


def _keep(bench: ConsoleBench, digest: str, content: bytes) -> None:
    """Lay an image into the store as if it had been kept under a digest that was told."""
    folder = bench.installation.photo_folder / NORTH
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(content)
    values = (NORTH, digest, "image/png", len(content), "visit-1", 0)
    bench.installation.store.write(("INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)", values))


def test_list_says_of_every_series_how_far_it_is_and_what_is_due(director: TestClient) -> None:
    told = _told(director, "/series")
    by_subject = {one["subject_id"]: one for one in told["series"]}
    assert by_subject[SUBJECT]["visit_count"] == 3
    assert by_subject[SUBJECT]["zones_done"] == "4 of 6"
    assert by_subject[HOME_SUBJECT]["series"] == HOME_SERIES
    assert "that has passed" in by_subject[HOME_SUBJECT]["next"]


def test_list_holds_the_series_of_ones_own_clinics_alone(bench: ConsoleBench) -> None:
    told = _told(bench.signed_in("operator", SOUTH), "/series")
    assert {one["clinic"] for one in told["series"]} == {SOUTH}


def test_visits_are_early_on_time_or_late_zone_by_zone(director: TestClient) -> None:
    (series,) = _told(director, MEDICAL_PAGE)["series"]
    zones = {(one["zone"], one["laterality"]): one for one in series["zones"]}
    timings = [step["timing"] for step in zones["cheek", "left"]["steps"]]
    assert timings == ["first", "early", "on_time"]
    page = director.get(MEDICAL_PAGE).text
    for words in ("early, after 20 days", "on time, after 35 days", "late, after 55 days"):
        assert words in page


def test_findings_about_the_series_lead_to_their_reasons(director: TestClient) -> None:
    deviations = _told(director, MEDICAL_PAGE)["deviations"]
    assert {one["rule"] for one in deviations} == {"series.early", "series.late"}
    for one in deviations:
        path = f"/sessions/{NORTH}/{one['sender']}/{one['session_id']}/findings/{one['number']}"
        assert path in director.get(MEDICAL_PAGE).text
        assert director.get(path).status_code == 200


def test_home_weeks_without_a_session_are_unknown_and_not_missed(director: TestClient) -> None:
    page = director.get(HOME_PAGE).text
    assert "unknown: a device may have been offline" in page
    assert "missed" not in page


def test_photos_stand_side_by_side_and_only_if_they_are_here(bench: ConsoleBench) -> None:
    client = bench.signed_in("director")
    before, after, *others = _photos(bench)
    _keep(bench, before, IMAGE)
    _keep(bench, after, IMAGE)
    told = _told(client, MEDICAL_PAGE)["photos"]
    here = [one["photo_sha256"] for one in told if one["is_here"]]
    assert here == [before, after]
    page = client.get(MEDICAL_PAGE).text
    shown = re.findall(r'<img src="([^"]+)"', page)
    assert shown == [f"/photos/{NORTH}/{digest}" for digest in (before, after)]
    assert page.count("The picture is not here") == len(others)
    assert client.get(shown[0]).content == IMAGE


def test_report_holds_its_pictures_and_leaves_out_what_is_too_large(bench: ConsoleBench) -> None:
    client = bench.signed_in("director")
    before, after, *_ = _photos(bench)
    _keep(bench, before, IMAGE)
    _keep(bench, after, IMAGE + bytes(EMBEDDED_BYTES_MAX))
    answered = client.get(f"{MEDICAL_PAGE}/report")
    assert len(re.findall(r'<img src="data:image/png;base64,', answered.text)) == 1
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|\#)""", answered.text)
    assert "script" not in answered.headers["content-security-policy"]
    assert f"{MEDICAL[3]}/" in answered.text


def test_reading_a_series_is_noted(bench: ConsoleBench) -> None:
    bench.signed_in("operator", NORTH).get(f"{MEDICAL_PAGE}/report")
    (read,) = bench.installation.audit.newest(limit=1)
    assert (read.reads, read.clinic, read.path) == ("series", NORTH, f"{MEDICAL_PAGE}/report")


@pytest.mark.parametrize("path", [f"/series/{NORTH}/nobody-1", f"/series/{NORTH}/{HOME_SUBJECT}"])
def test_subject_of_no_record_or_of_another_clinic_is_not_there(
    director: TestClient, path: str
) -> None:
    assert director.get(path).status_code == 404
    assert director.get(f"{path}/report").status_code == 404


def test_before_anything_is_judged_the_list_teaches(empty_bench: ConsoleBench) -> None:
    page = empty_bench.signed_in("director").get("/series").text
    assert "dermatrace judge" in page


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=str)
def test_series_are_accessible_and_fit(
    browser: Browser, live: LiveConsole, tmp_path: Path, theme: Theme, size: tuple[int, int]
) -> None:
    pages = {"list": "/series", "clinic": MEDICAL_PAGE, "home": HOME_PAGE}
    pages["report"] = f"{MEDICAL_PAGE}/report"
    with browser.signed_in(live, size=size, theme=theme) as page:
        for name, path in pages.items():
            page.goto(path)
            assert_accessible(page)
            picture(page, tmp_path, f"series-{name}-{theme}-{size[0]}")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} is {overflow} px too wide"
