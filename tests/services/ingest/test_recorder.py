"""What becomes of each message, seen in the journal, the index and the receipts."""

import pytest

from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.limits import DOCUMENT_MAX_BYTES
from support.pipeline_bench import (
    OUTBOX_TOPIC,
    SESSION,
    FakeArrival,
    PipelineBench,
    alive,
    held,
    numbers,
    outbox,
    stopped,
)
from support.vectors import example_bytes, with_changes

BROKEN = b'{"seq":1,"kind":"device.event",'
NO_NUMBER = b"hello"
STATUS_TOPIC = "dermatrace/v1/north-clinic/pen-7/status"


def test_new_documents_are_stored_byte_for_byte_and_settled(bench: PipelineBench) -> None:
    taken = bench.send(alive(0), alive(1))
    assert taken.fates == {"stored": 2}
    assert [entry.payload for entry in bench.entries("accepted")] == [alive(0), alive(1)]
    assert bench.receipt().next_seq == 2


def test_same_bytes_again_are_counted_and_not_stored(bench: PipelineBench) -> None:
    bench.send(alive(0), alive(0))
    assert bench.send(alive(0)).fates == {"duplicate": 1}
    assert len(bench.entries("accepted")) == 1
    assert bench.record().duplicate_count == 2
    assert bench.receipt().next_seq == 1


def test_other_bytes_under_a_number_are_both_kept_and_the_first_stays(bench: PipelineBench) -> None:
    other = alive(0, uptime_ms=77)
    bench.send(alive(0))
    assert bench.send(other).fates == {"conflict": 1}
    (first,) = bench.entries("accepted")
    (second,) = bench.entries("conflict")
    assert (first.payload, second.payload) == (alive(0), other)
    (rejection,) = bench.rejections()
    assert (rejection.reason, rejection.seq, rejection.entry_id) == ("conflict", 0, second.entry_id)
    receipt = bench.receipt()
    assert (receipt.next_seq, numbers(receipt.rejected)) == (1, [(0, 0)])
    assert bench.send(other, alive(0)).fates == {"duplicate": 2}
    assert bench.record().conflict_count == 1


def test_broken_bytes_with_a_number_settle_it_as_rejected(bench: PipelineBench) -> None:
    assert bench.send(alive(0), BROKEN).fates == {"stored": 1, "rejected": 1}
    (entry,) = bench.entries("rejected")
    assert (entry.payload, entry.seq) == (BROKEN, 1)
    receipt = bench.receipt()
    assert (receipt.next_seq, numbers(receipt.rejected)) == (2, [(1, 1)])


def test_broken_bytes_again_are_counted_and_announced_again(bench: PipelineBench) -> None:
    bench.send(BROKEN)
    first = bench.rejections()
    assert bench.send(BROKEN).fates == {"duplicate": 1}
    assert bench.rejections() == first
    assert len(bench.entries("rejected")) == 1


def test_bytes_without_a_number_are_stored_once_and_announced_each_time(
    bench: PipelineBench,
) -> None:
    taken = bench.send(NO_NUMBER, NO_NUMBER)
    assert taken.fates == {"rejected": 1, "duplicate": 1}
    (entry,) = bench.entries("rejected")
    assert (entry.payload, entry.seq) == (NO_NUMBER, None)
    assert [told.seq for told in bench.rejections()] == [None, None]
    assert bench.send(NO_NUMBER).fates == {"duplicate": 1}
    (again,) = bench.rejections()
    assert again.sha256 == entry.payload_sha256.hex()
    assert bench.receipt().next_seq == 0


def test_same_broken_bytes_on_another_topic_are_another_entry(bench: PipelineBench) -> None:
    bench.send(NO_NUMBER)
    bench.send(NO_NUMBER, to=SESSION._replace(stream_id="s-2"))
    assert len(bench.entries("rejected")) == 2


