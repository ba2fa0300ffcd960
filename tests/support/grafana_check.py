"""Runs the Grafana contract suite against the very Grafana that docker-compose.yml names.

Run as a program (`make grafana-check`). Needs a Docker that runs, and says so where there is none.
"""

import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import URLError

from support.compose import ComposeFile
from support.tree import ROOT
from support.waiting import wait_until

NO_DOCKER: Final = 2
"""Exit code where nothing could be checked."""
START_WAIT_MAX_S: Final = 120.0
"""Its first start makes a database and reads every file of ours."""
PORT: Final = "3000/tcp"
PROVISIONING: Final = ROOT / "dashboards" / "provisioning"
SUITES: Final = (
    "tests/services/provision/test_grafana_contract.py",
    "tests/services/provision/test_grafana_files.py",
)
_BY_FILE: Final = "__FILE"


def main(arguments: Sequence[str] = SUITES) -> int:
    """Start a Grafana, run the suites, and remove it again; return their exit code."""
    docker = shutil.which("docker")
    problem = "docker is not installed" if docker is None else _problem(docker)
    if docker is None or problem:
        sys.stderr.write(
            "There is no Docker here, so no Grafana was started and nothing was checked:\n"
            f"{problem}\nRun this where Docker runs, or let DERMATRACE_TEST_GRAFANA_URL, _USER and"
            f" _PASSWORD name a Grafana\nand run: make test ARGS={SUITES[0]}\n"
        )
        return NO_DOCKER
    password = secrets.token_hex(16)
    with TemporaryDirectory() as tokens, _grafana(docker, password, Path(tokens)) as url:
        environment = {
            "DERMATRACE_TEST_GRAFANA_URL": url,
            "DERMATRACE_TEST_GRAFANA_PASSWORD": password,
            "DERMATRACE_TEST_GRAFANA_FILES": str(PROVISIONING),
        }
        command = [sys.executable, "-m", "pytest", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, **environment})
    return done.returncode


@contextmanager
def _grafana(docker: str, password: str, tokens: Path) -> Iterator[str]:
    """Run a Grafana as the Compose file would, but empty and reachable from here alone."""
    service = ComposeFile.ours().services["grafana"]
    told = {name: text for name, text in service.environment.items() if _BY_FILE not in name}
    told["GF_SECURITY_ADMIN_PASSWORD"] = password
    # What its data source reads when it starts; a token that nobody accepts is enough for that.
    (tokens / "influxdb-grafana.token").write_text("no token\n", encoding="utf-8")
    tokens.chmod(0o755)
    words = ["run", "--detach", "--publish", f"127.0.0.1::{PORT.partition('/')[0]}"]
    words += [word for name, text in told.items() for word in ("--env", f"{name}={text}")]
    for source, target in ((PROVISIONING, "/etc/grafana/provisioning"), (tokens, "/run/tokens")):
        words += ["--volume", f"{source}:{target}:ro"]
    container = _run(docker, *words, service.image)
    try:
        url = f"http://{_run(docker, 'port', container, PORT).splitlines()[0]}"
        wait_until(lambda: _is_up(url), wait_max_s=START_WAIT_MAX_S, what=f"Grafana at {url}")
        yield url
    except AssertionError:
        sys.stderr.write(_run(docker, "logs", container))
        raise
    finally:
        _run(docker, "rm", "--force", "--volumes", container)


def _problem(docker: str) -> str:
    asked = subprocess.run([docker, "info"], check=False, capture_output=True, text=True)
    lines = [line for line in asked.stderr.splitlines() if line.strip()]
    return "" if asked.returncode == 0 else (lines[-1] if lines else "it does not answer")


def _run(docker: str, *words: str) -> str:
    done = subprocess.run([docker, *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/health", timeout=2) as answer:  # noqa: S310  http
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


if __name__ == "__main__":
    sys.exit(main())
