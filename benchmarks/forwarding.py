"""Lines forwarded from the journal into InfluxDB, against lines made beforehand.

Twenty half-hour sessions lie in a journal, ten windows of 100 ms a message. A real `dermatrace
forward` process reads it from the beginning: decodes every document again, makes its lines, keeps
account of them, writes, and moves its cursor after each answer. The clock runs from when it has
found its buckets until the cursor stands at the end. The baseline sends the very same lines, joined
beforehand to bodies of 5,000, on one bare connection to the same InfluxDB, into buckets as empty as
ours. The aim is at least four fifths of it.

A year's rebuild is worked out from our rate: 40,000 sessions of half an hour with ten windows a
second, as if all of their readings were still to be kept. It is not measured, and a year is more
than these points: InfluxDB may slow down as it grows.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import filled, stack, time_series
from benchmarks.documents import WINDOWS
from benchmarks.rounds import Row, Run, alternate
from benchmarks.time_series import TimeSeries
from dermatrace.errors import DermatraceError
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.store import Store
from dermatrace.journal.reader import JournalReader

BARE = "lines made beforehand, one connection"
OURS = "forwarded from the journal"
MICROSECONDS: Final = 1e6
YEAR_LINES: Final = 40_000 * 1_800 * WINDOWS
S_PER_H: Final = 3_600
ASK_INTERVAL_S: Final = 0.005
"""How often the cursor is looked at: bounds how exactly the end is known."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions, of how many documents, how often."""

    sessions: int
    documents: int
    rounds: int


FULL = Size(sessions=20, documents=1_800, rounds=5)
QUICK = Size(sessions=2, documents=40, rounds=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round came to."""

    rate: float
    server_us: float
    """Processor time of InfluxDB a line."""
    own_us: float = 0.0
    memory_peak_mib: float = 0.0


@dataclass(slots=True)
class Bench:
    """A full journal, its lines, and an InfluxDB."""

    folder: Path
    influx: TimeSeries
    bodies: list[bytes] = field(default_factory=list)
    line_count: int = 0
    last_entry_id: int = 0

    @property
    def journal(self) -> Path:
        """The journal that is forwarded."""
        return self.folder / "journal.db"


def measure(run: Run) -> list[Row]:
    """Measure both in alternation."""
    size = run.size(FULL, QUICK)
    with run.scratch() as folder, time_series.influxdb(folder) as influx:
        bench = Bench(folder, influx)
        filled.fill(bench.journal, range(size.sessions), size.documents)
        _render(bench)
        found = alternate(size.rounds, {BARE: partial(_bare, bench), OURS: partial(_ours, bench)})
    bare, ours = found[BARE], found[OURS]
    server = "processor time of InfluxDB"
    return [
        Row(BARE, "lines/s", tuple(one.rate for one in bare), BARE),
        Row(OURS, "lines/s", tuple(one.rate for one in ours), BARE),
        Row(f"{server}, made beforehand", "µs/line", tuple(one.server_us for one in bare)),
        Row(f"{server}, forwarded", "µs/line", tuple(one.server_us for one in ours)),
        Row("processor time of forward", "µs/line", tuple(one.own_us for one in ours)),
        Row("peak memory of forward", "MiB", tuple(one.memory_peak_mib for one in ours)),
        Row("a year's rebuild, worked out", "h", tuple(_year_h(one.rate) for one in ours)),
    ]


def _render(bench: Bench) -> None:
    """Make all lines once, by the product's own code."""
    with (
        Store(bench.folder / "unused.db") as store,
        JournalReader(bench.journal) as reader,
    ):
        renderer = Renderer(reader, store)
        while entries := reader.read_after(renderer.head.entry_id, limit=500):
            for entry in entries:
                renderer.take(entry)
        for step in renderer.take_steps(unfinished=True):
            lines = [text for group in step.groups for text in group.lines]
            bench.line_count += len(lines)
            bench.bodies.append("\n".join(lines).encode())
        bench.last_entry_id = renderer.head.entry_id


def _bare(bench: Bench) -> Sample:
    org = bench.influx.empty_org()
    server_s, started_s = stack.processor_s(bench.influx.pid), time.perf_counter()
    time_series.write_bare(org, bench.bodies)
    took_s = time.perf_counter() - started_s
    server_s = stack.processor_s(bench.influx.pid) - server_s
    bench.influx.server.remove_org(org)
    return Sample(bench.line_count / took_s, server_s / bench.line_count * MICROSECONDS)


def _ours(bench: Bench) -> Sample:
    org = bench.influx.empty_org()
    settings = time_series.settings_for(org, bench.folder)
    server_s = stack.processor_s(bench.influx.pid)
    with stack.forward(settings) as child:
        own_s, started_s = stack.processor_s(child), time.perf_counter()
        _wait_forwarded(settings.forward_file, bench.last_entry_id, child.last_words)
        took_s = time.perf_counter() - started_s
        own_s, memory_mib = stack.processor_s(child) - own_s, stack.memory_peak_mib(child)
    server_s = stack.processor_s(bench.influx.pid) - server_s
    with Store(settings.forward_file, read_only=True) as store:
        account = store.account()
    if account.forwarded_count != bench.line_count or account.difference_count:
        raise DermatraceError(f"{bench.line_count} lines were to be forwarded: {account}")
    for path in bench.folder.glob("forward.db*"):
        path.unlink()
    bench.influx.server.remove_org(org)
    lines = bench.line_count
    per_line = MICROSECONDS / lines
    return Sample(lines / took_s, server_s * per_line, own_s * per_line, memory_mib)


def _wait_forwarded(forward_file: Path, entry_id: int, last_words: Callable[[], str]) -> None:
    """Wait until the cursor stands at an entry. Raises DermatraceError if that takes too long."""
    asking = threading.Event()
    with Store(forward_file, read_only=True) as store:
        for _ in range(int(stack.HELPER_MAX_S / ASK_INTERVAL_S)):
            if store.place().head.entry_id >= entry_id:
                return
            asking.wait(ASK_INTERVAL_S)
    raise DermatraceError(f"not forwarded in {stack.HELPER_MAX_S:.0f} s: {last_words()}")


def _year_h(rate: float) -> float:
    return YEAR_LINES / rate / S_PER_H
