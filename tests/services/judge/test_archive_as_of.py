"""What is looked up as of an entry never shows what came later."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import Archive, clinic_day, fact_of
from dermatrace.judge.chart import SessionId
from dermatrace.judge.file_state import FileState
from dermatrace.judge.filing import names_of
from dermatrace.judge.index import Index
from dermatrace.judge.registry_reading import read_history
from dermatrace.judge.rule_set import RULE_SET
from dermatrace_schemas.chart import ChartPlan
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.references import DocumentKey
from dermatrace_schemas.registry_models import ClinicContent
from dermatrace_schemas.session import SessionStopped
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    JudgeBench,
    Message,
    chart_message,
    erasure_message,
    registry_messages,
)
from support.manual_clock import NOON_MS
from support.vectors import example

CLINIC: Final = "north-clinic"
SESSION: Final = SessionId(CLINIC, "pen-7", "s-1")
KEY: Final = {"sender": "pen-7", "stream_id": "s-1"}
SUBJECT: Final = "s-00001"


class Bench(JudgeBench):
    """A journal with single documents, and the index's list of facts kept beside it."""

    @property
    def head(self) -> int:
        """The newest entry."""
        return self.bench.journal.head.entry_id

    def session(self, kind: str, seq: int, **changes: object) -> bytes:
        """Record a document of the session; return its bytes."""
        told = example(kind) | {"seq": seq, "wall_time_ms": NOON_MS + seq} | changes
        message = Message(str(Topic(CLINIC, "pen-7", "session", "s-1")), json.dumps(told).encode())
        self.record([message])
        return message.payload

    def chart(self, kind: str, sitting: str, **facts: object) -> int:
        """Record a fact and note where it can be found; return its entry."""
        self.record([chart_message(CLINIC, kind, sitting=sitting, **facts)])  # type: ignore[arg-type]
        self.note(self.head)
        return self.head

    def note(self, entry_id: int) -> None:
        """Note in the index where a fact can be found."""
        with JournalReader(self.bench.path) as reader, Index(self.folder / "index.db") as index:
            entry = reader.entry(entry_id)
            assert entry is not None
            fact = fact_of(entry)
            assert fact is not None
            index.add_facts((CLINIC, name, entry_id) for name in names_of(fact.document))

    @contextmanager
    def archive(self) -> Iterator[Archive]:
        """Look things up in what is there now."""
        reader, index = JournalReader(self.bench.path), Index(self.folder / "index.db")
        with reader, index:
            yield Archive(reader, index, read_history(reader, up_to_entry_id=self.head))

    def state(self) -> FileState:
        """Return the file of the session, as a judge who has just heard of it has it."""
        record = self.bench.record()
        first = next(e.entry_id for e in self.bench.entries() if e.stream_key == record.row)
        return FileState(SESSION, record.row, first, NOON_MS, pinned_entry_id=first)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


# --- context --------------------------------------------------------------------------------------


def test_fact_entered_later_is_not_seen(bench: Bench) -> None:
    bench.session("session.started", 0, plan=None)
    before = bench.head
    attached = bench.chart("chart.attach", "one", visit_id="v-1", session=KEY)
    planned = bench.chart("chart.plan", "two", visit_id="v-1", plan={"subject_id": SUBJECT})
    again = bench.chart("chart.attach", "three", visit_id=None, session=KEY)
    with bench.archive() as archive:
        seen = {
            as_of: archive.context(bench.state(), as_of).chart
            for as_of in (before, attached, planned, again)
        }
    assert [chart.visit_id for chart in seen.values()] == [None, "v-1", "v-1", None]
    subjects = [chart.plan.subject_id for chart in seen.values()]
    assert subjects == [None, None, SUBJECT, None]


def test_correction_entered_later_is_not_seen(bench: Bench) -> None:
    bench.session("session.started", 0, plan=None)
    bench.chart("chart.attach", "one", visit_id="v-1", session=KEY)
    before = bench.head
    wrong = {"sender": "front-desk", "stream_class": "chart", "stream_id": "one", "seq": 0}
    bench.chart("chart.correction", "two", earlier=wrong, reason="It was another session.")
    with bench.archive() as archive:
        assert archive.context(bench.state(), before).chart.visit_id == "v-1"
        assert archive.context(bench.state(), bench.head).chart.visit_id is None


