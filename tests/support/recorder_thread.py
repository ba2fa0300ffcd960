"""A real recorder in a thread of the test, and a sender beside it."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dermatrace.clock import SystemClock
from dermatrace.ingest.service import IngestService
from dermatrace.mqtt import BrokerAddress
from support.waiting import wait_until

ENDS_WAIT_MAX_S = 20.0
"""It finishes its batch and ends within a fraction of this; after it the test fails."""


@contextmanager
def recorder_thread(journal: Path, address: BrokerAddress) -> Iterator[IngestService]:
    """Record into a journal while the block runs, from its first line on."""
    service = IngestService(
        journal, address, health_host="127.0.0.1", health_port=0, clock=SystemClock()
    )
    thread = threading.Thread(target=service.run, name="test.ingest", daemon=True)
    thread.start()
    try:
        # A broker that knows nobody who listens says so, and a sender then waits for a minute.
        wait_until(lambda: _is_healthy(service), what="a recorder that listens")
        yield service
    finally:
        service.stop()
        thread.join(ENDS_WAIT_MAX_S)
    assert not thread.is_alive(), "the recorder did not end"


def _is_healthy(service: IngestService) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{service.health_port}/healthz") as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
