"""A gate between forwarding and InfluxDB: slow, or struck in the middle of a request."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Final, Literal, Self

PIECE_BYTES: Final = 65_536
HEAD_MAX_BYTES: Final = 65_536
"""A request's head is a few hundred bytes; with more than this the test fails."""
WAIT_MAX_S: Final = 60.0
"""A connection on which nothing happens for so long ends."""
_LENGTH: Final = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED: Final = re.compile(rb"^transfer-encoding: *chunked", re.IGNORECASE | re.MULTILINE)
_LAST_CHUNK: Final = b"0\r\n\r\n"
_WRITE: Final = b"POST /api/v2/write"

Moment = Literal["body half sent", "answer on its way"]
"""When a request is struck. InfluxDB has read half of it; or it has done all of it, and nobody
hears of that."""


class Gate:
    """Passes requests and answers on; use as a context manager."""

    def __init__(self, target_port: int) -> None:
        """Listen on a free port."""
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.answer_after_s = 0.0
        """So slow is InfluxDB with every write."""
        self.struck = threading.Event()
        self._plan: tuple[Moment, Callable[[], None]] | None = None
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._listen, name="gate", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.close()
        with self._lock:
            sides = list(self._open)
        for side in sides:
            _cut(side)

    def strike(self, moment: Moment, blow: Callable[[], None]) -> None:
        """Deal a blow in the middle of the next write, and cut its connection."""
        self.struck.clear()
        self._plan = moment, blow

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        """Carry one connection until either side ends it."""
        with near, contextlib.suppress(OSError):
            near.settimeout(WAIT_MAX_S)
            with socket.create_connection(self._target, timeout=WAIT_MAX_S) as far:
                with self._lock:
                    self._open |= {near, far}
                try:
                    _Carrier(self, near, far).run()
                finally:
                    with self._lock:
                        self._open -= {near, far}

    def plan_for(self, head: bytes) -> tuple[Moment, Callable[[], None]] | None:
        """Return what is to happen to a request, once."""
        if not head.startswith(_WRITE):
            return None
        with self._lock:
            plan, self._plan = self._plan, None
        return plan

    def wait_slow(self, head: bytes) -> None:
        """Let time pass before the answer to a write."""
        if head.startswith(_WRITE):
            self._closing.wait(self.answer_after_s)


class _Carrier:
    """One connection: a request there, its answer back, and so on."""

    def __init__(self, gate: Gate, near: socket.socket, far: socket.socket) -> None:
        self._gate = gate
        self._near = near
        self._far = far
        self._rest = b""

    def run(self) -> None:
        while head := self._read_head(self._near):
            plan = self._gate.plan_for(head)
            length = _length(head)
            half = length // 2 if plan is not None and plan[0] == "body half sent" else length
            self._far.sendall(head)
            self._pass_on(self._near, self._far, half)
            if plan is not None and half < length:
                self._strike(plan[1])
                return
            answer = self._read_head(self._far)
            if plan is not None:
                self._strike(plan[1])
                return
            if not answer:
                return
            self._gate.wait_slow(head)
            self._near.sendall(answer)
            if _CHUNKED.search(answer):
                self._pass_chunks()
            else:
                self._pass_on(self._far, self._near, _length(answer))

    def _strike(self, blow: Callable[[], None]) -> None:
        blow()
        for side in (self._near, self._far):
            _cut(side)
        self._gate.struck.set()

    def _read_head(self, side: socket.socket) -> bytes:
        """Return everything up to the empty line; nothing if the side has ended."""
        while b"\r\n\r\n" not in self._rest:
            piece = side.recv(PIECE_BYTES)
            assert len(self._rest) < HEAD_MAX_BYTES
            if not piece:
                return b""
            self._rest += piece
        head, mark, self._rest = self._rest.partition(b"\r\n\r\n")
        return head + mark

    def _pass_on(self, source: socket.socket, target: socket.socket, count: int) -> None:
        while count:
            if not self._rest:
                self._rest = source.recv(PIECE_BYTES)
                if not self._rest:
                    raise ConnectionError
            target.sendall(self._rest[:count])
            passed, self._rest = min(count, len(self._rest)), self._rest[count:]
            count -= passed

    def _pass_chunks(self) -> None:
        """Pass on an answer whose length its head does not tell."""
        passed = b""
        while not passed.endswith(_LAST_CHUNK):
            piece = self._rest or self._far.recv(PIECE_BYTES)
            if not piece:
                raise ConnectionError
            self._near.sendall(piece)
            passed, self._rest = (passed + piece)[-len(_LAST_CHUNK) :], b""


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return 0 if found is None else int(found[1])


def _cut(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
