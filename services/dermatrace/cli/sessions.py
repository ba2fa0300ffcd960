"""`dermatrace sessions`: what is on record, and how complete it is."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say, table
from dermatrace.errors import UsageError
from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.seqset import Span
from dermatrace.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="What is on record, and how complete it is.")


@app.command("list")
def list_sessions(
    data: Data = None,
    *,
    newest: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many, the newest first.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """List sessions with the grade of their certificate.

    disputed: a number was used for two contents, or the stream chain differs. open: not ended.
    incomplete: numbers are missing. with_declared_losses, with_rejections, complete.
    """
    with JournalReader(load_settings(data=data).journal_file) as reader:
        streams = reader.streams_of_class("session", newest=newest)
        found = [certify(reader, stream) for stream in streams]
    if as_json:
        print_json([certificate.as_json() for certificate in found])
        return
    table(
        ("session", "certificate", "stored", "settled", "missing", "device"),
        [
            (
                certificate.session_id,
                certificate.grade.replace("_", " "),
                certificate.accepted_count,
                certificate.settled_seq,
                certificate.gap_count,
                f"{certificate.clinic} {certificate.sender}",
            )
            for certificate in found
        ],
        whole_count=2,
    )


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
    """Show the certificate of one session: what is there, what is not, and how that is known."""
    with JournalReader(load_settings(data=data).journal_file) as reader:
        streams = [
            stream
            for stream in reader.streams_named("session", session)
            if sender in (None, stream.key.sender)
        ]
        if len(streams) != 1:
            senders = ", ".join(f"{s.key.clinic}/{s.key.sender}" for s in streams)
            raise UsageError(
                f"{len(streams)} sessions are called {session}"
                + (f": {senders}" if senders else ""),
                remedy="`dermatrace sessions list` shows them; --sender picks one.",
            )
        certificate = certify(reader, streams[0])
    if as_json:
        print_json(certificate.as_json())
    else:
        _print(certificate, _time(streams[0]))


def _print(c: Certificate, last_heard: str) -> None:
    say(f"{c.clinic} / {c.sender} / {c.session_id}")
    rows: list[tuple[str, object]] = [
        ("certificate", c.grade.replace("_", " ")),
        ("documents stored", c.accepted_count),
        ("settled to", f"{c.settled_seq} of {c.known_seq} known"),
        ("last heard", last_heard),
        ("ended", "yes" if c.ended else "no"),
        ("missing", f"{c.gap_count} {_spans(c.gaps)}"),
        ("declared lost", f"{c.lost_count} {_spans(c.lost)}"),
        ("rejected", f"{c.rejected_count} {_spans(c.rejected)}"),
        ("conflicts", c.conflict_count),
        ("received again", c.duplicate_count),
        ("late", c.late_count),
        ("stream chain", c.chain.replace("_", " ")),
        ("proof of completion", f"entry {c.completed_by}" if c.completed_by else "none"),
    ]
    rows += [
        (counter.name, f"device {_number(counter.stated)}, arrived {_number(counter.arrived)}")
        for counter in c.counters
    ]
    if c.erased_by is not None:
        rows.append(("erased by order", f"entry {c.erased_by}"))
    table(("", ""), rows)


def _spans(spans: tuple[Span, ...]) -> str:
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:8]]
    return f"({', '.join(texts)}{', …' if len(spans) > len(texts) else ''})" if texts else ""


def _number(value: float | None) -> str:
    return "not stated" if value is None else f"{value:,.10g}"


def _time(stream: StreamRecord) -> str:
    if stream.last_received_ms is None:
        return "never"
    return datetime.fromtimestamp(stream.last_received_ms / 1_000, UTC).strftime(
        "%Y-%m-%d %H:%M:%SZ"
    )
