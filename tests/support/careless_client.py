"""What our connection must not be: an MQTT client that reconnects by itself.

It acknowledges, late, on whatever connection it has by then: the sabotage twin of a connection
that lives once.
"""

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from support.waiting import wait_until


class CarelessClient:
    """One paho client with acknowledgement by hand, on as many connections as it takes."""

    def __init__(self, port: int, client_id: str, subscription: str) -> None:
        self.messages: list[MQTTMessage] = []
        self.up_count = 0
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = 3_600
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5, manual_ack=True
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(subscription, 1)
        self._client.on_subscribe = self._note_up
        self._client.on_message = lambda _client, _data, message: self.messages.append(message)
        self._client.connect("127.0.0.1", port, clean_start=False, properties=properties)
        self._client.loop_start()

    def wait_for(self, count: int) -> None:
        """Wait until this many messages have come."""
        wait_until(lambda: len(self.messages) >= count, what=f"{count} messages")

    def wait_for_payload(self, payload: bytes) -> None:
        """Wait until this message has come."""
        come = f"{payload!r} to come"
        wait_until(lambda: payload in {one.payload for one in self.messages}, what=come)

    def acknowledge_all(self) -> None:
        """Acknowledge everything that has ever come."""
        for message in self.messages:
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Disconnect properly; the broker keeps the session."""
        self._client.disconnect()
        self._client.loop_stop()

    def _note_up(self, *_: object) -> None:
        self.up_count += 1
