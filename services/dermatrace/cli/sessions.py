"""`dermatrace sessions`: what is on record, how complete it is, and what the judge thinks of it."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say
from dermatrace.cli.session_filters import with_filters
from dermatrace.cli.session_page import print_page
from dermatrace.cli.sessions_view import print_certificates, print_sessions
from dermatrace.errors import UsageError
from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession, SessionQuery, count_sessions, search
from dermatrace.reading.index_file import HOW_TO_GET_IT, index_if_any, lag_of
from dermatrace.reading.session_facts import gather, page_json
from dermatrace.reading.session_list import certificate_json, csv_text, session_json
from dermatrace.settings import load_settings

app = typer.Typer(
    no_args_is_help=True, help="What is on record, how complete it is, and how it was judged."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What fits: as the judge left it, or, where nothing has been judged, examined now."""

    judged: list[FoundSession] | None
    certificates: list[Certificate]
    notes: tuple[str, ...]
    """What the reader should know about what is not there."""

    def rows(self) -> list[dict[str, Any]]:
        """Return it as plain data."""
        if self.judged is None:
            return [certificate_json(certificate) for certificate in self.certificates]
        return [session_json(found) for found in self.judged]


@app.command("list")
@with_filters
def list_sessions(
    query: SessionQuery,
    data: Data = None,
    *,
    newest: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many, the newest first.")
    ] = 50,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print rows for a spreadsheet; an empty cell is unknown.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest first, and search them: every option given must hold.

    Certificates and verdicts are those of each session's newest judgement; `sessions show`
    examines the certificate anew. Findings are counted as high/medium/low. What is not known
    fulfils no condition.

    disputed: a number was used for two contents, or the stream chain differs. open: not ended.
    incomplete: numbers are missing. with_declared_losses, with_rejections, complete.
    """
    if as_csv and as_json:
        raise UsageError("--csv and --json both say how to print", remedy="Use one of them.")
    settings = load_settings(data=data)
    query = replace(query, newest=newest)
    with (
        JournalReader(settings.journal_file) as reader,
        index_if_any(settings.index_file, reader) as index,
    ):
        listing = _of_record(reader, query) if index is None else _of_index(reader, index, query)
    if as_csv:
        typer.echo(csv_text(listing.rows()), nl=False)
    elif as_json:
        print_json(listing.rows())
    elif listing.judged is None:
        print_certificates(listing.certificates)
    elif listing.judged:
        print_sessions(listing.judged)
    else:
        say("no session fits")
    for note in listing.notes:
        say(note, aside=True)


@app.command("show")
def show_session(
    session: Annotated[str, typer.Argument(help="Session id, as `sessions list` prints it.")],
    data: Data = None,
    sender: Annotated[
        str | None, typer.Option(help="Device, if several have a session of this id.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show one session: what is there, what is not and how that is known; and how it was judged.

    Every judgement on record with its cause and its protocol; of the newest one the versions it
    rests on, its findings by number, adherence and data coverage by zone, and open gates.
    """
    settings = load_settings(data=data)
    with (
        JournalReader(settings.journal_file) as reader,
        index_if_any(settings.index_file, reader) as index,
    ):
        stream = _stream(reader, session, sender)
        page = gather(reader, index, stream)
    if as_json:
        print_json(page_json(page))
    else:
        print_page(page)


def _of_index(reader: JournalReader, index: Index, query: SessionQuery) -> Listing:
    found, count = search(index, query), count_sessions(index, query)
    notes = [lag_of(index, reader)]
    if count > len(found):
        notes.append(f"{len(found):,} of {count:,}: --newest shows more.")
    unplaced = _unplaced(index, query)
    if unplaced:
        notes.append(f"{unplaced:,} more fit but for the time, which nobody knows: --undated.")
    return Listing(found, [], tuple(note for note in notes if note))


def _unplaced(index: Index, query: SessionQuery) -> int:
    """Count what fits but for the time, because nobody knows it."""
    if query.undated is None and (query.from_day, query.until_day) != (None, None):
        return count_sessions(index, replace(query, from_day=None, until_day=None, undated=True))
    if query.undated is None and (query.from_ms, query.until_ms) != (None, None):
        return count_sessions(index, replace(query, from_ms=None, until_ms=None, timed=False))
    return 0


def _of_record(reader: JournalReader, query: SessionQuery) -> Listing:
    if query != SessionQuery(newest=query.newest):
        raise UsageError(
            "there is no index.db to search: nothing has been judged", remedy=HOW_TO_GET_IT
        )
    streams = reader.streams_of_class("session", newest=query.newest)
    note = f"Nothing has been judged: there is no index.db. {HOW_TO_GET_IT}"
    return Listing(None, [certify(reader, stream) for stream in streams], (note,))


def _stream(reader: JournalReader, session: str, sender: str | None) -> StreamRecord:
    streams = [
        stream
        for stream in reader.streams_named("session", session)
        if sender in (None, stream.key.sender)
    ]
    if len(streams) == 1:
        return streams[0]
    senders = ", ".join(f"{s.key.clinic}/{s.key.sender}" for s in streams)
    raise UsageError(
        f"{len(streams)} sessions are called {session}" + (f": {senders}" if senders else ""),
        remedy="`dermatrace sessions list` shows them; --sender picks one.",
    )
