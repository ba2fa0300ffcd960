"""`dermatrace protocols`: treatment protocols on their way to a director's approval."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from dermatrace.cli import protocols_test
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json
from dermatrace.cli.protocol_page import print_protocol, print_standing
from dermatrace.cli.protocol_record import (
    FoundProtocol,
    find_one_protocol,
    find_protocols,
    standings,
)
from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.registry.protocol_diff import changes_between
from dermatrace.registry.protocol_files import WrittenProtocol, read_protocols
from dermatrace.registry.protocol_sense import doubts_of, mistakes_of
from dermatrace.settings import load_settings

Files: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="YAML files.", show_default=False)
]
OfClinic: TypeAlias = Annotated[
    str | None,
    typer.Option("--clinic", help="As this clinic has it on record; else as every clinic has."),
]

app = typer.Typer(no_args_is_help=True, help="Treatment protocols: check, read, compare them.")


@app.callback()
def protocols() -> None:
    """Check treatment protocols before they are imported, read them and compare versions."""


@app.command("check")
def check_files(files: Files, *, as_json: AsJson = False) -> None:
    """Tell every mistake in files of protocols, and what a director should look at.

    A mistake is what cannot be imported, or what no clinic can mean. What to look at is correct and
    may be meant: a limit that is not set, a zone without a depth band, bands that contradict one
    another, a gate that the treatment needs. Each comes with file, line, field and what to do.

    Needs neither broker nor journal. Exit code 2 if there is a mistake.
    """
    read = read_protocols(files)
    mistakes = [*read.mistakes, *(m for one in read.protocols for m in mistakes_of(one))]
    warnings = [doubt for one in read.protocols for doubt in doubts_of(one)]
    if as_json:
        print_json(
            {
                "mistakes": [asdict(mistake) for mistake in mistakes],
                "warnings": [asdict(warning) for warning in warnings],
                "remarks": [asdict(remark) for remark in read.remarks],
                "protocols": [_in_json(one) for one in read.protocols],
            }
        )
    else:
        for mistake in mistakes:
            typer.echo(mistake)
        for warning in warnings:
            typer.echo(f"look at {warning}", err=True)
        for remark in read.remarks:
            typer.echo(f"note: {remark}", err=True)
    if mistakes:
        raise UsageError(f"{len(mistakes)} to correct", remedy="What is only to look at may stay.")
    read.without_mistakes()
    if not as_json:
        typer.echo(f"{len(read.protocols)} without a mistake, {len(warnings)} to look at")


@app.command("show")
def show_protocol(
    named: Annotated[
        str, typer.Argument(metavar="FILE|ID", help="A YAML file, or the id of one on record.")
    ],
    version: Annotated[
        str | None,
        typer.Option(help="Which one; else all that the file holds, or the newest on record."),
    ] = None,
    clinic: OfClinic = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a protocol on one page, and how it stands if it is on record.

    It is in force at a clinic by an approval of exactly this content, which its digest names.
    """
    journal_file, now_ms = load_settings(data=data).journal_file, SystemClock().utc_ms()
    pages = [
        (one, standings(one, journal_file, clinic=clinic, at_ms=now_ms))
        for one in find_protocols(named, journal_file, version=version, clinic=clinic)
    ]
    if as_json:
        print_json(
            [
                {
                    **one.as_json(),
                    "content": one.content.model_dump(mode="json", exclude_unset=True),
                    "on_record": rows,
                }
                for one, rows in pages
            ]
        )
        return
    for place, (one, rows) in enumerate(pages):
        if place:
            typer.echo()
        print_protocol(one)
        print_standing(rows)


@app.command("diff")
def compare(
    before: Annotated[str, typer.Argument(help="FILE, FILE@VERSION, ID or ID@VERSION.")],
    after: Annotated[str, typer.Argument(help="The other one, named in the same way.")],
    clinic: OfClinic = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell in words what differs between two protocols, limit by limit.

    An id without a version means the newest on record. How bands are ordered and how zones are
    gathered in them is no difference, but any difference in what is written makes another digest.
    """
    journal_file = load_settings(data=data).journal_file
    old, new = (find_one_protocol(named, journal_file, clinic) for named in (before, after))
    changes = changes_between(old.content, new.content)
    if as_json:
        print_json(
            {
                "before": old.as_json(),
                "after": new.as_json(),
                "changes": [asdict(change) for change in changes],
            }
        )
        return
    for place, one in (("before", old), ("after", new)):
        typer.echo(f"{place}: {one}")
        typer.echo(f"  digest {one.digest}")
    for change in changes:
        typer.echo(change)
    if not changes:
        typer.echo(_sameness(old, new))


@app.command("digest")
def print_digests(files: Files) -> None:
    """Print id, version and digest of each protocol, one a line.

    The digest is what an approval names: it is of the content alone, and any change changes it.
    """
    for one in read_protocols(files).without_mistakes():
        typer.echo(f"{one.registry_id} {one.version} {one.digest}")


app.command("test")(protocols_test.run_examples)


def _sameness(old: FoundProtocol, new: FoundProtocol) -> str:
    if old.digest == new.digest:
        return "the same content: an approval of one is an approval of the other"
    return "they say the same, written differently: an approval of one is none of the other"


def _in_json(protocol: WrittenProtocol) -> dict[str, Any]:
    return {
        "registry_id": protocol.registry_id,
        "version": protocol.version,
        "clinic": protocol.clinic,
        "digest": protocol.digest,
        "file": protocol.file,
        "line": protocol.line,
    }
