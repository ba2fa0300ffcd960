"""The printed report: two pages, nothing from elsewhere, everything that must stand there."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dermatrace.console.report import FACTS_PRINTED_MAX, LINES_PRINTED_MAX, ZONES_PRINTED_MAX
from dermatrace.journal.reader import JournalReader
from support.console_bench import ConsoleBench
from support.console_browser import Browser, assert_accessible, picture
from support.session_scenes import (
    BROKEN_OFF,
    CALM,
    GAPS,
    HIGH,
    NOTHING,
    RUNNING,
    SCENES,
    SHOTS,
    WITHDRAWN,
    WITHDRAWN_SHOTS,
    Scene,
)

PRINTED: Final = (CALM, HIGH, SHOTS, GAPS, NOTHING, BROKEN_OFF, WITHDRAWN, RUNNING)
FORMATS: Final = {"A4": (687, 1_032), "Letter": (709, 965)}
"""Paper, and what remains of it within the margins, in pixels."""
_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")
_FOREIGN: Final = re.compile(r"""(?:src|href)\s*=\s*["'](?!\#|data:)|url\((?!["']?\#)|@import""")


@pytest.fixture(scope="module")
def bench(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBench]:
    folder = shutil.copytree(scenes, tmp_path_factory.mktemp("reports") / "data")
    with ConsoleBench(folder) as bench:
        yield bench


def _report(bench: ConsoleBench, scene: Scene) -> str:
    answered = bench.signed_in("director").get(f"{scene.address}/report")
    assert answered.status_code == 200
    assert "script" not in answered.headers["content-security-policy"]
    return answered.text


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_report_needs_nothing_from_elsewhere_and_runs_nothing(
    bench: ConsoleBench, scene: Scene
) -> None:
    html = _report(bench, scene)
    assert not _FOREIGN.search(html)
    assert "<script" not in html


def test_both_pages_say_which_record_which_chain_which_protocol(bench: ConsoleBench) -> None:
    html = _report(bench, HIGH)
    with JournalReader(bench.installation.settings.journal_file) as journal:
        head = journal.head()
    told = bench.signed_in("director").get(f"/api/v1{HIGH.address}").json()
    for words in (
        head.entry_hash.hex(),
        told["identity"]["protocol_digest"],
        "not a medical device record of depth reached",
    ):
        assert html.count(words) == 2
    assert "2026-05-29 23:26 to 23:27 Europe/Vienna" in html
    assert "(21:26 UTC)" in html
    assert "Page 1 of 2" in html
    assert "Page 2 of 2" in html
    assert told["findings"][0]["reasons"][0]["reason"] in html


def test_what_does_not_fit_is_counted(bench: ConsoleBench) -> None:
    html = _report(bench, GAPS)
    told = bench.signed_in("director").get(f"/api/v1{GAPS.address}").json()
    printed = html.count('class="finding"')
    more = len(told["findings"]) - printed
    assert (f"{more} more, see record." in html) is (more > 0)
    assert printed <= LINES_PRINTED_MAX
    assert len(told["chart"]) <= FACTS_PRINTED_MAX + 1 or "more, see record." in html
    assert len(told["zones"]) <= ZONES_PRINTED_MAX


def test_gaps_are_hatched_on_paper_too(bench: ConsoleBench) -> None:
    html = _report(bench, GAPS)
    assert html.count('class="gap"') >= 3
    assert 'class="gap"' not in _report(bench, CALM)


@pytest.mark.parametrize("scene", [WITHDRAWN, WITHDRAWN_SHOTS], ids=lambda scene: scene.name)
def test_what_was_withdrawn_is_crossed_and_named_on_paper_too(
    bench: ConsoleBench, scene: Scene
) -> None:
    html = _report(bench, scene)
    assert 'class="withdrawn"' in html
    assert ">withdrawn</text>" in html
    assert "Crossed: withdrawn by a correction" in html
    assert "withdrawn" not in _report(bench, CALM).partition("<body>")[2].replace(
        'id="withdrawn-cross"', ""
    )


@pytest.mark.slow
@pytest.mark.parametrize("paper", FORMATS)
@pytest.mark.parametrize("scene", PRINTED, ids=lambda scene: scene.name)
def test_report_prints_on_two_pages_and_cuts_nothing_off(
    bench: ConsoleBench, browser: Browser, tmp_path: Path, scene: Scene, paper: str
) -> None:
    with browser.page() as page:
        page.set_content(_report(bench, scene))
        printed = page.pdf(format=paper)
        assert len(_PAGE.findall(printed)) == 2
        page.emulate_media(media="print")
        width, height = FORMATS[paper]
        page.set_viewport_size({"width": width, "height": height})
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".sheet, .stretch")]
                .filter((one) => one.scrollHeight > one.clientHeight + 1).length"""
        )
        assert cut == 0
        assert page.locator(".sheet").first.bounding_box() is not None
        sheet = page.locator(".sheet").first.evaluate("one => one.offsetHeight")
        assert sheet <= height
        picture(page, tmp_path, f"report-{scene.name.replace(' ', '-')}-{paper}")


@pytest.mark.slow
@pytest.mark.parametrize("scene", [HIGH, SHOTS], ids=lambda scene: scene.name)
def test_full_report_still_fits(bench: ConsoleBench, browser: Browser, scene: Scene) -> None:
    """Everything printed in full: as many zones, findings with reasons and facts as are allowed."""
    html = _report(bench, scene)
    finding = re.search(r'<li class="finding">.*?</li>', html, re.DOTALL)
    zone = re.search(r"<tr><th scope=\"row\">.*?</tr>", html, re.DOTALL)
    assert finding is not None
    assert zone is not None
    # A finding with a reason takes three lines at most.
    count = (LINES_PRINTED_MAX - FACTS_PRINTED_MAX - 2) // 3
    full = html.replace(finding[0], finding[0] * (count - html.count('class="finding"') + 1), 1)
    full = full.replace(zone[0], zone[0] * (ZONES_PRINTED_MAX - html.count('scope="row"') + 1), 1)
    with browser.page() as page:
        page.set_content(full)
        assert page.locator("li.finding").count() == count
        assert page.locator("tbody tr").count() == ZONES_PRINTED_MAX
        for paper in FORMATS:
            assert len(_PAGE.findall(page.pdf(format=paper))) == 2
        page.emulate_media(media="print")
        page.set_viewport_size({"width": FORMATS["A4"][0], "height": FORMATS["Letter"][1]})
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".sheet, .stretch")]
                .map((one) => one.scrollHeight - one.clientHeight)"""
        )
        assert max(cut) <= 1, cut


@pytest.mark.slow
def test_report_is_accessible(bench: ConsoleBench, browser: Browser) -> None:
    with browser.page() as page:
        page.set_content(_report(bench, GAPS))
        assert_accessible(page)
