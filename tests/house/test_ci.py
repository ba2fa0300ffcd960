"""The Makefile, what CI runs and the installer agree with one another."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.tree import ROOT, makefile_targets

CI_RUN = ROOT / ".ci" / "run"
INSTALL = ROOT / "requirements" / "install.sh"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = makefile_targets()


def _run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("shell", "script"), [("bash", CI_RUN), ("sh", INSTALL)], ids=["ci", "install"]
)
def test_script_is_valid_shell(shell: str, script: Path) -> None:
    answer = _run(shell, "-n", script)
    assert answer.returncode == 0, answer.stderr


def test_ci_script_is_executable_and_stops_at_the_first_failure() -> None:
    assert os.access(CI_RUN, os.X_OK), "chmod +x .ci/run"
    first, *rest = CI_RUN.read_text(encoding="utf-8").splitlines()
    assert first == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in rest


def test_ci_asks_make_for_targets_that_exist_and_tests_and_checks() -> None:
    steps = CI_RUN.read_text(encoding="utf-8")
    asked = set(re.findall(r"^step .* make ([a-z]+)$", steps, re.MULTILINE))
    assert asked <= TARGETS.keys()
    assert {"test", "check"} <= asked


def test_every_target_has_a_description_and_is_phony() -> None:
    assert TARGETS
    assert [name for name, description in TARGETS.items() if not description] == []
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert sorted(phony.split()) == sorted(TARGETS)


def test_make_alone_lists_every_target() -> None:
    answer = _run("make", "--no-print-directory")
    assert answer.returncode == 0
    for name, description in TARGETS.items():
        assert re.search(rf"make {name} +{re.escape(description)}", answer.stdout), name


@pytest.mark.parametrize("target", ["setup", "demo"])
def test_running_needs_no_development_tools(target: str) -> None:
    (prerequisites,) = re.findall(rf"^{target}: (.*) ##", MAKEFILE, re.MULTILINE)
    assert prerequisites == "$(RUNTIME)"


def test_demo_on_a_fresh_copy_installs_the_runtime_and_then_runs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "requirements/install.sh", "requirements/runtime.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    plan = _run("make", "--dry-run", "--directory", str(tmp_path), "demo").stdout
    assert plan.index("install.sh runtime") < plan.index("dermatrace demo")
    assert "install.sh dev" not in plan


def test_installer_says_what_to_install_when_there_is_no_python(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    shutil.copy(INSTALL, tmp_path / "requirements")
    (tmp_path / "requirements" / "runtime.txt").touch()
    script = tmp_path / "requirements" / "install.sh"
    answer = _run("sh", script, "runtime", PYTHON="no-such-python")
    assert answer.returncode != 0
    assert "apt-get install python3 python3-venv" in answer.stderr
    assert "make PYTHON=" in answer.stderr
