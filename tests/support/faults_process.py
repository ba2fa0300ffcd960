"""The recorder as a process of its own, to be killed, cut off and started again."""

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
from support.faults_launcher import RECORDER_VARIABLE
from support.tree import ROOT

START_WAIT_MAX_S: Final = 20.0
"""From the start of the process to its first connection; most of it is importing."""
END_WAIT_MAX_S: Final = 20.0
"""Longest wait for a process that is to end by itself."""
ASK_INTERVAL_S: Final = 0.01


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
    """Starts a recorder in an environment, its output going to a file."""

    def __call__(self, environment: Mapping[str, str], log: Path) -> Running:
        """Return it at once, running or about to."""
        ...


def helpers_found() -> dict[str, str]:
    """Return the variable by which a Python of ours finds `support`, besides all it finds now."""
    folders = [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, folders))}


def fresh_python(environment: Mapping[str, str], log: Path) -> Running:
    """Start the command as a person would, or the launcher where something is to be faulty."""
    is_plain = environment.keys().isdisjoint({RECORDER_VARIABLE, DISK_VARIABLE})
    module = ["dermatrace", "ingest"] if is_plain else ["support.faults_launcher"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**environment, **helpers_found()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


class IngestProcess:
    """`dermatrace ingest` on one data folder, one process after another."""

    def __init__(
        self, data: Path, broker_port: int, start: Starter, *, protocol: str = "5"
    ) -> None:
        self.data = data
        self._broker_port = broker_port
        self._protocol = protocol
        self._start_count = 0
        self._start_process = start
        self._process: Running | None = None
        self._seen_entry_id = 0

    @property
    def journal(self) -> Path:
        """The file it writes."""
        return self.data / "journal.db"

    @property
    def words(self) -> str:
        """What the newest process has written."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def start(
        self, recorder: str = "", disk: DiskFault | None = None, gate: Path | None = None
    ) -> None:
        """Start it: the product, or the double of this name; on a healthy disk or a faulty one."""
        if self.is_running:
            raise AssertionError("the recorder runs already")
        self._seen_entry_id = self._head_entry_id()
        self._start_count += 1
        self.data.mkdir(parents=True, exist_ok=True)
        environment = self._environment()
        if recorder:
            environment[RECORDER_VARIABLE] = recorder
        if disk is not None:
            environment[DISK_VARIABLE] = disk.as_text()
        if gate is not None:
            environment[GATE_VARIABLE] = str(gate)
        self._process = self._start_process(environment, self._log_file)

    def wait_connected(self) -> None:
        """Wait until this process has journalled that it is connected and subscribed."""

        def connected() -> bool:
            if not self.is_running:
                raise AssertionError(f"the recorder has ended\n{self.words}")
            return self._has_journalled(b'"system.connected"')

        wait_until(connected, "the recorder is connected", wait_max_s=START_WAIT_MAX_S)

    def note_head(self) -> None:
        """Let the next `wait_connected` wait for a connection made from now on."""
        self._seen_entry_id = self._head_entry_id()

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
            lambda: process.poll() is not None, "the recorder has ended", wait_max_s=wait_max_s
        )
        self._process = None
        return process.poll() or 0

    def close(self) -> None:
        """End it if it still runs; safe to call at any time."""
        if self.is_running:
            self.kill()

    @property
    def _log_file(self) -> Path:
        return self.data / f"ingest-{self._start_count}.log"

    def _started(self) -> Running:
        if self._process is None:
            raise AssertionError("the recorder was not started")
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
        }

    def _head_entry_id(self) -> int:
        try:
            with JournalReader(self.journal) as reader:
                return reader.head().entry_id
        except DermatraceError:
            return 0

    def _has_journalled(self, text: bytes) -> bool:
        try:
            with JournalReader(self.journal) as reader:
                entries = reader.read_after(self._seen_entry_id)
        except DermatraceError:
            return False  # not yet made
        return any(e.outcome == "system" and text in (e.payload or b"") for e in entries)
