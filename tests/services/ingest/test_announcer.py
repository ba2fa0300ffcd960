"""Telling is bounded, fair, and never ahead of the commit."""

from dermatrace.ingest.announcer import ANNOUNCED_PER_PASS_MAX
from dermatrace.ingest.refusals import REJECTIONS_WAITING_MAX
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.settling import Receipt, Rejection
from support.pipeline_bench import PipelineBench, alive

HONEST = StreamKey("north-clinic", "pen-honest", "session", "s-1")
FLOODER = StreamKey("north-clinic", "pen-flood", "session", "s-1")


def test_pass_is_bounded_and_the_rest_comes_with_the_next(bench: PipelineBench) -> None:
    for number in range(ANNOUNCED_PER_PASS_MAX + 20):
        bench.send(alive(0), to=HONEST._replace(stream_id=f"s-{number}"))
    assert len(bench.announce()) == ANNOUNCED_PER_PASS_MAX
    assert len(bench.announce()) == 20


def test_no_more_is_published_than_there_is_room_for(bench: PipelineBench) -> None:
    bench.send(alive(0), b"broken")
    assert len(bench.announce(room=1)) == 1
    assert len(bench.announce(room=0)) == 0
    assert len(bench.announce(room=5)) == 1


def test_what_could_not_be_published_stays_due(bench: PipelineBench) -> None:
    bench.send(alive(0), b"broken")
    announcer = bench.pipeline.announcer
    announcer.publish_due(lambda _topic, _payload: False, room=10)
    assert (announcer.receipt_count, announcer.rejection_count) == (0, 0)
    assert (announcer.due_count, announcer.waiting_count) == (1, 1)
    bench.clock.advance(1_000)
    assert len(bench.announce()) == 2


def test_flood_of_rejections_holds_up_nobodys_receipt(bench: PipelineBench) -> None:
    for burst in range(5):
        bench.send(*(b"%d %d" % (burst, n) for n in range(200)), to=FLOODER)
        bench.send(alive(burst), to=HONEST)
        told = bench.announce()
        assert any(
            isinstance(one.document, Receipt) and one.topic.endswith("pen-honest/receipt")
            for one in told
        )
        bench.clock.advance(1_000)


def test_flood_of_rejections_holds_up_nobodys_rejection(bench: PipelineBench) -> None:
    bench.send(*(b"flood %d" % n for n in range(REJECTIONS_WAITING_MAX - 1)), to=FLOODER)
    bench.send(b"honest mistake", to=HONEST)
    bench.send(*(b"flood again %d" % n for n in range(100)), to=FLOODER)
    announcer = bench.pipeline.announcer
    assert announcer.waiting_count == REJECTIONS_WAITING_MAX
    first_four = bench.announce(room=6)
    assert any(one.topic.endswith("pen-honest/rejection") for one in first_four)


def test_rejection_that_was_dropped_is_told_when_its_bytes_are_offered_again(
    bench: PipelineBench,
) -> None:
    bench.send(*(b"flood %d" % n for n in range(REJECTIONS_WAITING_MAX + 1)), to=FLOODER)
    while bench.announce():
        pass
    bench.send(b"flood 0", to=FLOODER)
    (rejection,) = bench.rejections()
    assert rejection.entry_id == 1


def test_rejection_names_entry_digest_reason_and_place(bench: PipelineBench) -> None:
    bench.send(b'{"seq":7,"kind":"device.event","boot_id":5}', to=HONEST)
    (told,) = [one for one in bench.announce() if isinstance(one.document, Rejection)]
    document = told.document
    assert isinstance(document, Rejection)
    assert told.topic == "dermatrace/v1/north-clinic/pen-honest/rejection"
    assert (document.stream_class, document.stream_id, document.seq) == ("session", "s-1", 7)
    assert (document.reason, document.path) == ("invalid", "boot_id")
    (entry,) = bench.entries("rejected")
    assert (document.entry_id, document.sha256) == (entry.entry_id, entry.payload_sha256.hex())
    assert document.journal_id == bench.journal.journal_id


def test_nothing_due_means_waiting_as_long_as_allowed(bench: PipelineBench) -> None:
    assert bench.pipeline.announcer.wait_s(0.2) == 0.2
    bench.send(alive(0), to=HONEST)
    assert bench.pipeline.announcer.wait_s(0.2) == 0.0
    bench.announce()
    bench.send(alive(1), to=HONEST)
    assert 0.19 < bench.pipeline.announcer.wait_s(5.0) <= 0.2
