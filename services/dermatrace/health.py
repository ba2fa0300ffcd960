"""How a process is: `/metrics` for machines, `/healthz` for whoever restarts it; and asking others.

The one door to prometheus_client: a process says what it counts in the words below.
"""

import contextlib
import json
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from dermatrace import logs
from dermatrace.errors import ServerUnavailable

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REQUEST_MAX_S: Final = 5.0
"""A client that has not sent its request by then is let go."""
STOP_LOOK_S: Final = 0.05
"""How often the server looks whether it is to end."""
ASK_MAX_S: Final = 2.0
"""Longest wait for another process's page, or for the next part of it; then it does not answer."""
PAGE_MAX_BYTES: Final = 1024 * 1024
"""As much of such a page as is read; what is longer is none of ours, and counts as no answer."""

Measured: TypeAlias = Metric
Told: TypeAlias = Mapping[tuple[str, ...], float]
"""Numbers of another process by name, followed by the values of labels where there are some."""
_log = logs.log("health")


def _nothing() -> None:
    """Do nothing: the owner writes whatever changes."""


@dataclass(slots=True)
class State:
    """Whether each part is alive; written by its owner, read by the health page."""

    connected: bool = False
    ready: bool = False
    problems: list[str] = field(default_factory=list)
    renew: Callable[[], None] = field(default=_nothing, repr=False, compare=False)
    """Asked before it is told, of an owner that can only say when it is asked."""

    @property
    def is_healthy(self) -> bool:
        """Whether messages are being recorded."""
        return self.ready and self.connected and not self.problems


class Numbers(Collector):
    """What one process counts; asked for anew with each request."""

    def __init__(self, prefix: str, measure: Callable[[], Iterable[Measured]]) -> None:
        """Every name begins with `prefix`."""
        self._prefix = prefix
        self._measure = measure
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Measured]:
        """Yield what is measured now."""
        for measured in self._measure():
            measured.name = f"{self._prefix}{measured.name}"
            measured.samples = [
                sample._replace(name=f"{self._prefix}{sample.name}") for sample in measured.samples
            ]
            yield measured

    def histogram(self, name: str, text: str, buckets: Iterable[float]) -> Histogram:
        """Return a histogram that is counted as it happens."""
        return Histogram(
            f"{self._prefix}{name}", text, buckets=tuple(buckets), registry=self.registry
        )


def counter(name: str, text: str, value: float) -> Measured:
    """Return a number that only grows while the process lives."""
    return CounterMetricFamily(name, text, value=value)


def counters(name: str, text: str, label: str, values: Mapping[str, float]) -> Measured:
    """Return several of one kind, told apart by a label."""
    family = CounterMetricFamily(name, text, labels=[label])
    for told, value in values.items():
        family.add_metric([told], value)
    return family


def gauge(name: str, text: str, value: float) -> Measured:
    """Return a number that may fall again."""
    return GaugeMetricFamily(name, text, value=value)


def gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Measured:
    """Return several of one kind, told apart by a label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for told, value in values.items():
        family.add_metric([told], value)
    return family


class HealthServer:
    """Serves both pages on one port from threads of its own."""

    def __init__(self, host: str, port: int, numbers: Numbers, state: State) -> None:
        """Bind at once; port 0 takes a free one. Raises OSError if it cannot be bound."""
        metrics_page = make_wsgi_app(numbers.registry)

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
            name="health",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _healthz(state: State, start: "StartResponse") -> list[bytes]:
    state.renew()
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


def ask_health(url: str) -> State:
    """Return what another process says of itself. Raises ServerUnavailable."""
    told = _get(url, "/healthz")
    try:
        said = json.loads(told)
        return State(said["connected"] is True, said["ready"] is True, list(said["problems"]))
    except (ValueError, TypeError, LookupError) as error:
        raise ServerUnavailable("dermatrace", url, f"no health page: {error!r}") from error


def ask_numbers(url: str) -> Told:
    """Return what another process measures. Raises ServerUnavailable."""
    text = _get(url, "/metrics")
    try:
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if math.isfinite(sample.value)
        }
    except (ValueError, LookupError) as error:
        raise ServerUnavailable("dermatrace", url, f"no metrics page: {error!r}") from error


def _get(url: str, page: str) -> str:
    # Not urllib.request: it would go through the proxy that the environment names.
    parts = urlsplit(url)
    door = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        connection = door(parts.hostname or "", parts.port, timeout=ASK_MAX_S)
        with contextlib.closing(connection):
            connection.request("GET", f"{parts.path.rstrip('/')}{page}")
            body = connection.getresponse().read(PAGE_MAX_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise ServerUnavailable("dermatrace", url, str(error) or repr(error)) from error
    if len(body) > PAGE_MAX_BYTES:
        raise ServerUnavailable("dermatrace", url, f"a page of more than {PAGE_MAX_BYTES:,} bytes")
    return body.decode(errors="replace")
