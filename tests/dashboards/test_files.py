"""What is committed is what the modules write, and nothing else lies beside it."""

from pathlib import Path

import pytest
from dashboards.__main__ import GENERATED, main
from dashboards.files import files

from support.boards import FOLDER

FILES = files()


@pytest.mark.parametrize("path", FILES)
def test_committed_file_is_current(path: str) -> None:
    assert (FOLDER / path).exists(), "run: make dashboards"
    assert (FOLDER / path).read_text(encoding="utf-8") == FILES[path], "run: make dashboards"


def test_no_file_is_left_that_is_no_longer_written() -> None:
    found = {
        path.relative_to(FOLDER).as_posix()
        for name in GENERATED
        for path in (FOLDER / name).rglob("*")
        if path.is_file()
    }
    assert found == set(FILES) - {"README.md"}, "run: make dashboards"


def test_what_is_no_longer_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / "json" / "clinic").mkdir(parents=True)
    stale = tmp_path / "json" / "clinic" / "old-board.json"
    stale.write_text("{}", encoding="utf-8")
    assert main(tmp_path) == 0
    assert not stale.exists()
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == FILES["README.md"]
