"""How long to wait before trying again: longer each time, and never all at once."""

from random import Random


class Backoff:
    """Exponential waits with full jitter, so that devices do not return in step after an outage."""

    def __init__(self, random: Random, *, first_s: float, max_s: float) -> None:
        """Wait up to `first_s`, then up to twice that, and so on up to `max_s`."""
        self._random = random
        self._first_s = first_s
        self._max_s = max_s
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """Return the next wait: at least a tenth of what it may be, so never none at all."""
        wait_s = self._ceiling_s * self._random.uniform(0.1, 1.0)
        self._ceiling_s = min(2 * self._ceiling_s, self._max_s)
        return wait_s

    def reset(self) -> None:
        """Begin again with short waits: it worked."""
        self._ceiling_s = self._first_s
