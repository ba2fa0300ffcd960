"""The session page in a real browser: zoom, findings, keys, pictures of every sort of session."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from support.console_browser import (
    LOOKS,
    TABLET,
    Browser,
    LiveConsole,
    Theme,
    assert_accessible,
    picture,
)
from support.running_session import RunningSession
from support.session_scenes import GAPS, HIGH, SCENES, SHOTS, WITHDRAWN, Scene
from support.waiting import wait_until

pytestmark = pytest.mark.slow
PLOTS: Final = "#plots[data-drawn]"


@pytest.fixture(scope="module")
def told(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveConsole]:
    """Return a console that listens, over every scene."""
    folder = shutil.copytree(scenes, tmp_path_factory.mktemp("looks") / "data")
    with LiveConsole(folder) as live:
        yield live


def _open(page: Page, scene: Scene, view: str = "") -> None:
    page.goto(f"{scene.address}{view}")
    page.wait_for_selector(PLOTS, state="attached")


def _shown(page: Page) -> tuple[float, float] | None:
    """Return which seconds the address says are shown; None is the whole session."""
    found = re.search(r"#t=(-?[\d.]+),(-?[\d.]+)", page.url)
    return None if found is None else (float(found[1]), float(found[2]))


def _drag(page: Page, plot: str, begin: float, end: float) -> None:
    """Drag over a plot, by shares of its width."""
    box = page.locator(f"[data-plot='{plot}'] .u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * begin, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=5)
    page.mouse.up()


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=str)
def test_every_sort_of_session_is_accessible_and_fits(
    browser: Browser, told: LiveConsole, tmp_path: Path, theme: Theme, size: tuple[int, int]
) -> None:
    with browser.signed_in(told, size=size, theme=theme) as page:
        for scene in SCENES:
            _open(page, scene)
            assert_accessible(page)
            picture(page, tmp_path, f"session-{scene.name.replace(' ', '-')}-{theme}-{size[0]}")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{scene.name} is {overflow} px too wide"


def test_reasons_of_a_finding_are_a_page_that_is_accessible(
    browser: Browser, told: LiveConsole, tmp_path: Path
) -> None:
    with browser.signed_in(told, size=TABLET) as page:
        _open(page, HIGH)
        page.locator(".pick").first.click()
        page.get_by_role("link", name="The whole chain of reasons").first.click()
        expect(page.get_by_text("recomputed: identical", exact=False)).to_be_visible()
        assert_accessible(page)
        picture(page, tmp_path, "finding")
        page.go_back()
        page.wait_for_selector(PLOTS)
        assert _shown(page) is not None, "the address has kept what was looked at"


def test_dragging_over_one_plot_zooms_all_and_a_double_click_shows_the_whole(
    browser: Browser, told: LiveConsole
) -> None:
    with browser.signed_in(told) as page:
        _open(page, HIGH)
        for plot in ("depth", "rate"):
            _drag(page, plot, 0.5, 0.75)
            page.wait_for_url("**#t=*")
            shown = _shown(page)
            assert shown is not None
            assert shown[0] == pytest.approx(30, abs=1)
            assert shown[1] == pytest.approx(45, abs=1)
            page.locator(f"[data-plot='{plot}'] .u-over").dblclick()
            page.wait_for_url(lambda url: "#" not in url)


def test_address_brings_back_what_was_looked_at(browser: Browser, told: LiveConsole) -> None:
    with browser.signed_in(told) as page:
        _open(page, HIGH, "#t=20,30&finding=1")
        expect(page.locator(".pick[data-finding='1']")).to_have_attribute("aria-expanded", "true")
        assert _shown(page) == (20, 30)
        page.get_by_role("button", name="Whole").click()
        page.wait_for_url("**#finding=1")


def test_one_click_on_a_finding_shows_the_readings_that_raised_it(
    browser: Browser, told: LiveConsole
) -> None:
    with browser.signed_in(told) as page:
        _open(page, HIGH)
        spans = page.evaluate(
            "async (path) => (await (await fetch(path)).json()).pins",
            f"/api/v1{HIGH.address}/trace",
        )
        for pin in spans:
            page.locator(f".pick[data-finding='{pin['number']}']").click()
            page.wait_for_url(f"**&finding={pin['number']}")
            shown = _shown(page)
            assert shown is not None
            assert shown[0] * 1_000 <= pin["from_ms"]
            assert pin["to_ms"] <= shown[1] * 1_000
            assert shown[1] - shown[0] < 20


def test_pin_on_the_axis_selects_its_finding(browser: Browser, told: LiveConsole) -> None:
    with browser.signed_in(told) as page:
        _open(page, HIGH)
        pin = page.locator(".pin").first
        expect(pin).to_have_attribute("aria-label", re.compile("^Findings .*, high$"))
        pin.click()
        expect(page.locator(".pick[aria-expanded='true']")).to_have_count(1)


def test_keys_lead_through_findings_and_gaps(browser: Browser, told: LiveConsole) -> None:
    with browser.signed_in(told) as page:
        _open(page, GAPS)
        picks = page.locator(".pick")
        page.keyboard.press("j")
        expect(picks.nth(0)).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("j")
        expect(picks.nth(1)).to_have_attribute("aria-expanded", "true")
        expect(picks.nth(0)).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("k")
        expect(picks.nth(0)).to_have_attribute("aria-expanded", "true")
        page.get_by_role("button", name="Whole").click()
        page.keyboard.press("g")
        page.wait_for_url("**#t=*")
        first = _shown(page)
        page.keyboard.press("g")
        page.wait_for_url(lambda _: _shown(page) != first)


def test_readout_says_what_is_under_the_pointer(browser: Browser, told: LiveConsole) -> None:
    with browser.signed_in(told) as page:
        _open(page, GAPS)
        readout = page.locator("#readout")
        over = page.locator("[data-plot='depth'] .u-over")
        box = over.bounding_box()
        assert box is not None
        over.hover(position={"x": box["width"] * 36 / 120, "y": 150})
        expect(readout).to_contain_text("documents 39 to 43: lost, as the device declared")
        over.hover(position={"x": box["width"] * 14 / 120, "y": 150})
        expect(readout).to_contain_text("forehead, pass 2")
        expect(readout).to_contain_text("arrived late")
        # The skin line is a limit of the device: whose, and from where, is said.
        over.hover(position={"x": box["width"] * 14 / 120, "y": 1})
        expect(readout).to_contain_text("depth at least 0 mm")
        expect(readout).to_contain_text("Source [S]")


def test_withdrawn_readings_are_named_and_drawn_apart(
    browser: Browser, told: LiveConsole, tmp_path: Path
) -> None:
    with browser.signed_in(told) as page:
        _open(page, WITHDRAWN)
        trace = page.evaluate(f"fetch('/api/v1{WITHDRAWN.address}/trace').then(r => r.json())")
        (gone,) = trace["withdrawn"]
        over = page.locator("[data-plot='depth'] .u-over")
        box = over.bounding_box()
        assert box is not None
        middle = (gone["from_ms"] + gone["to_ms"]) / 2 / trace["end_ms"]
        over.hover(position={"x": box["width"] * middle, "y": 190})
        expect(page.locator("#readout")).to_contain_text("withdrawn: The pen lay on the table.")
        expect(page.locator("#part-head")).to_contain_text("3 documents are withdrawn")
        picture(page, tmp_path, "session-withdrawn-hovered")


def test_shots_are_read_out_one_by_one(browser: Browser, told: LiveConsole) -> None:
    with browser.signed_in(told) as page:
        _open(page, SHOTS)
        at_ms = page.evaluate(
            "async (path) => (await (await fetch(path)).json()).shots.at_ms[12]",
            f"/api/v1{SHOTS.address}/trace",
        )
        second = at_ms / 1_000
        page.goto(f"{SHOTS.address}#t={second - 2},{second + 2}")
        page.wait_for_selector(PLOTS)
        over = page.locator("[data-plot='energy'] .u-over")
        box = over.bounding_box()
        assert box is not None
        over.hover(position={"x": box["width"] / 2, "y": 60})
        expect(page.locator("#readout")).to_contain_text("mJ a pin")


def test_theme_that_changes_redraws_the_plots(browser: Browser, told: LiveConsole) -> None:
    ink = """() => {
        const canvas = document.querySelector("[data-plot='depth'] canvas");
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let light = 0;
        for (let at = 0; at < pixels.length; at += 4) {
            if (pixels[at + 3] > 200) light += pixels[at] > 150;
        }
        return light;
    }"""
    with browser.signed_in(told, theme="light") as page:
        _open(page, HIGH)
        before = page.evaluate(ink)
        page.get_by_role("button", name="theme").click()
        page.get_by_role("button", name="theme").click()
        wait_until(lambda: page.evaluate(ink) != before, what="other colours")


def test_running_session_grows_without_losing_the_view_and_ends_without_reload(
    browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with (
        RunningSession(folder) as run,
        LiveConsole(folder) as live,
        browser.signed_in(live) as page,
    ):
        page.goto(run.address)
        page.wait_for_selector(PLOTS)
        expect(page.locator(".freshness")).to_have_text(re.compile(r"^live \d"))
        assert_accessible(page)
        page.evaluate("window.stayed = true")
        _drag(page, "depth", 0.2, 0.6)
        page.wait_for_url("**#t=*")
        view = _shown(page)
        expect(page.locator(".pick")).to_have_count(0)
        before = page.locator("#plots").get_attribute("data-drawn")
        run.tell(22)
        expect(page.locator("#plots")).not_to_have_attribute("data-drawn", before or "")
        expect(page.locator(".pick").first).to_be_visible()
        expect(page.locator("[data-settled]")).to_have_text("42")
        assert _shown(page) == view
        picture(page, tmp_path, "session-running")
        run.end()
        expect(page.locator(".freshness")).to_have_text(re.compile("^closed"))
        expect(page.locator(".grade")).to_have_text("complete")
        assert page.evaluate("window.stayed") is True


def test_page_says_that_nothing_comes_and_heals_when_the_console_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with RunningSession(folder) as run:
        live = LiveConsole(folder)
        port = live.service.port
        with live, browser.signed_in(live, forgiven="ERR_") as page:
            page.goto(run.address)
            page.wait_for_selector(PLOTS)
            page.evaluate("window.stayed = true")
            live.close()
            banner = page.get_by_text("No connection to the console.")
            expect(banner).to_be_visible()
            picture(page, tmp_path, "session-lost")
            run.tell(3)
            with LiveConsole(folder, port):
                expect(banner).to_be_hidden(timeout=20_000)
                expect(page.locator("[data-settled]")).to_have_text("23")
                assert page.evaluate("window.stayed") is True
