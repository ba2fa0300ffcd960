"""Both ends of an MQTT connection for tests: a listener that notes, and a publisher that waits."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dermatrace.intake import CLEAN_START, Intake
from dermatrace.mqtt import BrokerAddress, Connection, Delivery
from support.waiting import wait_until


class NotingListener:
    """Notes everything a connection tells; acknowledges nothing by itself."""

    def __init__(self) -> None:
        self.up: list[tuple[bool, int]] = []
        self.deliveries: list[Delivery] = []
        self.answers: list[tuple[int, int]] = []
        self.down: list[tuple[str, int]] = []

    def on_up(self, *, session_present: bool, receive_max: int) -> None:
        """Note it."""
        self.up.append((session_present, receive_max))

    def on_message(self, delivery: Delivery) -> None:
        """Note it."""
        self.deliveries.append(delivery)

    def on_published(self, packet_id: int, reason_code: int) -> None:
        """Note it."""
        self.answers.append((packet_id, reason_code))

    def on_down(self, reason: str, reason_code: int) -> None:
        """Note it."""
        self.down.append((reason, reason_code))

    @property
    def payloads(self) -> list[bytes]:
        """What has come."""
        return [delivery.payload for delivery in self.deliveries]


class RaisingListener(NotingListener):
    """Breaks its promise on the first message."""

    def on_message(self, delivery: Delivery) -> None:
        """Raise."""
        super().on_message(delivery)
        raise ZeroDivisionError("a listener must not raise")


class HangingListener(NotingListener):
    """Breaks its promise on the first message, until let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def on_message(self, delivery: Delivery) -> None:
        """Hang."""
        super().on_message(delivery)
        self.let_go.wait(60.0)


@contextmanager
def connected(
    address: BrokerAddress,
    client_id: str,
    *subscriptions: str,
    intake: Intake = CLEAN_START,
    listener: NotingListener | None = None,
) -> Iterator[tuple[Connection, NotingListener]]:
    """Offer a connection that is up; it is closed at the end."""
    listener = listener or NotingListener()
    connection = Connection(
        address, client_id, listener, subscriptions=subscriptions, intake=intake
    )
    connection.open()
    try:
        wait_until(lambda: listener.up or listener.down, what="the connection")
        yield connection, listener
    finally:
        connection.close()


def publish_all(
    address: BrokerAddress, messages: Iterable[tuple[str, bytes]], client_id: str = "publisher"
) -> list[int]:
    """Publish and return the broker's answers once it has given them all."""
    with connected(address, client_id) as (connection, listener):
        packet_ids = [connection.publish(topic, payload) for topic, payload in messages]
        wait_until(
            lambda: len(listener.answers) == len(packet_ids) or listener.down, what="all answers"
        )
        assert 0 not in packet_ids
        answers = dict(listener.answers)
        return [answers[packet_id] for packet_id in packet_ids]
