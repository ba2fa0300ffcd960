"""A process that is kept running."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dermatrace.clock import Clock, SystemClock
from dermatrace.supervisor.child import Child
from support.manual_clock import ManualClock
from support.waiting import wait_until

HERE = sys.executable


def child(tmp_path: Path, program: str, clock: Clock | None = None) -> Child:
    return Child(
        "test",
        [HERE, "-c", program],
        environment=dict(os.environ),
        log_file=tmp_path / "logs" / "test.log",
        clock=clock or SystemClock(),
    )


def attended(made: Child, condition: Callable[[], bool]) -> Callable[[], bool]:
    def ask() -> bool:
        made.attend()
        return condition()

    return ask


def test_process_that_breaks_is_started_again(tmp_path: Path) -> None:
    made = child(tmp_path, "raise SystemExit(1)")
    made.start()
    wait_until(attended(made, lambda: made.restart_count >= 2))
    assert made.last_exit_code == 1
    made.stop()


def test_exit_code_3_is_left_to_a_person(tmp_path: Path) -> None:
    made = child(tmp_path, "print('the disk is gone'); raise SystemExit(3)")
    made.start()
    wait_until(made.attend)
    assert made.last_exit_code == 3
    assert made.restart_count == 0
    assert made.last_words() == "the disk is gone"


def test_process_that_needs_a_person_is_not_started_again_however_often_it_is_looked_at(
    tmp_path: Path,
) -> None:
    made = child(tmp_path, "raise SystemExit(3)")
    made.start()
    wait_until(made.attend)
    assert made.needs_a_person
    assert not any(made.attend() for _ in range(3))
    assert (made.pid, made.restart_count) == (None, 0)


def test_process_that_needs_a_person_may_be_tried_again_after_a_while(tmp_path: Path) -> None:
    clock = ManualClock()
    made = child(tmp_path, "raise SystemExit(3)", clock)
    made.start()
    wait_until(made.attend)
    made.start_later(60)
    clock.advance(59_999)
    made.attend()
    assert made.restart_count == 0
    clock.advance(1)
    made.attend()
    assert made.restart_count == 1
    wait_until(made.attend)
    assert made.needs_a_person


def test_killed_process_stays_away_as_long_as_asked(tmp_path: Path) -> None:
    made = child(tmp_path, "import time; time.sleep(600)")
    made.start()
    made.kill(down_s=0.2)
    killed_s = time.monotonic()
    assert made.pid is None
    wait_until(attended(made, lambda: made.pid is not None))
    assert time.monotonic() - killed_s >= 0.2
    made.stop()


def test_stop_lets_the_process_end_by_itself(tmp_path: Path) -> None:
    done = tmp_path / "done"
    program = (
        "import signal, sys, pathlib, time\n"
        f"def end(*_): pathlib.Path({str(done)!r}).touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    made = child(tmp_path, program)
    made.start()
    wait_until(lambda: "ready" in made.last_words())
    made.stop()
    assert done.exists()
    assert made.last_exit_code == 0
