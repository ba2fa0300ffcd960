"""What the program logs, as data."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from dermatrace.logs import set_up_logs


@contextmanager
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Collect log lines while the block runs; what is yielded returns those so far."""
    stream = io.StringIO()
    set_up_logs(as_json=True, stream=stream)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        structlog.reset_defaults()
