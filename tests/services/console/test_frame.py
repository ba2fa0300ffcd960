"""What every page shows, in a real browser."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.console_browser import (
    LOOKS,
    WAIT_MAX_MS,
    Browser,
    LiveConsole,
    Theme,
    assert_accessible,
    picture,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=str)
def test_frame_is_accessible_in_both_themes_and_sizes(
    browser: Browser, live: LiveConsole, tmp_path: Path, theme: Theme, size: tuple[int, int]
) -> None:
    with browser.signed_in(live, size=size, theme=theme) as page:
        page.goto("/account")
        assert_accessible(page)
        picture(page, tmp_path, f"account-{theme}-{size[0]}")


def test_pages_before_signing_in_are_accessible(
    browser: Browser, live: LiveConsole, tmp_path: Path
) -> None:
    first = f"{live.url}/enter?token={live.installation.people.issue('first')}"
    for name, address in (("enter", first), ("sign-in", f"{live.url}/sign-in")):
        with browser.page() as page:
            page.goto(address)
            assert_accessible(page)
            picture(page, tmp_path, name)


def test_theme_can_be_pinned_and_stays(browser: Browser, live: LiveConsole) -> None:
    with browser.signed_in(live, theme="light") as page:
        page.goto("/account")
        for _ in range(2):
            page.get_by_role("button", name="theme").click()
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(16, 18, 20)"


def test_question_mark_opens_the_help_and_typing_does_not(
    browser: Browser, live: LiveConsole
) -> None:
    with browser.signed_in(live) as page:
        page.goto("/account")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_page_says_when_the_console_is_gone_and_heals_without_being_loaded_again(
    browser: Browser, data: Path
) -> None:
    with LiveConsole(data) as first, ExitStack() as pages:
        refused = "ERR_CONNECTION_REFUSED"
        page = pages.enter_context(browser.signed_in(first, forgiven=refused))
        page.goto("/account")
        page.evaluate("window.stillTheSamePage = true")
        banner = page.get_by_text("No connection to the console.")
        expect(banner).to_be_hidden()
        first.close()
        expect(banner).to_be_visible(timeout=WAIT_MAX_MS)
        with LiveConsole(data, first.service.port):
            expect(banner).to_be_hidden(timeout=WAIT_MAX_MS)
        assert page.evaluate("window.stillTheSamePage")
        pages.close()
