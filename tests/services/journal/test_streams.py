"""What the index says of a stream comes back as it was stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.streams import StreamRecord
from dermatrace.journal.writer import Journal
from dermatrace_schemas.limits import SEQ_MAX
from support.manual_clock import ManualClock
from support.scribe import CHART, SESSION

SEQS = st.integers(0, 5_000) | st.sampled_from([1_023, 1_024, SEQ_MAX - 1, SEQ_MAX])
STORE = ("store",)
STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "reject"]), SEQS)
    | st.tuples(st.just("declare"), SEQS, st.integers(0, 3_000))
    | st.just(STORE),
    max_size=25,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Return an open journal."""
    opened = Journal(tmp_path / "journal.db", ManualClock())
    yield opened
    opened.close()


def _take(coverage: Coverage, step: tuple[str | int, ...]) -> None:
    match step:
        case ("accept", int(seq)):
            coverage.accept(seq, 0)
        case ("reject", int(seq)):
            coverage.reject(seq, 0)
        case ("declare", int(seq), int(more)):
            lost = [(seq, min(seq + more, SEQ_MAX))]
            coverage.declare(last=None, lost=lost, ended=False, now_ms=0)


def _numbers(coverage: Coverage) -> tuple[object, ...]:
    return (
        coverage.settled,
        coverage.rejected,
        coverage.lost,
        coverage.known_last,
        coverage.end_seq,
        coverage.next_seq,
        coverage.erased,
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_coverage_survives_being_stored_piece_by_piece(
    journal: Journal, steps: list[tuple[str | int, ...]]
) -> None:
    key = SESSION._replace(stream_id=f"s-{len(journal.open_streams())}")
    with journal.batch() as batch:
        record = batch.stream(key)
        for step in (*steps, STORE):
            if step == STORE:
                batch.store_stream(record)
            else:
                _take(record.coverage, step)
        again = batch.stream(key)
    assert again is not record
    assert _numbers(again.coverage) == _numbers(record.coverage)
    assert not record.coverage.dirty


def test_every_fact_of_a_stream_comes_back(journal: Journal) -> None:
    record = StreamRecord(
        row=1,
        key=SESSION,
        is_open=False,
        first_entry_id=2,
        last_entry_id=9,
        last_received_ms=1_780_000_000_000,
        duplicate_count=3,
        late_count=4,
        conflict_count=5,
        erased_count=6,
        closed_by=7,
        completed_by=8,
        erased_by=9,
    )
    record.coverage.end(12)
    record.coverage.erase()
    with journal.batch() as batch:
        assert batch.stream(SESSION) == StreamRecord(1, SESSION)
        batch.store_stream(record)
    with journal.batch() as batch:
        assert batch.stream(SESSION) == record


def test_streams_of_one_id_are_told_apart_by_class_and_sender(journal: Journal) -> None:
    keys = [
        SESSION,
        SESSION._replace(clinic="south-clinic"),
        SESSION._replace(sender="pen-8"),
        CHART._replace(stream_id=SESSION.stream_id),
    ]
    with journal.batch() as batch:
        rows = [batch.stream(key).row for key in keys]
        assert [batch.stream(key).row for key in keys] == rows == [1, 2, 3, 4]


def test_only_streams_still_expecting_documents_are_open(journal: Journal) -> None:
    with journal.batch() as batch:
        batch.stream(SESSION)
        chart = batch.stream(CHART)
        chart.is_open = False
        batch.store_stream(chart)
    assert [stream.key for stream in journal.open_streams()] == [SESSION]


def test_stream_is_found_by_a_condition_of_ours(journal: Journal) -> None:
    with journal.batch() as batch:
        for number in range(12):
            batch.stream(SESSION._replace(stream_id=f"s-{number}"))
        found = batch.streams_where("stream_id LIKE ?", ("s-1%",))
    assert [stream.key.stream_id for stream in found] == ["s-1", "s-10", "s-11"]


def test_key_is_shown_as_on_the_topic() -> None:
    assert str(SESSION) == "north-clinic/pen-7/session/s-1"
