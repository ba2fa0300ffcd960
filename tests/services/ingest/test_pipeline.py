"""Whatever comes in gets one verdict, is kept as it came, is acknowledged, and stops nobody."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermatrace.errors import StorageError
from dermatrace.ingest.pipeline import REFUSALS_LOGGED_PER_BATCH_MAX, Pipeline
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.settling import Receipt
from dermatrace_schemas.topics import Topic
from support.log_lines import log_lines
from support.malformed import MALFORMED, NOT_UTF8, Malformed
from support.pipeline_bench import (
    OUTBOX_TOPIC,
    SESSION,
    FakeArrival,
    PipelineBench,
    alive,
    held,
    outbox,
    stopped,
)

SESSION_TOPIC = str(Topic(*SESSION))
NEXT_GOOD = SESSION._replace(stream_id="next-good")


@pytest.mark.parametrize("bad", [*MALFORMED, NOT_UTF8], ids=str)
def test_malformed_message_gets_its_verdict_is_kept_and_stops_nobody(
    bench: PipelineBench, bad: Malformed
) -> None:
    taken = bench.run(
        FakeArrival(bad.topic, bad.payload, bad.topic_is_utf8),
        FakeArrival(str(Topic(*NEXT_GOOD)), alive(0)),
    )
    assert taken.fates == {"rejected": 1, "stored": 1}
    (entry,) = bench.entries("rejected")
    assert (entry.payload, entry.seq, entry.topic) == (bad.payload, bad.seq, bad.topic)
    assert entry.reason is not None
    assert entry.reason.startswith(f'["{bad.reason}"')
    (refusal,) = taken.refusals
    assert (refusal.reason.code, refusal.entry_id) == (bad.reason, entry.entry_id)
    assert bench.record(NEXT_GOOD).coverage.next_seq == 1


def test_table_of_malformed_messages_is_long_enough() -> None:
    assert len({bad.name for bad in MALFORMED}) == len(MALFORMED) >= 80


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([SESSION_TOPIC, OUTBOX_TOPIC, "dermatrace/v1/n/c/chart/x", "x"]),
            st.one_of(
                st.binary(max_size=50),
                st.sampled_from([alive(0), alive(1), stopped(2), outbox(held(last=3))]),
            ),
        ),
        max_size=20,
    )
)
def test_no_sequence_of_messages_breaks_the_journal(
    bench: PipelineBench, messages: list[tuple[str, bytes]]
) -> None:
    taken = bench.run(*(FakeArrival(topic, payload) for topic, payload in messages))
    assert sum(taken.fates.values()) == len(messages)
    bench.announce()


def test_order_of_arrival_makes_no_difference_to_what_is_kept(bench: PipelineBench) -> None:
    payloads = [*(alive(seq) for seq in range(1_000)), stopped(1_000)]
    random.Random(7).shuffle(payloads)
    for start in range(0, len(payloads), 100):
        bench.send(*payloads[start : start + 100])
    record = bench.record()
    assert (record.coverage.next_seq, record.coverage.is_complete()) == (1_001, True)
    assert len(bench.system("system.stream_complete")) == 1


@pytest.mark.slow
def test_ten_thousand_streams_in_one_run_are_all_recorded_and_answered(
    bench: PipelineBench,
) -> None:
    arrivals = [
        FakeArrival(str(Topic("north-clinic", "pen-7", "session", f"s-{n}")), alive(0))
        for n in range(10_000)
    ]
    for start in range(0, len(arrivals), 500):
        bench.run(*arrivals[start : start + 500])
    told: set[str] = set()
    while documents := bench.announce():
        told |= {one.document.stream_id or "" for one in documents}
    assert len(told) == 10_000


def test_flood_by_one_sender_holds_up_nobodys_receipt(bench: PipelineBench) -> None:
    honest = StreamKey("north-clinic", "pen-honest", "session", "s-1")
    for burst in range(10):
        flood = [
            FakeArrival(str(Topic("north-clinic", "pen-flood", "session", f"s-{n}")), alive(burst))
            for n in range(90)
        ]
        bench.run(*flood)
        bench.send(alive(burst), to=honest)
        told = [one for one in bench.announce() if one.topic.endswith("pen-honest/receipt")]
        (receipt,) = [one.document for one in told]
        assert isinstance(receipt, Receipt)
        assert receipt.next_seq == burst + 1
        bench.clock.advance(1_000)


def test_after_a_failed_commit_nothing_is_acknowledged_and_reopening_goes_on(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0))
    disk = bench.journal._connection  # noqa: SLF001  stands for a disk that takes no more
    disk.pragma("query_only", 1)
    arrivals = [FakeArrival(SESSION_TOPIC, alive(seq)) for seq in (1, 2)]
    with pytest.raises(StorageError):
        bench.pipeline.run(arrivals)
    assert [arrival.acknowledged for arrival in arrivals] == [[], []]
    with pytest.raises(StorageError):
        bench.pipeline.run(arrivals)
    bench.reopen()
    assert bench.send(alive(0), alive(1), alive(2)).fates == {"duplicate": 1, "stored": 2}


def test_full_disk_is_named_as_such_and_loses_nothing(bench: PipelineBench) -> None:
    bench.send(alive(0))
    disk = bench.journal._connection  # noqa: SLF001  stands for a disk without room
    disk.pragma("max_page_count", int(disk.pragma("page_count")))
    arrivals = [FakeArrival(SESSION_TOPIC, alive(seq).ljust(16_000)) for seq in range(1, 50)]
    with pytest.raises(StorageError, match="no room left"):
        bench.pipeline.run(arrivals)
    assert all(arrival.acknowledged == [] for arrival in arrivals)
    bench.reopen()
    assert bench.run(*arrivals).fates == {"stored": 49}


def test_rejections_are_logged_with_clinic_sender_and_stream_up_to_a_bound(
    bench: PipelineBench,
) -> None:
    with log_lines() as lines:
        bench.send(*(b"garbage %d" % n for n in range(REFUSALS_LOGGED_PER_BATCH_MAX + 5)))
    rejected = [line for line in lines() if line["event"] == "message rejected"]
    assert len(rejected) == REFUSALS_LOGGED_PER_BATCH_MAX
    expected: dict[str, Any] = {"clinic": "north-clinic", "sender": "pen-7"}
    expected |= {"stream": "session/s-1", "reason": "not_json", "entry_id": 1}
    assert rejected[0].items() >= expected.items()
    (more,) = [line for line in lines() if line["event"] == "more messages rejected"]
    assert more["count"] == 5


def test_second_pipeline_on_a_reopened_journal_goes_on_with_its_chain(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0))
    head = bench.journal.head
    bench.reopen()
    assert bench.journal.head == head
    assert isinstance(bench.pipeline, Pipeline)
    bench.send(alive(1))
    assert bench.verify().entry_count == 2
