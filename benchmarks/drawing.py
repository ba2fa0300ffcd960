"""A real Chromium, and what it tells of how long it took to do what a page asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from dermatrace.errors import UsageError
from support.console_browser import Browser
from support.real_servers import find_chromium

WATCH: Final = """
window.tasks = []; window.frames = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.tasks.push([task.startTime, task.duration]);
}).observe({ type: "longtask", buffered: true });
const frame = (at) => { window.frames.push(at); requestAnimationFrame(frame); };
requestAnimationFrame(frame);
"""
"""Run in a page before its own scripts: collects tasks of more than 50 ms, and every frame."""
TASK_TOLD_MIN_MS: Final = 50.0
"""A task that is no longer than this is not reported by a browser."""


def chromium() -> str:
    """Return where it is. Raises UsageError if there is none."""
    program = find_chromium()
    if program is None:
        raise UsageError(
            "Chromium is not on this machine",
            remedy="apt-get install chromium, or name the other benchmarks.",
        )
    return program


@contextmanager
def signed_in(browser: Browser, url: str, link: str, script: str = WATCH) -> Iterator[Any]:
    """Open a page of a new visitor, with a script in every page that is opened in it."""
    with browser.page(base_url=url) as page:
        page.goto(link)
        page.get_by_role("button", name="Open the console").click()
        page.wait_for_selector("header.bar")
        page.add_init_script(script)
        yield page
