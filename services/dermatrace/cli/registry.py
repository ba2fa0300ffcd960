"""`dermatrace registry`: what a clinic knows of itself, onto its record and back from it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from dermatrace import logs
from dermatrace.cli import registry_views
from dermatrace.cli.options import As, AsJson, Data, WaitS
from dermatrace.cli.output import print_json, say, table
from dermatrace.errors import UsageError
from dermatrace.reading.registry_text import DIGITS_SHOWN
from dermatrace.registry.importer import Import, import_documents
from dermatrace.registry.load import Folder, load_folders
from dermatrace.registry.problems import FolderError, Problem
from dermatrace.registry.references import FolderDocument
from dermatrace.registry.sending import SENDER_DEFAULT, WAIT_DEFAULT_S, tool_sender
from dermatrace.registry.shipped import shipped_folders
from dermatrace.sender.answers import Outcome
from dermatrace.settings import load_settings

Folders: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FOLDER...",
        help="Folders with *.yaml files; one may name what is in another.",
        show_default=False,
    ),
]
WithLibrary: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--with-library",
        help="Also the shipped device models, example protocols and jurisdictions, before yours.",
    ),
]

app = typer.Typer(help="Clinics, people, devices and treatment protocols: the reference data.")
app.command("list")(registry_views.list_things)
app.command("history")(registry_views.show_history)
app.command("show")(registry_views.show_version)


@app.callback()
def registry() -> None:
    """Keep a clinic's reference data: rooms, people, devices, protocols and their approvals."""


@app.command("import")
def import_folders(  # noqa: PLR0913  one argument an option
    folders: Folders = None,
    clinic: Annotated[
        str | None,
        typer.Option(help="Import for this clinic only. Without it: every clinic in the folders."),
    ] = None,
    sender: As = SENDER_DEFAULT,
    *,
    with_library: WithLibrary = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, send nothing.")] = False,
    as_json: AsJson = False,
    wait_s: WaitS = WAIT_DEFAULT_S,
    data: Data = None,
) -> None:
    """Put folders of YAML files on record.

    Each YAML document is one version of one thing: kind, id, version, content, and the clinic it
    belongs to (left out: every clinic). Several stand in one file with a line `---` between them.
    A version on record never changes: to change a thing, give it a new version and import again.
    Importing the same folder twice is harmless.

    A time is written 2026-03-01T09:30:00+01:00; a bare 2026-03-01 is when that day begins in the
    clinic's own time zone. An approval may leave out the digest of a protocol in these folders.

    First every file is checked, and every mistake told with file and line; only if there is none
    is anything sent. Exit code 0: all recorded. 1: something was rejected or is still waiting. 2:
    there is something to correct, and nothing was sent.
    """
    settings = load_settings(data=data)
    read = load_folders(_chosen(folders, with_library=with_library))
    clinics = _clinics(read, clinic)
    if not as_json:
        _warn(read)
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


@app.command("check")
def check_folders(
    folders: Folders = None, *, with_library: WithLibrary = False, as_json: AsJson = False
) -> None:
    """Tell every mistake in folders of YAML files; needs neither broker nor journal.

    Each mistake and each warning comes with file, line, field and what to do. Exit code 2 if
    `dermatrace registry import` would refuse the folders; warnings do not make it refuse them.
    """
    mistakes: list[Problem] = []
    read = Folder([], [])
    try:
        read = load_folders(_chosen(folders, with_library=with_library))
    except FolderError as error:
        mistakes = error.problems
    if as_json:
        print_json(
            {
                "mistakes": [asdict(mistake) for mistake in mistakes],
                "warnings": [asdict(warning) for warning in read.warnings],
                "documents": [_document_in_json(document) for document in read.documents],
            }
        )
    else:
        for mistake in mistakes:
            say(str(mistake))
        _warn(read)
    if mistakes:
        raise UsageError(f"{len(mistakes)} to correct", remedy="Until then nothing is imported.")
    if not as_json:
        owners = ", ".join(read.clinics) or "no clinic in particular"
        say(f"{len(read.documents)} documents of {owners}, without a mistake")


def _chosen(folders: list[Path] | None, *, with_library: bool) -> list[Path]:
    # The library first: of two versions of one thing the clinic's own is the newer.
    chosen = [*(shipped_folders() if with_library else []), *(folders or [])]
    if not chosen:
        raise UsageError("no folder is named", remedy="Name one or more, or use --with-library.")
    return chosen


def _clinics(folder: Folder, asked: str | None) -> list[str]:
    if asked is None and not folder.clinics:
        raise UsageError("the folder names no clinic", remedy="Say for which with --clinic.")
    if asked is not None and folder.clinics and asked not in folder.clinics:
        raise UsageError(
            f"the folder holds nothing of {asked}", remedy=f"It has {', '.join(folder.clinics)}."
        )
    return folder.clinics if asked is None else [asked]


def _warn(folder: Folder) -> None:
    for warning in folder.warnings:
        say(f"look at {warning}", aside=True)


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
                **_document_in_json(document),
                "state": outcome.state,
                "reason": outcome.reason,
            }
            for document, outcome in done.outcomes
        ],
    }


def _document_in_json(document: FolderDocument) -> dict[str, Any]:
    return {
        "kind": f"registry.{document.kind}",
        "registry_id": document.registry_id,
        "version": document.version,
        "clinic": document.clinic,
        "digest": document.digest,
        "file": document.file,
        "line": document.line,
    }
