"""What a player needs of the world: a sender, a power switch, a pace."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel, JsonValue

from dermatrace_schemas.identifiers import StreamClass


class OutgoingStream(Protocol):
    """One numbered stream of a sender, open for writing."""

    @property
    def chain(self) -> str | None:
        """Return the chain value over all documents so far as hex, None once any was lost."""
        ...

    def send(
        self, kind: str, facts: Mapping[str, JsonValue], *, uptime_ms: int, wall_time_ms: int | None
    ) -> int:
        """Number, store and queue one document; return its number."""
        ...

    def keep(
        self, kind: str, facts: Mapping[str, JsonValue], *, uptime_ms: int, wall_time_ms: int | None
    ) -> int:
        """Number and store one document without queueing it; return its number.

        It goes out with `DeviceSender.replay`, or when a receipt calls it missing. This is how a
        later document comes to be published before an earlier one.
        """
        ...

    def lose(self) -> int:
        """Use up a number whose document could not be stored; return the number."""
        ...

    def end(self) -> None:
        """Promise that no further number will follow."""
        ...


class DeviceSender(Protocol):
    """A device's connection: its identity, its streams, its reports."""

    @property
    def clinic(self) -> str:
        """The clinic level of every topic of this sender."""
        ...

    @property
    def sender_id(self) -> str:
        """The sender level of every topic of this sender."""
        ...

    @property
    def boot_id(self) -> str:
        """The current start of this sender, as its documents carry it."""
        ...

    def open_stream(self, stream_class: StreamClass, stream_id: str) -> OutgoingStream:
        """Open a new stream, or go on with a stored one after a reboot."""
        ...

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """Publish bytes past the outbox at QoS 1; for faults only."""
        ...

    def replay(self, stream_id: str, first_seq: int, last_seq: int) -> None:
        """Publish held documents again; for faults only."""
        ...

    def publish_report(self, document: BaseModel, *, retain: bool) -> None:
        """Publish an announcement or a status."""
        ...


class Power(Protocol):
    """The device's power switch: a sender cannot restart itself."""

    def restart(self, *, keeps_outbox: bool) -> DeviceSender:
        """Switch off and on again; return the sender of the new boot.

        With `keeps_outbox` the device has durable storage and offers again what is not settled.
        Without it, everything published before the call must have gone out, since nothing could
        offer it again and what arrives would depend on chance.
        """
        ...


class Pace(Protocol):
    """When the next step of a session is due."""

    def wait_until_ms(self, at_ms: int) -> None:
        """Return once `at_ms` after the session's start has come."""
        ...
