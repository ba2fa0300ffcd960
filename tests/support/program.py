"""Calling `dermatrace` as a user does, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner

from dermatrace.cli import app
from dermatrace.errors import DermatraceError

RUN_WAIT_MAX_S: Final = 100.0
COLUMNS: Final = 80
"""Of a terminal, unless a test asks for another."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed and how it ended."""

    exit_code: int
    output: str
    errors: str

    def json(self) -> Any:  # noqa: ANN401  whatever the command printed
        """Read standard output as one JSON value."""
        return json.loads(self.output)


def dermatrace(*arguments: str | Path, wait_max_s: float = RUN_WAIT_MAX_S) -> Result:
    """Run one command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "dermatrace", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=wait_max_s,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def command(*arguments: str | Path, columns: int = COLUMNS) -> Result:
    """Run one command inside this process, where only what it prints is looked at: far quicker."""
    done = CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": str(columns)}
    )
    if isinstance(done.exception, DermatraceError):
        errors = f"{done.stderr}error: {done.exception}\n"  # as `cli.main` ends it
        return Result(done.exception.exit_code, done.stdout, errors)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Result(done.exit_code, done.stdout, done.stderr)
