"""The command line: `dermatrace --help`. One module a group of commands."""

import sys
from typing import NoReturn

import typer

from dermatrace.cli import (
    console,
    doctor,
    erase,
    explain,
    journal,
    judge,
    protocols,
    registry,
    report,
    run,
    series,
    sessions,
    whatif,
)
from dermatrace.errors import DermatraceError

EXIT_CODES = """
Exit codes: 0 done · 1 failed, trying again may help · 2 asked for wrongly · 3 needs a person.
"""

app = typer.Typer(
    name="dermatrace",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Records what connected needling devices do, tells each when its data is safely stored,"
    " and proves the record complete and unchanged."
    "\n\nStart with [bold]dermatrace demo[/bold]."
    f"\n{EXIT_CODES}",
    rich_markup_mode="rich",
)
app.command()(run.demo)
app.command()(run.up)
app.command()(run.ingest)
app.command()(judge.judge)
app.add_typer(console.app, name="console")
app.command()(run.simulate)
app.add_typer(sessions.app, name="sessions")
app.add_typer(series.app, name="series")
app.command()(explain.explain)
app.command()(report.report)
app.command()(whatif.whatif)
app.add_typer(registry.app, name="registry")
app.add_typer(protocols.app, name="protocols")
app.command()(journal.verify)
app.command()(journal.backup)
app.command()(journal.restore)
app.command()(erase.erase)
app.command()(doctor.doctor)


def main() -> NoReturn:
    """Run one command; every error of ours ends here, in words, with its exit code."""
    try:
        app(standalone_mode=True)
    except DermatraceError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
