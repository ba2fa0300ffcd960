"""A treatment protocol on one page, as a director reads it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import typer

from dermatrace.cli.output import table
from dermatrace.cli.protocol_record import FoundProtocol
from dermatrace.reading.registry_text import moment
from dermatrace.registry.protocol_text import (
    EVERY_PHOTOTYPE,
    TO_BE_ENTERED,
    Sources,
    band_rows,
    protocol_facts,
)

_COLUMNS: Final = ("quantity", "zones", "phototypes", "lower", "upper", "unit", "trust", "source")
_PHOTOTYPES: Final = 2
"""Place of the column."""


def print_protocol(found: FoundProtocol) -> None:
    """Write everything a version says; the source of each limit by its number, below."""
    content, sources = found.content, Sources()
    typer.echo(content.title)
    typer.echo(found)
    typer.echo(f"digest {found.digest}\n")
    rows = list(band_rows(content.bands, sources))  # first: sources are numbered as they stand
    table(("", ""), protocol_facts(content, sources))
    typer.echo()
    _print_bands(rows)
    typer.echo()
    table(("", "source"), [line.split(" ", 1) for line in sources.lines()])


def _print_bands(rows: Sequence[Sequence[str]]) -> None:
    """Write the limits; a column that says the same everywhere only takes the others' room."""
    by_phototype = any(row[_PHOTOTYPES] != EVERY_PHOTOTYPE for row in rows)
    shown = [place for place in range(len(_COLUMNS)) if by_phototype or place != _PHOTOTYPES]
    table(
        [_COLUMNS[place] for place in shown],
        [[row[place].replace(TO_BE_ENTERED, "to be\nentered") for place in shown] for row in rows],
        whole_count=0 if by_phototype else 1,
    )


def print_standing(rows: Iterable[dict[str, Any]]) -> None:
    """Write where a version is on record, who approved it, and whether it is in force."""
    typer.echo()
    if not rows:
        typer.echo("on record: no")
    for row in rows:
        told = f"entry {row['entry_id']}, {moment(row['recorded_ms'])}"
        typer.echo(f"on record at {row['clinic']} since {told}")
        typer.echo(f"  in force today: {_in_words(row)}")
        for approval in row["approvals"]:
            until_ms = approval["retired_from_ms"]
            until = "" if until_ms is None else f" until {moment(until_ms)}"
            typer.echo(f"  approval {approval['registry_id']} version {approval['version']}")
            typer.echo(f"    from {moment(approval['effective_from_ms'])}{until}")
            typer.echo(f"    by director {approval['director_id']}")
            typer.echo(f"    in force today: {_in_words(approval)}")


def _in_words(row: dict[str, Any]) -> str:
    return "yes" if row["in_force"] else f"no: {row['why_not']}"
