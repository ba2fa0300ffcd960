"""A web server that gives the answers a test wrote down, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; a body that is no text is sent as JSON."""

    status: int = HTTPStatus.OK
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the body as it goes out."""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked."""

    method: str
    path: str
    """With its query, as it came."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  JSON is whatever it is
        """The body read as JSON."""
        return json.loads(self.body)


class HttpServer:
    """A server on 127.0.0.1 from which subclasses answer; use `serving` to run it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """Return the answer to one request."""
        raise NotImplementedError

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer until the block ends."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="scripted-http"
        )
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, dict(self.headers), body)
                owner.requests.append(request)
                reply = owner.answer(request)
                content = reply.encoded()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != HTTPStatus.NO_CONTENT:
                    self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                if reply.status != HTTPStatus.NO_CONTENT:
                    self.wfile.write(content)

            def __getattr__(self, name: str) -> Any:  # noqa: ANN401  do_GET, do_POST and the like
                if name.startswith("do_"):
                    return self._serve
                raise AttributeError(name)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as in the base
                """Keep quiet: the test says what matters."""

        return Handler


class ScriptedHttp(HttpServer):
    """Answers by method and path, or by path alone; everything else is not found."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        super().__init__()
        self.replies = dict(replies)

    def answer(self, request: Request) -> Reply:
        """Return what was written down for this path."""
        path = request.path.partition("?")[0]
        named = self.replies.get(f"{request.method} {path}") or self.replies.get(path)
        return named or Reply(HTTPStatus.NOT_FOUND, "404 page not found")
