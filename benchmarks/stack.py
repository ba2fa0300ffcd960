"""The processes that are measured: mosquitto and ingest as `dermatrace up` starts them, helpers."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError, UsageError
from dermatrace.settings import PREFIX, Settings
from dermatrace.supervisor.broker import (
    answers,
    find_mosquitto,
    free_port,
    log_of,
    mosquitto_command,
)
from dermatrace.supervisor.child import Child, our_command

ROOT: Final = Path(__file__).resolve().parents[1]
READY_MAX_S: Final = 60.0
"""Longest wait for a process to be ready; then the run fails with its last words."""
ASK_INTERVAL_S: Final = 0.005
"""How often it is asked: bounds how exactly a start can be measured."""
HELPER_MAX_S: Final = 300.0
"""Longest run of a helper; then it is ended and the run fails."""
IMPORTED: Final = "python -c 'import dermatrace.cli'"
"""What no start of a command of ours can go below."""
CAUGHT_UP: Final = b'"event": "caught up"'
"""What the judge logs once, as soon as nothing is left to be judged."""
MEBIBYTE: Final = 1024**2


def settings_for(folder: Path, broker_port: int) -> Settings:
    """Return the product's own defaults, in this folder and on free ports."""
    return Settings(
        data=folder,
        broker_port=broker_port,
        health_port=free_port(),
        judge_health_port=free_port(),
        log_level="warning",
    )


@contextmanager
def broker(folder: Path) -> Iterator[tuple[int, Child]]:
    """Run mosquitto as configured by the product; offers its port and its process.

    Raises UsageError if there is none, DermatraceError if it does not start.
    """
    program = find_mosquitto()
    if program is None:
        raise UsageError(
            "mosquitto is not on this machine",
            remedy="apt-get install mosquitto, or leave out "
            "the benchmarks that need a broker by naming the others.",
        )
    port = free_port()
    settings = settings_for(folder, port)
    command = mosquitto_command(program, settings, port)
    with _running("mosquitto", command, settings, lambda: answers("127.0.0.1", port)) as child:
        yield port, child


@contextmanager
def recorder(folder: Path, broker_port: int) -> Iterator[Child]:
    """Run `python -m dermatrace ingest`, well and connected.

    Raises DermatraceError if it does not become so.
    """
    settings = settings_for(folder, broker_port)
    with _running("ingest", our_command("ingest"), settings, lambda: is_well(settings)) as child:
        yield child


@contextmanager
def judge(folder: Path, broker_port: int) -> Iterator[Child]:
    """Run `python -m dermatrace judge`, with everything judged that the journal held at its start.

    Raises DermatraceError if that does not come about.
    """
    settings = settings_for(folder, broker_port)
    settings = settings.model_copy(update={"log_level": "info", "log_format": "json"})
    log_file = log_of(folder, "judge")
    told_bytes = log_file.stat().st_size if log_file.exists() else 0

    def has_caught_up() -> bool:
        return CAUGHT_UP in log_file.read_bytes()[told_bytes:]

    with _running("judge", our_command("judge"), settings, has_caught_up) as child:
        yield child


@contextmanager
def forward(settings: Settings) -> Iterator[Child]:
    """Run `python -m dermatrace forward`, from when it has found its buckets.

    Raises DermatraceError if it does not get so far.
    """
    is_ready = partial(is_well, settings, settings.forward_health_port)
    with _running("forward", our_command("forward"), settings, is_ready) as child:
        yield child


@contextmanager
def console(settings: Settings) -> Iterator[Child]:
    """Run `python -m dermatrace console`, from when it answers.

    Raises DermatraceError if it does not get so far.
    """
    is_ready = partial(answers, "127.0.0.1", settings.console_port)
    with _running("console", our_command("console"), settings, is_ready) as child:
        yield child


def import_s() -> float:
    """Return how long Python takes to start and import the command line."""
    started_s = time.monotonic()
    command = [sys.executable, "-c", "import dermatrace.cli"]
    subprocess.run(command, check=True, timeout=READY_MAX_S)
    return time.monotonic() - started_s


def is_well(settings: Settings, port: int | None = None) -> bool:
    """Tell whether /healthz is green: ingest's, or that at another port."""
    asking = http.client.HTTPConnection("127.0.0.1", port or settings.health_port, timeout=1)
    with contextlib.closing(asking), contextlib.suppress(OSError, http.client.HTTPException):
        asking.request("GET", "/healthz")
        return asking.getresponse().status == http.client.OK
    return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition. Raises DermatraceError if it does not come true in READY_MAX_S."""
    give_up_s = time.monotonic() + READY_MAX_S
    asking = threading.Event()
    while not condition():
        if time.monotonic() > give_up_s:
            raise DermatraceError(f"waited {READY_MAX_S:.0f} s in vain: {what}")
        asking.wait(ASK_INTERVAL_S)


@contextmanager
def _running(
    name: str, command: Sequence[str], settings: Settings, is_ready: Callable[[], bool]
) -> Iterator[Child]:
    child = Child(
        name,
        command,
        environment=_environment(settings.as_environment()),
        log_file=log_of(settings.data, name),
        clock=SystemClock(),
    )
    child.start()
    try:
        wait_until(lambda: is_ready() or child.pid is None, f"{name} is not ready")
        if child.pid is None:
            raise DermatraceError(f"{name} did not start:\n{child.last_words()}")
        yield child
    finally:
        child.stop()


class Helper:
    """A process of ours that does one thing and prints what came of it as JSON."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._name = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)],
            cwd=ROOT,
            env=_environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def wait_ready(self) -> None:
        """Wait for its first line. Raises DermatraceError if it ends before."""
        if self._process.stdout is None or not self._process.stdout.readline():
            raise DermatraceError(f"{self._name} ended before it was ready")

    def result(self) -> Any:  # noqa: ANN401  each helper has its own
        """Wait for its end and return what it printed. Raises DermatraceError if it failed."""
        output, _ = self._process.communicate(timeout=HELPER_MAX_S)
        if self._process.returncode != 0:
            raise DermatraceError(f"{self._name} ended with {self._process.returncode}")
        return json.loads(output)


def run_helper(module: str, *arguments: object) -> Any:  # noqa: ANN401  each has its own
    """Run a helper to its end and return what it printed."""
    with Helper(module, *arguments) as helper:
        return helper.result()


def processor_s(child: Child | int) -> float:
    """Return the processor time a process has used, all threads together; an int is its id."""
    if isinstance(child, int):
        told = Path("/proc", str(child), "stat").read_text(encoding="utf-8")
    else:
        told = _proc(child, "stat")
    fields = told.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_peak_mib(child: Child | None = None) -> float:
    """Return the most resident memory a process, or else our own, has had.

    Not from getrusage, whose maximum begins with that of whoever started the process.
    """
    lines = _proc(child, "status").splitlines()
    found = next(line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) * 1024 / MEBIBYTE


def _proc(child: Child | None, name: str) -> str:
    if child is not None and child.pid is None:
        raise DermatraceError(f"{child.name} has ended:\n{child.last_words()}")
    process = "self" if child is None else str(child.pid)
    return Path("/proc", process, name).read_text(encoding="utf-8")


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """Return our environment without the settings of whoever runs the benchmarks."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return others | settings
