"""The judge as a process: what it does before it follows, and what ends it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import JournalReplaced
from dermatrace.health import ask_health, ask_numbers
from dermatrace.judge.paperwork import Verdict
from dermatrace.judge.sending import VerdictSender
from dermatrace.judge.service import STILL_MAX_MS, JudgeService
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.outbox import IN_MEMORY
from dermatrace.sender.sender import Sender
from support.judge_bench import JudgeBench, device_messages, registry_messages, session_of
from support.manual_clock import ManualClock
from support.ports import find_free_port
from support.waiting import wait_until

SESSION = session_of(4, minutes=0.5)


class _SenderEndedError(Exception):
    """Whatever ends the thread that publishes."""


class _Ended(Sender):
    """A sender whose thread has ended."""

    def wait_settled(self, timeout_s: float) -> bool:  # noqa: ARG002  it waits for nothing
        """Raise what ended it, as the product's does."""
        raise _SenderEndedError


class _EndedSenders(VerdictSender):
    """Has only such senders."""

    def _make_sender(self, clinic: str) -> Sender:
        return _Ended(self._address, clinic, "judge", IN_MEMORY)


class _Noting(VerdictSender):
    """Sends nothing; notes which outboxes are opened before there is anything to say."""

    def __init__(self, address: BrokerAddress) -> None:
        super().__init__(address, lambda *_: IN_MEMORY)
        self.opened: list[str] = []
        self.sent: list[Verdict] = []
        self.when_open: Callable[[], None] = lambda: None

    def open_clinic(self, clinic: str) -> None:
        """Note it."""
        self.opened.append(clinic)
        self.when_open()

    def send(self, verdict: Verdict) -> None:
        """Note it."""
        self.sent.append(verdict)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JudgeBench]:
    """Return a journal with one session that nobody has judged."""
    made = JudgeBench(tmp_path)
    made.record([*registry_messages(), *device_messages(SESSION)])
    yield made
    made.close()


def _nobody() -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=find_free_port())


def _service(bench: JudgeBench, sender: VerdictSender) -> JudgeService:
    return JudgeService(bench.bench.path, bench.folder / "index.db", sender, SystemClock())


def test_sender_that_has_stopped_ends_the_process(bench: JudgeBench) -> None:
    service = _service(bench, _EndedSenders(_nobody(), lambda *_: IN_MEMORY))
    with pytest.raises(_SenderEndedError):
        service.run()


def test_outboxes_of_all_clinics_judged_before_are_opened_though_nothing_is_to_be_said(
    bench: JudgeBench,
) -> None:
    bench.judge()
    sender = _Noting(_nobody())
    service = _service(bench, sender)
    sender.when_open = service.stop
    service.run()
    assert sender.opened == [SESSION.device.clinic]
    assert not sender.sent


def test_health_page_tells_how_far_it_is_and_goes_red_when_it_is_stuck(bench: JudgeBench) -> None:
    clock = ManualClock()
    sender = _Noting(_nobody())
    service = JudgeService(bench.bench.path, bench.folder / "index.db", sender, clock)
    with closing(service.serve_health("127.0.0.1", 0)) as page:
        url = f"http://127.0.0.1:{page.port}"
        assert not ask_health(url).ready
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            wait_until(lambda: ask_health(url).is_healthy, what="a judge that is well")
            wait_until(
                lambda: ask_numbers(url)["dermatrace_judge_entries",] > 0, what="entries judged"
            )
            numbers = ask_numbers(url)
        finally:
            service.stop()
            thread.join()
        assert numbers["dermatrace_judge_waiting_verdicts",] == 0
        clock.advance(STILL_MAX_MS + 1_000)
        stuck = ask_health(url)
    assert not stuck.is_healthy
    assert stuck.problems == ["it has not come round for 61 s"]


class _Hasty(SystemClock):
    """A second lasts a minute."""

    def monotonic_ms(self) -> int:
        """Return a time that runs sixty times as fast."""
        return super().monotonic_ms() * 60


def test_lock_file_shows_to_the_outside_that_the_judge_moves(bench: JudgeBench) -> None:
    index_file = bench.folder / "index.db"
    sender = _Noting(_nobody())
    service = JudgeService(bench.bench.path, index_file, sender, _Hasty())
    lock = index_file.with_name("index.db.lock")
    os.utime(lock, (0, 0))
    thread = threading.Thread(target=service.run, name="test.judge")
    thread.start()
    try:
        wait_until(lambda: lock.stat().st_mtime > 0, what="a sign of life")
        os.utime(lock, (0, 0))
        wait_until(lambda: lock.stat().st_mtime > 0, what="another")
    finally:
        service.stop()
        thread.join()


def test_journal_put_aside_under_a_running_judge_ends_it(bench: JudgeBench) -> None:
    bench.judge()
    path = bench.bench.path
    sender = _Noting(_nobody())
    service = _service(bench, sender)

    def put_aside() -> None:
        path.rename(path.with_name("journal.db.before-restore-1"))

    sender.when_open = put_aside
    with pytest.raises(JournalReplaced):
        service.run()
