"""A recorder in a thread of the test, whose end can be awaited and whose error can be looked at."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dermatrace.clock import SystemClock
from dermatrace.ingest.service import IngestService
from dermatrace.journal.reader import JournalReader
from dermatrace.mqtt import BrokerAddress
from support.waiting import wait_until

END_WAIT_MAX_S: Final = 20.0
METRIC: Final = "dermatrace_ingest_"


class IngestThread:
    """Runs a service until it ends by itself or the block does."""

    def __init__(
        self,
        journal: Path,
        address: BrokerAddress,
        *,
        make: Callable[..., IngestService] = IngestService,
    ) -> None:
        self.journal = journal
        self.error: BaseException | None = None
        self.service = make(
            journal, address, health_host="127.0.0.1", health_port=0, clock=SystemClock()
        )
        self._thread = threading.Thread(target=self._run, name="test.ingest", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop it if it still runs."""
        self.service.stop()
        self._thread.join(END_WAIT_MAX_S)
        assert not self._thread.is_alive(), "the recorder did not end"

    def wait_healthy(self) -> None:
        """Wait until it records."""
        wait_until(lambda: self.health()[0] == 200, what="a healthy recorder")

    def wait_recorded(self, count: int) -> None:
        """Wait until this many documents were accepted."""
        wait_until(lambda: len(accepted(self.journal)) >= count, what=f"{count} documents")

    def health(self) -> tuple[int, dict[str, Any]]:
        """Ask /healthz."""
        try:
            status, text = self.get("/healthz")
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        body: dict[str, Any] = json.loads(text)
        return status, body

    def metrics(self) -> dict[str, float]:
        """Ask /metrics; names without their prefix."""
        lines = self.get("/metrics")[1].splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return {name.removeprefix(METRIC): float(value) for name, value in pairs}

    def get(self, page: str) -> tuple[int, str]:
        """Ask for a page."""
        url = f"http://127.0.0.1:{self.service.health_port}{page}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()

    def _run(self) -> None:
        try:
            self.service.run()
        except BaseException as error:  # noqa: BLE001  looked at by the test
            self.error = error


def accepted(journal: Path) -> list[bytes | None]:
    """Return the payloads of all accepted documents."""
    with JournalReader(journal) as reader:
        found: list[bytes | None] = []
        seen = 0
        while entries := reader.read_after(seen):
            found += [entry.payload for entry in entries if entry.outcome == "accepted"]
            seen = entries[-1].entry_id
        return found
