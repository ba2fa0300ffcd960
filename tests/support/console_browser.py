"""A console that listens, and a real Chromium that opens it: pages, pictures, accessibility."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from dermatrace.clock import Clock, SystemClock
from dermatrace.console.access import Role
from dermatrace.console.service import ConsoleService
from dermatrace.settings import Settings
from support.waiting import wait_until

Theme: TypeAlias = Literal["light", "dark"]
WIDE: Final = (1280, 800)
TABLET: Final = (820, 1180)
LOOKS: Final[tuple[tuple[Theme, tuple[int, int]], ...]] = (("light", WIDE), ("dark", TABLET))
"""Each theme and each size once: colours do not depend on the size, nor what fits on the theme."""
WAIT_MAX_MS: Final = 30_000
"""Longest wait for something to appear; then the test fails and says for what."""
expect.set_options(timeout=WAIT_MAX_MS)
PICTURES: Final = os.environ.get("DERMATRACE_TEST_PICTURES")
"""A folder in which pictures of pages stay; without it they go with the test."""
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class LiveConsole:
    """A console process's inside, in a thread, on a free port."""

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        clock: Clock | None = None,
        **settings_given: Any,  # noqa: ANN401  any setting
    ) -> None:
        settings = Settings(data=folder, console_port=port, **settings_given)
        self.service = ConsoleService(settings, clock or SystemClock())
        self.installation = self.service.installation
        self._thread = threading.Thread(target=self.service.run, name="console")

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self.service.has_started, what="the console to listen")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, if it has not ended yet."""
        self.service.stop()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it is."""
        return self.installation.url

    def link(self, role: Role = "director", *clinics: str) -> str:
        """Return an address that signs in somebody of a role."""
        people = self.installation.people
        name = f"{role.replace('_', '-')}-1"
        if people.user(name) is None:
            vendor = "dermatrace simulator" if role == "vendor" else None
            people.add(name, role, clinics or None, vendor)
        return f"{self.url}/enter?token={people.issue('link', name)}"


class Browser:
    """A Chromium that is started once; each page has cookies of its own."""

    def __init__(self, program: str) -> None:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=program, args=list(_FLAGS)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._chromium.close()
        self._playwright.stop()

    @contextmanager
    def page(
        self,
        size: tuple[int, int] = WIDE,
        theme: Theme = "light",
        *,
        forgiven: str | None = None,
        **options: Any,  # noqa: ANN401  Playwright's
    ) -> Iterator[Page]:
        """Open a page; afterwards nothing may have gone wrong in it, but what is forgiven."""
        width, height = size
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            timezone_id="Europe/Vienna",
            **options,
        )
        context.set_default_timeout(WAIT_MAX_MS)
        page = context.new_page()
        mistakes: list[str] = []
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on(
            "console", lambda said: mistakes.append(said.text) if said.type == "error" else None
        )
        try:
            yield page
        finally:
            context.close()
        grave = [one for one in mistakes if forgiven is None or forgiven not in one]
        assert not grave, grave

    @contextmanager
    def signed_in(
        self,
        live: LiveConsole,
        role: Role = "director",
        *clinics: str,
        size: tuple[int, int] = WIDE,
        theme: Theme = "light",
        forgiven: str | None = None,
    ) -> Iterator[Page]:
        """Open the console as somebody of a role."""
        with self.page(size, theme, forgiven=forgiven, base_url=live.url) as page:
            page.goto(live.link(role, *clinics))
            page.get_by_role("button", name="Open the console").click()
            page.wait_for_selector("header.bar")
            yield page


def assert_accessible(page: Page) -> None:
    """Fail with every rule of axe that a page breaks, and where."""
    found = Axe().run(page)
    broken = [
        f"{rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']][:5]}"
        for rule in found.response["violations"]
    ]
    assert not broken, "\n".join(broken)


def picture(page: Page, folder: Path, name: str) -> Path:
    """Keep a picture of the whole page, so that a person can look at it."""
    kept = Path(PICTURES or folder)
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
