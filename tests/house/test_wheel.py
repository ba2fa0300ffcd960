"""What is built can be installed without the source tree, and works."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from support.tree import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEMO_WAIT_MAX_S = 240
"""The demo plays its sessions as fast as possible; on two busy cores this is generous."""


def _run(*arguments: str | Path, cwd: Path, wait_max_s: float = 300) -> str:
    """Run it away from the source tree; fail with everything it said."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    answer = subprocess.run(
        arguments,
        cwd=cwd,
        env=clean,
        check=False,
        capture_output=True,
        text=True,
        timeout=wait_max_s,
    )
    assert answer.returncode == 0, f"{arguments}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--wheel", "--no-isolation", "--outdir", str(folder))
    _run(sys.executable, "-m", "build", *options, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top_level = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert top_level == {"dermatrace", "dermatrace_schemas"}
    assert {"dermatrace/py.typed", "dermatrace_schemas/py.typed"} <= set(names)


def test_every_tracked_package_file_is_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(root.parent).as_posix()
        for root in (ROOT / "schemas" / "dermatrace_schemas", ROOT / "services" / "dermatrace")
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= packed


def test_installed_wheel_records_the_demo_and_settles_every_session(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv")
    programs = tmp_path / "venv" / "bin"
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet")
    lock = ROOT / "requirements" / "runtime.txt"
    install = (*uv, "--python", programs / "python")
    _run(*install, "--require-hashes", "-r", lock, cwd=tmp_path)
    _run(*install, "--no-deps", wheel, cwd=tmp_path)

    arguments = ("demo", "--once", "--json", "--minutes", "0.5", "--data", tmp_path / "data")
    answer = _run(programs / "dermatrace", *arguments, cwd=tmp_path, wait_max_s=DEMO_WAIT_MAX_S)

    sessions = json.loads(answer)["sessions"]
    assert sessions
    unsettled = [session for session in sessions if session["settled"] is not True]
    assert not unsettled
