"""One process that is kept running: started, restarted when it breaks, ended when asked."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from dermatrace import logs
from dermatrace.backoff import Backoff
from dermatrace.clock import Clock
from dermatrace.errors import NeedsAPerson

RESTART_FIRST_S: Final = 0.5
RESTART_MAX_S: Final = 30.0
"""A process that keeps breaking is tried about twice a minute: no loop burns the machine."""
STEADY_MS: Final = 10_000
"""A process that has run for this long is taken for well; its next restart is quick again."""
STOP_WAIT_S: Final = 15.0
"""Longest wait for an orderly end; then the process is killed, which costs nothing but time."""


class Child:
    """A process of ours, by its process id; never found by name."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_file: Path,
        clock: Clock,
    ) -> None:
        self.name = name
        self.restart_count = 0
        self.last_exit_code: int | None = None
        self.needs_a_person = False
        """Whether it has ended for a person to look; it is not started again by itself."""
        self._command = list(command)
        self._environment = dict(environment)
        self._log_file = log_file
        self._clock = clock
        self._backoff = Backoff(
            Random(),  # noqa: S311  jitter, not secrecy
            first_s=RESTART_FIRST_S,
            max_s=RESTART_MAX_S,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._started_ms = 0
        self._retry_ms = 0
        self._log = logs.log("supervisor")

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def start(self) -> None:
        """Start it now. Its output goes to the log file."""
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  our own commands
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A session of its own: Ctrl-C reaches the supervisor alone, which ends the
                # processes in the order that loses nothing.
                start_new_session=True,
            )
        self._started_ms = self._clock.monotonic_ms()

    def attend(self) -> bool:
        """Restart it if it has ended and its wait is over; return whether it needs a person."""
        if self._process is None:
            if not self.needs_a_person and self._clock.monotonic_ms() >= self._retry_ms:
                self.restart_count += 1
                self.start()
            return False
        code = self._process.poll()
        if code is None:
            return False
        self.last_exit_code = code
        self._process = None
        if code == NeedsAPerson.exit_code:
            self.needs_a_person = True
            return True
        if self._clock.monotonic_ms() - self._started_ms >= STEADY_MS:
            self._backoff.reset()
        wait_s = self._backoff.next_s()
        self._retry_ms = self._clock.monotonic_ms() + int(wait_s * 1_000)
        self._log.warning("process ended", process=self.name, exit_code=code)
        return False

    def start_later(self, wait_s: float) -> None:
        """Let `attend` start it again, in a while: perhaps a person has looked by then."""
        self.needs_a_person = False
        self._retry_ms = self._clock.monotonic_ms() + int(wait_s * 1_000)

    def kill(self, down_s: float) -> None:
        """End it at once, as a power cut or a bug would, and start it again `down_s` later."""
        if self._process is None:
            return
        self._process.kill()
        self.last_exit_code = self._process.wait()
        self._process = None
        self._retry_ms = self._clock.monotonic_ms() + int(down_s * 1_000)

    def stop(self) -> None:
        """End it in an orderly way, by force if it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self.last_exit_code = self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._log.warning("process killed, it did not end", process=self.name)
            self._process.kill()
            self.last_exit_code = self._process.wait()
        self._process = None

    def last_words(self) -> str:
        """Return the end of its log, to say why it ended."""
        if not self._log_file.exists():
            return ""
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-10:])


def our_command(*arguments: str) -> list[str]:
    """Return the command line of one of our own processes, in this same environment."""
    return [sys.executable, "-m", "dermatrace", *arguments]
