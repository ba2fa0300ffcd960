"""One journal judged in several ways: in one go, killed and started again, anew, in hindsight."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from dermatrace import sqlite
from dermatrace.ingest.watch import CLOSED_AFTER_MS, LOOK_INTERVAL_MS
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import READ_ENTRIES_MAX, JournalReader
from dermatrace.judge.follower import Follower
from dermatrace.judge.hindsight import Hindsight
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import Verdict, fingerprint
from support.judge_bench import JudgeBench, Message

Send = Callable[[Verdict], None]
MakeFollower = Callable[[JournalReader, Index, Send], Follower]
Outcome = dict[str, list[dict[str, Any]]]
"""By session what its newest generation says: findings, summaries, end."""

OF_THE_JOURNAL: Final = frozenset(
    {"seq", "boot_id", "uptime_ms", "wall_time_ms", "as_of_entry_id", "as_of_entry_hash"}
)
"""Members that tell when a verdict was said, not what was judged."""
OF_THE_ARRIVAL: Final = frozenset(
    {"stream_row", "first_received_ms", "generation", "cause", "file", "entry_id", "entry_hash"}
)
"""Columns that tell in which order things came."""


class CutReader(JournalReader):
    """Shows a journal as if it ended with an entry."""

    def __init__(self, path: Path, last_entry_id: int) -> None:
        super().__init__(path)
        self._last_entry_id = last_entry_id

    def read_after(self, entry_id: int, *, limit: int = READ_ENTRIES_MAX) -> list[Entry]:
        """Return what follows, as far as it is shown."""
        entries = super().read_after(entry_id, limit=limit)
        return [entry for entry in entries if entry.entry_id <= self._last_entry_id]


class KilledError(Exception):
    """Stands for a kill while a verdict is being stored."""


class Life(NamedTuple):
    """From one start of the judge to its death."""

    entries: int
    """How many it reads, from its last commit on."""
    commits: bool
    """Whether it commits before it is killed."""
    verdicts: int | None = None
    """After how many stored verdicts it is killed, if it gets that far."""


def judged_in_one_go(bench: JudgeBench, index_name: str = "whole.db") -> list[Verdict]:
    """Judge a journal to its end; return what was said, without recording it."""
    said: list[Verdict] = []
    head = bench.bench.journal.head.entry_id
    _live(bench, index_name, head, said.append)
    return said


def judged_with_kills(
    bench: JudgeBench,
    lives: Iterable[Life],
    index_name: str = "killed.db",
    make_follower: MakeFollower = Follower,
) -> list[Verdict]:
    """Judge the same, dying again and again; what was said is recorded at once, and returned."""
    head, index_file = bench.bench.journal.head.entry_id, bench.folder / index_name
    bench.verdicts.clear()
    for life in lives:
        with Index(index_file) as index:
            end = min(head, index.cursor()[0].entry_id + life.entries)
        left = life.verdicts
        stored: list[Verdict] = []

        def send(verdict: Verdict, stored: list[Verdict] = stored, left: int | None = left) -> None:
            if left is not None and len(stored) >= left:
                raise KilledError
            stored.append(verdict)
            bench.send(verdict)

        try:
            _live(bench, index_name, end, send, make_follower, commits=life.commits)
        except KilledError:
            continue
    _live(bench, index_name, head, bench.send, make_follower)
    return list(bench.verdicts)


def _live(
    bench: JudgeBench,
    index_name: str,
    last_entry_id: int,
    send: Send,
    make_follower: MakeFollower = Follower,
    *,
    commits: bool = True,
) -> None:
    reader = CutReader(bench.bench.path, last_entry_id)
    with reader, Index(bench.folder / index_name) as index:
        follower = make_follower(reader, index, send)
        while follower.catch_up():
            pass
        if commits:
            follower.commit()


def outcome_of(verdicts: Iterable[Verdict]) -> Outcome:
    """Return what the newest generation of each session says, apart from when it was said.

    How far a finding reached when it was raised is part of the when; the index has the whole range.
    """
    streams: dict[str, dict[int, list[Verdict]]] = {}
    for verdict in verdicts:
        name, _, number = f"{verdict.clinic}/{verdict.stream_id}".rpartition(".g")
        streams.setdefault(name, {}).setdefault(int(number), []).append(verdict)
    return {
        name: [
            _told(verdict)
            for verdict in generations[max(generations)]
            if verdict.kind not in {"verdict.opened", "verdict.state"}
        ]
        for name, generations in streams.items()
    }


def _told(verdict: Verdict) -> dict[str, Any]:
    facts: dict[str, Any] = _without(verdict.facts, OF_THE_JOURNAL)
    if verdict.kind == "verdict.finding_raised":
        facts["finding"] = _without(facts["finding"], frozenset({"seq_range"}))
    return {"kind": verdict.kind} | facts


def rows_of(index_file: Path, without: frozenset[str] = OF_THE_ARRIVAL) -> dict[str, list[Any]]:
    """Return what people search by; `without` names columns to leave out."""
    connection = sqlite.open_reader(index_file)
    try:
        names = dict(connection.execute("SELECT stream_row, stream_id FROM sessions"))
        return {
            table: sorted(
                json.dumps(
                    [names.get(row.get("stream_row")), _without(row, without)], sort_keys=True
                )
                for row in _dicts(connection, f"SELECT * FROM {table}")  # noqa: S608  our own
            )
            for table in ("sessions", "zones", "findings")
        }
    finally:
        connection.close()


def fingerprints_in_hindsight(bench: JudgeBench, index_name: str) -> dict[int, tuple[str, str]]:
    """Return by session what hindsight comes to, beside what the index keeps."""
    with (
        JournalReader(bench.bench.path) as reader,
        Index(bench.folder / index_name, read_only=True) as index,
    ):
        hindsight = Hindsight(reader, index)
        found: dict[int, tuple[str, str]] = {}
        for row in index.all_rows():
            judged, kept = hindsight.judge(row), index.file(row)
            assert kept is not None
            if judged is not None and kept.state.is_closed:
                record = kept.state.grade, judged.ending.chain
                pins = judged.judge.context.registry.pins
                findings = judged.judge.state.findings
                told = fingerprint(findings, judged.summaries, pins, record)
                found[row] = told, kept.state.fingerprint
        return found


def close_by_silence(bench: JudgeBench) -> None:
    """Let so much time pass that every session is taken for ended."""
    bench.pass_time(LOOK_INTERVAL_MS)  # silence counts from the look after the last arrival
    bench.pass_time(CLOSED_AFTER_MS)


def arrivals(
    bench: JudgeBench,
    messages: Sequence[Message],
    waits_ms: Sequence[int] = (100,),
    follow: Callable[[], object] = list,
) -> None:
    """Let messages arrive, with pauses that take turns; the recorder looks at the clock in each.

    `follow` is called after each message.
    """
    for number, message in enumerate(messages):
        bench.pass_time(waits_ms[number % len(waits_ms)])
        bench.record([message], step_ms=0)
        follow()


@contextmanager
def following(bench: JudgeBench, index_name: str = "live.db") -> Iterator[Callable[[], object]]:
    """Start a judge that goes on each time it is called, and commits at the end."""
    with JournalReader(bench.bench.path) as reader, Index(bench.folder / index_name) as index:
        follower = Follower(reader, index, bench.send)
        yield follower.catch_up
        follower.commit()


def _without(members: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _dicts(connection: sqlite.Connection, query: str) -> Iterable[dict[str, Any]]:
    cursor = connection.execute(query)
    for row in cursor:
        columns = [name for name, *_ in cursor.getdescription()]
        yield dict(zip(columns, row, strict=True))
