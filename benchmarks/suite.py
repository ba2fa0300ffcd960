"""The benchmarks, in the order of the page."""

from typing import Final

from benchmarks import (
    append,
    arriving,
    decode,
    floor_browser,
    floor_viewers,
    forwarding,
    judge_restart,
    judging,
    latency,
    panels,
    restart,
    sender,
    session_open,
    stream_read,
    throughput,
    verdict_latency,
    verify,
    what_if,
)
from benchmarks.rounds import Benchmark

RECORD: Final[tuple[Benchmark, ...]] = (
    throughput,
    latency,
    verdict_latency,
    restart,
    judge_restart,
    stream_read,
    verify,
    decode,
    judging,
    what_if,
    append,
    sender,
)
TRENDS: Final[tuple[Benchmark, ...]] = (forwarding, arriving)
BOARDS: Final[tuple[Benchmark, ...]] = (panels,)
CONSOLE: Final[tuple[Benchmark, ...]] = (floor_viewers, floor_browser, session_open)
PAGES: Final = {
    "performance.md": RECORD,
    "performance-influxdb.md": TRENDS,
    "performance-panels.md": BOARDS,
    "performance-console.md": CONSOLE,
}
"""Each page is measured in one run: ratios of two days can be compared, speeds cannot."""
BENCHMARKS: Final[tuple[Benchmark, ...]] = (*RECORD, *TRENDS, *BOARDS, *CONSOLE)


def name_of(benchmark: Benchmark) -> str:
    """Return what it is called on the command line and on the page."""
    return benchmark.__name__.rpartition(".")[2]
