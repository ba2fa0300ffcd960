"""Messages received, committed and receipted per second, as fast as they go.

A load generator publishes messages of ten windows (about 850 bytes, QoS 1) on twenty connections,
a session each, as fast as mosquitto acknowledges them, but never more than 10,000 messages ahead of
who receives them. A real `dermatrace ingest` process records them; the clock runs from the first
message until receipts cover every one, so each counted message is committed to disk and its sender
could know. The baseline is a process with paho-mqtt whose callback only counts: same broker, same
load, nothing decoded, nothing kept. Broker, load and recorder are fresh in each round. The aim is
at least half of the baseline.

It is not what one recorder should be loaded with for long: nothing is left for judging or reading.
Receipts of a stream come at most five times a second; the wait for the last one is in the time.
"""

from dataclasses import dataclass
from functools import partial

from benchmarks import stack
from benchmarks.rounds import Row, Run, alternate
from dermatrace.supervisor.broker import free_port

BARE = "paho-mqtt into an empty callback"
OURS = "received, committed and receipted"
BARE_PROCESSOR = "processor time of that callback's process"
OTHERS_PROCESSOR = (
    "processor time of ingest",
    "processor time of mosquitto meanwhile",
    "processor time of the load generator meanwhile",
)
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Size:
    """How much is published, how often."""

    sessions: int
    messages: int
    """Of each session."""
    rounds: int

    @property
    def total(self) -> int:
        """Messages of one round."""
        return self.sessions * self.messages


FULL = Size(sessions=20, messages=2_000, rounds=5)
QUICK = Size(sessions=3, messages=40, rounds=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the processes did in one round."""

    rate: float
    processor_us: tuple[float, ...]
    """A message: of who receives, of mosquitto, of the load generator."""
    memory_peak_mib: float = 0.0


def measure(run: Run) -> list[Row]:
    """Measure both in alternation."""
    size = run.size(FULL, QUICK)
    cases = {BARE: partial(_bare, run, size), OURS: partial(_ours, run, size)}
    found = alternate(size.rounds, cases)
    bare, ours = found[BARE], found[OURS]
    bare_us = tuple(sample.processor_us[0] for sample in bare)
    rows = [
        Row(BARE, "messages/s", tuple(sample.rate for sample in bare), BARE),
        Row(OURS, "messages/s", tuple(sample.rate for sample in ours), BARE),
        Row(BARE_PROCESSOR, "µs/message", bare_us, BARE_PROCESSOR),
    ]
    rows += [
        Row(name, "µs/message", tuple(sample.processor_us[at] for sample in ours), BARE_PROCESSOR)
        for at, name in enumerate(OTHERS_PROCESSOR)
    ]
    memory_mib = tuple(sample.memory_peak_mib for sample in ours)
    return [*rows, Row("peak memory of ingest", "MiB", memory_mib)]


def _bare(run: Run, size: Size) -> Sample:
    progress_port = free_port()
    with (
        run.scratch() as folder,
        stack.broker(folder) as (port, mosquitto),
        stack.Helper("listener", port, progress_port, size.total) as listener,
    ):
        listener.wait_ready()
        mosquitto_s = stack.processor_s(mosquitto)
        times = stack.run_helper("load", port, size.sessions, size.messages, progress_port)
        mosquitto_s = stack.processor_s(mosquitto) - mosquitto_s
        heard = listener.result()
    return Sample(
        rate=size.total / (heard["ended_s"] - times["started_s"]),
        processor_us=_each_us(size, heard["processor_s"], mosquitto_s, times["processor_s"]),
    )


def _ours(run: Run, size: Size) -> Sample:
    with (
        run.scratch() as folder,
        stack.broker(folder) as (port, mosquitto),
        stack.recorder(folder, port) as ingest,
    ):
        ingest_s, mosquitto_s = stack.processor_s(ingest), stack.processor_s(mosquitto)
        times = stack.run_helper("load", port, size.sessions, size.messages, 0)
        ingest_s = stack.processor_s(ingest) - ingest_s
        mosquitto_s = stack.processor_s(mosquitto) - mosquitto_s
        memory_peak_mib = stack.memory_peak_mib(ingest)
    return Sample(
        rate=size.total / (times["covered_s"] - times["started_s"]),
        processor_us=_each_us(size, ingest_s, mosquitto_s, times["processor_s"]),
        memory_peak_mib=memory_peak_mib,
    )


def _each_us(size: Size, *processor_s: float) -> tuple[float, ...]:
    return tuple(used_s / size.total * MICROSECONDS for used_s in processor_s)
