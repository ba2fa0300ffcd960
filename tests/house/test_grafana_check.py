"""`make grafana-check` starts the Grafana of the Compose file, or says that it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.compose import ComposeFile
from support.grafana_check import NO_DOCKER
from support.tree import ROOT

QUICK = "tests/services/provision/test_grafana_contract.py::test_version_is_told_without_logging_in"

DOCKER = f"""#!{sys.executable}
# A docker that runs our own small Grafana, and writes down what it was asked.
import os, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
words = sys.argv[1:]
with open(os.path.join(here, "asked"), "a") as asked:
    print(*words, file=asked)
if words[0] == "run":
    (secret,) = [w.partition("=")[2] for w in words if w.startswith("GF_SECURITY_ADMIN_PASSWORD=")]
    ready = os.path.join(here, "address")
    os.mkfifo(ready)
    started = subprocess.Popen(
        [sys.executable, "-m", "support.fake_grafana", secret, ready],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    with open(ready) as address, open(os.path.join(here, "port"), "w") as port:
        port.write(address.read())
    print(started.pid)
elif words[0] == "port":
    print(open(os.path.join(here, "port")).read())
elif words[0] == "rm":
    os.kill(int(words[-1]), 15)
"""
BROKEN = "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n"


def _check(folder: Path, docker: str, *suites: str) -> subprocess.CompletedProcess[str]:
    """Run the check where this is the only docker."""
    program = folder / "docker"
    if docker:
        program.write_text(docker, encoding="utf-8")
        program.chmod(0o755)
    code = f"import sys; from support.grafana_check import main; sys.exit(main({suites!r}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{folder}:/nowhere", "PYTHONPATH": str(ROOT / "tests")},
    )


@pytest.mark.parametrize(
    ("docker", "reason"), [("", "not installed"), (BROKEN, "Cannot connect to the Docker daemon")]
)
def test_without_docker_it_says_so_and_is_no_success(
    tmp_path: Path, docker: str, reason: str
) -> None:
    done = _check(tmp_path, docker, QUICK)
    assert done.returncode == NO_DOCKER
    assert "nothing was checked" in done.stderr
    assert reason in done.stderr
    assert "DERMATRACE_TEST_GRAFANA_URL" in done.stderr


@pytest.mark.slow
def test_the_pinned_grafana_is_started_asked_and_removed(tmp_path: Path) -> None:
    done = _check(tmp_path, DOCKER, QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout, "the fake of the suite, and the one that docker ran"
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    (run,) = [line for line in asked if line.startswith("run ")]
    assert run.endswith(ComposeFile.ours().services["grafana"].image)
    assert f"{ROOT}/dashboards/provisioning:/etc/grafana/provisioning:ro" in run
    assert "__FILE" not in run
    assert asked[-1].startswith("rm --force")


@pytest.mark.slow
def test_a_failing_suite_fails_the_check_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = _check(tmp_path, DOCKER, "tests/no/such/suite.py")
    assert done.returncode not in {0, NO_DOCKER}
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[-1].startswith("rm --force")
