"""Ports nobody uses, and ports that answer."""

import socket

CONNECT_WAIT_MAX_S = 0.5
"""One attempt to connect; on the own machine the answer comes at once or not at all."""


def find_free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Tell whether something accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_WAIT_MAX_S):
            return True
    except OSError:
        return False
