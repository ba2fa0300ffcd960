"""InfluxDB's HTTP interface with nothing but the standard library: a second opinion on ours."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

ANSWER_WAIT_MAX_S: Final = 60.0
"""Longest wait for one answer; then the test fails with a TimeoutError."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to one request."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def json(self) -> Any:  # noqa: ANN401  JSON is whatever it is
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The server's words for what is wrong; empty if it has none."""
        try:
            told = self.json
        except ValueError:
            return self.text
        return str(told.get("message") or told.get("error") or "")


class Refused(AssertionError):
    """The server did not do what a test needs before it can begin."""

    def __init__(self, what: str, answer: Answer) -> None:
        super().__init__(f"{what}: {answer.status} {answer.text}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class InfluxHttp:
    """Requests to one server with one token, a connection each."""

    port: int
    token: str = ""
    host: str = "127.0.0.1"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return the answer, whatever it is."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_WAIT_MAX_S)
        all_headers = {**({"Authorization": f"Token {self.token}"} if self.token else {})}
        all_headers.update(headers or {})
        try:
            connection.request(
                method, f"{path}?{urlencode(query)}" if query else path, body, all_headers
            )
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401  JSON is whatever it is
        """Return what is at a path; raises Refused if the server does not show it."""
        return self._done("GET", path, self.ask("GET", path, query=query))

    def post(self, path: str, document: Mapping[str, object]) -> Any:  # noqa: ANN401  as above
        """Create what the document says and return it; raises Refused if the server will not."""
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        return self._done("POST", path, self.ask("POST", path, body, headers=headers))

    def remove(self, path: str) -> None:
        """Delete what is at a path; raises Refused if the server will not."""
        self._done("DELETE", path, self.ask("DELETE", path))

    def _done(self, method: str, path: str, answer: Answer) -> Any:  # noqa: ANN401  as above
        if answer.status >= http.client.BAD_REQUEST:
            raise Refused(f"{method} {path}", answer)
        return answer.json if answer.body else None
