"""Every page in a real browser, light and dark, on a desk and on a tablet."""

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import expect

from support.console_bench import NORTH
from support.console_browser import (
    LOOKS,
    Browser,
    LiveConsole,
    Theme,
    assert_accessible,
    picture,
)
from support.console_clinic import PROTOCOL

pytestmark = pytest.mark.slow
PAGES: Final = {
    "sessions": "/sessions",
    "sessions-asked": "/sessions?priority=medium&zone=cheek",
    "sessions-none": "/sessions?subject_id=nobody",
    "protocols": "/protocols",
    "protocol": f"/protocols/{NORTH}/{PROTOCOL}?version=1",
    "protocol-diff": f"/protocols/{NORTH}/{PROTOCOL}/diff?before=1&after=2",
    "registry": "/registry",
    "registry-thing": f"/registry/{NORTH}/device/pen-north-1",
    "devices": "/devices",
    "device": f"/devices/{NORTH}/pen-north-1",
    "rejections": "/rejections",
    "health": "/health",
    "users": "/users",
    "reads": "/reads",
}
"""By the name of the picture."""


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=str)
def test_pages_are_accessible_and_fit(
    browser: Browser, live: LiveConsole, tmp_path: Path, theme: Theme, size: tuple[int, int]
) -> None:
    with browser.signed_in(live, "administrator", size=size, theme=theme) as page:
        for name, path in PAGES.items():
            page.goto(path)
            assert_accessible(page)
            picture(page, tmp_path, f"{name}-{theme}-{size[0]}")
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} is {overflow} px too wide"


def test_keys_lead_through_the_list_and_to_the_search(browser: Browser, live: LiveConsole) -> None:
    with browser.signed_in(live) as page:
        page.goto("/sessions")
        rows = page.locator("[data-key-row]")
        page.keyboard.press("j")
        expect(rows.nth(0)).to_be_focused()
        page.keyboard.press("j")
        expect(rows.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(rows.nth(0)).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_label("Began on or after")).to_be_focused()
        page.keyboard.press("j")
        expect(page.get_by_label("Began on or after")).to_have_value("j")


def test_keys_lead_to_the_next_page_and_back(
    browser: Browser, live: LiveConsole, tmp_path: Path
) -> None:
    with browser.signed_in(live) as page:
        page.goto("/sessions?limit=2")
        first = page.locator("tbody").inner_text()
        page.keyboard.press("n")
        page.wait_for_url("**after=*")
        page.keyboard.press("n")
        expect(page.get_by_role("link", name="First page")).to_be_visible()
        assert_accessible(page)
        picture(page, tmp_path, "sessions-third-page")
        page.keyboard.press("p")
        expect(page.get_by_role("link", name="First page")).to_be_hidden()
        page.keyboard.press("p")
        expect(page.get_by_role("link", name="Newer sessions")).to_be_hidden()
        assert page.locator("tbody").inner_text() == first


def test_times_are_shown_by_the_clock_of_the_visitor(browser: Browser, live: LiveConsole) -> None:
    with browser.signed_in(live) as page:
        page.goto("/sessions")
        shown = page.locator("tbody time").first
        expect(shown).to_have_attribute("title", shown.get_attribute("title") or "")
        moment = shown.get_attribute("datetime") or ""
        assert (shown.get_attribute("title") or "").endswith(" UTC")
        assert shown.inner_text()[:10] == moment[:10]
        assert shown.inner_text()[11:13] != moment[11:13], "Vienna is not on UTC"


def test_a_rejection_is_opened_and_its_bytes_are_downloaded(
    browser: Browser, live: LiveConsole, tmp_path: Path
) -> None:
    with browser.signed_in(live) as page:
        page.goto("/rejections")
        page.locator("tbody a").last.click()
        assert_accessible(page)
        picture(page, tmp_path, "rejection")
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download the bytes").click()
        assert b"session.started" in downloading.value.path().read_bytes()


def test_administrator_adds_somebody_by_the_form(browser: Browser, live: LiveConsole) -> None:
    with browser.signed_in(live, "administrator") as page:
        page.goto("/users")
        page.get_by_label("Name:").fill("nurse-7")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_text("nurse-7 signs in with this link")).to_be_visible()
        assert_accessible(page)
