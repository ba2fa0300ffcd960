"""The console process: serve until told to stop."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.console.app import create_app
from dermatrace.console.attaching import Attaching
from dermatrace.console.forgetting import Forgetting
from dermatrace.console.installation import LOOPBACK, Installation, address_of
from dermatrace.errors import UsageError
from dermatrace.settings import Settings

STOP_WAIT_S: Final = 5
"""How long open answers, such as streams of live events, may go on after a stop; then they are cut,
and browsers come back to the next process by themselves."""
BACKLOG_MAX: Final = 128
"""Connections waiting to be taken up; the system lets others try again."""


class ConsoleService:
    """Everything of one console process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Open the console's file and bind its port; `run` serves.

        Raises UsageError if the port cannot be bound or sign-ins would cross a network in the
        clear, AlreadyRunning, WrongFile, StorageError.
        """
        _check_encrypted(settings)
        self._socket = _bound(settings.console_host, settings.console_port)
        self.port: int = self._socket.getsockname()[1]
        try:
            self.installation = Installation.open(settings, address_of(settings, self.port), clock)
        except BaseException:
            self._socket.close()
            raise
        config = uvicorn.Config(
            create_app(self.installation),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            ssl_certfile=settings.console_tls_certificate_file,
            ssl_keyfile=settings.console_tls_key_file,
            timeout_graceful_shutdown=STOP_WAIT_S,
        )
        self._server = _Server(config)
        self._log = logs.log("console")

    def first_link(self) -> str | None:
        """Return a link that makes the first administrator; None if somebody is there already."""
        people = self.installation.people
        if not people.is_empty():
            return None
        return f"{self.installation.url}/enter?token={people.issue('first')}"

    def run(self) -> None:
        """Serve until `stop` is called."""
        self._log.info("ready", url=self.installation.url)
        attaching = Attaching(self.installation.telling, self.installation.clock)
        self.installation.floor.stay(attaching.after_look)
        with self.installation, self._socket, Forgetting(self.installation):
            asyncio.run(self._server.serve(sockets=[self._socket]))
        self._log.info("stopped")

    def close(self) -> None:
        """Give up a console that was never run."""
        self._socket.close()
        self.installation.close()

    @property
    def has_started(self) -> bool:
        """Whether it answers."""
        return bool(self._server.started)

    def stop(self) -> None:
        """Ask `run` to end in an orderly way; may be called from any thread."""
        self._server.should_exit = True

    def stop_on_signals(self) -> None:
        """End cleanly on SIGTERM and SIGINT; a second one does not wait for open answers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._note_signal())

    def _note_signal(self) -> None:
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn would end the process by the signal it got; ours ends with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield


def _check_encrypted(settings: Settings) -> None:
    """Raise UsageError if a sign-in would cross a network in the clear."""
    if settings.console_host in LOOPBACK or settings.console_tls_certificate_file is not None:
        return
    if settings.console_url is None:
        raise UsageError(
            f"at {settings.console_host} sign-ins would cross the network in the clear",
            remedy="Set console_tls_certificate_file and console_tls_key_file, or console_url to"
            " the address of whatever encrypts in front of it.",
        )


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=_family(host), backlog=BACKLOG_MAX, reuse_port=False
        )
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            remedy="Is a console running already? Else choose another console_port.",
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
