"""A clock that a test turns by hand."""

NOON_MS = 1_780_000_000_000
"""Where it starts: some day in 2026."""


class ManualClock:
    """Both clocks of `dermatrace.clock.Clock`; they stand still until they are moved."""

    def __init__(self, utc_ms: int = NOON_MS, monotonic_ms: int = 1_000_000) -> None:
        self._utc_ms = utc_ms
        self._monotonic_ms = monotonic_ms

    def utc_ms(self) -> int:
        """Return the wall clock."""
        return self._utc_ms

    def monotonic_ms(self) -> int:
        """Return the steady clock."""
        return self._monotonic_ms

    def advance(self, step_ms: int) -> None:
        """Let time pass."""
        self._utc_ms += step_ms
        self._monotonic_ms += step_ms
