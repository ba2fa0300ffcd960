"""Waiting for a condition, never for time."""

import time
from collections.abc import Callable
from typing import Final

WAIT_MAX_S: Final = 30.0
"""Longest wait for a condition; then the test fails and says for which."""
ASK_INTERVAL_S: Final = 0.01


def wait_until(
    condition: Callable[[], object], *, wait_max_s: float = WAIT_MAX_S, what: str = "a condition"
) -> None:
    """Return as soon as the condition holds; raises AssertionError if it never does."""
    end_s = time.monotonic() + wait_max_s
    while not condition():
        assert time.monotonic() < end_s, f"waited {wait_max_s} s for {what}"
        time.sleep(ASK_INTERVAL_S)
