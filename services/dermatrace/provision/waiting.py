"""Waiting for a server that is still starting."""

from collections.abc import Callable
from typing import Final, TypeVar

from dermatrace.clock import Clock
from dermatrace.errors import ServerUnavailable

ASK_AGAIN_AFTER_S: Final = 0.5
"""Between two attempts; a server that starts is not asked more often."""
Answer = TypeVar("Answer")


def ask_until_there(
    ask: Callable[[], Answer], *, wait_s: float, clock: Clock, pause: Callable[[float], object]
) -> Answer:
    """Return the answer as soon as there is one; raises ServerUnavailable after `wait_s`."""
    end_ms = clock.monotonic_ms() + wait_s * 1_000
    while True:
        try:
            return ask()
        except ServerUnavailable:
            if clock.monotonic_ms() >= end_ms:
                raise
        pause(ASK_AGAIN_AFTER_S)
