"""Documents per second through the real `Sender`, from the first `send` until all are settled.

One sender in a process of its own: each document is checked, serialised, numbered and committed to
the outbox before it is published, and counts only when a receipt of a real `dermatrace ingest`
covers it. The baseline is a process that hands the same documents to plain paho-mqtt (QoS 1, as
many in flight) and is content with PUBACK: it keeps nothing and knows nothing of what was stored.

It is not what a device needs, one or two documents a second, but how fast an outbox empties.
"""

from dataclasses import dataclass

from benchmarks import stack
from benchmarks.rounds import Row, Run, alternate

PLAIN = "plain paho-mqtt, until PUBACK"
OURS = "Sender, until settled"


@dataclass(frozen=True, slots=True)
class Size:
    """How many documents, how often."""

    documents: int
    rounds: int


FULL = Size(5_000, rounds=5)
QUICK = Size(30, rounds=1)


def measure(run: Run) -> list[Row]:
    """Measure both in alternation, against one broker and one recorder."""
    size = run.size(FULL, QUICK)
    with (
        run.scratch() as folder,
        stack.broker(folder) as (port, _),
        stack.recorder(folder, port),
        run.scratch() as outboxes,
    ):
        numbers = iter(range(2 * size.rounds))

        def send(*options: str) -> dict[str, float]:
            # A sender is new in each round: its outbox and its stream begin empty.
            name = f"pen-{next(numbers)}"
            outbox = outboxes / f"{name}.db"
            sent: dict[str, float] = stack.run_helper(
                "sending", port, name, outbox, size.documents, *options
            )
            return sent

        found = alternate(size.rounds, {PLAIN: lambda: send("--plain"), OURS: send})
    rows = [
        Row(name, "documents/s", tuple(size.documents / one["taken_s"] for one in samples), PLAIN)
        for name, samples in found.items()
    ]
    memory = {name: f"peak memory of {name.partition(',')[0]}" for name in found}
    rows += [
        Row(memory[name], "MiB", tuple(one["memory_peak_mib"] for one in samples), memory[PLAIN])
        for name, samples in found.items()
    ]
    return rows
