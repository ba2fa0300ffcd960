"""What a service does that must not go on by itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.errors import NeedsAPerson
from dermatrace.sqlite import FileLock
from support.waiting import wait_until

WAITING = "waiting for a person"


@contextmanager
def _started(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "DERMATRACE_DATA": str(folder), **settings}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dermatrace", *arguments],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Path]:
    """Return a data folder whose index another judge holds."""
    lock = FileLock(tmp_path / "index.db")
    yield tmp_path
    lock.close()


def test_service_ends_with_3_by_default(taken: Path) -> None:
    with _started(taken, "judge") as process:
        assert process.wait(30) == NeedsAPerson.exit_code
    assert WAITING not in (taken / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_wait_it_says_why_and_stays_until_asked_to_end(
    taken: Path, number: signal.Signals
) -> None:
    with _started(taken, "judge", DERMATRACE_NEEDS_A_PERSON="wait") as process:
        wait_until(lambda: WAITING in (taken / "log").read_text(encoding="utf-8"), what="its words")
        assert process.poll() is None
        assert "is in use by process" in (taken / "log").read_text(encoding="utf-8")
        process.send_signal(number)
        assert process.wait(30) == NeedsAPerson.exit_code


@pytest.mark.parametrize("words", [["verify"], ["forward", "rebuild", "--yes"]])
def test_command_of_a_person_never_waits(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "journal.db").write_text("no journal at all, but something of this length")
    with _started(tmp_path, *words, DERMATRACE_NEEDS_A_PERSON="wait") as process:
        assert process.wait(30) == NeedsAPerson.exit_code