def test_registry_told_after_the_session_began_is_not_in_force(bench: Bench) -> None:
    bench.session("session.started", 0, plan=None)
    bench.record(registry_messages(), step_ms=1)
    with bench.archive() as archive:
        assert archive.context(bench.state(), bench.head).registry.pins == []
        assert archive.context(bench.state(), bench.head).clinic_day is None


def test_registry_told_before_is_in_force_and_gives_the_day(bench: Bench) -> None:
    bench.record(registry_messages(), step_ms=1)
    bench.session("session.started", 0, plan=None)
    with bench.archive() as archive:
        context = archive.context(bench.state(), bench.head)
    assert context.clinic is not None
    assert context.started_ms == NOON_MS
    assert context.clinic_day == clinic_day(NOON_MS, context.clinic)


def test_start_that_came_later_is_not_seen(bench: Bench) -> None:
    bench.session("session.stopped", 3)
    before = bench.head
    bench.session("session.started", 0, setting="home")
    with bench.archive() as archive:
        assert archive.context(bench.state(), before).setting is None
        assert archive.context(bench.state(), bench.head).setting == "home"


def test_facts_of_another_clinic_are_not_seen(bench: Bench) -> None:
    bench.session("session.started", 0, plan=None)
    bench.record([chart_message("south-clinic", "chart.attach", visit_id="v-1", session=KEY)])
    with bench.archive() as archive:
        assert archive.context(bench.state(), bench.head).chart.visit_id is None


def test_context_again_is_that_of_its_basis_whatever_has_come_since(bench: Bench) -> None:
    bench.session("session.started", 0, plan=None, wall_time_ms=None, boot_id="b")
    state = bench.state()
    state.basis.entry_id, state.basis.offset_ms = bench.head, {"b": NOON_MS}
    state.offset_ms = {"b": NOON_MS + 77}
    bench.chart("chart.attach", "one", visit_id="v-1", session=KEY)
    with bench.archive() as archive:
        again, now = archive.context_again(state), archive.context(state, bench.head)
    assert (again.chart.visit_id, now.chart.visit_id) == (None, "v-1")
    assert again.started_ms is not None
    assert now.started_ms == again.started_ms + 77


@pytest.mark.parametrize("offset_ms", [-(2**48), 253_402_297_200_000, 2**52])
def test_start_at_a_time_that_cannot_be_is_at_none(bench: Bench, offset_ms: int) -> None:
    bench.record(registry_messages(), step_ms=1)
    bench.session("session.started", 0, plan=None, wall_time_ms=None, boot_id="b", uptime_ms=0)
    state = bench.state()
    state.offset_ms = {"b": offset_ms}
    with bench.archive() as archive:
        context = archive.context(state, bench.head)
    assert (context.started_ms, context.clinic_day) == (None, None)


# --- documents and chart documents ----------------------------------------------------------------


def test_documents_are_those_below_a_number_that_had_come_in_their_order(bench: Bench) -> None:
    for seq in (0, 3, 1):
        bench.session("zone.entered", seq)
    before = bench.head
    bench.session("zone.entered", 2)
    row = bench.state().row
    with bench.archive() as archive:
        for as_of, below, seqs in (
            (before, 4, [0, 1, 3]),
            (bench.head, 4, [0, 1, 2, 3]),
            (bench.head, 2, [0, 1]),
            (bench.head, 0, []),
        ):
            assert [document.seq for document in archive.documents(row, below, as_of)] == seqs


