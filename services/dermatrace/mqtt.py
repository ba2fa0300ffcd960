"""The one door to MQTT: a connection that lives once, and everything about it as events.

A `Connection` never reconnects; whoever wants another makes another. So a late acknowledgement can
only reach the connection its message came from. On one that reconnects by itself it would be sent
under a packet id that by then belongs to a newer, unstored message.

paho calls back in its network step, partly with its own locks held. A listener must therefore only
note what happened and return: no waiting, no publishing, nothing that can raise.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from dermatrace.clock import Clock, SystemClock
from dermatrace.errors import BrokerUnavailable, UsageError
from dermatrace.intake import CLEAN_START, Intake

QOS: Final = 1
LOOP_STEP_S: Final = 0.5
"""Longest the network step waits for something to do; also the age of its heartbeat."""
CONNECT_WAIT_S: Final = 10.0
"""Longest wait for the TCP connection; then BrokerUnavailable."""
UP_WAIT_MS: Final = 10_000
"""Longest wait for the broker to answer CONNECT and SUBSCRIBE; then the connection is over."""
CLOSE_WAIT_S: Final = 2.0
"""Longest wait for what is still to be written at a close; then the rest is not sent."""
RECEIVE_MAX_DEFAULT: Final = 65_535
"""In flight towards a broker that states no receive maximum (MQTT 5, 3.1.2.11.3)."""
SESSION_TAKEN_OVER: Final = 0x8E
NOT_AUTHORIZED: Final = 0x87
SUCCESS: Final = 0x00


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and how to speak to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    keepalive_s: int = 15
    """A dead link is noticed after at most twice this."""
    tls_ca_file: str | None = None
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By sender id: who logs in under its own name, where there is no one `username` for all."""


class Delivery(NamedTuple):
    """One message as it arrived; `acknowledge` allows the broker to forget it."""

    topic: str
    payload: bytes
    topic_is_utf8: bool
    client: Client
    packet_id: int
    qos: int

    def acknowledge(self) -> None:
        """Send PUBACK on the connection the message came from; without effect if that is gone."""
        self.client.ack(self.packet_id, self.qos)


class Listener(Protocol):
    """What a connection tells its owner, from its own thread."""

    def on_up(self, *, session_present: bool, receive_max: int) -> None:
        """Subscribed and ready; the broker takes `receive_max` unacknowledged publications."""
        ...

    def on_message(self, delivery: Delivery) -> None:
        """A message came in, perhaps before `on_up`."""
        ...

    def on_published(self, packet_id: int, reason_code: int) -> None:
        """The broker answered a publication: 0 is success (always, in MQTT 3.1.1)."""
        ...

    def on_down(self, reason: str, reason_code: int) -> None:
        """The connection is over, for good; told once. The code is 0 unless the broker gave one."""
        ...


