"""Reading one message of ten windows (about 850 bytes), strictly and whole.

*Parsed* is from bytes to a checked, frozen document; *decoded* is the recorder's whole step, with
the topic and the SHA-256 of the payload. The baseline is `json.loads` of the same bytes, which
checks nothing.

It is not what a rejected message costs: saying precisely what is wrong takes longer.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import documents
from benchmarks.rounds import Row, Run, alternate
from dermatrace.ingest.decode import decode
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import Topic

LOADED = "json.loads"
MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Size:
    """How many messages a round."""

    messages: int
    rounds: int


FULL = Size(5_000, rounds=15)
QUICK = Size(20, rounds=2)


def measure(run: Run) -> list[Row]:
    """Measure all in alternation."""
    size = run.size(FULL, QUICK)
    payloads = [documents.windows(seq) for seq in range(size.messages)]
    topic = str(Topic(documents.CLINIC, "pen-1", "session", "session-1"))
    steps: dict[str, Callable[[bytes], object]] = {
        LOADED: json.loads,
        "parsed": partial(parse, "session"),
        "decoded": partial(decode, topic),
    }
    cases = {name: partial(_each_us, step, payloads) for name, step in steps.items()}
    alternate(1, cases)  # the first call of each builds its reader
    found = alternate(size.rounds, cases)
    return [Row(name, "µs/message", samples, LOADED) for name, samples in found.items()]


def _each_us(step: Callable[[bytes], object], payloads: list[bytes]) -> float:
    started_s = time.perf_counter()
    for payload in payloads:
        step(payload)
    return (time.perf_counter() - started_s) / len(payloads) * MICROSECONDS
