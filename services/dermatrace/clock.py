"""Two clocks, handed in where they are needed so that tests can turn them."""

import time
from typing import Protocol


class Clock(Protocol):
    """What a process asks the time of."""

    def utc_ms(self) -> int:
        """Return milliseconds since 1970 in UTC, as far as this machine knows."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds that only ever grow; meaningful only as differences."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def utc_ms(self) -> int:
        """Return the wall clock; may jump when the machine's time is corrected."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return the clock that is right for waiting and for ages."""
        return time.monotonic_ns() // 1_000_000
