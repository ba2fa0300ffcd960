"""Every few seconds, how recording, judging and forwarding are, as points of `pipeline`.

A sample is taken by InfluxDB at once or it is gone: nothing waits for it and no account has it. It
has a thread and a connection of its own, so that forwarding never waits for it either.
"""

import threading
from collections.abc import Callable
from typing import Final, Protocol, Self

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.line import NS_PER_MS, line, prefix
from dermatrace.forward.measurements_recorder import PIPELINE
from dermatrace.forward.pipeline_parts import Facts, Part
from dermatrace.forward.point_store import PointStore

SAMPLE_INTERVAL_S: Final = 5.0
"""From one sample to the next. Looking and writing come on top, so a slow InfluxDB has fewer."""
SAMPLE_ANSWER_MAX_S: Final = 5.0
"""Longest wait for InfluxDB to take a sample; then it is gone."""
STOP_WAIT_S: Final = 2.0
"""Longest wait for a sample under way when forwarding ends; then it is left to itself."""


class Looker(Protocol):
    """Looks how the parts are. Implemented by `Parts` and by doubles in tests."""

    def look(self, now_ms: int) -> dict[Part, Facts]:
        """Return what there is to be told of each part."""
        ...


class Sampler:
    """Takes samples from `start` to `stop`."""

    def __init__(
        self,
        parts: Looker,
        points: PointStore,
        is_taken: Callable[[], bool],
        clock: Clock,
        *,
        interval_s: float = SAMPLE_INTERVAL_S,
    ) -> None:
        """Prepare; `is_taken` tells whether InfluxDB takes what is forwarded at the moment.

        `points` is used by no other thread.
        """
        self._parts = parts
        self._points = points
        self._is_taken = is_taken
        self._clock = clock
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._log = logs.log("forward")
        self._thread = threading.Thread(target=self._run, name="forward.pipeline", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(STOP_WAIT_S)

    def sample(self) -> bool:
        """Take one sample; return whether InfluxDB has it."""
        if not self._is_taken():
            return False  # it is away, and may have asked to be left alone
        now_ms = self._clock.utc_ms()
        parts = self._parts.look(now_ms)
        try:
            self._points.write("raw", "\n".join(lines_of(parts, now_ms)).encode())
        except (InfluxUnavailable, PointsRefused) as error:
            self._log.info("sample lost", **{logs.ERROR: str(error)})
            return False
        return True

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            self.sample()


def lines_of(parts: dict[Part, Facts], now_ms: int) -> list[str]:
    """Return a point for each part of which anything is known."""
    return [
        line(prefix(PIPELINE, {"part": part}), now_ms * NS_PER_MS, facts)
        for part, facts in parts.items()
        if any(value is not None for value in facts.values())
    ]
