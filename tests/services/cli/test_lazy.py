"""Each command is there, and none makes the others wait for what only it needs."""

import subprocess
import sys
from typing import Final

import pytest

from dermatrace.cli import COMMANDS
from dermatrace.cli.lazy import Commands

SLOW: Final = ("influxdb_client", "grafana_api", "dermatrace.simulator")
"""What takes long to import, and recording does without."""


def _imported_by(*arguments: str) -> set[str]:
    script = (
        "import sys\nfrom dermatrace.cli import app\n"
        f"try:\n    app({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_recorder_does_not_import_what_only_others_need() -> None:
    imported = _imported_by("ingest", "--help")
    assert "dermatrace.ingest.service" in imported
    assert imported.isdisjoint(SLOW)


def test_command_that_needs_it_imports_it() -> None:
    assert "influxdb_client" in _imported_by("forward", "--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_made_under_its_name(name: str) -> None:
    commands = Commands(COMMANDS)
    assert commands[name].name == name
    assert commands[name] is commands[name]


def test_unknown_command_is_none_of_them() -> None:
    commands = Commands(COMMANDS)
    assert "nosuch" not in commands
    assert list(commands) == list(COMMANDS)
