"""A broker that says exactly what a test wants said, right or wrong."""

import socket
import threading
from types import TracebackType
from typing import Final, Self

WAIT_MAX_S: Final = 10.0
CONNACK_V5: Final = bytes.fromhex("2003000000")
"""Connected, no session, no properties."""


class ScriptedBroker:
    """Takes one connection; answers the n-th packet it gets with the n-th of its answers."""

    def __init__(self, *answers: bytes, then_close: bool = False) -> None:
        self._answers = answers
        self._then_close = then_close
        self.received = b""
        """What came after the last answer, until the client closed."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(WAIT_MAX_S)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(WAIT_MAX_S)
        self._server.close()

    def _serve(self) -> None:
        peer, _ = self._server.accept()
        with peer:
            peer.settimeout(WAIT_MAX_S)
            for answer in self._answers:
                _read_packet(peer)
                peer.sendall(answer)
            if not self._then_close:
                self._listen(peer)

    def _listen(self, peer: socket.socket) -> None:
        peer.settimeout(0.1)
        while not self._stop.is_set():
            try:
                part = peer.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                return
            if not part:
                return
            self.received += part


def _read_packet(peer: socket.socket) -> bytes:
    """Read one MQTT packet; those of tests are short, so its length takes one byte or two."""
    head = _read(peer, 2)
    length = head[1] & 0x7F
    if head[1] & 0x80:
        length += _read(peer, 1)[0] << 7
    return head + _read(peer, length)


def _read(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = peer.recv(count - len(data))
        if not part:
            raise ConnectionError("the client went away")
        data += part
    return data
