"""Options that several commands share, spelled and explained once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of everything that is kept (DERMATRACE_DATA; else ./data).",
        show_default=False,
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

As: TypeAlias = Annotated[
    str,
    typer.Option(
        "--as",
        help="Sender id to speak as. Each installation needs its own, never used by another"
        " machine.",
    ),
]
WaitS: TypeAlias = Annotated[
    float,
    typer.Option(
        min=0,
        help="Seconds to wait for the recorder. What is not recorded by then stays in the outbox"
        " and is offered again the next time a command speaks as the same sender.",
    ),
]
