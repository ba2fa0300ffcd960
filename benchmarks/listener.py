"""Helper: paho-mqtt as its own examples use it, with a callback that only counts.

Prints a line once it is subscribed, then when the last message came and what it cost.
"""

import argparse
import json
import signal
import socket
import sys
import time
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from benchmarks import documents
from benchmarks.stack import HELPER_MAX_S
from dermatrace_schemas.topics import Topic

TOLD_MESSAGES: Final = 200
"""Messages from one word about progress to the next: about as often as receipts come."""


class Counter:
    """Counts messages, and leaves when all have come."""

    def __init__(self, message_count: int, progress_port: int) -> None:
        self._message_count = message_count
        self._count = 0
        self._progress = ("127.0.0.1", progress_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ended_s = 0.0
        self.processor_s = 0.0

    def on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Subscribe to every session."""
        client.subscribe(str(Topic(documents.CLINIC, "+", "session", "+")), qos=1)

    def on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Say that messages may come."""
        self.processor_s = time.process_time()
        print("ready", flush=True)

    def on_message(self, client: Client, _userdata: object, _message: MQTTMessage) -> None:
        """Count, and now and then tell the load generator how far we are."""
        self._count += 1
        if self._count % TOLD_MESSAGES == 0 or self._count == self._message_count:
            self._socket.sendto(str(self._count).encode(), self._progress)
        if self._count == self._message_count:
            self.ended_s = time.monotonic()
            self.processor_s = time.process_time() - self.processor_s
            self._socket.close()
            client.disconnect()


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("progress_port", type=int)
    parser.add_argument("messages", type=int)
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    counter = Counter(given.messages, given.progress_port)
    client = Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTv5)
    client.on_connect = counter.on_connect
    client.on_subscribe = counter.on_subscribe
    client.on_message = counter.on_message
    client.connect("127.0.0.1", given.port)
    client.loop_forever()
    json.dump({"ended_s": counter.ended_s, "processor_s": counter.processor_s}, sys.stdout)


if __name__ == "__main__":
    main()
