"""Starts a recorder on a faulty disk, or with a part replaced: python -m support.faults_launcher.

DERMATRACE_FAULT_DISK says what is wrong with the disk, DERMATRACE_FAULT_RECORDER which double to
run instead of `dermatrace ingest`.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Final

from dermatrace import logs
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.settings import load_settings
from support.faults_disk import fault_from_environment, lay_over
from support.faults_doubles import FAULTY_RECORDERS, FaultyService

RECORDER_VARIABLE: Final = "DERMATRACE_FAULT_RECORDER"


def _run_double(name: str) -> None:
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


def _exit_as_the_command_does(run: Callable[[], None]) -> int:
    try:
        run()
    except DermatraceError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def import_everything() -> None:
    """Import what `main` will need, for those who start it more than once."""
    importlib.import_module("dermatrace.cli")


def main() -> int:
    """Lay the disk fault under everything, then run the double or the product."""
    fault = fault_from_environment()
    under = None if fault is None else lay_over(fault)
    name = os.environ.get(RECORDER_VARIABLE)
    if name is not None:
        return _exit_as_the_command_does(lambda: _run_double(name))
    from dermatrace.cli import main as dermatrace  # noqa: PLC0415  a double starts without

    sys.argv = ["dermatrace", "ingest"]
    try:
        dermatrace()
    finally:
        del under  # SQLite keeps no reference of its own to a VFS


if __name__ == "__main__":
    sys.exit(main())
