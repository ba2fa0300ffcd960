"""Fifty rooms that treat, and twenty people who watch all of them live.

In each room of a clinic a pen publishes a document of ten windows a second into mosquitto, a real
`dermatrace ingest` and a real `dermatrace judge`; in each fifth room it is too deep now and then. A
real `dermatrace console` looks at the record once a second, as it does all the time, and tells each
open page what has changed. The delay counts from a document's commit until the event that counts it
is whole at the viewer; half a second of it on average, and up to one, is the wait for the next
look. The baseline is the same floor at the same time with one viewer. The aims: 20 viewers take
less than half a core, and a viewer less than 50 kB a second.

It is not what a browser makes of it, which `floor_browser` measures, and no network lies between.
A new viewer gets the whole floor once, which is not in these numbers.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import quantiles

from benchmarks import floor, stack
from benchmarks.rounds import Row, Run, alternate
from dermatrace.errors import DermatraceError

PERCENTILES = (50, 99)
KILOBYTE = 1_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many rooms and viewers, how long each look lasts, how often."""

    rooms: int
    viewers: int
    seconds: float
    rounds: int


FULL = Size(rooms=50, viewers=20, seconds=10, rounds=3)
QUICK = Size(rooms=3, viewers=2, seconds=3, rounds=1)
SETTLES_S = 15
"""At most, beside what is measured of each case: starting the viewers, and two looks."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look came to."""

    core_percent: float
    bytes_a_s: float
    """Of one viewer."""
    delay_ms: Mapping[int, float]


def measure(run: Run) -> list[Row]:
    """Watch with none, with one and with all, in alternation, while the sessions go on."""
    size = run.size(FULL, QUICK)
    lasts_s = int(3 * size.rounds * (size.seconds + SETTLES_S))
    with floor.clinic(run, size.rooms) as clinic, clinic.in_session(lasts_s):
        counts = (0, 1, size.viewers)
        cases = {_name(count): partial(_watched, clinic, count, size.seconds) for count in counts}
        found = alternate(size.rounds, cases)
    none, one, all_of_them = (found[_name(count)] for count in counts)
    rows = [
        Row(
            f"processor of the console, {name}", "% of a core", _cores(found[name]), _cpu_baseline()
        )
        for name in cases
    ]
    each = tuple(
        (many.core_percent - few.core_percent) / size.viewers
        for many, few in zip(all_of_them, none, strict=True)
    )
    rows.append(Row("processor of the console, for each viewer", "% of a core", each))
    watching = {_name(1): one, _name(size.viewers): all_of_them}
    for name, samples in watching.items():
        told = tuple(sample.bytes_a_s / KILOBYTE for sample in samples)
        rows.append(Row(f"sent to a viewer, {name}", "kB/s", told, f"sent to a viewer, {_name(1)}"))
    for percentile in PERCENTILES:
        baseline = f"commit to viewer, {_name(1)}, p{percentile}"
        for name, samples in watching.items():
            taken = tuple(sample.delay_ms[percentile] for sample in samples)
            rows.append(Row(f"commit to viewer, {name}, p{percentile}", "ms", taken, baseline))
    return rows


def _name(count: int) -> str:
    return {0: "nobody watching", 1: "one viewer"}.get(count, f"{count} viewers")


def _cpu_baseline() -> str:
    return f"processor of the console, {_name(1)}"


def _cores(samples: tuple[Sample, ...]) -> tuple[float, ...]:
    return tuple(sample.core_percent for sample in samples)


def _watched(clinic: floor.Clinic, count: int, seconds: float) -> Sample:
    """Let so many watch for so long; nobody watching is only waited for."""
    settings = clinic.settings
    if not count:
        return Sample(_core_percent(clinic, seconds), 0.0, {})
    arguments = (settings.console_port, clinic.token, settings.journal_file, count, seconds)
    with stack.Helper("viewers", *arguments) as viewers:
        viewers.wait_ready()
        core_percent = _core_percent(clinic, seconds)
        told = viewers.result()
    if len(told["delays_ms"]) < len(PERCENTILES):
        raise DermatraceError("hardly anything was told of")
    cuts = quantiles(told["delays_ms"], n=100)
    delay_ms = {percentile: cuts[percentile - 1] for percentile in PERCENTILES}
    return Sample(core_percent, told["bytes"] / seconds / count, delay_ms)


def _core_percent(clinic: floor.Clinic, seconds: float) -> float:
    before_s = stack.processor_s(clinic.console)
    threading.Event().wait(seconds)
    used_s = stack.processor_s(clinic.console) - before_s
    # Nothing is not measured: there is a tick below which the system does not count.
    return 100 * max(used_s, 1 / os.sysconf("SC_CLK_TCK")) / seconds
