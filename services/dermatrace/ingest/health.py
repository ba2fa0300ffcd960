"""How ingest is: `/metrics` for machines, `/healthz` for whoever restarts it.

The numbers of messages are read at one moment, so their equation holds in every answer:
received = stored + duplicate + conflict + rejected + report + erased + shed + in flight
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final, get_args
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dermatrace import logs
from dermatrace.ingest.inbox import Books
from dermatrace.ingest.recorder import Fate

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PREFIX: Final = "dermatrace_ingest_"
COMMIT_BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
REQUEST_MAX_S: Final = 5.0
"""A client that has not sent its request by then is let go."""
STOP_LOOK_S: Final = 0.05
"""How often the server looks whether it is to end."""

_log = logs.log("ingest")


@dataclass(slots=True)
class State:
    """Whether each part is alive; written by its owner, read by the health page."""

    connected: bool = False
    ready: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Whether messages are being recorded."""
        return self.ready and self.connected and not self.problems


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything measured, as of one moment."""

    books: Books
    receipt_count: int
    rejection_count: int
    receipts_due_count: int
    rejections_waiting_count: int
    refused_count: int
    connection_count: int
    is_connected: bool
    head_entry_id: int


class Metrics(Collector):
    """The numbers of one ingest process, from its start."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self.commits = Histogram(
            f"{PREFIX}commit_seconds",
            "From taking up a batch to its durable commit and acknowledgement",
            buckets=COMMIT_BUCKETS_S,
            registry=self.registry,
        )

    def collect(self) -> Iterator[Metric]:
        """Yield what is measured now."""
        reading = self._read()
        books = reading.books
        yield _counter("received_messages", "Messages received", books.received_count)
        decided = CounterMetricFamily(
            f"{PREFIX}decided_messages", "Messages by what became of them", labels=["fate"]
        )
        for fate in get_args(Fate):
            decided.add_metric([fate], books.fates.get(fate, 0))
        yield decided
        yield _counter("shed_messages", "Messages let go unacknowledged", books.shed_count)
        yield _gauge("in_flight_messages", "Received, nothing decided yet", books.in_flight_count)
        yield _gauge("queue_depth_messages", "Messages waiting", books.waiting_count)
        yield _gauge("queue_depth_bytes", "Their payloads", books.waiting_bytes)
        yield _counter("receipts", "Receipts published", reading.receipt_count)
        yield _counter("rejections", "Rejections published", reading.rejection_count)
        yield _gauge("receipts_due", "Streams waiting for one", reading.receipts_due_count)
        yield _gauge("rejections_waiting", "To be published", reading.rejections_waiting_count)
        yield _counter("refused_answers", "Publications the broker refused", reading.refused_count)
        yield _counter("connections", "Connections made", reading.connection_count)
        yield _gauge("connected", "1 while there is a connection", int(reading.is_connected))
        yield _gauge("journal_entries", "Entries of the journal", reading.head_entry_id)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}{name}", text, value=value)


class HealthServer:
    """Serves both pages on one port from threads of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, state: State) -> None:
        """Bind at once; port 0 takes a free one. Raises OSError if it cannot be bound."""
        metrics_page = make_wsgi_app(registry)

        def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            match environ["PATH_INFO"]:
                case "/metrics":
                    numbers: list[bytes] = metrics_page(environ, start)
                    return numbers
                case "/healthz":
                    return _healthz(state, start)
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/healthz and /metrics are here\n"]

        self._server = make_server(host, port, application, _Server, _Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(STOP_LOOK_S,),
            name="ingest.health",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _healthz(state: State, start: "StartResponse") -> list[bytes]:
    body = {
        "healthy": state.is_healthy,
        "ready": state.ready,
        "connected": state.connected,
        "problems": state.problems,
    }
    status = "200 OK" if state.is_healthy else "503 Service Unavailable"
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode() + b"\n"]


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a request, so that nobody who asks slowly keeps others from asking."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the base's
        """Log in one line what is mostly a client that went away."""
        _log.info("health page not delivered", **{logs.ERROR: repr(sys.exception())})


class _Handler(WSGIRequestHandler):
    """Log lines of ours come from structlog; one a request would drown them."""

    timeout = REQUEST_MAX_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Say nothing."""
