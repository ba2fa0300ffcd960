"""Draws docs/images/console/ from a real clinic: `make pictures`.

Broker, recorder and judge run; the clocks of recorder, console and browser stand at one moment, so
that a second run draws the same.
"""

import base64
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any, Final

from playwright.sync_api import Page

from dermatrace.clock import SystemClock
from dermatrace.console.access import Role
from dermatrace.ingest.service import IngestService
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.judge.sending import VerdictSender
from dermatrace.judge.service import JudgeService
from dermatrace.settings import Settings
from support import demo_picture
from support.broker import Mosquitto, find_mosquitto
from support.console_bench import NORTH, VENDOR
from support.console_browser import (
    WIDE,
    Browser,
    LiveConsole,
    Theme,
)
from support.floor_scenes import NOW_MS
from support.ingest_thread import END_WAIT_MAX_S, IngestThread
from support.pictured_clinic import SERIES, fill_pictured, visit_of
from support.pictured_pages import (
    DIRECTOR,
    FOLDER,
    GALLERY,
    SHOTS,
    SIZES,
    THEMES,
    gallery,
    pictures,
)
from support.ports import find_free_port
from support.real_servers import find_chromium
from support.waiting import wait_until

QUALITY: Final = 55
"""Of WebP, at which small letters are still clear; each picture may be opened at its full size."""
CLINIC_PEOPLE: Final[dict[str, Role]] = {
    DIRECTOR: "director",
    "north-nurse": "operator",
    "north-reception": "clinic_viewer",
}
_SKIN: Final = """<style>
  body {{ margin: 0; background: #c9d3d6 }} svg {{ display: block; width: 480px }}
  #areas path {{ fill: none }} #areas #face {{ fill: #dcb9a2 }} #lines {{ stroke: #7a5a49 }}
  ellipse {{ fill: #b0453f; opacity: {red}; filter: blur(9px) }}
</style>"""
_CHEEKS: Final = """<use href="#lines"/><ellipse cx="162" cy="184" rx="20" ry="30"/>
  <ellipse cx="78" cy="184" rx="20" ry="30"/><ellipse cx="120" cy="76" rx="46" ry="14"/></svg>"""


def main() -> None:
    """Draw every page, then the demonstration."""
    draw(FOLDER)
    GALLERY.write_text(gallery(), encoding="utf-8")
    demo_picture.main()


def draw(folder: Path) -> None:
    """Put a picture of every page into a folder, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as data,
        Browser(_needed(find_chromium(), "chromium")) as browser,
        _open(Path(data), _photos(browser)) as live,
    ):
        for theme in THEMES:
            for size in SIZES:
                _draw_all(folder, browser, live, theme, size)


def _needed(program: str | None, name: str) -> str:
    if program is None:
        raise SystemExit(f"there is no {name} on this machine; install it")
    return program


@contextmanager
def _open(data: Path, photos: list[bytes]) -> Iterator[LiveConsole]:
    """Run broker, recorder and console over the pictured clinic."""
    clock = fill_pictured(data, photos)
    port = find_free_port()
    broker = Mosquitto(_needed(find_mosquitto(), "mosquitto"), port, data / "broker")
    settings = Settings(data=data, broker_port=port)

    def make(*given: Any, **named: Any) -> IngestService:  # noqa: ANN401  as it takes them
        return IngestService(*given, **{**named, "clock": clock})

    broker.start()
    with ExitStack() as at_the_end:
        at_the_end.callback(broker.stop)
        ingest = IngestThread(settings.journal_file, settings.broker_address(), make=make)
        at_the_end.enter_context(ingest)
        ingest.wait_healthy()
        judge_port = at_the_end.enter_context(_judging(settings))
        live = LiveConsole(
            data,
            clock=clock,
            broker_port=port,
            health_port=ingest.service.health_port,
            judge_health_port=judge_port,
            forward_health_port=find_free_port(),
        )
        at_the_end.enter_context(live)
        _let_in(live)
        for number, scene in enumerate(SERIES):
            for photo in photos[2 * number : 2 * number + 2]:
                live.installation.photos.keep(NORTH, visit_of(scene), photo)
        yield live


@contextmanager
def _judging(settings: Settings) -> Iterator[int]:
    """Run a judge; begin once it has read everything. Yields where it tells of its health."""
    verdicts = VerdictSender(settings.broker_address(), settings.outbox_file)
    judge = JudgeService(settings.journal_file, settings.index_file, verdicts, SystemClock())
    thread = Thread(target=judge.run, name="pictures.judge", daemon=True)
    thread.start()
    with JournalReader(settings.journal_file) as journal:
        wait_until(lambda: _has_read_all(settings, journal), what="the judge to have read all")
    with closing(judge.serve_health("127.0.0.1", 0)) as health:
        yield health.port
    judge.stop()
    thread.join(END_WAIT_MAX_S)


def _has_read_all(settings: Settings, journal: JournalReader) -> bool:
    with Index(settings.index_file, read_only=True) as index:
        return index.cursor()[0].entry_id == journal.head().entry_id


def _let_in(live: LiveConsole) -> None:
    people = live.installation.people
    people.add("administrator", "administrator", None)
    for name, role in CLINIC_PEOPLE.items():
        people.add(name, role, (NORTH,))
    people.add("maker", "vendor", (NORTH,), VENDOR)
    people.revoke("maker")


def _draw_all(
    folder: Path, browser: Browser, live: LiveConsole, theme: Theme, size: tuple[int, int]
) -> None:
    for user in (None, DIRECTOR, "administrator"):
        with browser.page(size, theme, base_url=live.url, locale="en-GB") as page:
            page.clock.set_fixed_time(datetime.fromtimestamp(NOW_MS / 1_000, UTC))
            if user is not None:
                page.goto(_link(live, user))
                page.get_by_role("button", name="Open the console").click()
            for (name, *look), file in pictures().items():
                shot = SHOTS[name]
                if shot.user == user and look == [theme, size]:
                    page.goto(_link(live, DIRECTOR) if shot.path == "/enter" else shot.path)
                    if shot.does:
                        page.locator(shot.does).click()
                    page.wait_for_selector(shot.waits_for)
                    _keep(page, folder / file, is_whole=shot.is_whole and size == WIDE)


def _link(live: LiveConsole, user: str) -> str:
    return f"/enter?token={live.installation.people.issue('link', user)}"


def _keep(page: Page, path: Path, *, is_whole: bool) -> None:
    """Write a picture; WebP takes a third of what JPEG does for letters as clear."""
    told: dict[str, Any] = {"format": "webp", "quality": QUALITY}
    if is_whole:
        height = page.evaluate("document.documentElement.scrollHeight")
        width = page.evaluate("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        told |= {"clip": clip, "captureBeyondViewport": True}
    answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", told)
    path.write_bytes(base64.b64decode(answer["data"]))


def _photos(browser: Browser) -> list[bytes]:
    """Draw what a camera might have taken: before and after each visit of the series."""
    face = files("dermatrace.console").joinpath("drawings/face.svg").read_text(encoding="utf-8")
    found = []
    with browser.page((480, 560)) as page:
        for red in (0.45, 0.9, 0.3, 0.7, 0.15, 0.5):
            page.set_content(_SKIN.format(red=red) + face.replace("</svg>", _CHEEKS))
            found.append(page.screenshot(type="jpeg", quality=QUALITY))
    return found


if __name__ == "__main__":
    main()
