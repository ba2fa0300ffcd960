"""When receipts are due and what they say, on a clock that only the test moves."""

from dermatrace.ingest.receipts import SENT_REMEMBERED_MAX, Schedule
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.limits import RANGES_PER_RECEIPT_MAX
from dermatrace_schemas.settling import Receipt
from support.pipeline_bench import SESSION, PipelineBench, alive, held, numbers, stopped

OTHER = SESSION._replace(stream_id="s-2")


def test_first_receipt_is_due_at_once_and_the_next_a_fifth_of_a_second_later() -> None:
    schedule = Schedule()
    schedule.want(SESSION, 1_000)
    assert schedule.take(1_000) == SESSION
    schedule.want(SESSION, 1_010)
    assert (schedule.take(1_199), schedule.next_ms()) == (None, 1_200)
    assert schedule.take(1_200) == SESSION


def test_many_wishes_are_one_receipt_at_the_earliest_time_wished() -> None:
    schedule = Schedule()
    for at_ms in (3_000, 2_000, 2_500):
        schedule.want(SESSION, at_ms)
    assert len(schedule) == 1
    assert (schedule.take(1_999), schedule.take(2_000)) == (None, SESSION)
    assert schedule.take(9_000) is None


def test_longest_waiting_stream_comes_first() -> None:
    schedule = Schedule()
    schedule.want(SESSION, 2_000)
    schedule.want(OTHER, 1_000)
    assert [schedule.take(5_000), schedule.take(5_000)] == [OTHER, SESSION]


def test_memory_of_receipts_sent_is_bounded_and_keeps_the_recent_ones() -> None:
    schedule = Schedule()
    for number in range(SENT_REMEMBERED_MAX + 10):
        key = StreamKey("north-clinic", "pen-7", "session", f"s-{number}")
        schedule.want(key, number)
        assert schedule.take(number) == key
    assert len(schedule._sent_ms) < SENT_REMEMBERED_MAX  # noqa: SLF001  the bound is the subject
    schedule.want(key, number)
    assert schedule.next_ms() == number + 200


def test_at_most_five_receipts_a_second_of_a_stream(bench: PipelineBench) -> None:
    told = []
    for seq in range(100):
        bench.send(alive(seq))
        told += bench.announce()
        bench.clock.advance(10)
    assert len(told) == 5
    bench.clock.advance(200)
    told += bench.announce()
    assert isinstance(told[-1].document, Receipt)
    assert told[-1].document.next_seq == 100


def test_every_arrival_makes_a_receipt_due_duplicates_and_outbox_included(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0))
    assert len(bench.announce()) == 1
    bench.clock.advance(1_000)
    assert bench.announce() == []
    bench.send(alive(0))
    assert len(bench.announce()) == 1
    bench.clock.advance(1_000)
    bench.account(held(last=0))
    assert len(bench.announce()) == 1


def test_gap_is_missing_after_two_seconds_without_any_further_arrival(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0), alive(3))
    (early,) = bench.announce()
    assert isinstance(early.document, Receipt)
    assert early.document.missing == []
    bench.clock.advance(1_999)
    assert bench.announce() == []
    assert 0 < bench.pipeline.announcer.wait_s(10.0) <= 0.001
    bench.clock.advance(1)
    (mature,) = bench.announce()
    assert isinstance(mature.document, Receipt)
    assert numbers(mature.document.missing) == [(1, 2)]
    bench.clock.advance(60_000)
    assert bench.announce() == [], "it is told once; the sender asks if it did not hear"


def test_ranges_are_cut_to_the_lowest_and_more_says_so(bench: PipelineBench) -> None:
    bench.send(*(alive(seq) for seq in range(0, 2 * RANGES_PER_RECEIPT_MAX + 2, 2)))
    receipt = settled_receipt(bench)
    assert numbers(receipt.missing) == [(n, n) for n in range(1, 2 * RANGES_PER_RECEIPT_MAX, 2)]
    assert receipt.more is False
    bench.send(alive(100))
    receipt = settled_receipt(bench)
    assert len(receipt.missing) == RANGES_PER_RECEIPT_MAX
    assert receipt.more is True


def settled_receipt(bench: PipelineBench) -> Receipt:
    """Return the receipt once every gap has had its time: at most twice two seconds."""
    for _ in range(3):
        bench.clock.advance(2_000)
        receipt = bench.receipt()
    return receipt


def test_rejected_ranges_are_cut_alike(bench: PipelineBench) -> None:
    count = RANGES_PER_RECEIPT_MAX + 1
    bench.send(*(b'{"seq":%d,' % seq for seq in range(0, 2 * count, 2)))
    receipt = bench.receipt()
    assert len(receipt.rejected) == RANGES_PER_RECEIPT_MAX
    assert receipt.more is True


def test_receipt_names_the_journal(bench: PipelineBench) -> None:
    bench.send(alive(0))
    assert bench.receipt().journal_id == bench.journal.journal_id


def test_completion_carries_id_and_hash_of_the_entry_that_states_it(bench: PipelineBench) -> None:
    bench.send(alive(0), stopped(1))
    completion = bench.receipt().complete
    assert completion is not None
    entry = bench.entries()[completion.entry_id - 1]
    assert entry.payload is not None
    assert b'"kind":"system.stream_complete"' in entry.payload
    assert completion.entry_hash == entry.entry_hash.hex()


def test_start_makes_a_receipt_due_for_every_open_stream(bench: PipelineBench) -> None:
    bench.send(alive(0))
    bench.send(alive(0), stopped(1), to=OTHER)
    bench.announce()
    bench.reopen()
    told = [told.document for told in bench.announce()]
    assert [document.stream_id for document in told] == ["s-1"]
