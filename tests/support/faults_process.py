"""Our processes, each to be killed, cut off and started again: the recorder here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from dermatrace.errors import DermatraceError
from dermatrace.journal.reader import JournalReader
from support.faults_disk import DISK_VARIABLE, DiskFault
from support.faults_doubles import GATE_VARIABLE
from support.faults_launcher import (
    COMMAND_DEFAULT,
    COMMAND_VARIABLE,
    FORWARDER_VARIABLE,
    JUDGE_VARIABLE,
    MEMORY_VARIABLE,
    RECORDER_VARIABLE,
)
from support.tree import ROOT

START_WAIT_MAX_S: Final = 20.0
"""From the start of the process to its first connection; most of it is importing."""
END_WAIT_MAX_S: Final = 20.0
"""Longest wait for a process that is to end by itself."""
ASK_INTERVAL_S: Final = 0.01
FAULT_VARIABLES: Final = (
    RECORDER_VARIABLE,
    JUDGE_VARIABLE,
    FORWARDER_VARIABLE,
    DISK_VARIABLE,
    MEMORY_VARIABLE,
)
"""Whatever of these is set makes a process another than the product on a sound machine."""


def wait_until(condition: Callable[[], object], what: str, *, wait_max_s: float) -> None:
    """Return once the condition holds; raises AssertionError naming what did not come about."""
    give_up_at_s = time.monotonic() + wait_max_s
    while not condition():
        if time.monotonic() > give_up_at_s:
            raise AssertionError(f"after {wait_max_s} s still not: {what}")
        time.sleep(ASK_INTERVAL_S)


class Running(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        ...


class Starter(Protocol):
    """Starts one of our processes in an environment, its output going to a file."""

    def __call__(self, environment: Mapping[str, str], log: Path) -> Running:
        """Return it at once, running or about to."""
        ...


def helpers_found() -> dict[str, str]:
    """Return the variable by which a Python of ours finds `support`, besides all it finds now."""
    folders = [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, folders))}


def fresh_python(environment: Mapping[str, str], log: Path) -> Running:
    """Start the command as a person would, or the launcher where something is to be faulty."""
    is_plain = environment.keys().isdisjoint(FAULT_VARIABLES)
    command = ["dermatrace", *environment.get(COMMAND_VARIABLE, COMMAND_DEFAULT).split()]
    module = command if is_plain else ["support.faults_launcher"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**environment, **helpers_found()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


class ServiceProcess:
    """One of our commands on one data folder, one process after another."""

    command = COMMAND_DEFAULT

    def __init__(
        self, data: Path, broker_port: int, start: Starter, *, protocol: str = "5"
    ) -> None:
        self.data = data
        self._broker_port = broker_port
        self._protocol = protocol
        self._start_count = 0
        self._start_process = start
        self._process: Running | None = None

    @property
    def journal(self) -> Path:
        """The record."""
        return self.data / "journal.db"

    @property
    def words(self) -> str:
        """What the newest process has written so far."""
        if not self._log_file.exists():
            return ""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; of one that has ended, the last it had."""
        return self._started().pid

    def launch(self, **variables: str) -> None:
        """Start the command with these variables besides the settings."""
        if self.is_running:
            raise AssertionError(f"{self.command} runs already")
        self._start_count += 1
        self.data.mkdir(parents=True, exist_ok=True)
        environment = self._environment() | {COMMAND_VARIABLE: self.command} | variables
        self._process = self._start_process(environment, self._log_file)

    def kill(self) -> None:
        """End it as a crash does."""
        self.send(signal.SIGKILL)
        self.wait_end()

    def stop(self) -> None:
        """End it in an orderly way; raises AssertionError with its words if it does not."""
        self.send(signal.SIGTERM)
        code = self.wait_end()
        assert code == 0, f"exit {code}\n{self.words}"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        process = self._started()
        if process.poll() is None:  # until then nobody else can have its process id
            os.kill(process.pid, number)

    def wait_end(self, *, wait_max_s: float = END_WAIT_MAX_S) -> int:
        """Wait until it has ended by itself and return its exit code."""
        process = self._started()
        wait_until(
            lambda: process.poll() is not None, f"{self.command} has ended", wait_max_s=wait_max_s
        )
        self._process = None
        return process.poll() or 0

    def wait_for(self, condition: Callable[[], object], what: str, *, wait_max_s: float) -> None:
        """Wait for a condition that only a running process brings about."""

        def holds() -> object:
            if not self.is_running:
                raise AssertionError(f"{self.command} has ended\n{self.words}")
            return condition()

        wait_until(holds, what, wait_max_s=wait_max_s)

    def close(self) -> None:
        """End it if it still runs; safe to call at any time."""
        if self.is_running:
            self.kill()

    def head_entry_id(self) -> int:
        """Return the number of the journal's newest entry, 0 if there is none."""
        try:
            with JournalReader(self.journal) as reader:
                return reader.head().entry_id
        except DermatraceError:
            return 0

    @property
    def _log_file(self) -> Path:
        return self.data / f"{self.command}-{self._start_count}.log"

    def _started(self) -> Running:
        if self._process is None:
            raise AssertionError(f"{self.command} was not started")
        return self._process

    def _environment(self) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DERMATRACE_")
        }
        return environment | {
            "DERMATRACE_DATA": str(self.data),
            "DERMATRACE_BROKER_PORT": str(self._broker_port),
            "DERMATRACE_BROKER_PROTOCOL": self._protocol,
            "DERMATRACE_HEALTH_PORT": "0",
            "DERMATRACE_JUDGE_HEALTH_PORT": "0",
        }


class IngestProcess(ServiceProcess):
    """`dermatrace ingest`."""

    _seen_entry_id = 0

    def start(
        self, recorder: str = "", disk: DiskFault | None = None, gate: Path | None = None
    ) -> None:
        """Start it: the product, or the double of this name; on a healthy disk or a faulty one."""
        self.note_head()
        variables: dict[str, str] = {}
        if recorder:
            variables[RECORDER_VARIABLE] = recorder
        if disk is not None:
            variables[DISK_VARIABLE] = disk.as_text()
        if gate is not None:
            variables[GATE_VARIABLE] = str(gate)
        self.launch(**variables)

    def wait_connected(self) -> None:
        """Wait until this process has journalled that it is connected and subscribed."""
        self.wait_for(
            lambda: self._has_journalled(b'"system.connected"'),
            "the recorder is connected",
            wait_max_s=START_WAIT_MAX_S,
        )

    def note_head(self) -> None:
        """Let the next `wait_connected` wait for a connection made from now on."""
        self._seen_entry_id = self.head_entry_id()

    def _has_journalled(self, text: bytes) -> bool:
        try:
            with JournalReader(self.journal) as reader:
                entries = reader.read_after(self._seen_entry_id)
        except DermatraceError:
            return False  # not yet made
        return any(e.outcome == "system" and text in (e.payload or b"") for e in entries)
