"""Journals that are finished, for forwarding that needs no live clinic."""

import json
from itertools import islice
from pathlib import Path
from typing import Any, Final

from dermatrace.clock import SystemClock
from dermatrace.journal.streams import StreamKey
from dermatrace.simulator.fleet import FLEET, PEN_NORTH, on_a_bad_day
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    RUN,
    JudgeBench,
    chart_messages,
    device_messages,
    registry_messages,
)
from support.pipeline_bench import FakeArrival, PipelineBench
from support.vectors import example

RECORDED_EARLIER_MS: Final = 6 * 3_600_000
"""They were begun so long ago: none of their points is older than InfluxDB keeps."""
SESSION_MINUTES: Final = 1.0
BREAK_MS: Final = 120_000
WINDOWS_A_DOCUMENT: Final = 20
WINDOW_MS: Final = 50
BATCH: Final = 500
LONG_SESSION: Final = StreamKey("north-clinic", "pen-7", "session", "s-long")


def record_journal(folder: Path, *, sessions: int, run: str = RUN) -> Path:
    """Record some sessions of each device and judge them; the last one anew, for its late chart."""
    bench = JudgeBench(folder)
    clock = bench.bench.clock
    clock.advance(SystemClock().utc_ms() - RECORDED_EARLIER_MS - clock.utc_ms())
    bench.record(registry_messages())
    for number in range(1, sessions + 1):
        begins_ms = clock.utc_ms() + BREAK_MS
        played = [device.session(1, number, 0, SESSION_MINUTES) for device in FLEET]
        is_last = number == sessions
        if is_last:
            played = [on_a_bad_day(one) if one.device is PEN_NORTH else one for one in played]
        for one in played:
            chart = chart_messages(one, begins_ms, run=run)
            is_late = is_last and one.device is PEN_NORTH
            bench.record([] if is_late else chart, step_ms=1)
            bench.record(device_messages(one, begins_ms, run), step_ms=1)
            if is_late:
                bench.judge()
                bench.record(chart, step_ms=1)
    bench.judge()
    bench.close()
    return bench.bench.path


def record_backlog(folder: Path, *, documents: int) -> Path:
    """Record one very long session of a pen that nobody judges: twenty points a document."""
    with PipelineBench(folder / "journal.db") as bench:
        clock = bench.clock
        clock.advance(SystemClock().utc_ms() - RECORDED_EARLIER_MS - clock.utc_ms())
        topic, began_ms = str(Topic(*LONG_SESSION)), clock.utc_ms()
        payloads = (_payload(seq, began_ms) for seq in range(documents))
        while batch := list(islice(payloads, BATCH)):
            bench.run(*(FakeArrival(topic, payload) for payload in batch))
        return bench.path


def _payload(seq: int, began_ms: int) -> bytes:
    kind = "needling.windows" if seq else "session.started"
    clock = {"uptime_ms": seq * 1_000, "wall_time_ms": began_ms + seq * 1_000}
    document: dict[str, Any] = example(kind) | {"seq": seq, "boot_id": "boot-1"} | clock
    if seq:
        count = WINDOWS_A_DOCUMENT
        document["window_ms"] = WINDOW_MS
        document["offset_ms"] = [WINDOW_MS * place for place in range(count)]
        document["stroke_count"] = [5 + (seq + place) % 3 for place in range(count)]
        for name in ("depth_commanded_mm", "depth_measured_median_mm", "depth_measured_max_mm"):
            document[name] = [
                round(1 + (seq * count + place) % 97 / 100, 3) for place in range(count)
            ]
        others = ("stroke_rate_hz", "depth_measured_min_mm", "motor_current_ma", "contact_fraction")
        document |= {name: [0.5 + place / 64 for place in range(count)] for name in others}
    return json.dumps(document).encode()
