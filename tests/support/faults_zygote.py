"""Our processes in no time: forked from one that has imported everything already.

Half a second of importing at each of fifty starts would be most of the suite's time. Where minutes
do not matter, `faults_process.fresh_python` starts the command as a person would.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from support import faults_launcher
from support.faults_process import helpers_found


class Zygote:
    """Starts processes by forking; a context manager, and a `faults_process.Starter`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.faults_zygote"],
            env=os.environ | helpers_found(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its input, which ends it

    def __call__(self, environment: Mapping[str, str], log: Path) -> "Forked":
        """Start a process in this environment."""
        return Forked(self, int(self.ask({"environment": dict(environment), "log": str(log)})))

    def ask(self, order: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON
        """Give an order and return the answer."""
        orders, answers = _pipes(self._process)
        if self._process.poll() is not None:
            raise AssertionError("the zygote has ended; its last words are on stderr")
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        answer = answers.readline()
        if not answer:
            raise AssertionError("the zygote has ended; its last words are on stderr")
        return json.loads(answer)


@dataclass(slots=True)
class Forked:
    """One process; it keeps its process id until `poll` has told of its end."""

    zygote: Zygote
    pid: int
    code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, a signal as a negative number, or None while it runs."""
        if self.code is None:
            self.code = self.zygote.ask({"poll": self.pid})
        return self.code


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("started without pipes")
    return process.stdin, process.stdout


def _serve() -> None:
    """Fork and look after children until nobody gives orders any more."""
    faults_launcher.import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        answer = _poll(order["poll"]) if "poll" in order else _fork(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _fork(order: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _become_process(order["environment"], order["log"])
    return pid


def _become_process(environment: Mapping[str, str], log: str) -> NoReturn:
    code = 1
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for descriptor, standard in ((null, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, standard)
        os.environ.clear()
        os.environ.update(environment)
        code = faults_launcher.main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001  the end of a process: whatever it was, it is told
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
