"""Helper: send documents with our `Sender`, or with `--plain` by paho-mqtt alone.

Prints how long it took and the most memory the process had.
"""

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from benchmarks import documents
from benchmarks.stack import HELPER_MAX_S, memory_peak_mib, wait_until
from dermatrace.errors import DermatraceError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.sender import Sender
from dermatrace_schemas.limits import IN_FLIGHT_MAX
from dermatrace_schemas.topics import Topic

SETTLED_MAX_S = 120.0
"""Longest wait for the last receipt; then the run fails."""
STREAM_ID = "session-1"
INTERVAL_MS = documents.WINDOWS * documents.WINDOW_MS


def send_settled(port: int, name: str, outbox: Path, count: int) -> float:
    """Send through the outbox and wait until everything is settled; return the seconds."""
    facts = documents.windows_facts()
    address = BrokerAddress(host="127.0.0.1", port=port)
    with Sender(address, documents.CLINIC, name, outbox) as sender:
        wait_until(lambda: sender.is_connected, "the sender is not connected")
        stream = sender.open_stream("session", STREAM_ID)
        started_s = time.monotonic()
        for seq in range(count):
            stream.send("needling.windows", facts, uptime_ms=seq * INTERVAL_MS, wall_time_ms=None)
        stream.end()
        if not sender.wait_settled(SETTLED_MAX_S):
            raise DermatraceError(f"not settled after {SETTLED_MAX_S:.0f} s")
        return time.monotonic() - started_s


class Plain:
    """paho-mqtt and nothing else."""

    def __init__(self, port: int, name: str, count: int) -> None:
        self._missing_count = count
        self._connected = threading.Event()
        self._done = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        self._client.max_inflight_messages_set(IN_FLIGHT_MAX)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, topic: str, count: int) -> float:
        """Publish and wait for the last PUBACK; return the seconds."""
        self._wait(self._connected)
        started_s = time.monotonic()
        for seq in range(count):
            self._client.publish(topic, documents.windows(seq), qos=1)
        self._wait(self._done)
        taken_s = time.monotonic() - started_s
        self._client.disconnect()
        self._client.loop_stop()
        return taken_s

    def _wait(self, event: threading.Event) -> None:
        if not event.wait(SETTLED_MAX_S):
            raise DermatraceError(f"the broker did not answer for {SETTLED_MAX_S:.0f} s")

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connected.set()

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._missing_count -= 1
        if self._missing_count == 0:
            self._done.set()


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("name")
    parser.add_argument("outbox", type=Path)
    parser.add_argument("documents", type=int)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    if given.plain:
        topic = str(Topic(documents.CLINIC, given.name, "session", STREAM_ID))
        taken_s = Plain(given.port, given.name, given.documents).send(topic, given.documents)
    else:
        taken_s = send_settled(given.port, given.name, given.outbox, given.documents)
    json.dump({"taken_s": taken_s, "memory_peak_mib": memory_peak_mib()}, sys.stdout)


if __name__ == "__main__":
    main()
