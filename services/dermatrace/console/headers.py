"""What every answer carries, and how much a request may bring: around everything else."""

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX: Final = 64 * 1024
"""Of a request; a larger one is answered with 413 before it is read whole."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_ALWAYS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class BodyTooLarge(Exception):
    """A request has brought more than it may."""


class Envelope:
    """Refuses foreign names of this machine and bodies that are too large; adds the headers.

    A header that the answer has already stays: a page that needs another policy says so itself.
    """

    def __init__(
        self, app: ASGIApp, hosts: Iterable[str], larger_bodies: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._larger_bodies = larger_bodies or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = _host_of(Headers(scope=scope).get("host", ""))
        if host not in self._hosts:
            refusal = PlainTextResponse(f"this machine is not called {host!r} here", 400)
            await refusal(scope, receive, send)
            return
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, self._bounded(scope["path"], receive), send_on)
        except BodyTooLarge:
            if not has_begun:
                await PlainTextResponse("that is too large", 413)(scope, receive, send_on)

    def _bounded(self, path: str, receive: Receive) -> Receive:
        most = next(
            (size for start, size in self._larger_bodies.items() if path.startswith(start)),
            BODY_BYTES_MAX,
        )
        taken = 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise BodyTooLarge
            return message

        return receive_some


def _host_of(header: str) -> str:
    """Return the name in a Host header without its port; IPv6 addresses stand in brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()
