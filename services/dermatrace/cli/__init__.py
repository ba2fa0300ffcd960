"""The command line: `dermatrace --help`. One module a group of commands."""

import sys
from typing import Final, NoReturn

import typer

from dermatrace.cli.lazy import group_of
from dermatrace.cli.stopping import wait_for_a_person
from dermatrace.errors import DermatraceError, NeedsAPerson

EXIT_CODES = """
Exit codes: 0 done · 1 failed, trying again may help · 2 asked for wrongly · 3 needs a person.
"""

COMMANDS: Final = {
    "demo": "run:demo",
    "up": "run:up",
    "ingest": "ingest:ingest",
    "judge": "judge:judge",
    "forward": "forward:app",
    "console": "console:app",
    "simulate": "run:simulate",
    "sessions": "sessions:app",
    "series": "series:app",
    "report": "report:report",
    "explain": "explain:explain",
    "whatif": "whatif:whatif",
    "registry": "registry:app",
    "protocols": "protocols:app",
    "provision": "provision:app",
    "secrets": "secrets:app",
    "ports": "ports:ports",
    "verify": "journal:verify",
    "backup": "journal:backup",
    "restore": "journal:restore",
    "erase": "erase:erase",
    "doctor": "doctor:doctor",
}
"""Every command and where it is made, in the order of the help."""

app = typer.Typer(
    name="dermatrace",
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Records what connected needling devices do, tells each when its data is safely stored,"
    " and proves the record complete and unchanged."
    "\n\nStart with [bold]dermatrace demo[/bold]."
    f"\n{EXIT_CODES}",
    rich_markup_mode="rich",
)


@app.callback()
def dermatrace() -> None:
    """Make the program a group of commands; what it says of itself stands above."""


def main() -> NoReturn:
    """Run one command; every error of ours ends here, in words, with its exit code."""
    try:
        app(standalone_mode=True)
    except DermatraceError as error:
        sys.stderr.write(f"error: {error}\n")
        if isinstance(error, NeedsAPerson):
            wait_for_a_person(sys.argv[1:])
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
