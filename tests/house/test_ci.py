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
BUILD = ROOT / "tests" / "servers" / "build.sh"
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
    ("shell", "script"),
    [("bash", CI_RUN), ("sh", INSTALL), ("sh", BUILD)],
    ids=["ci", "install", "servers"],
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
    asked = set(re.findall(r"^step .* make ([a-z-]+)$", steps, re.MULTILINE))
    assert asked <= TARGETS.keys()
    assert {"test", "check"} <= asked


def test_ci_has_servers_and_packages_ready_before_it_tests() -> None:
    steps = re.findall(r'^step "([^"]+)"', CI_RUN.read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == [
        "system packages",
        "influxd",
        "telegraf",
        "npm packages",
        "make test",
        "make test-long",
        "make check",
    ]


@pytest.fixture
def ci_parts(tmp_path: Path) -> Path:
    """Return a copy of what CI runs in a tree of its own: it defines its steps and does none."""
    lines = CI_RUN.read_text(encoding="utf-8").splitlines()
    parts = [line for line in lines if not line.startswith(("step ", "trap "))]
    return _script(tmp_path / "tree" / ".ci" / "run", *parts)


def _script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def _call(ci_parts: Path, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with ci_parts.open("a", encoding="utf-8") as script:
        script.write("\n".join([*lines, ""]))
    return _run("bash", ci_parts, **environment)


def test_ci_installs_npm_packages_wherever_tests_ask_for_some(
    ci_parts: Path, tmp_path: Path
) -> None:
    tests = ci_parts.parents[1] / "tests"
    for name in ("one", "two/deeper", "one/node_modules/not-ours"):
        _script(tests / name / "package.json", "{}")
    npm = _script(tmp_path / "bin" / "npm", "#!/bin/sh", 'echo "$1 $3"')
    answer = _call(ci_parts, "install_npm_packages", PATH=f"{npm.parent}:{os.environ['PATH']}")
    assert answer.stdout.splitlines() == ["install tests/one", "install tests/two/deeper"]


def test_ci_tests_with_the_server_it_built(ci_parts: Path, tmp_path: Path) -> None:
    server = _script(tmp_path / "influxd", "#!/bin/sh", "echo InfluxDB v2.7.12")
    _script(ci_parts.parents[1] / "tests" / "servers" / "build.sh", f"echo {server}")
    answer = _call(ci_parts, "build_server influxd MADE_HERE", "printenv MADE_HERE")
    assert answer.stdout == f"InfluxDB v2.7.12\n{server}\n"


def test_ci_tests_with_the_server_it_is_given(ci_parts: Path, tmp_path: Path) -> None:
    server = _script(tmp_path / "influxd", "#!/bin/sh", "echo InfluxDB v2.9.1")
    answer = _call(ci_parts, "build_server influxd GIVEN", "printenv GIVEN", GIVEN=str(server))
    assert answer.stdout == f"InfluxDB v2.9.1\n{server}\n"


def test_ci_stops_where_a_server_cannot_be_built(ci_parts: Path) -> None:
    _script(ci_parts.parents[1] / "tests" / "servers" / "build.sh", "exit 2")
    answer = _call(ci_parts, "build_server influxd MADE_HERE", "echo tested anyway")
    assert (answer.returncode, answer.stdout) == (2, "")


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
