"""`dermatrace whatif`: sessions on record, judged as if a draft had been in force."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dermatrace import sqlite
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say, table
from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.hindsight import Hindsight
from dermatrace.judge.index import Index
from dermatrace.judge.what_if import (
    LEFT_OUT,
    Candidate,
    Changed,
    Compared,
    Draft,
    NotJudged,
    Outcome,
    candidates_of,
    compare,
)
from dermatrace.reading.index_file import lag_of, needed_index
from dermatrace.reading.judgement_text import adherence_words, share
from dermatrace.registry.protocol_files import read_protocols
from dermatrace.settings import load_settings

CHANGES_SHOWN_MAX: Final = 30
"""Changed findings written out; of the others it is said how many they are, --json has them all."""
_MS_PER_S: Final = 1_000
_NOT_APPROVED: Final = (
    f"A draft is not approved: what {LEFT_OUT} says of it is left out. Nothing was written."
)
_CANDIDATES: Final = (
    "SELECT stream_row, clinic, sender, stream_id, protocol_id, started_ms, is_open FROM sessions"
    " ORDER BY started_ms, stream_row"
)


def whatif(
    protocol: Annotated[
        Path, typer.Option(metavar="FILE", help="Treatment protocols to judge by instead.")
    ],
    sessions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION]...",
            help="Only these, whatever protocol they used; else all that used one of FILE's ids.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only sessions begun on this day or later, in UTC."),
    ] = None,
    clinic: Annotated[str | None, typer.Option(help="Only sessions of this clinic.")] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what sessions on record would have come to under a draft of a treatment protocol.

    Each session that has ended is judged twice by all that is on record today: by what was in
    force, and by the draft in its place. Shown are findings that are new, have vanished or changed
    their priority, and adherence before and after. Nothing is written anywhere.
    """
    settings, clock = load_settings(data=data), SystemClock()
    drafts = _drafts(protocol)
    since_ms = None if since is None else _day_ms(since)
    with (
        JournalReader(settings.journal_file) as reader,
        needed_index(settings.index_file, reader) as index,
    ):
        chosen = _chosen(index, drafts, sessions or [], since_ms, clinic)
        started_ms = clock.monotonic_ms()
        outcomes = list(_compared(Hindsight(reader, index), chosen, drafts))
        took_s = max(1, clock.monotonic_ms() - started_ms) / _MS_PER_S
        lag = lag_of(index, reader)
    if as_json:
        print_json(_as_plain(outcomes, took_s))
        return
    _print(outcomes)
    if lag:
        say(lag)
    _print_sum(outcomes, took_s)


def _drafts(file: Path) -> list[Draft]:
    return [
        Draft(one.registry_id, one.version, one.clinic, one.content)
        for one in read_protocols([file]).without_mistakes()
    ]


def _day_ms(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no date", remedy="Write it as 2026-03-01.") from error
    return (day - date(1970, 1, 1)).days * 86_400_000


def _chosen(
    index: Index,
    drafts: Sequence[Draft],
    sessions: Sequence[str],
    since_ms: int | None,
    clinic: str | None,
) -> list[Candidate]:
    """Return the sessions to compare. Raises UsageError if a named one is not in the index."""
    known = [
        candidate for candidate in _candidates(index) if clinic in {None, candidate.session.clinic}
    ]
    unknown = set(sessions) - {candidate.session.stream_id for candidate in known}
    if unknown:
        raise UsageError(
            f"not in the index: {', '.join(sorted(unknown))}",
            remedy="`dermatrace sessions list` shows what is on record.",
        )
    named = [one for one in known if not sessions or one.session.stream_id in sessions]
    begun = [
        candidate
        for candidate in named
        if since_ms is None
        or (candidate.started_ms is not None and candidate.started_ms >= since_ms)
    ]
    return list(candidates_of(begun, drafts, named=bool(sessions)))


def _candidates(index: Index) -> list[Candidate]:
    with sqlite.storage_errors(index.path):
        rows = list(index.connection.execute(_CANDIDATES))
    return [
        Candidate(row, SessionId(clinic, sender, stream_id), protocol_id, started_ms, not is_open)
        for row, clinic, sender, stream_id, protocol_id, started_ms, is_open in rows
    ]


def _compared(
    hindsight: Hindsight, chosen: Sequence[Candidate], drafts: Sequence[Draft]
) -> Iterator[Outcome]:
    """Compare one session after the other; how far it is shows on a terminal only."""
    columns = (
        TextColumn("judging"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    is_shown = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=not is_shown) as progress:
        task = progress.add_task("judging", total=len(chosen))
        for candidate in chosen:
            yield compare(hindsight, candidate, drafts)
            progress.advance(task)


def _print(outcomes: Sequence[Outcome]) -> None:
    say(_NOT_APPROVED)
    changed = [o for o in outcomes if isinstance(o, Compared) and o.is_changed]
    if changed:
        table(
            ("session", "new", "vanished", "re-ranked", "adherence", "coverage"),
            [_row(compared) for compared in changed],
        )
        _print_changes([(o.session, change) for o in changed for change in o.changes])
    for outcome in outcomes:
        if isinstance(outcome, NotJudged):
            say(f"not judged: {_name(outcome.session)}: {outcome.why}")


def _print_sum(outcomes: Iterable[Outcome], took_s: float) -> None:
    compared = [outcome for outcome in outcomes if isinstance(outcome, Compared)]
    judged, changed = len(compared), sum(outcome.is_changed for outcome in compared)
    say(
        f"{judged:,} session{'' if judged == 1 else 's'} judged twice in {took_s:.1f} s,"
        f" {judged / took_s:,.0f} sessions/s; {changed:,} would have come to something else."
    )


def _row(compared: Compared) -> tuple[object, ...]:
    scores = (compared.before, compared.after)
    before, after = (adherence_words(score.fraction, score.why_not) for score in scores)
    return (
        compared.session.stream_id,
        len(compared.new),
        len(compared.vanished),
        len(compared.reranked),
        before if before == after else f"{before} → {after}",
        share(compared.data_coverage),
    )


def _print_changes(changes: Sequence[tuple[SessionId, Changed]]) -> None:
    if not changes:
        return
    say("")
    table(
        ("session", "change", "finding"),
        [
            (session.stream_id, _change(change), f"{change.rule}: {change.sentence}")
            for session, change in changes[:CHANGES_SHOWN_MAX]
        ],
        whole_count=2,
    )
    hidden = len(changes) - CHANGES_SHOWN_MAX
    if hidden > 0:
        say(f"{hidden:,} more; --json has them all")
    say("")


def _change(change: Changed) -> str:
    if change.before is None:
        return f"new, {change.after}"
    if change.after is None:
        return f"vanished, {change.before}"
    return f"{change.before} becomes {change.after}"


def _name(session: SessionId) -> str:
    return f"{session.stream_id} ({session.clinic} {session.sender})"


def _as_plain(outcomes: Iterable[Outcome], took_s: float) -> dict[str, Any]:
    found = list(outcomes)
    compared = [o for o in found if isinstance(o, Compared)]
    return {
        "left_out": LEFT_OUT,
        "sessions": [asdict(outcome) for outcome in compared],
        "not_judged": [asdict(outcome) for outcome in found if isinstance(outcome, NotJudged)],
        "took_s": took_s,
        "sessions_per_s": round(len(compared) / took_s, 1),
    }
