"""`dermatrace report`: one session on two printed pages, in a file that needs nothing else."""

from pathlib import Path
from typing import Annotated

import typer

from dermatrace.cli.options import Data
from dermatrace.cli.output import say
from dermatrace.clock import SystemClock
from dermatrace.console.report import report_html
from dermatrace.console.session_lookup import look_at
from dermatrace.errors import StorageFailed
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.finding_on_record import Asked, find_session
from dermatrace.reading.index_file import index_if_any
from dermatrace.settings import load_settings


def report(
    session: Annotated[str, typer.Argument(help="Session id, as `sessions list` prints it.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="HTML file to write, or to replace."),
    ],
    clinic: Annotated[
        str | None, typer.Option(help="Clinic, if several have a session of this id.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option(help="Device, if several have a session of this id.")
    ] = None,
    data: Data = None,
) -> None:
    """Write the report of a session: who, what, which limits, findings, certificate, chain head.

    A browser prints it on two sheets of A4 or Letter. The file tells of a person by pseudonym: keep
    it where patient records are kept. Nothing notes who reads it, as the console does.
    """
    settings = load_settings(data=data)
    with (
        JournalReader(settings.journal_file) as reader,
        index_if_any(settings.index_file, reader) as index,
    ):
        stream = find_session(reader, Asked(session, 0, None, clinic, sender))
        html = report_html(look_at(reader, index, stream), reader, SystemClock().utc_ms())
    try:
        output.write_text(html, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(output, str(error)) from error
    say(f"{output}: {len(html.encode()):,} bytes; print it with a browser", aside=True)
