"""`dermatrace explain`: a finding, from its sentence down to the bytes it rests on."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json
from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.explaining import explain as explanation_of
from dermatrace.judge.explanation import Explanation
from dermatrace.judge.finding_on_record import Asked
from dermatrace.judge.reading_words import Reading
from dermatrace.reading.explanation_text import (
    as_plain,
    facts,
    heading,
    instant,
    reading_cells,
    reading_columns,
    recomputed_lines,
)
from dermatrace.reading.index_file import needed_index
from dermatrace.reading.registry_text import DIGITS_SHOWN
from dermatrace.settings import load_settings

PAGE_COLUMNS: Final = 100
"""Width of the page; what does not fit is wrapped."""
_NAMED: Final = re.compile(r"([^/]+)/(?:g([0-9]{1,3})/)?([0-9]{1,4})")


def explain(
    finding: Annotated[
        str,
        typer.Argument(
            metavar="FINDING",
            help="SESSION/NUMBER in the newest judgement, or SESSION/gN/NUMBER in an older one.",
        ),
    ],
    clinic: Annotated[
        str | None, typer.Option(help="Clinic, if several have a session of this id.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option(help="Device, if several have a session of this id.")
    ] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a finding rests on: rule, limit, whose it is, who approved it, the raw readings.

    At the end the session is judged once more by what was on record then, and the finding compared.
    Digests and hashes are cut to their first 12 digits; --json has them whole. Writes nothing.
    """
    settings, asked = load_settings(data=data), _asked(finding, clinic, sender)
    with (
        JournalReader(settings.journal_file) as reader,
        needed_index(settings.index_file, reader) as index,
    ):
        explanation = explanation_of(reader, index, asked)
    if as_json:
        print_json(as_plain(explanation))
    else:
        typer.echo(page_of(explanation))


def page_of(explanation: Explanation) -> str:
    """Return an explanation as people read it, 100 columns wide."""
    console = Console(file=StringIO(), width=PAGE_COLUMNS, color_system=None)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in facts(explanation):
        grid.add_row(name, Text(text))
    console.print(Text(heading(explanation)))
    console.print(Text(explanation.finding.sentence))
    console.print()
    console.print(grid)
    if explanation.readings:
        console.print()
        console.print(_table_of(explanation.readings))
        hidden = explanation.reading_count - len(explanation.readings)
        if hidden:
            console.print(Text(f"{hidden:,} more"))
    console.print()
    for line in recomputed_lines(explanation):
        console.print(Text(line))
    file = console.file
    assert isinstance(file, StringIO)  # noqa: S101  made so above
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _asked(text: str, clinic: str | None, sender: str | None) -> Asked:
    named = _NAMED.fullmatch(text)
    if named is None:
        raise UsageError(
            f"{text!r} names no finding",
            remedy="Write SESSION/NUMBER or SESSION/gN/NUMBER; `dermatrace sessions show` lists"
            " the findings of a session.",
        )
    session, generation, number = named.groups()
    return Asked(
        session, int(number), None if generation is None else int(generation), clinic, sender
    )


def _table_of(readings: Sequence[Reading]) -> Table:
    table = Table(box=None, pad_edge=False)
    names = reading_columns(readings)
    for name in ("seq", "device's clock", "it is"):
        table.add_column(name, no_wrap=True)
    for name in names or ["values"]:
        table.add_column(name.removeprefix("device-"), overflow="fold")
    table.add_column("entry", no_wrap=True, justify="right")
    table.add_column("entry hash", no_wrap=True)
    for reading in readings:
        table.add_row(
            str(reading.seq),
            "unknown" if reading.at_ms is None else instant(reading.at_ms),
            reading.clock,
            *map(Text, reading_cells(reading, names)),
            str(reading.entry_id),
            reading.entry_hash[:DIGITS_SHOWN],
        )
    return table
