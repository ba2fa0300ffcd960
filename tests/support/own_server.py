"""A real server of a test's own, to be stopped, killed and started again at will."""

import subprocess
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

START_WAIT_MAX_S: Final = 30.0
"""A server answers within a second; after this, on the busiest machine, the test fails with its
log."""
STOP_WAIT_MAX_S: Final = 10.0
"""After SIGTERM it writes its state and ends; after this it is killed and the test fails."""
ASK_INTERVAL_S: Final = 0.01


class ServerError(RuntimeError):
    """A server did not start or did not end; the message carries its log."""


@dataclass(slots=True)
class OwnServer(ABC):
    """One server on 127.0.0.1, in a folder of its own, known by its process and nothing else."""

    NAME: ClassVar[str]

    program: str
    port: int
    folder: Path
    host: str = field(default="127.0.0.1", kw_only=True)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False, kw_only=True)

    @abstractmethod
    def _command(self) -> list[str]:
        """Return what starts it, after writing the files that takes."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Tell whether it does its work by now."""

    @property
    def pid(self) -> int:
        """The running server's process id; raises ServerError if none runs."""
        return self._running().pid

    @property
    def log(self) -> str:
        """What it has written, over all its starts."""
        path = self.folder / f"{self.NAME}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether a process of ours is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return once it is ready; raises ServerError with its log if not."""
        if self.is_running:
            raise ServerError(f"{self.NAME} already runs on port {self.port}")
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self._command()
        with (self.folder / f"{self.NAME}.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End it properly: it saves its state first. Raises ServerError if it does not end."""
        process = self._running()
        process.terminate()
        try:
            process.wait(timeout=STOP_WAIT_MAX_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(
                f"{self.NAME} did not end {STOP_WAIT_MAX_S} s after SIGTERM\n{self.log}"
            ) from None
        self._process = None

    def kill(self) -> None:
        """End it as a crash would: nothing is saved."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same port with the same files."""
        if self.is_running:
            self.stop()
        self.start()

    def close(self) -> None:
        """End it if it still runs; safe to call at any time."""
        if self.is_running:
            self.stop()
        elif self._process is not None:
            self._process.wait()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError(f"{self.NAME} is not running: call start() first")
        return self._process

    def _wait_until_ready(self) -> None:
        process = self._running()
        give_up_at_s = time.monotonic() + START_WAIT_MAX_S
        while not self._is_ready():
            if process.poll() is not None:
                self._process = None
                raise ServerError(f"{self.NAME} ended with {process.returncode}\n{self.log}")
            if time.monotonic() > give_up_at_s:
                self.kill()
                raise ServerError(f"no answer on port {self.port}\n{self.log}")
            time.sleep(ASK_INTERVAL_S)
