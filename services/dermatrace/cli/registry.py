"""`dermatrace registry`: what a clinic knows of itself, onto its record."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dermatrace import logs
from dermatrace.cli.options import As, AsJson, Data, WaitS
from dermatrace.cli.output import print_json, say, table
from dermatrace.errors import UsageError
from dermatrace.registry.importer import Import, import_documents
from dermatrace.registry.load import Folder, load_folder
from dermatrace.registry.sending import SENDER_DEFAULT, WAIT_DEFAULT_S, tool_sender
from dermatrace.sender.answers import Outcome
from dermatrace.settings import load_settings

DIGITS_SHOWN = 12

app = typer.Typer(help="Clinics, people, devices and treatment protocols: the reference data.")


@app.callback()
def registry() -> None:
    """Keep a clinic's reference data: rooms, people, devices, protocols and their approvals."""


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with the *.yaml files.")],
    clinic: Annotated[
        str | None,
        typer.Option(help="Import for this clinic only. Without it: every clinic in the folder."),
    ] = None,
    sender: As = SENDER_DEFAULT,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, send nothing.")] = False,
    as_json: AsJson = False,
    wait_s: WaitS = WAIT_DEFAULT_S,
    data: Data = None,
) -> None:
    """Put a folder of YAML files on record.

    Each YAML document is one version of one thing: kind, id, version, content, and the clinic it
    belongs to (left out: every clinic). Several stand in one file with a line `---` between them.
    A version on record never changes: to change a thing, give it a new version and import again.
    Importing the same folder twice is harmless.

    A time is written 2026-03-01T09:30:00+01:00; a bare 2026-03-01 is when that day begins in the
    clinic's own time zone. An approval may leave out the digest of a protocol in the same folder.

    First every file is checked, and every mistake told with file and line; only a folder without
    one is sent. Exit code 0: all recorded. 1: something was rejected or is still waiting. 2: there
    is something to correct, and nothing was sent.
    """
    settings = load_settings(data=data)
    read = load_folder(folder)
    clinics = _clinics(read, clinic)
    if not as_json:
        for warning in read.warnings:
            say(f"look at {warning}", aside=True)
    # The command itself says what was refused; only what it cannot know is left to the log.
    logs.set_up_logs(as_json=settings.log_format == "json", level="error")
    imports: list[Import] = []
    for name in clinics:
        documents = read.documents_of(name)
        if dry_run:
            planned = Outcome("waiting", "not sent")
            imports.append(Import(name, "", [(document, planned) for document in documents]))
        else:
            with tool_sender(settings, settings.broker_address(), name, sender) as outgoing:
                imports.append(import_documents(documents, outgoing, wait_s))
    _report(read, imports, as_json=as_json, dry_run=dry_run)
    if not dry_run and not all(done.is_recorded for done in imports):
        raise typer.Exit(1)


def _clinics(folder: Folder, asked: str | None) -> list[str]:
    if asked is None and not folder.clinics:
        raise UsageError("the folder names no clinic", remedy="Say for which with --clinic.")
    if asked is not None and folder.clinics and asked not in folder.clinics:
        raise UsageError(
            f"the folder holds nothing of {asked}", remedy=f"It has {', '.join(folder.clinics)}."
        )
    return folder.clinics if asked is None else [asked]


def _report(folder: Folder, imports: list[Import], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        warnings = [str(warning) for warning in folder.warnings]
        print_json({"warnings": warnings, "imports": [_in_json(done) for done in imports]})
        return
    for done in imports:
        say(f"{done.clinic}, {done.stream_id or 'not sent'}")
        rows = [
            (*document.named, document.digest[:DIGITS_SHOWN])
            + (("correct", "") if dry_run else (outcome.state, outcome.reason))
            for document, outcome in done.outcomes
        ]
        table(("kind", "id", "version", "digest", "state", ""), rows)


def _in_json(done: Import) -> dict[str, Any]:
    return {
        "clinic": done.clinic,
        "stream_id": done.stream_id,
        "documents": [
            {
                "kind": f"registry.{document.kind}",
                "registry_id": document.registry_id,
                "version": document.version,
                "digest": document.digest,
                "state": outcome.state,
                "reason": outcome.reason,
                "file": document.file,
                "line": document.line,
            }
            for document, outcome in done.outcomes
        ],
    }
