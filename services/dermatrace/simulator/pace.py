"""The two speeds a session is played at: as it would happen, or without waiting."""

import threading
import time


class PlayInterrupted(Exception):
    """Someone asked to stop while a session was being played at real pace."""


class ImmediatePace:
    """Never waits: a session of half an hour takes as long as sending it takes."""

    def wait_until_ms(self, at_ms: int) -> None:
        """Return at once."""


class RealPace:
    """Waits by the monotonic clock, counted from when this pace was made."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._started_ns = time.monotonic_ns()

    def wait_until_ms(self, at_ms: int) -> None:
        """Return once `at_ms` has come.

        Raises PlayInterrupted as soon as the stop event is set: a demonstration must end at once
        rather than after the session it is playing.
        """
        elapsed_ms = (time.monotonic_ns() - self._started_ns) / 1_000_000
        if self._stop.wait(timeout=max(0.0, (at_ms - elapsed_ms) / 1_000)):
            raise PlayInterrupted
