"""Broker, recorder and judge together, one of them killed at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import NeedsAPerson, WrongFile
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.settings import load_settings
from dermatrace.sqlite import FileLock
from dermatrace.supervisor.supervisor import Supervisor
from support.broker import find_mosquitto
from support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH"),
]


def _supervisor(data: Path) -> Supervisor:
    settings = load_settings(data=data, health_port=0, judge_health_port=0)
    return Supervisor(settings, "mosquitto", SystemClock(), any_port=True)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Supervisor]:
    """Return one that has started everything."""
    with _supervisor(tmp_path) as supervisor:
        yield supervisor


def _attended(supervisor: Supervisor, condition: Callable[[], bool]) -> Callable[[], bool]:
    def ask() -> bool:
        supervisor.attend()
        return condition()

    return ask


def _holder(supervisor: Supervisor) -> str:
    lock = supervisor.settings.index_file.with_name("index.db.lock")
    return lock.read_text(encoding="utf-8").strip()


def test_judge_runs_once_everything_has_started(running: Supervisor) -> None:
    assert list(running.children) == ["broker", "ingest", "judge"]
    judge = running.children["judge"]
    assert judge.pid is not None
    assert _holder(running) == f"process {judge.pid}"


def test_killed_judge_comes_back_and_reads_on_while_the_recorder_stays(
    running: Supervisor,
) -> None:
    judge, recorder = running.children["judge"], running.children["ingest"].pid
    killed = judge.pid
    running.kill("judge", down_s=0.1)
    assert judge.pid is None
    wait_until(_attended(running, lambda: judge.pid not in {None, killed}), what="a new judge")
    wait_until(lambda: _holder(running) == f"process {judge.pid}", what="it to open its index")
    assert judge.restart_count == 1
    assert running.children["ingest"].pid == recorder
    with JournalReader(running.settings.journal_file) as reader:
        head = reader.head().entry_id
    wait_until(_attended(running, lambda: _cursor(running) >= head), what="it to read on")


def _cursor(supervisor: Supervisor) -> int:
    try:
        with Index(supervisor.settings.index_file, read_only=True) as index:
            return index.cursor()[0].entry_id
    except WrongFile:
        return -1  # killed before it had made its tables, and the new one has not made them yet


def test_judge_that_finds_its_index_taken_is_left_to_a_person(running: Supervisor) -> None:
    running.children["judge"].stop()
    lock = FileLock(running.settings.index_file)
    try:
        running.children["judge"].start()
        with pytest.raises(NeedsAPerson, match="judge needs a person"):
            wait_until(_attended(running, lambda: False))
    finally:
        lock.close()


def test_index_of_an_earlier_run_does_not_pass_for_a_judge_that_is_ready(tmp_path: Path) -> None:
    with _supervisor(tmp_path) as first:
        before = _holder(first)
    with _supervisor(tmp_path) as second:
        assert _holder(second) == f"process {second.children['judge'].pid}" != before