def test_readable_bytes_after_broken_ones_are_accepted_under_a_disputed_number(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0), BROKEN)
    assert bench.send(stopped(1)).fates == {"conflict": 1}
    assert [entry.payload for entry in bench.entries("accepted")] == [alive(0), stopped(1)]
    receipt = bench.receipt()
    assert numbers(receipt.rejected) == [(1, 1)]
    assert receipt.complete is not None, "the stop was understood"


def test_broken_bytes_after_readable_ones_are_a_conflict_with_their_own_reason_kept(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0), alive(1))
    assert bench.send(BROKEN).fates == {"conflict": 1}
    (entry,) = bench.entries("conflict")
    assert entry.reason is not None
    assert "not_json" in entry.reason


def test_bytes_after_a_declared_loss_replace_it(bench: PipelineBench) -> None:
    bench.send(alive(0), alive(2))
    bench.account(held(last=2, lost=((1, 1),)))
    assert bench.receipt().next_seq == 3
    assert bench.send(alive(1)).fates == {"stored": 1}
    assert not bench.record().coverage.lost
    bench.account(held(last=2, lost=((1, 1),)))
    assert not bench.record().coverage.lost, "what we have cannot be lost any more"


def test_broken_bytes_after_a_declared_loss_replace_it_too(bench: PipelineBench) -> None:
    bench.account(held(last=None, lost=((1, 1),)))
    assert bench.send(BROKEN).fates == {"rejected": 1}
    assert not bench.record().coverage.lost


def test_number_reported_missing_before_is_counted_as_late(bench: PipelineBench) -> None:
    bench.send(alive(0), alive(2))
    bench.clock.advance(2_500)
    assert numbers(bench.receipt().missing) == [(1, 1)]
    bench.send(alive(1), alive(3))
    assert bench.record().late_count == 1


def test_number_that_overtook_another_is_not_late(bench: PipelineBench) -> None:
    bench.send(alive(1), alive(0))
    assert bench.record().late_count == 0


def test_outbox_tells_what_exists_what_is_lost_and_that_it_ended(bench: PipelineBench) -> None:
    bench.send(alive(0))
    bench.account(held(last=4))
    bench.clock.advance(3_000)
    assert numbers(bench.receipt().missing) == [(1, 4)]
    bench.send(alive(1), alive(3), alive(4))
    bench.account(held(last=4, lost=((2, 2),), ended=True))
    receipt = bench.receipt()
    assert (receipt.next_seq, numbers(receipt.missing)) == (5, [])
    assert receipt.complete is not None
    assert bench.record().is_open is False


def test_outbox_of_a_stream_never_heard_of_is_answered(bench: PipelineBench) -> None:
    bench.account(held("s-9", last=3))
    assert bench.receipt(SESSION._replace(stream_id="s-9")).next_seq == 0


def test_report_is_journalled_only_when_its_content_changes(bench: PipelineBench) -> None:
    for uptime_ms in (0, 1_000, 60_000):
        at_ms = 1_780_000_000_000 + uptime_ms
        bench.account(held(last=1), uptime_ms=uptime_ms, wall_time_ms=at_ms)
    assert len(bench.entries("report")) == 1
    bench.account(held(last=2), uptime_ms=70_000, wall_time_ms=1_780_000_070_000)
    assert len(bench.entries("report")) == 2


@pytest.mark.parametrize(("step_ms", "journalled"), [(3_000, 1), (25_000, 2), (-25_000, 2)])
def test_stepped_clock_is_a_change_and_a_drifting_one_is_none(
    bench: PipelineBench, step_ms: int, journalled: int
) -> None:
    bench.account(uptime_ms=0, wall_time_ms=1_780_000_000_000)
    bench.account(uptime_ms=5_000, wall_time_ms=1_780_000_005_000 + step_ms)
    assert len(bench.entries("report")) == journalled


