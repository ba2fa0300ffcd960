"""Starts a process on a faulty disk, or with a part replaced: python -m support.faults_launcher.

DERMATRACE_FAULT_COMMAND says which of our commands, `ingest` if unset; DERMATRACE_FAULT_DISK what
is wrong with the disk; DERMATRACE_FAULT_MEMORY how many MiB of memory there are; and
DERMATRACE_FAULT_RECORDER which double to run instead of `dermatrace ingest`, DERMATRACE_FAULT_JUDGE
and DERMATRACE_FAULT_FORWARDER which one instead of `dermatrace judge` and `dermatrace forward`.
"""

import importlib
import os
import resource
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from dermatrace import logs
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.settings import load_settings
from support.faults_disk import fault_from_environment, lay_over
from support.faults_doubles import FAULTY_RECORDERS, FaultyService
from support.faults_forwarders import run_forwarder
from support.faults_judges import run_judge

COMMAND_VARIABLE: Final = "DERMATRACE_FAULT_COMMAND"
COMMAND_DEFAULT: Final = "ingest"
RECORDER_VARIABLE: Final = "DERMATRACE_FAULT_RECORDER"
JUDGE_VARIABLE: Final = "DERMATRACE_FAULT_JUDGE"
FORWARDER_VARIABLE: Final = "DERMATRACE_FAULT_FORWARDER"
MEMORY_VARIABLE: Final = "DERMATRACE_FAULT_MEMORY"


def _run_recorder(name: str) -> None:
    """Do what `dermatrace ingest` does, with one part replaced."""
    settings = load_settings()
    logs.set_up_logs(as_json=False)
    FaultyService.parts = FAULTY_RECORDERS[name]
    service = FaultyService(
        settings.journal_file,
        settings.broker_address(),
        health_host=settings.health_host,
        health_port=settings.health_port,
        clock=SystemClock(),
    )
    service.stop_on_signals()
    service.run()


_DOUBLES: Final = {
    RECORDER_VARIABLE: _run_recorder,
    JUDGE_VARIABLE: run_judge,
    FORWARDER_VARIABLE: run_forwarder,
}


def _exit_as_the_command_does(run: Callable[[], None]) -> int:
    try:
        run()
    except DermatraceError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def import_everything() -> None:
    """Import what `main` will need, for those who start it more than once."""
    for command in ("ingest", "judge", "forward", "provision"):
        importlib.import_module(f"dermatrace.cli.{command}")


def main() -> int:
    """Lay the faults of disk and memory under everything, then run the double or the product."""
    fault = fault_from_environment()
    under = None if fault is None else lay_over(fault)
    if memory_mib := os.environ.get(MEMORY_VARIABLE):
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory_mib) * 1024**2,) * 2)
    for variable, run in _DOUBLES.items():
        name = os.environ.get(variable)
        if name is not None:
            return _exit_as_the_command_does(partial(run, name))
    from dermatrace.cli import main as dermatrace  # noqa: PLC0415  a double starts without

    sys.argv = ["dermatrace", *os.environ.get(COMMAND_VARIABLE, COMMAND_DEFAULT).split()]
    try:
        dermatrace()
    finally:
        del under  # SQLite keeps no reference of its own to a VFS


if __name__ == "__main__":
    sys.exit(main())
