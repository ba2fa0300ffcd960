"""A console over both sample clinics, in this process, and one that a real browser can open."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.console_bench import ConsoleBench
from support.console_browser import Browser, LiveConsole
from support.console_clinic import fill_with_mishaps


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as a judge leaves it; tests copy it."""
    folder = tmp_path_factory.mktemp("judged") / "data"
    folder.mkdir()
    fill_with_mishaps(folder)
    return folder


@pytest.fixture
def data(judged: Path, tmp_path: Path) -> Path:
    """Return a data folder of the test's own."""
    return Path(shutil.copytree(judged, tmp_path / "data"))


@pytest.fixture
def bench(data: Path) -> Iterator[ConsoleBench]:
    """Return a console over it."""
    with ConsoleBench(data) as bench:
        yield bench


@pytest.fixture(scope="module")
def crowded(judged: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleBench]:
    """Return one console for many people; tests change nothing but who is signed in."""
    folder = shutil.copytree(judged, tmp_path_factory.mktemp("crowded") / "data")
    with ConsoleBench(folder) as bench:
        yield bench


@pytest.fixture
def empty_bench(tmp_path: Path) -> Iterator[ConsoleBench]:
    """Return a console over a folder in which nothing has been recorded yet."""
    with ConsoleBench(tmp_path / "nothing") as bench:
        yield bench


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return a real Chromium, running."""
    with Browser(chromium) as browser:
        yield browser


@pytest.fixture
def live(data: Path) -> Iterator[LiveConsole]:
    """Return a console that listens on a port of its own."""
    with LiveConsole(data) as live:
        yield live
