"""Style sheets and scripts: kept by browsers for long, and never of two versions at once."""

import re
from pathlib import Path
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from dermatrace.console.rendering import FOLDER, STATIC
from dermatrace.console.static_files import StaticFiles
from support.console_bench import ConsoleBench

_ADDRESS: Final = re.compile(r"""(?:src|href)="(/static/[^"]+)\"""")
_IMPORT: Final = re.compile(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""")


def _folder(path: Path, told: str) -> Path:
    path.mkdir()
    (path / "page.js").write_text('import { words } from "./words.js";')
    (path / "words.js").write_text(f'export const words = "{told}";')
    return path


def _client(files: StaticFiles) -> TestClient:
    app = Starlette(routes=[Mount("/static", files.app)])
    return TestClient(app, follow_redirects=False)


def test_page_names_files_that_are_kept_and_is_not_kept_itself(empty_bench: ConsoleBench) -> None:
    client = empty_bench.signed_in("director")
    page = client.get("/account")
    assert page.headers["cache-control"] == "no-store"
    addresses = _ADDRESS.findall(page.text)
    assert len(addresses) >= 3
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].partition(";")[0] != "text/plain"


def test_module_that_changes_gives_whatever_imports_it_another_address(tmp_path: Path) -> None:
    before = StaticFiles(_folder(tmp_path / "old", "before"))
    after = StaticFiles(_folder(tmp_path / "new", "after"))
    same = StaticFiles(_folder(tmp_path / "same", "before"))
    assert before.address("page.js") != after.address("page.js")
    assert before.address("page.js") == same.address("page.js")


def test_file_replaced_under_a_running_console_is_not_served_under_the_old_address(
    tmp_path: Path,
) -> None:
    folder = _folder(tmp_path / "static", "before")
    files = StaticFiles(folder)
    (folder / "words.js").write_text("after")
    assert "before" in _client(files).get(files.address("words.js")).text


def test_page_from_before_an_upgrade_is_led_to_files_of_one_version(tmp_path: Path) -> None:
    before = StaticFiles(_folder(tmp_path / "old", "before"))
    after = StaticFiles(_folder(tmp_path / "new", "after"))
    client = _client(after)
    for old in (before.address("words.js"), "/static/words.js"):
        led = client.get(old)
        assert (led.status_code, led.headers["location"]) == (307, after.address("words.js"))
        assert "max-age" not in led.headers.get("cache-control", "")
    assert "after" in client.get(after.address("words.js")).text


@pytest.mark.parametrize("path", ["/static/none.js", "/static/", "/static/../app.py"])
def test_nothing_else_is_served(path: str) -> None:
    assert _client(STATIC).get(path).status_code == 404


def test_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(KeyError):
        STATIC.address("none.js")


def test_every_module_imports_its_neighbours_by_name_alone() -> None:
    folder = FOLDER / "static"
    imported = [
        (module.name, name)
        for module in folder.glob("*.js")
        for name in _IMPORT.findall(module.read_text())
    ]
    assert len(imported) > 10
    for module, name in imported:
        assert name.startswith("./"), f"{module}: an import from elsewhere has no version"
        assert (folder / name).is_file()
