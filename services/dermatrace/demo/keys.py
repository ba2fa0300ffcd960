"""Single keys of a terminal, read as they are pressed."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_keys() -> Iterator[None]:
    """Read keys as they are pressed, without echo; as before afterwards."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed_key(wait_s: float) -> str:
    """Return the key pressed within `wait_s`, or an empty text."""
    if not sys.stdin.isatty():
        select.select([], [], [], wait_s)
        return ""
    ready, _, _ = select.select([sys.stdin], [], [], wait_s)
    return os.read(sys.stdin.fileno(), 1).decode(errors="ignore") if ready else ""
