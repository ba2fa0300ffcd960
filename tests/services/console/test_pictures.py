"""Every page has its pictures, every picture its page; `make pictures` alone draws them."""

import re
from pathlib import Path
from typing import Final

import pytest

from dermatrace.console.doors import API
from dermatrace.journal.reader import JournalReader
from support.console_bench import NORTH, ConsoleBench
from support.console_places import PLACES, address
from support.pictured_pages import FOLDER, GALLERY, IMAGES, SHOTS, gallery, pictures
from support.tree import ROOT, documents

BYTES_MAX: Final = 5_000_000
"""Of all pictures together: they come along with every clone."""
OTHERS: Final = {IMAGES / "demo.svg"}
"""Made by `support.demo_picture`."""
_NAMED: Final = re.compile(r'(?:src|srcset|href)="([^"]*images/[^"]+)"|\]\(([^)]*images/[^)]+)\)')


def _pages(bench: ConsoleBench) -> set[str]:
    """Return the routes that answer with a page."""
    client = bench.signed_in("administrator")
    with JournalReader(bench.installation.settings.journal_file) as journal:
        addresses = {
            place.path: address(place, NORTH, journal)
            for place in PLACES.values()
            if place.method == "GET" and not place.path.startswith(API)
        }
    answers = {path: client.get(where) for path, where in addresses.items()}
    return {
        path
        for path, answer in answers.items()
        if answer.headers.get("content-type", "").startswith("text/html")
        and answer.status_code in {200, 403}
    }


def _is_of(route: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path.partition("?")[0]) is not None


def _named(document: Path) -> set[Path]:
    found = _NAMED.findall(document.read_text(encoding="utf-8"))
    return {(document.parent / (one or other)).resolve() for one, other in found}


def test_every_page_of_the_console_has_a_picture(crowded: ConsoleBench) -> None:
    pages = _pages(crowded)
    assert {"/", "/sessions", "/sign-in"} <= pages
    shown = [shot.route or shot.path for shot in SHOTS.values()]
    lacking = {page for page in pages if not any(_is_of(page, path) for path in shown)}
    assert lacking == set(), "add a shot to support/pictured_pages.py and run: make pictures"


def test_pictures_are_those_that_are_made() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pictures().values()), "make pictures"
    assert {path for path in IMAGES.iterdir() if path.is_file()} == OTHERS
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < BYTES_MAX


def test_gallery_shows_them_all() -> None:
    assert GALLERY.read_text(encoding="utf-8") == gallery(), "run: make pictures"
    assert _named(GALLERY) == {FOLDER / name for name in pictures().values()}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_document_names_pictures_that_are_there(document: Path) -> None:
    assert [path for path in _named(document) if not path.is_file()] == []
