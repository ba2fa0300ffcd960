"""A real mosquitto of a test's own, to be stopped, killed and started again at will."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from support.ports import answers

START_WAIT_MAX_S = 10.0
"""Mosquitto answers within a fraction of a second; after this the test fails with its log."""
STOP_WAIT_MAX_S = 10.0
"""After SIGTERM it writes its state and ends; after this it is killed and the test fails."""
ASK_INTERVAL_S = 0.01

_SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_NOT_RUNNING = "mosquitto is not running: call start() first"


class BrokerError(RuntimeError):
    """Mosquitto did not start or did not end; the message carries its log."""


def find_mosquitto() -> str | None:
    """Return where mosquitto is; distributions put it where only root's PATH leads."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")


@dataclass(slots=True)
class Mosquitto:
    """One broker on 127.0.0.1, in a folder of its own.

    `config` is added to a listener on `port`. Anonymous clients are let in, and nothing survives a
    restart, unless the text says otherwise.
    """

    program: str
    port: int
    folder: Path
    config: str = ""
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """The running broker's process id; raises BrokerError if none runs."""
        return self._running().pid

    @property
    def log(self) -> str:
        """What it has written, over all its starts."""
        path = self.folder / "mosquitto.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether a process of ours is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return once its port answers; raises BrokerError with its log if not."""
        if self.is_running:
            raise BrokerError(f"mosquitto already runs on port {self.port}")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "mosquitto.conf"
        path.write_text(self._whole_config(), encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = self._spawn(path, log)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it properly: it saves its state first. Raises BrokerError if it does not end."""
        process = self._running()
        process.terminate()
        try:
            process.wait(timeout=STOP_WAIT_MAX_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(
                f"mosquitto did not end {STOP_WAIT_MAX_S} s after SIGTERM\n{self.log}"
            ) from None
        self._process = None

    def kill(self) -> None:
        """End it as a crash would: nothing is saved."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same port with the same config."""
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
            raise BrokerError(_NOT_RUNNING)
        return self._process

    def _spawn(self, config_path: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.program, "-c", str(config_path)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _whole_config(self) -> str:
        defaults = {
            "listener": f"{self.port} {self.host}",
            "allow_anonymous": "true",
            "persistence_location": f"{self.folder}/",
            "log_dest": "stdout",
        }
        if os.geteuid() == 0:
            # Started by root it would change to a user who may not write into the test's folder.
            defaults["user"] = "root"
        named = {line.split()[0] for line in self.config.splitlines() if line.strip()}
        lines = [f"{option} {value}" for option, value in defaults.items() if option not in named]
        return "\n".join([*lines, self.config, ""])

    def _wait_until_it_answers(self) -> None:
        process = self._running()
        give_up_at_s = time.monotonic() + START_WAIT_MAX_S
        while not answers(self.port):
            if process.poll() is not None:
                self._process = None
                raise BrokerError(f"mosquitto ended with {process.returncode}\n{self.log}")
            if time.monotonic() > give_up_at_s:
                self.kill()
                raise BrokerError(f"no answer on port {self.port}\n{self.log}")
            time.sleep(ASK_INTERVAL_S)


class StartMosquitto(Protocol):
    """Starts one more broker with this config; it ends with the test."""

    def __call__(self, config: str = "") -> Mosquitto:
        """Return it once its port answers."""
