"""Following the journal: whose entries count, what is kept apart, what is remembered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.errors import JournalForked
from dermatrace.journal.entry import Head
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.follower import BATCH_ENTRIES_MAX, Follower
from dermatrace.judge.index import Index
from dermatrace_schemas.parse import parse
from dermatrace_schemas.verdict import VerdictClosed, VerdictOpened
from dermatrace_schemas.verdict_streams import STREAM_ID_CHARACTERS_MAX
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_message,
    device_messages,
    registry_messages,
    session_of,
)
from support.judge_runs import close_by_silence, following, rows_of
from support.judge_visit import BEGINS_MS, Visit

SHORT = session_of(0, minutes=0.08)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JudgeBench]:
    opened = JudgeBench(tmp_path)
    opened.record(registry_messages(), step_ms=1)
    yield opened
    opened.close()


def _elsewhere(messages: list[Message], old: str, new: str) -> list[Message]:
    """Return what another device, clinic or session would send."""
    return [
        Message(m.topic.replace(old, new), m.payload.replace(old.encode(), new.encode()))
        for m in messages
    ]


# --- where it is in the journal -------------------------------------------------------------------


def test_index_of_another_journal_is_refused(bench: JudgeBench, tmp_path: Path) -> None:
    bench.judge()
    other = JudgeBench(tmp_path / "other")
    other.record(registry_messages(), step_ms=2)
    try:
        with (
            JournalReader(other.bench.path) as reader,
            Index(bench.folder / "index.db") as index,
            pytest.raises(JournalForked),
        ):
            Follower(reader, index, bench.send)
    finally:
        other.close()


def test_index_that_is_ahead_of_its_journal_is_refused(bench: JudgeBench) -> None:
    bench.judge()
    with Index(bench.folder / "index.db") as index:
        head, digest = index.cursor()
        index.begin()
        index.move_cursor(Head(head.entry_id + 1, head.entry_hash), digest)
        index.commit()
    with pytest.raises(JournalForked):
        bench.judge()


def test_what_was_not_committed_is_read_again(bench: JudgeBench) -> None:
    bench.record(device_messages(SHORT, BEGINS_MS))
    with JournalReader(bench.bench.path) as reader, Index(bench.folder / "index.db") as index:
        follower = Follower(reader, index, bench.send)
        while follower.catch_up():
            pass
    with Index(bench.folder / "index.db") as index:
        assert index.cursor()[0].entry_id == 0
        assert index.all_rows() == []


def test_journal_is_read_in_batches_and_to_its_end(bench: JudgeBench) -> None:
    with following(bench) as follow:
        counts = [follow() for _ in range(3)]
    total = bench.bench.journal.head.entry_id
    assert counts == [min(total, BATCH_ENTRIES_MAX), max(0, total - BATCH_ENTRIES_MAX), 0]


def test_open_sessions_are_those_that_have_not_ended(bench: JudgeBench) -> None:
    running, ended = session_of(0, minutes=0.08), session_of(1, minutes=0.1)
    bench.record(device_messages(running, BEGINS_MS)[:5])
    bench.record(device_messages(ended, BEGINS_MS))
    bench.judge()
    with JournalReader(bench.bench.path) as reader, Index(bench.folder / "index.db") as index:
        follower = Follower(reader, index, bench.send)
        assert follower.open_count == 1
        fact = chart_message(
            ended.device.clinic,
            "chart.attach",
            visit_id="v-1",
            session={"sender": ended.device.sender_id, "stream_id": ended.stream_id(RUN)},
        )
        bench.record([fact])
        follower.catch_up()
        assert follower.open_count == 1


# --- whose entries count --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("dermatrace/v1/north-clinic/pen-north-1/session/BAD ID", b"{}"),
        ("dermatrace/v2/north-clinic/pen-north-1/session/s-1", b"{}"),
        ("dermatrace/v1/north-clinic/pen-north-1/session/s-1", b"\x00\xff not a document"),
        ("dermatrace/v1/north-clinic/pen-north-1/status", b"nothing"),
        ("dermatrace/v1/north-clinic/pen-north-1/outbox", b"nothing"),
        ("dermatrace/v1/north-clinic/front-desk/chart/c-1", b'{"seq":0,"kind":"chart.plan"'),
        ("dermatrace/v1/north-clinic/registry/registry/i-1", b'{"seq":0,"kind":"registry.room"'),
        ("dermatrace/v1/north-clinic/judge/verdict/v.g0", b'{"seq":0,"kind":"verdict.opened"'),
    ],
)
def test_what_nobody_can_read_is_passed_over(bench: JudgeBench, topic: str, payload: bytes) -> None:
    bench.record([Message(topic, payload)])
    bench.judge()
    assert bench.verdicts == []
    bench.record(device_messages(SHORT, BEGINS_MS))
    bench.judge()
    assert bench.verdicts[-1].kind == "verdict.closed"


def test_sessions_of_one_name_in_two_clinics_are_kept_apart(bench: JudgeBench) -> None:
    here = device_messages(SHORT, BEGINS_MS)
    there = _elsewhere(here, "north-clinic", "south-clinic")
    bench.record(message for pair in zip(here, there, strict=True) for message in pair)
    bench.record(
        [
            chart_message(
                "north-clinic",
                "chart.attach",
                visit_id="v-1",
                session={"sender": SHORT.device.sender_id, "stream_id": SHORT.stream_id(RUN)},
            )
        ]
    )
    bench.judge()
    with Index(bench.folder / "index.db", read_only=True) as index:
        found = index.connection.execute("SELECT clinic, visit_id FROM sessions ORDER BY clinic")
        assert list(found) == [("north-clinic", "v-1"), ("south-clinic", None)]
    streams = {(v.clinic, v.stream_id) for v in bench.verdicts}
    generation = f"{SHORT.device.sender_id}.{SHORT.stream_id(RUN)}.g0"
    assert {("north-clinic", generation), ("south-clinic", generation)} <= streams


def test_sessions_of_one_name_on_two_devices_are_kept_apart(bench: JudgeBench) -> None:
    here = device_messages(SHORT, BEGINS_MS)
    there = _elsewhere(here, f"{SHORT.device.sender_id}/", "pen-north-2/")
    bench.record([*here, *there])
    bench.judge()
    with Index(bench.folder / "index.db", read_only=True) as index:
        assert len(index.all_rows()) == 2


# --- what it says ---------------------------------------------------------------------------------


def _named(messages: list[Message], stream_id: str) -> list[Message]:
    return _elsewhere(messages, SHORT.stream_id(RUN), stream_id)


@pytest.mark.parametrize("length", [120, 145, 146, 147, 160])
def test_verdicts_on_a_session_of_any_name_are_taken_as_the_contract_says(
    bench: JudgeBench, length: int
) -> None:
    name = "s" * length
    bench.record(_named(device_messages(SHORT, BEGINS_MS), name))
    bench.judge()
    assert bench.bench.entries("rejected") == []
    opened, *_, closed = [
        parse("verdict", entry.payload)
        for entry in bench.bench.entries("accepted")
        if "/verdict/" in entry.topic and entry.payload is not None
    ]
    assert isinstance(opened, VerdictOpened)
    assert opened.session.stream_id == name
    assert isinstance(closed, VerdictClosed)
    assert {len(v.stream_id) for v in bench.verdicts} <= set(range(STREAM_ID_CHARACTERS_MAX + 1))


def test_verdict_streams_are_whole_once_their_generation_is_closed(tmp_path: Path) -> None:
    with Visit(tmp_path) as visit:
        visit.whole()
        with JournalReader(visit.bench.bench.path) as reader:
            streams = reader.streams_of_class("verdict", newest=100)
        assert len(streams) == len(visit.causes()) > 1
        assert all(stream.coverage.is_complete() for stream in streams)
        assert {bool(v.is_last) for v in visit.bench.verdicts if v.kind == "verdict.closed"} == {
            True
        }


def test_times_of_a_verdict_are_those_of_the_entry_that_called_for_it(tmp_path: Path) -> None:
    with Visit(tmp_path) as visit:
        visit.whole()
        received = {entry.received_ms for entry in visit.bench.bench.entries()}
        assert {verdict.wall_time_ms for verdict in visit.bench.verdicts} <= received
        first = visit.bench.verdicts[0].wall_time_ms
        assert all(v.uptime_ms == v.wall_time_ms - first for v in visit.bench.verdicts)


# --- what does not depend on when it was committed ------------------------------------------------


def test_session_that_goes_on_is_no_earlier_one_from_that_moment_on(bench: JudgeBench) -> None:
    """Judged in one go or with a commit after each entry, the same rows come out."""
    earlier = device_messages(session_of(0, minutes=0.08, number=3), BEGINS_MS - 86_400_000)
    later = device_messages(SHORT, BEGINS_MS)
    attached = [
        chart_message(
            "north-clinic",
            "chart.attach",
            sitting=f"attach-{number}",
            visit_id=f"v-{number}",
            session={"sender": "pen-north-1", "stream_id": f"{RUN}-pen-north-1-{number}"},
        )
        for number in (1, 3)
    ]
    plans = [
        chart_message(
            "north-clinic",
            "chart.plan",
            sitting=f"plan-{number}",
            visit_id=f"v-{number}",
            plan={"subject_id": "s-1", "protocol_id": "example-medical-needling"},
        )
        for number in (1, 3)
    ]
    bench.record([*earlier[:-3], *later, *attached])
    close_by_silence(bench)
    bench.record([earlier[-3]])
    bench.record(plans)
    bench.judge()
    while_running = rows_of(bench.folder / "index.db")
    _judge_entry_by_entry(bench, "stepwise.db")
    assert rows_of(bench.folder / "stepwise.db") == while_running
    assert not any("series.early" in row for row in while_running["findings"])


def _judge_entry_by_entry(bench: JudgeBench, index_name: str) -> None:
    head = bench.bench.journal.head.entry_id
    with JournalReader(bench.bench.path) as reader, Index(bench.folder / index_name) as index:
        follower = Follower(reader, index, lambda _: None)
        for entry in bench.bench.entries()[:head]:
            index.begin()
            follower.take(entry)
            follower.head = Head(entry.entry_id, entry.entry_hash)
            follower.commit()
