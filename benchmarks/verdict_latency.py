"""From publishing a document to having on record what the judge found in it, at 500 a second.

A hundred pen sessions of the sample clinic, each on a connection of its own, publish five documents
of ten windows a second, evenly spread, into mosquitto, a real `dermatrace ingest` and a real
`dermatrace judge` process. Each session is once set too deep, each at another time, which comes to
some twenty findings a second. A finding is on record when its document can be read in the journal:
it was recorded, judged, stored in the judge's outbox, published and recorded in its turn. Each time
counts from the moment the document that raised the finding was due. The baseline is the receipt of
that same document.

It is not an alarm: nothing may depend on it, and no network lies between. A receipt that has to
wait its turn waits up to 200 ms, which a finding need not: it may be on record before the receipt
of its own document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import quantiles

from benchmarks import stack
from benchmarks.pacer import MILLISECONDS
from benchmarks.rounds import Row, Run
from dermatrace.errors import DermatraceError
from dermatrace.simulator.fleet import PEN_NORTH

RECEIPTED = "publish to receipt"
RECORDED = "publish to finding on record"
FINDING_RECEIPTED = "publish to receipt of the finding"
INGEST, JUDGE = "processor time of ingest", "processor time of judge"
PERCENTILES = (50, 99)
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Size:
    """How much is published, for how long, how often."""

    sessions: int
    rate_hz: int
    """Documents a second of each session."""
    seconds: int
    rounds: int


FULL = Size(sessions=100, rate_hz=5, seconds=20, rounds=3)
QUICK = Size(sessions=4, rate_hz=20, seconds=2, rounds=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round came to."""

    taken_ms: Mapping[str, list[float]]
    """By what was waited for, one for each finding."""
    processor_us: Mapping[str, float]
    """A document, by process."""


def measure(run: Run) -> list[Row]:
    """Measure all on the same documents."""
    size = run.size(FULL, QUICK)
    samples = [_round(run, size) for _ in range(size.rounds)]
    rows = []
    for percentile in PERCENTILES:
        baseline = f"{RECEIPTED}, p{percentile}"
        for what in (RECEIPTED, RECORDED, FINDING_RECEIPTED):
            taken_ms = (quantiles(one.taken_ms[what], n=100) for one in samples)
            cut_ms = tuple(cuts[percentile - 1] for cuts in taken_ms)
            rows.append(Row(f"{what}, p{percentile}", "ms", cut_ms, baseline))
    for what in (INGEST, JUDGE):
        used_us = tuple(one.processor_us[what] for one in samples)
        rows.append(Row(what, "µs/document", used_us, INGEST))
    findings = tuple(float(len(one.taken_ms[RECORDED])) for one in samples)
    return [*rows, Row("findings", "a round", findings)]


def _round(run: Run, size: Size) -> Sample:
    with (
        run.scratch() as folder,
        stack.broker(folder) as (port, _),
        stack.recorder(folder, port) as ingest,
        stack.judge(folder, port) as judge,
        stack.Helper(
            "watcher", folder / "journal.db", port, PEN_NORTH.clinic, size.sessions
        ) as watcher,
    ):
        watcher.wait_ready()
        before_s = {INGEST: stack.processor_s(ingest), JUDGE: stack.processor_s(judge)}
        told = stack.run_helper("visit_pacer", port, size.sessions, size.rate_hz, size.seconds)
        seen = watcher.result()
        after_s = {INGEST: stack.processor_s(ingest), JUDGE: stack.processor_s(judge)}
    if len(seen) < len(PERCENTILES):
        raise DermatraceError("hardly any findings were raised")
    taken_ms: dict[str, list[float]] = {RECEIPTED: [], RECORDED: [], FINDING_RECEIPTED: []}
    for one in seen:
        session = told[one["session"]]
        due_s, receipted_s = session["due_s"][one["seq"]], session["receipted_s"][one["seq"]]
        taken_ms[RECEIPTED].append((receipted_s - due_s) * MILLISECONDS)
        taken_ms[RECORDED].append((one["recorded_s"] - due_s) * MILLISECONDS)
        taken_ms[FINDING_RECEIPTED].append((one["receipted_s"] - due_s) * MILLISECONDS)
    documents = sum(len(session["due_s"]) for session in told.values())
    used_us = {
        name: (after_s[name] - before_s[name]) / documents * MICROSECONDS for name in after_s
    }
    return Sample(taken_ms, used_us)
