"""The process: where it listens, what it refuses, how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from dermatrace.clock import SystemClock
from dermatrace.console.service import ConsoleService
from dermatrace.errors import AlreadyRunning, UsageError
from dermatrace.settings import Settings
from support.console_browser import LiveConsole
from support.ports import find_free_port
from support.program import RUN_WAIT_MAX_S, command
from support.waiting import wait_until


def test_console_answers_and_ends_when_told_to(tmp_path: Path) -> None:
    with LiveConsole(tmp_path) as live:
        assert httpx2.get(f"{live.url}/healthz").json()["healthy"] is True
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{live.url}/healthz")


def test_second_console_of_a_folder_needs_a_person(tmp_path: Path) -> None:
    with LiveConsole(tmp_path), pytest.raises(AlreadyRunning):
        ConsoleService(Settings(data=tmp_path, console_port=0), SystemClock())


def test_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with LiveConsole(tmp_path / "a") as live:
        settings = Settings(data=tmp_path / "b", console_port=live.service.port)
        with pytest.raises(UsageError, match="cannot listen"):
            ConsoleService(settings, SystemClock())


def test_network_without_encryption_is_refused_before_anything_listens(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in the clear"):
        ConsoleService(Settings(data=tmp_path, console_host="0.0.0.0"), SystemClock())  # noqa: S104  refused
    settings = Settings(
        data=tmp_path,
        console_host="0.0.0.0",  # noqa: S104  behind what encrypts
        console_port=0,
        console_url="https://console.clinic.example",
    )
    service = ConsoleService(settings, SystemClock())
    assert service.installation.is_encrypted
    service.close()


def test_first_start_prints_a_link_that_lets_the_first_person_in(tmp_path: Path) -> None:
    port = find_free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "dermatrace", "console", "--data", tmp_path],
        env={"DERMATRACE_CONSOLE_PORT": str(port), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        told = process.stdout.readline().split()
        assert told[0] == "open"
        link = told[1]
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), what="the console")
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            form = {"token": link.partition("token=")[2], "name": "desk-1"}
            assert client.post("/enter", data=form).status_code == 303
            assert client.get("/api/v1/visitor").json()["role"] == "administrator"
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        assert process.wait(RUN_WAIT_MAX_S) == 0


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def test_users_are_added_listed_and_revoked_from_the_command_line(tmp_path: Path) -> None:
    def users(*arguments: str) -> str:
        done = command("console", "users", *arguments, "--data", tmp_path)
        assert done.exit_code == 0, done.errors
        return done.output

    link = users("add", "nurse-1", "--role", "operator", "--clinic", "north-clinic")
    assert link.startswith("http://127.0.0.1:8430/enter?token=")
    assert users("link", "nurse-1") != link
    assert "north-clinic" in users("list")
    assert "no more" in users("revoke", "nurse-1")
    refused = command("console", "users", "link", "nurse-1", "--data", tmp_path)
    assert (refused.exit_code, "revoked" in refused.errors) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "Nurse 1", "--role", "operator"), "cannot be a user's name"),
        (("add", "maker-1", "--role", "vendor"), "name of a vendor"),
        (("add", "nurse-1", "--role", "operator", "--vendor", "x"), "name of a vendor"),
        (("revoke", "nobody"), "there is no user"),
    ],
)
def test_user_that_makes_no_sense_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = command("console", "users", *arguments, "--data", tmp_path)
    assert (refused.exit_code, said in refused.errors) == (2, True), refused.errors