def test_clock_that_trembles_on_the_edge_of_a_step_is_no_change(bench: PipelineBench) -> None:
    for tremble_ms in (0, -1, 1, -2, 0):
        bench.account(uptime_ms=0, wall_time_ms=1_780_000_000_000 + tremble_ms)
    assert len(bench.entries("report")) == 1


def test_clock_that_is_set_is_a_change(bench: PipelineBench) -> None:
    bench.account(uptime_ms=0, wall_time_ms=None)
    bench.account(uptime_ms=0, wall_time_ms=1_780_000_000_000)
    assert len(bench.entries("report")) == 2


def test_status_is_journalled_when_it_changes(bench: PipelineBench) -> None:
    online, fault = with_changes("status"), with_changes("status", state="fault")
    taken = bench.send(online, online, fault, online, to=STATUS_TOPIC)
    assert taken.fates == {"report": 4}
    assert [entry.payload for entry in bench.entries("report")] == [online, fault, online]


def test_broken_report_is_kept_as_rejected(bench: PipelineBench) -> None:
    assert bench.send(b"{}", to=OUTBOX_TOPIC).fates == {"rejected": 1}
    (rejection,) = bench.rejections()
    assert (rejection.stream_id, rejection.seq, rejection.reason) == (None, None, "invalid")


def test_completion_is_stated_once_and_again_after_new_data(bench: PipelineBench) -> None:
    bench.send(alive(0), stopped(1))
    bench.send(alive(0))
    assert len(bench.system("system.stream_complete")) == 1
    assert bench.receipt().complete is not None
    bench.send(alive(1))
    bench.account(held(last=1, ended=True))
    bench.account(held(last=1, ended=True))
    stated = bench.system("system.stream_complete")
    assert [document["next_seq"] for document in stated] == [2, 2]


def test_completion_is_stated_again_once_a_longer_stream_is_settled(bench: PipelineBench) -> None:
    bench.send(alive(0), stopped(1))
    bench.account(held(last=3, ended=True))
    assert bench.receipt().complete is None
    assert bench.record().is_open is True
    bench.account(held(last=3, lost=((2, 3),), ended=True))
    completion = bench.receipt().complete
    assert completion is not None
    stated = bench.system("system.stream_complete")
    assert [document["next_seq"] for document in stated] == [2, 4]
    assert completion.entry_id == bench.entries("system")[-1].entry_id


def test_stop_ends_a_stream_even_before_what_it_follows(bench: PipelineBench) -> None:
    bench.send(stopped(2))
    assert bench.record().is_open is True
    assert bench.system("system.stream_complete") == []
    bench.send(alive(1), alive(0))
    assert len(bench.system("system.stream_complete")) == 1


def test_sender_named_like_the_recorder_is_refused_and_kept(bench: PipelineBench) -> None:
    topic = "dermatrace/v1/north-clinic/dermatrace/session/s-1"
    assert bench.send(alive(0), to=topic).fates == {"rejected": 1}
    (entry,) = bench.entries("rejected")
    assert (entry.topic, entry.payload, entry.stream_key) == (topic, alive(0), None)
    assert bench.rejections() == [], "there is nobody to tell"


def test_unknown_version_is_kept_raw_and_told(bench: PipelineBench) -> None:
    payload = b"\x00\x01 whatever version 2 looks like"
    topic = "dermatrace/v2/north-clinic/pen-7/session/s-1"
    assert bench.send(payload, to=topic).fates == {"rejected": 1}
    (told,) = bench.announce()
    assert told.topic == "dermatrace/v1/north-clinic/pen-7/rejection"
    assert bench.entries("rejected")[0].payload == payload


def test_number_beyond_the_last_settles_nothing(bench: PipelineBench) -> None:
    assert bench.send(alive(2**60)).fates == {"rejected": 1}
    assert bench.receipt().next_seq == 0
    assert bench.record().coverage.known_last == -1


