"""How commands speak: sentences and tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_json(value: object) -> None:
    """Write one JSON value to standard output, and nothing else of ours goes there."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(text: str, *, aside: bool = False) -> None:
    """Write a sentence to standard output, or aside to standard error."""
    Console(stderr=aside).print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole_count: int = 1
) -> None:
    """Write rows under headings to standard output, cells as text; a narrow terminal wraps them."""
    drawn = Table(box=None, pad_edge=False, show_header=any(columns))
    for place, column in enumerate(columns):
        # The first columns name the thing: whatever else is squeezed, they can be copied whole.
        drawn.add_column(column, overflow="fold", no_wrap=place < whole_count)
    for row in rows:
        # Text: what stands in somebody's file is shown as it is, not read as rich's markup.
        drawn.add_row(*(Text(str(cell)) for cell in row))
    Console().print(drawn)