def test_chart_document_is_found_once_it_was_there(bench: Bench) -> None:
    before = bench.head
    entry_id = bench.chart("chart.plan", "one", visit_id="v-1", plan={})
    key = DocumentKey(sender="front-desk", stream_class="chart", stream_id="one", seq=0)
    other = key.model_copy(update={"seq": 1})
    session = key.model_copy(update={"stream_class": "session"})
    with bench.archive() as archive:
        found = archive.chart_document(CLINIC, key, entry_id)
        assert found is not None
        assert (found.entry_id, type(found.document)) == (entry_id, ChartPlan)
        assert archive.chart_document(CLINIC, key, before) is None
        for nothing in (other, session):
            assert archive.chart_document(CLINIC, nothing, entry_id) is None
        assert archive.chart_document("south-clinic", key, entry_id) is None
        assert archive.names_of_corrected(CLINIC, key, entry_id) == ["visit/v-1"]
        assert archive.names_of_corrected(CLINIC, key, before) == []


# --- chain ----------------------------------------------------------------------------------------


def stop(seq: int, chain: str | None) -> SessionStopped:
    """Return the end of a session that says this chain."""
    return SessionStopped.model_validate(example("session.stopped") | {"seq": seq, "chain": chain})


def chain_of(payloads: list[bytes]) -> str:
    """Return the chain over a stream's first documents."""
    value = chain_start("s-1")
    for payload in payloads:
        value = chain_next(value, payload_sha256(payload))
    return value.hex()


def test_chain_matches_only_the_documents_before_the_stop(bench: Bench) -> None:
    payloads = [bench.session("zone.entered", seq) for seq in range(4)]
    row = bench.state().row
    with bench.archive() as archive:
        for seq in (0, 3, 4):
            right = stop(seq, chain_of(payloads[:seq]))
            assert archive.chain(row, right, bench.head) == "matches"
        wrong = (chain_of(payloads[:3]), chain_of([*payloads, b"{}"]), "0" * 64)
        for chain in wrong:
            assert archive.chain(row, stop(4, chain), bench.head) == "differs"


def test_chain_cannot_be_checked_without_stop_chain_stream_or_a_document(bench: Bench) -> None:
    payloads = [bench.session("zone.entered", seq) for seq in (0, 1, 3)]
    before = bench.head
    late = bench.session("zone.entered", 2)
    row, whole = bench.state().row, [*payloads[:2], late, payloads[2]]
    right = stop(4, chain_of(whole))
    with bench.archive() as archive:
        assert archive.chain(row, right, bench.head) == "matches"
        for at, told, as_of in (
            (row, None, bench.head),
            (row, stop(4, None), bench.head),
            (row + 99, right, bench.head),
            (row, right, before),  # one in the middle had not come
            (row, stop(5, chain_of([*whole, b"{}"])), bench.head),  # the last never came
        ):
            assert archive.chain(at, told, as_of) == "cannot_be_checked"


# --- what has been told ---------------------------------------------------------------------------

STREAM: Final = "pen-7.s-1.g0"


def verdict(bench: Bench, kind: str, seq: int, **changes: object) -> None:
    """Record a document of the verdict stream."""
    facts: dict[str, Any] = example(kind) | {"seq": seq} | changes
    topic = str(Topic(CLINIC, JUDGE_SENDER, "verdict", STREAM))
    bench.record([Message(topic, json.dumps(facts).encode())])


def told(bench: Bench, as_of: int = 5, clinic: str = CLINIC) -> str:
    """Return what the journal has of the stream that is to be opened at an entry."""
    with bench.archive() as archive:
        return archive.told(clinic, STREAM, as_of)


def opened(bench: Bench, **changes: object) -> None:
    """Record the opening, by our rules at entry 5 unless told otherwise."""
    known = {"rule_set_digest": RULE_SET.digest, "as_of_entry_id": 5}
    verdict(bench, "verdict.opened", 0, **{**known, **changes})


def test_nothing_is_told_of_a_stream_that_is_not_there(bench: Bench) -> None:
    assert told(bench) == "no"
    opened(bench)
    assert told(bench, clinic="south-clinic") == "no"


def test_stream_begun_by_the_same_at_the_same_is_told_once_it_is_whole(bench: Bench) -> None:
    opened(bench)
    assert told(bench) == "no"
    verdict(bench, "verdict.closed", 2)
    assert told(bench) == "no"
    verdict(bench, "verdict.summary", 1)
    assert told(bench) == "whole"