class Connection:
    """One MQTT connection, from CONNECT to its end."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        listener: Listener,
        *,
        subscriptions: Sequence[str] = (),
        intake: Intake = CLEAN_START,
        will: tuple[str, bytes] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare a connection; `open` makes it. `will` is (topic, payload), retained, QoS 1.

        Raises UsageError if the TLS files cannot be used.
        """
        self._address = address
        self._listener = listener
        self._subscriptions = subscriptions
        self._intake = intake
        self._is_v5 = address.protocol == "5"
        self._granted = (False, RECEIVE_MAX_DEFAULT)
        self._is_up = False
        self.wish_is_open = False
        """Whether the broker owes an answer to our wishes: some cut off whoever has such ones."""
        self._over = threading.Event()
        self._down: tuple[str, int] | None = None
        self._clock = clock or SystemClock()
        self.last_step_ms = self._clock.monotonic_ms()
        self.failure: Exception | None = None
        self._client = self._make_client(client_id, will)
        self._thread = threading.Thread(target=self._run, name=f"mqtt.{client_id}", daemon=True)

    def open(self) -> None:
        """Connect and start the network thread; `on_up` follows once subscribed.

        Raises BrokerUnavailable if there is no TCP or TLS connection to be had.
        """
        address, intake = self._address, self._intake
        extra: dict[str, Any] = {}
        if self._is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.SessionExpiryInterval = intake.session_expiry_s
            if intake.receive_max:
                properties.ReceiveMaximum = intake.receive_max
            if intake.packet_max_bytes:
                properties.MaximumPacketSize = intake.packet_max_bytes
            # Without both, no clean start and an expiry, the broker forgets what came meanwhile.
            extra = {"clean_start": intake.session_expiry_s == 0, "properties": properties}
        try:
            self._client.connect(address.host, address.port, address.keepalive_s, **extra)
        except (OSError, UnicodeError) as error:
            raise BrokerUnavailable(
                f"no connection to the broker at {address.host}:{address.port}: {error}"
            ) from error
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Hand one message to the network thread and return its packet id.

        Returns 0 if the connection is down already; `on_down` says so too.
        """
        if self._over.is_set():
            return 0
        information = self._client.publish(topic, payload, qos=QOS, retain=retain)
        return information.mid if information.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else 0

    def close(self) -> None:
        """Write what is queued, say goodbye and wait for the thread to end."""
        self._client.disconnect()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WAIT_S)
        self.abort()

    def abort(self) -> None:
        """Drop the connection without goodbye, within a step, so that the broker delivers again."""
        self._over.set()

    @property
    def is_running(self) -> bool:
        """Whether the network thread lives, whatever the client believes of itself."""
        return self._thread.is_alive()

    def _make_client(self, client_id: str, will: tuple[str, bytes] | None) -> Client:
        address = self._address
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._is_v5 else self._intake.session_expiry_s == 0,
            protocol=MQTTv5 if self._is_v5 else MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_WAIT_S
        client.max_inflight_messages_set(0)  # the owner counts what is in flight
        if address.username is not None:
            client.username_pw_set(address.username, address.password)
        if address.tls_ca_file is not None:
            files = (address.tls_ca_file, address.tls_certificate_file, address.tls_key_file)
            try:
                client.tls_set(*files)
            except (OSError, ValueError) as error:
                raise UsageError(f"cannot use the TLS files {files}: {error}") from error
        if will is not None:
            client.will_set(*will, qos=QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        # With this set paho leaves all writing to our network thread. Without it a publication
        # would write to the socket from the caller's thread, in the middle of another packet.
        client.on_socket_register_write = lambda *_: None
        return client

    def _run(self) -> None:
        up_until_ms = self._clock.monotonic_ms() + UP_WAIT_MS
        try:
            while not self._over.is_set():
                if self._client.loop(LOOP_STEP_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
                self.last_step_ms = self._clock.monotonic_ms()
                if not self._is_up and self.last_step_ms >= up_until_ms:
                    self._end("the broker did not answer CONNECT and SUBSCRIBE in time")
        except Exception as error:  # noqa: BLE001  kept for the owner, who decides what it means
            self.failure = error
            self._end(f"network thread failed: {error!r}")
        finally:
            self._over.set()
            if (own_socket := self._client.socket()) is not None:
                own_socket.close()
            self._listener.on_down(*(self._down or ("connection dropped", SUCCESS)))

    def _end(self, reason: str, reason_code: int = SUCCESS) -> None:
        """Note why the connection is over, the first reason only, and leave the loop."""
        self._down = self._down or (reason, reason_code)
        self._over.set()

    def _on_connect(
        self, _: Client, __: object, flags: ConnectFlags, reason: ReasonCode, said: object
    ) -> None:
        if reason.is_failure:
            self._end(f"broker refused the connection: {reason}", reason.value)
            return
        receive_max = int(getattr(said, "ReceiveMaximum", RECEIVE_MAX_DEFAULT))
        self._granted = (flags.session_present, receive_max)
        if not self._subscriptions:
            self._tell_up()
            return
        self._subscribe(self._subscriptions, QOS)

    def _on_subscribe(
        self, _: Client, __: object, ___: int, reasons: list[ReasonCode], ____: object
    ) -> None:
        if self._is_up:
            self.wish_is_open = False
            return
        # A lower quality of service would let the broker drop what we have not yet stored.
        refused = [
            f"{name} ({reason})"
            for name, reason in zip(self._subscriptions, reasons, strict=False)
            if reason.value != QOS
        ]
        if refused:
            self._end(f"broker refused to subscribe: {', '.join(refused)}", NOT_AUTHORIZED)
        else:
            self._tell_up()

    def _tell_up(self) -> None:
        self._is_up = True
        session_present, receive_max = self._granted
        self._listener.on_up(session_present=session_present, receive_max=receive_max)
        if self._intake.wishes:
            # By themselves, and only now: whatever the broker makes of them, the rest is granted.
            self.wish_is_open = True
            self._subscribe(self._intake.wishes, 0)

    def _subscribe(self, names: Sequence[str], qos: int) -> None:
        how: Any = SubscribeOptions(qos=qos) if self._is_v5 else qos
        self._client.subscribe([(name, how) for name in names])

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        try:
            topic, is_utf8 = message.topic, True
        except UnicodeDecodeError:
            raw: bytes = message._topic  # noqa: SLF001  paho offers no other way to the bytes
            topic, is_utf8 = raw.decode(errors="backslashreplace"), False
        self._listener.on_message(
            Delivery(topic, bytes(message.payload), is_utf8, client, message.mid, message.qos)
        )

    def _on_publish(self, _: Client, __: object, mid: int, reason: ReasonCode, ___: object) -> None:
        self._listener.on_published(mid, int(reason.value))

    def _on_disconnect(
        self, _: Client, __: object, flags: DisconnectFlags, reason: ReasonCode, ___: object
    ) -> None:
        # What paho makes of a dead socket looks like a reason code, but the broker said nothing.
        said = int(reason.value) if flags.is_disconnect_packet_from_server else SUCCESS
        self._down = self._down or (str(reason), said)
