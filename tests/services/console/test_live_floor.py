"""A device publishes, people watch and enter what they know: the whole path, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from dermatrace.clock import SystemClock
from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.omissions import Omission
from support.broker import Mosquitto
from support.console_bench import NORTH
from support.console_browser import (
    LOOKS,
    WIDE,
    Browser,
    LiveConsole,
    Theme,
    assert_accessible,
    picture,
)
from support.console_stack import ConsoleStack
from support.floor_scenes import BUSY, TROUBLED, fill_floor
from support.judge_bench import chart_messages, device_messages, registry_messages, session_of

pytestmark = pytest.mark.slow
HEALS_WITHIN_MS: Final = 20_000
DEEP: Final = LimitCrossing(40, 60, over_mm=1.0, dialled=True)
SESSION: Final = session_of(0, minutes=1.5, faults=(DEEP,))
VISIT: Final = f"/visits/{NORTH}/visit-{SESSION.stream_id('run')}"


@pytest.fixture
def stack(tmp_path: Path, mosquitto: Mosquitto, free_port: int) -> Iterator[ConsoleStack]:
    with ConsoleStack(tmp_path / "data", mosquitto, free_port) as stack:
        yield stack


def _live(stack: ConsoleStack) -> LiveConsole:
    assert stack.console is not None
    return stack.console


def test_session_appears_moves_is_marked_grows_stale_and_heals(
    stack: ConsoleStack, browser: Browser, tmp_path: Path
) -> None:
    # Asking a console that is gone leaves errors of the network in the browser's log.
    with browser.signed_in(_live(stack), "operator", NORTH, forgiven="net::ERR_") as page:
        page.goto("/")
        expect(page.get_by_text("No room and no session")).to_be_visible()
        page.evaluate("window.wasNeverLoadedAgain = true")
        stack.publish(registry_messages())
        tile = page.locator("[data-key='north-clinic/room/north-room-1']")
        expect(tile.locator(".state")).to_have_text("free")
        messages = device_messages(SESSION, SystemClock().utc_ms())[:-1]
        stack.publish(messages[:30])
        expect(tile.locator(".state")).to_contain_text("live")
        expect(tile.get_by_role("link", name="Whose session? Assign a visit")).to_be_visible()
        before = tile.locator(".recorded").inner_text()
        stack.publish(chart_messages(SESSION, SystemClock().utc_ms(), [Omission("consent")]))
        expect(tile.locator(".what")).to_contain_text("v1")
        stack.publish(messages[30:65])
        expect(tile).to_have_class("tile floor-tile live state-running raised-high")
        expect(tile.locator("[data-finding]")).to_contain_text("above")
        expect(page.locator("#floor-said")).to_contain_text("high finding")
        assert tile.locator(".recorded").inner_text() != before
        assert_accessible(page)
        _seen(page)
        expect(tile).not_to_have_class("tile floor-tile live state-running raised-high")
        _lose_and_find(stack, page)
        picture(page, tmp_path, "floor-healed")


def _seen(page: Page) -> None:
    page.get_by_role("button", name="Seen, because").click()
    page.get_by_role("textbox", name="Because").fill("Scar; set back at once.")
    assert_accessible(page)
    page.locator("#seen-dialog").get_by_role("button", name="Seen", exact=True).click()
    expect(page.locator("#told")).to_contain_text("recorded after")


def _lose_and_find(stack: ConsoleStack, page: Page) -> None:
    stack.stop_console()
    expect(page.get_by_text("No connection to the console.")).to_be_visible()
    tile = page.locator("[data-key='north-clinic/room/north-room-1']")
    assert "gradient" in tile.evaluate("tile => getComputedStyle(tile).backgroundImage"), "hatched"
    stack.start_console()
    banner = page.get_by_text("No connection to the console.")
    expect(banner).to_be_hidden(timeout=HEALS_WITHIN_MS)
    stack.publish(device_messages(SESSION, SystemClock().utc_ms())[65:70])
    expect(tile.locator(".recorded")).to_contain_text("recorded to 70", timeout=HEALS_WITHIN_MS)
    assert page.evaluate("window.wasNeverLoadedAgain"), "it heals without loading the page again"


def test_consent_is_entered_recorded_and_closes_its_gate(
    stack: ConsoleStack, browser: Browser, tmp_path: Path
) -> None:
    begins_ms = SystemClock().utc_ms()
    stack.publish(registry_messages())
    stack.publish(chart_messages(SESSION, begins_ms, [Omission("consent")])[:6])
    stack.publish(device_messages(SESSION, begins_ms)[:5])
    with browser.signed_in(_live(stack), "operator", NORTH) as page:
        _wait_for_visit(page)
        gate = page.locator("[data-gate=consent]")
        expect(gate).to_have_class("open")
        page.get_by_text("Consent", exact=False).first.click()
        page.locator("#consent").get_by_label("Procedure").select_option("medical_needling")
        page.reload()
        form = page.locator("#consent")
        expect(form.get_by_label("Procedure")).to_have_value("medical_needling")
        expect(form.locator("[role=status]")).to_contain_text("not sent yet")
        assert_accessible(page)
        form.get_by_role("button", name="Record consent").click()
        assert form.get_by_role("radio", name="agreed").is_checked() is False
        form.get_by_role("radio", name="agreed").check()
        form.get_by_role("button", name="Record consent").click()
        expect(form.locator("[role=status]")).to_contain_text("recorded after")
        expect(gate).not_to_have_class("open")
        expect(page.locator("#visit-facts")).to_contain_text("medical needling: given")
        picture(page, tmp_path, "visit-consent")


def test_adverse_event_is_entered_corrected_and_the_correction_outlives_a_reload(
    stack: ConsoleStack, browser: Browser, tmp_path: Path
) -> None:
    begins_ms = SystemClock().utc_ms()
    stack.publish(registry_messages())
    stack.publish(chart_messages(SESSION, begins_ms)[:6])
    stack.publish(device_messages(SESSION, begins_ms)[:5])
    # A document that is refused is an error of the network in the browser's log.
    with browser.signed_in(_live(stack), "operator", NORTH, forgiven="400") as page:
        _wait_for_visit(page)
        page.get_by_text("Adverse event").first.click()
        form = page.locator("#adverse")
        form.get_by_label("Sort of harm").select_option("burn")
        form.get_by_label("From its document").fill("5")
        form.get_by_label("To document").fill("3")
        form.get_by_label("From which session").select_option(index=1)
        form.get_by_label("What the director did").fill("Cooled it.")
        form.get_by_role("button", name="Record adverse event").click()
        expect(form.locator("[role=status]")).to_contain_text("not sent: seq_range")
        expect(form.get_by_label("From its document")).to_be_focused()
        form.get_by_label("To document").fill("5")
        form.get_by_role("button", name="Record adverse event").click()
        expect(form.locator("[role=status]")).to_contain_text("recorded after")
        known = page.locator("#visit-facts")
        expect(known).to_contain_text("burn, seriousness not judged")
        known.get_by_role("button", name="Correct observation").click()
        expect(form.get_by_label("Sort of harm")).to_have_value("burn")
        form.get_by_label("Sort of harm").select_option("infection")
        form.get_by_label("Why that is wrong").fill("Looked at again.")
        page.reload()
        expect(form.get_by_label("Why that is wrong")).to_have_value("Looked at again.")
        expect(form.get_by_label("What the director did")).to_have_value("Cooled it.")
        assert_accessible(page)
        picture(page, tmp_path, "visit-correcting")
        form.get_by_role("button", name="Record adverse event").click()
        expect(form.locator("[role=status]")).to_contain_text("recorded after")
        expect(known.locator(".withdrawn")).to_contain_text("burn")
        expect(known).to_contain_text("infection, seriousness not judged")
        expect(form.locator(".replacing")).to_be_hidden()


def _wait_for_visit(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".state", has_text="live")).to_be_visible()
    page.goto(VISIT, wait_until="load")
    expect(page.locator("[data-gate=consent]")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=str)
def test_floor_and_chart_pages_are_accessible_and_fit(
    browser: Browser, tmp_path: Path, theme: Theme, size: tuple[int, int]
) -> None:
    for name, scenes in (("busy", BUSY), ("troubled", TROUBLED)):
        clock = fill_floor(tmp_path / name, scenes)
        with (
            LiveConsole(tmp_path / name, clock=clock) as live,
            browser.signed_in(live, "director", NORTH, size=size, theme=theme) as page,
        ):
            for told, path in {
                f"floor-{name}": "/",
                f"visits-{name}": "/visits",
                f"visits-unassigned-{name}": f"/visits?clinic={NORTH}&sender=pen-north-7"
                "&session=run-pen-north-7-1",
                f"visit-{name}": f"/visits/{NORTH}/visit-run-pen-north-1-1",
                f"slip-{name}": f"/visits/{NORTH}/visit-run-pen-north-1-1/slip",
                f"session-chart-{name}": f"/sessions/{NORTH}/pen-north-3/run-pen-north-3-1/chart",
            }.items():
                page.goto(path)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                assert_accessible(page)
                picture(page, tmp_path, f"{told}-{theme}-{size[0]}")
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert overflow <= 0, f"{told} is {overflow} px too wide"
                if told == "floor-busy" and size == WIDE:
                    height = page.evaluate("document.documentElement.scrollHeight")
                    assert height <= size[1], "eight tiles fit without scrolling"
