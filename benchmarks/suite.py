"""The benchmarks, in the order of the page."""

from typing import Final

from benchmarks import (
    append,
    decode,
    latency,
    restart,
    sender,
    stream_read,
    throughput,
    verify,
)
from benchmarks.rounds import Benchmark

BENCHMARKS: Final[tuple[Benchmark, ...]] = (
    throughput,
    latency,
    restart,
    stream_read,
    verify,
    decode,
    append,
    sender,
)


def name_of(benchmark: Benchmark) -> str:
    """Return what it is called on the command line and on the page."""
    return benchmark.__name__.rpartition(".")[2]