@pytest.mark.parametrize("is_whole", [False, True])
def test_stream_of_other_rules_or_another_entry_is_another(bench: Bench, is_whole: bool) -> None:  # noqa: FBT001  pytest's own
    opened(bench)
    if is_whole:
        verdict(bench, "verdict.closed", 1)
    assert told(bench, as_of=6) == told(bench, as_of=4) == "other_time"


def test_other_rules_count_before_another_entry(bench: Bench) -> None:
    opened(bench, rule_set_digest="0" * 64)
    assert told(bench) == "other_rules"
    assert told(bench, as_of=6) == "other_rules"


def test_stream_whose_opening_is_missing_is_not_told(bench: Bench) -> None:
    verdict(bench, "verdict.closed", 1)
    assert told(bench) == "no"


def test_erased_stream_is_not_told(bench: Bench) -> None:
    opened(bench)
    verdict(bench, "verdict.closed", 1)
    assert told(bench) == "whole"
    key = {"clinic": CLINIC, "sender": JUDGE_SENDER, "stream_class": "verdict"}
    bench.record([erasure_message(CLINIC, streams=[key | {"stream_id": STREAM}])])
    assert told(bench) == "no"


# --- clinic days ----------------------------------------------------------------------------------


def clinic(time_zone: str | None) -> ClinicContent:
    """Return a clinic in a time zone."""
    return ClinicContent(name="A clinic", time_zone=time_zone)


def at_ms(text: str) -> int:
    """Return a moment in UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def day(text: str) -> int:
    """Return a day's number."""
    return at_ms(text) // 86_400_000


@pytest.mark.parametrize(
    ("zone", "moment", "local_day"),
    [
        ("UTC", "2026-03-01T23:59:59.999", "2026-03-01"),
        ("UTC", "2026-03-02T00:00", "2026-03-02"),
        ("Europe/Vienna", "2026-01-31T22:59:59.999", "2026-01-31"),
        ("Europe/Vienna", "2026-01-31T23:00", "2026-02-01"),
        ("Europe/Vienna", "2026-07-31T21:59:59.999", "2026-07-31"),
        ("Europe/Vienna", "2026-07-31T22:00", "2026-08-01"),
        ("America/New_York", "2026-01-01T04:59:59.999", "2025-12-31"),
        ("America/New_York", "2026-01-01T05:00", "2026-01-01"),
        ("Asia/Kathmandu", "2026-05-05T18:14:59.999", "2026-05-05"),
        ("Asia/Kathmandu", "2026-05-05T18:15", "2026-05-06"),
        ("Pacific/Kiritimati", "2026-05-05T10:00", "2026-05-06"),
        ("Pacific/Kiritimati", "2026-05-05T09:59:59.999", "2026-05-05"),
        # The clock is set back, and set forward, within the day.
        ("Europe/Vienna", "2026-10-25T22:59:59.999", "2026-10-25"),
        ("Europe/Vienna", "2026-03-28T23:00", "2026-03-29"),
    ],
)
def test_day_is_the_one_on_the_wall_where_the_clinic_is(
    zone: str, moment: str, local_day: str
) -> None:
    assert clinic_day(at_ms(moment), clinic(zone)) == day(local_day)


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
def test_zone_this_machine_does_not_know_gives_no_day(zone: str) -> None:
    assert clinic_day(NOON_MS, clinic(zone)) is None


def test_unknown_moment_zone_or_clinic_gives_no_day() -> None:
    assert clinic_day(None, clinic("UTC")) is None
    assert clinic_day(NOON_MS, clinic(None)) is None
    assert clinic_day(NOON_MS, None) is None
    assert clinic_day(0, clinic("UTC")) == 0


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize("moment_ms", [253_402_300_799_999, -62_135_596_800_000, 2**60, -(2**60)])
def test_moment_no_calendar_has_gives_no_day_and_harms_nothing(zone: str, moment_ms: int) -> None:
    found = clinic_day(moment_ms, clinic(zone))
    assert found is None or abs(found) < 4_000_000
