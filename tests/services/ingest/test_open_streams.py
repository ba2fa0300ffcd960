"""Memory is bounded, and a stream that was dropped from it is right when it returns."""

from dermatrace.ingest.decode import decode
from dermatrace.ingest.open_streams import OpenStreams, reference
from dermatrace.ingest.recorder import Recorder
from dermatrace.seqset import PAGE_BITS
from dermatrace_schemas.topics import Topic
from support.pipeline_bench import SESSION, PipelineBench, alive


def take(bench: PipelineBench, streams: OpenStreams, stream_id: str, *seqs: int) -> None:
    topic = str(Topic("north-clinic", "pen-7", "session", stream_id))
    with bench.journal.batch() as batch:
        Recorder(streams, bench.clock).take(batch, [decode(topic, alive(seq)) for seq in seqs])
    streams.committed()


def test_longest_unheard_stream_is_dropped_and_right_when_it_returns(bench: PipelineBench) -> None:
    streams = OpenStreams([], bench.clock, streams_max=2)
    take(bench, streams, "s-1", 0, 2)
    take(bench, streams, "s-2", 0)
    take(bench, streams, "s-1", 3)
    take(bench, streams, "s-3", 0)
    assert [record.key.stream_id for record in streams] == ["s-1", "s-3"]
    take(bench, streams, "s-2", 0, 1)
    take(bench, streams, "s-1", 1, 2)
    assert len(streams) == 2
    first, second = bench.record(), bench.record(SESSION._replace(stream_id="s-2"))
    assert (first.coverage.next_seq, first.duplicate_count) == (4, 1)
    assert (second.coverage.next_seq, second.duplicate_count) == (2, 1)


def test_pages_are_bounded_whatever_the_numbering(bench: PipelineBench) -> None:
    streams = OpenStreams([], bench.clock, pages_max=50)
    scattered = [page * PAGE_BITS for page in range(20)]
    for number in range(5):
        take(bench, streams, f"s-{number}", *scattered)
    assert [record.key.stream_id for record in streams] == ["s-3", "s-4"]
    take(bench, streams, "s-0", *scattered, 1)
    record = bench.record(SESSION._replace(stream_id="s-0"))
    assert record.duplicate_count == 20
    assert record.coverage.settled.spans(limit=2) == [(0, 1), (PAGE_BITS, PAGE_BITS)]


def test_stream_larger_than_all_memory_is_still_recorded(bench: PipelineBench) -> None:
    streams = OpenStreams([], bench.clock, pages_max=5)
    take(bench, streams, "s-1", *(page * PAGE_BITS for page in range(10)))
    assert len(streams) == 0
    take(bench, streams, "s-1", 0, 1)
    assert bench.record().coverage.next_seq == 2


def test_streams_of_a_journal_are_loaded_open_ones_only(bench: PipelineBench) -> None:
    bench.send(alive(0))
    streams = OpenStreams(bench.journal.open_streams(), bench.clock)
    assert streams.get(SESSION) is not None
    assert streams.get(SESSION._replace(stream_id="s-2")) is None


def test_reference_names_all_four_parts() -> None:
    assert reference(SESSION).model_dump() == SESSION._asdict()
