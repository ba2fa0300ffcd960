"""Silence, closing and anchors: said once, and by the steady clock."""

from dermatrace.ingest.watch import ANCHOR_INTERVAL_MS, CLOSED_AFTER_MS, SILENT_AFTER_MS
from support.manual_clock import ManualClock
from support.pipeline_bench import SESSION, PipelineBench, alive, held, stopped
from support.vectors import with_changes

HOUR_MS = 3_600_000


def look(bench: PipelineBench, after_ms: int) -> None:
    bench.clock.advance(after_ms)
    bench.pipeline.look()


def step_wall_clock(clock: ManualClock, step_ms: int) -> None:
    clock._utc_ms += step_ms  # noqa: SLF001  what a corrected wall clock does


def test_running_session_is_called_silent_once_and_again_after_it_spoke(
    bench: PipelineBench,
) -> None:
    bench.send(alive(0))
    last_received_ms = bench.clock.utc_ms()
    look(bench, SILENT_AFTER_MS - 1)
    assert bench.system("system.silent") == []
    look(bench, 1_001)
    look(bench, 60_000)
    (silent,) = bench.system("system.silent")
    assert silent["last_received_ms"] == last_received_ms
    bench.send(alive(1))
    look(bench, 1_000)
    look(bench, SILENT_AFTER_MS)
    assert len(bench.system("system.silent")) == 2


def test_stopped_session_and_chart_are_never_silent(bench: PipelineBench) -> None:
    bench.send(alive(0), stopped(1))
    bench.send(with_changes("chart.note", seq=0), to=SESSION._replace(stream_class="chart"))
    look(bench, SILENT_AFTER_MS)
    look(bench, CLOSED_AFTER_MS)
    assert bench.system("system.silent") == bench.system("system.closed") == []


def test_session_without_a_stop_is_closed_after_a_day_and_stays_so(bench: PipelineBench) -> None:
    bench.send(alive(0))
    look(bench, 1_000)
    look(bench, CLOSED_AFTER_MS - 1_001)
    assert bench.system("system.closed") == []
    look(bench, 2_000)
    look(bench, CLOSED_AFTER_MS)
    assert len(bench.system("system.closed")) == 1
    assert bench.record().is_open is False
    bench.account(held(last=0))
    assert bench.record().is_open is False


def test_session_known_from_an_outbox_alone_is_closed_too(bench: PipelineBench) -> None:
    bench.account(held(last=3))
    look(bench, 1_000)
    look(bench, CLOSED_AFTER_MS)
    assert len(bench.system("system.closed")) == 1
    assert bench.system("system.silent") == []


def test_time_before_a_restart_counts(bench: PipelineBench) -> None:
    bench.send(alive(0))
    bench.journal.close()
    bench.clock.advance(CLOSED_AFTER_MS - 1_000)
    bench.open()
    look(bench, 1_000)
    assert len(bench.system("system.closed")) == 1


def test_corrected_wall_clock_closes_and_silences_nothing(bench: PipelineBench) -> None:
    bench.send(alive(0))
    look(bench, 1_000)
    for step_ms in (10 * 8_766 * HOUR_MS, -48 * HOUR_MS):
        step_wall_clock(bench.clock, step_ms)
        look(bench, 1_000)
    assert bench.system("system.silent") == bench.system("system.closed") == []


def test_silence_is_noticed_while_the_wall_clock_stands_back(bench: PipelineBench) -> None:
    bench.send(alive(0))
    look(bench, 1_000)
    step_wall_clock(bench.clock, -24 * HOUR_MS)
    look(bench, SILENT_AFTER_MS)
    assert len(bench.system("system.silent")) == 1


def test_anchor_is_journalled_while_there_is_something_new(bench: PipelineBench) -> None:
    look(bench, ANCHOR_INTERVAL_MS)
    assert bench.system("system.anchor") == [], "nothing is recorded yet"
    bench.send(alive(0), stopped(1))
    head = bench.journal.head
    look(bench, ANCHOR_INTERVAL_MS)
    look(bench, ANCHOR_INTERVAL_MS)
    (anchor,) = bench.system("system.anchor")
    assert (anchor["entry_id"], anchor["entry_hash"]) == (head.entry_id, head.entry_hash.hex())


def test_looking_is_not_done_more_than_once_a_second(bench: PipelineBench) -> None:
    bench.send(alive(0))
    look(bench, 999)
    look(bench, 1)
    assert bench.entries("system") == []