def test_document_of_another_class_is_rejected_under_its_number(bench: PipelineBench) -> None:
    note = with_changes("chart.note", seq=0)
    assert bench.send(note).fates == {"rejected": 1}
    (rejection,) = bench.rejections()
    assert (rejection.reason, rejection.path, rejection.seq) == ("wrong_class", "kind", 0)


def test_empty_payload_is_kept_once(bench: PipelineBench) -> None:
    bench.send(b"", b"")
    assert [entry.payload for entry in bench.entries("rejected")] == [b""]


@pytest.mark.parametrize(("extra_bytes", "fate"), [(-1, "stored"), (0, "stored"), (1, "rejected")])
def test_oversized_bytes_are_kept_whole(bench: PipelineBench, extra_bytes: int, fate: str) -> None:
    payload = alive(0).ljust(DOCUMENT_MAX_BYTES + extra_bytes)
    assert bench.send(payload).fates == {fate: 1}
    assert bench.entries()[0].payload == payload


def test_topic_that_is_not_utf8_is_kept_and_acknowledged(bench: PipelineBench) -> None:
    arrival = FakeArrival(r"dermatrace/v1/\xff/pen-7/outbox", b"x", topic_is_utf8=False)
    assert bench.run(arrival).fates == {"rejected": 1}
    assert bench.entries("rejected")[0].payload == b"x"


def test_closed_session_is_reopened_by_late_data_with_the_entry_that_did_it(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0))
    bench.clock.advance(25 * 3_600_000)
    bench.pipeline.look()
    assert len(bench.system("system.closed")) == 1
    bench.send(alive(1))
    (reopened,) = bench.system("system.reopened")
    assert reopened["by_entry_id"] == bench.entries("accepted")[-1].entry_id
    assert bench.record().is_open is True


def test_reopened_pipeline_knows_all_that_was_committed(bench: PipelineBench) -> None:
    bench.send(alive(0), alive(2))
    bench.account(held(last=4, lost=((3, 3),)))
    before = bench.record()
    bench.reopen()
    assert bench.send(alive(0), alive(2)).fates == {"duplicate": 2}
    assert bench.send(alive(1)).fates == {"stored": 1}
    assert bench.record().coverage.lost == before.coverage.lost
    assert bench.receipt().next_seq == 4


def test_verdict_stream_ends_with_its_closing_document(bench: PipelineBench) -> None:
    key = StreamKey("north-clinic", "judge-1", "verdict", "pen-7.s-1.g0")
    bench.send(with_changes("verdict.closed", seq=0), to=key)
    assert bench.record(key).is_open is False


def test_no_thousand_equal_arrivals_make_a_second_entry(bench: PipelineBench) -> None:
    payloads = [alive(seq % 10) for seq in range(1_000)]
    taken = bench.send(*payloads)
    assert taken.fates == {"stored": 10, "duplicate": 990}


def test_what_a_batch_came_to_names_every_stream_it_touched(bench: PipelineBench) -> None:
    taken = bench.run(
        FakeArrival("dermatrace/v1/north-clinic/pen-7/session/s-1", alive(0)),
        FakeArrival(OUTBOX_TOPIC, outbox(held("s-2", last=1), held("s-3", last=1))),
        FakeArrival(STATUS_TOPIC, example_bytes("status")),
    )
    assert sorted(key.stream_id for key in taken.streams) == ["s-1", "s-2", "s-3"]


def test_after_a_failed_batch_nothing_more_is_taken(bench: PipelineBench) -> None:
    bench.send(alive(0))
    with pytest.raises(ZeroDivisionError), bench.journal.batch():
        raise ZeroDivisionError
    arrival = FakeArrival("dermatrace/v1/north-clinic/pen-7/session/s-1", alive(1))
    with pytest.raises(Exception, match="an earlier write failed"):
        bench.pipeline.run([arrival])
    assert arrival.acknowledged == []
    bench.reopen()
    assert bench.send(alive(1)).fates == {"stored": 1}
