"""Commands on the journal file itself: verify, back up, restore."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say
from dermatrace.errors import DermatraceError, UsageError
from dermatrace.journal import backup as backups
from dermatrace.journal.entry import Head
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import Report
from dermatrace.journal.verify import verify as verify_journal
from dermatrace.settings import load_settings


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A journal or a backup; else DIR/journal.db.")
    ] = None,
    data: Data = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="HEAD", help="A head noted earlier elsewhere: ENTRY_ID:HASH."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Recompute every hash and name the first entry that is not as it was recorded.

    Prints the head. Note it outside this machine (in a report, in a mail): only against such a
    head can a journal be told from one that was cut short or written anew as a whole.
    Exit code 1 if anything is wrong.
    """
    path = file or load_settings(data=data).journal_file
    head = _head(against)
    with JournalReader(path) as reader, Progress(transient=True, disable=as_json) as progress:
        task = progress.add_task("verifying", total=reader.head().entry_id)
        report = verify_journal(
            path, against=head, progress=lambda done: progress.update(task, completed=done)
        )
    if as_json:
        print_json(_as_json(report))
    else:
        say(f"{report.entry_count:,} entries, {report.erased_count:,} of them erased by order")
        say(f"head {report.head}")
        for fault in report.faults:
            say(str(fault))
    if not report.is_intact:
        raise DermatraceError(
            f"{path} is not as it was recorded: {report.faults[0]}",
            remedy="Keep the file; restore a backup that verifies.",
        )
    if not as_json:
        say(
            "every entry is as it was recorded"
            + ("" if head else ", as far as the file itself tells")
        )


def backup(
    target: Annotated[Path, typer.Argument(help="New file for the copy.")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Copy the journal while it is in use, and verify the copy."""
    report = backups.back_up(load_settings(data=data).journal_file, target)
    if as_json:
        print_json(_as_json(report))
    else:
        say(f"{target}: {report.entry_count:,} entries, verified, head {report.head}")


def restore(
    source: Annotated[Path, typer.Argument(help="A backup made with `dermatrace backup`.")],
    data: Data = None,
) -> None:
    """Put a backup in the journal's place; the file there is kept under another name.

    Stop ingest first. When it starts again the journal has a new id, so every sender offers again
    what it still holds: what came after the backup returns as far as it does. Erasures ordered
    after the backup have to be ordered again.
    """
    journal = load_settings(data=data).journal_file
    head = backups.restore(source, journal)
    say(
        f"{journal} restored up to entry {head.entry_id}; start ingest, senders will offer the rest"
    )


def _head(text: str | None) -> Head | None:
    if text is None:
        return None
    try:
        return Head.parse(text)
    except ValueError as error:
        raise UsageError(f"--against {text!r}: {error}") from error


def _as_json(report: Report) -> dict[str, object]:
    return {
        "intact": report.is_intact,
        "entries": report.entry_count,
        "erased": report.erased_count,
        "head": str(report.head),
        "faults": [{"entry_id": fault.entry_id, "what": fault.what} for fault in report.faults],
    }
