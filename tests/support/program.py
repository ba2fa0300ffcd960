"""Calling `dermatrace` as a user does, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RUN_WAIT_MAX_S: Final = 100.0


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
