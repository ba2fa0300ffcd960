"""From publishing a document to holding a receipt that covers it, at 500 documents a second.

A hundred sessions, each on a connection of its own, publish five documents of ten windows a second,
evenly spread, into mosquitto and a real `dermatrace ingest` process. Each time counts from the
moment the document was due, so a load that falls behind shows as latency and not as fewer
documents. The baseline is the broker's own acknowledgement (PUBACK) of the very same documents: the
broker has them, nobody has stored them.

It is not the latency of a live display, and no network lies between. A session speaks as often as
it may be answered, five times a second: a receipt that has to wait its turn waits up to 200 ms.
"""

from dataclasses import dataclass

from benchmarks import stack
from benchmarks.rounds import Row, Run

ACKNOWLEDGED = "publish to PUBACK"
RECEIPTED = "publish to receipt"
PERCENTILES = (50, 99)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is published, for how long, how often."""

    sessions: int
    rate_hz: int
    """Documents a second of each session."""
    seconds: int
    rounds: int


FULL = Size(sessions=100, rate_hz=5, seconds=20, rounds=3)
QUICK = Size(sessions=4, rate_hz=20, seconds=1, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure both on the same documents."""
    size = run.size(FULL, QUICK)
    rounds = [_round(run, size) for _ in range(size.rounds)]
    rows = []
    for percentile in PERCENTILES:
        baseline = f"{ACKNOWLEDGED}, p{percentile}"
        for what, key in ((ACKNOWLEDGED, "acknowledged_ms"), (RECEIPTED, "receipted_ms")):
            samples = tuple(found[key][str(percentile)] for found in rounds)
            rows.append(Row(f"{what}, p{percentile}", "ms", samples, baseline))
    return rows


def _round(run: Run, size: Size) -> dict[str, dict[str, float]]:
    with (
        run.scratch() as folder,
        stack.broker(folder) as (port, _),
        stack.recorder(folder, port),
    ):
        found: dict[str, dict[str, float]] = stack.run_helper(
            "pacer", port, size.sessions, size.rate_hz, size.seconds, *PERCENTILES
        )
        return found
