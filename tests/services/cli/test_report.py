"""`dermatrace report`: the same two pages as the console's, as a file."""

import shutil
from pathlib import Path

import pytest

from support.program import Result, command
from support.session_scenes import HIGH

SESSION = HIGH.address.rpartition("/")[2]


@pytest.fixture
def data(scenes: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scenes, tmp_path / "data"))


def _report(data: Path, session: str, file: Path) -> Result:
    return command("report", session, "-o", file, "--data", data)


def test_report_is_written_whole_and_replaces_an_older_one(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("older", encoding="utf-8")
    done = _report(data, SESSION, file)
    assert (done.exit_code, done.output) == (0, "")
    html = file.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert html.rstrip().endswith("</html>")
    assert SESSION in html


def test_without_the_index_the_record_alone_is_reported(data: Path, tmp_path: Path) -> None:
    (data / "index.db").unlink()
    file = tmp_path / "report.html"
    assert _report(data, SESSION, file).exit_code == 0
    assert "Page 2 of 2" in file.read_text(encoding="utf-8")


def test_session_that_is_not_on_record_is_named_and_nothing_is_written(
    data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    done = _report(data, "nobody-1", file)
    assert done.exit_code == 2
    assert "there is no session nobody-1" in done.errors
    assert not file.exists()


def test_file_that_cannot_be_written_is_named(data: Path, tmp_path: Path) -> None:
    done = _report(data, SESSION, tmp_path / "no-such-folder" / "report.html")
    assert done.exit_code == 1
    assert "no-such-folder" in done.errors
