"""A sender: hand it documents, it keeps and offers them until the recorder has them.

with Sender(address, "north-clinic", "pen-7", outbox_file) as sender:
    stream = sender.open_stream("session", "2026-03-01-a")
    stream.send("session.started", {...}, uptime_ms=0, wall_time_ms=None)
    stream.end()
    sender.wait_settled(timeout_s=30)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self, cast

from pydantic import BaseModel, JsonValue

from dermatrace.clock import Clock, SystemClock
from dermatrace.errors import BrokerUnavailable, UsageError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.answers import UNEXPLAINED, Outcome
from dermatrace.sender.desk import DeviceTime, SenderDesk
from dermatrace.sender.login import logged_in_as
from dermatrace.sender.outbox import CAPACITY_DEFAULT_BYTES, Outbox, StoredStream
from dermatrace.sender.publisher import Publisher
from dermatrace.sender.settling import Settling
from dermatrace.sender.stream_state import StreamName
from dermatrace_schemas.identifiers import StreamClass
from dermatrace_schemas.topics import (
    ReportClass,
    Topic,
    TopicError,
    parse_topic,
    receipt_topic,
    rejection_topic,
    sender_root,
)


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """How one stream stands with the recorder."""

    name: StreamName
    assigned_count: int
    settled_seq: int
    lost_count: int
    complete: bool


class OutgoingStream:
    """One numbered stream, open for writing."""

    def __init__(self, desk: SenderDesk, publisher: Publisher, stored: StoredStream) -> None:
        self._desk = desk
        self._publisher = publisher
        self._stored = stored

    @property
    def stream_id(self) -> str:
        """The stream's name on its topic."""
        return self._stored.state.name[1]

    @property
    def next_seq(self) -> int:
        """The number the next document gets."""
        return self._stored.state.next_seq

    @property
    def chain(self) -> str | None:
        """The chain value over all documents so far as hex, None once any was lost."""
        chain = self._stored.chain
        return None if chain is None else chain.hex()

    def send(
        self,
        kind: str,
        facts: Mapping[str, JsonValue],
        *,
        uptime_ms: int,
        wall_time_ms: int | None,
        boot_id: str | None = None,
    ) -> int:
        """Number, store and queue one document; return its number.

        When it cannot be stored, for want of room or by a fault of the disk, its number is used up
        and declared lost. `boot_id` is for a sender whose documents must not depend on when it was
        started. Raises UsageError if it would be rejected or the stream is full or ended.
        """
        times_ms = uptime_ms, wall_time_ms
        seq = self._desk.write(self._stored, kind, facts, times_ms, queue=True, boot_id=boot_id)
        self._publisher.wake.set()
        return seq

    def keep(
        self, kind: str, facts: Mapping[str, JsonValue], *, uptime_ms: int, wall_time_ms: int | None
    ) -> int:
        """Number and store a document without queueing it: it goes out when it is asked for."""
        return self._desk.write(self._stored, kind, facts, (uptime_ms, wall_time_ms), queue=False)

    def lose(self) -> int:
        """Use up a number whose document could not be stored; return the number."""
        seq = self._desk.lose(self._stored)
        self._publisher.wake.set()
        return seq

    def end(self) -> None:
        """Promise that no further number will follow; the recorder is told at once.

        Raises StorageError if the promise cannot be stored; it may be given again.
        """
        self._desk.end(self._stored)
        self._publisher.wake.set()


class Sender:
    """One sender of one clinic: its outbox, its settling, its connection."""

    def __init__(  # noqa: PLR0913  all but the first four have a sensible default
        self,
        address: BrokerAddress,
        clinic: str,
        sender_id: str,
        outbox: Path,
        *,
        capacity_bytes: int = CAPACITY_DEFAULT_BYTES,
        device_time: DeviceTime | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        will: tuple[str, bytes] | None = None,
        client_id: str | None = None,
    ) -> None:
        """Open the outbox; `start` or `with` begins to publish.

        `client_id` is the sender id unless one process speaks as the same sender for several
        clinics: a broker ends the older of two connections with one client id.
        Raises AlreadyRunning, WrongFile, StorageError; UsageError for an impossible name.
        """
        self.clinic, self.sender_id = clinic, sender_id
        self._is_stopped = False
        address = logged_in_as(sender_id, address)
        try:
            parse_topic(f"{sender_root(clinic, sender_id)}/outbox")
        except TopicError as error:  # before there is a file of that name
            raise UsageError(str(error), remedy="Choose a name of that form.") from error
        clock = clock or SystemClock()
        random = random or Random()  # noqa: S311  jitter, not secrecy
        started_ms = clock.monotonic_ms()
        self.device_time: DeviceTime = device_time or (
            lambda: (clock.monotonic_ms() - started_ms, clock.utc_ms())
        )
        self._desk = SenderDesk(
            Outbox(outbox, f"{clinic}/{sender_id}", capacity_bytes=capacity_bytes),
            Settling(random),
            clinic=clinic,
            sender_id=sender_id,
            clock=clock,
            device_time=self.device_time,
        )
        self._publisher = Publisher(
            address,
            client_id or sender_id,
            self._desk,
            subscriptions=(receipt_topic(clinic, sender_id), rejection_topic(clinic, sender_id)),
            clock=clock,
            random=random,
            will=will,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def boot_id(self) -> str:
        """This start of the sender, as its documents carry it."""
        return self._desk.boot_id

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection right now."""
        return self._publisher.is_up

    @property
    def waiting_count(self) -> int:
        """Documents and reports that the broker has not taken yet."""
        with self._desk.changed:
            return self._desk.settling.waiting_count + self._publisher.unanswered_count

    def start(self) -> None:
        """Begin to connect and publish."""
        self._publisher.start()

    def stop(self) -> None:
        """End; what is not settled stays in the outbox and is offered at the next start."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._publisher.stop()
        self._desk.note_receipts()
        self._desk.outbox.close()

    def wait_connected(self, timeout_s: float) -> None:
        """Wait until the first attempt to connect has come to something.

        Raises BrokerUnavailable if there is no connection then; the sender goes on trying. Raises
        whatever made it stop.
        """
        self._publisher.has_tried.wait(timeout_s)
        if self._publisher.failure is not None:
            raise self._publisher.failure
        if not self.is_connected:
            raise BrokerUnavailable(
                f"{self.sender_id} has no connection: {self._publisher.trouble}",
                remedy="Is the broker running, and are its address and our credentials right?",
            )

    def open_stream(self, stream_class: StreamClass, stream_id: str) -> OutgoingStream:
        """Open a new stream, or go on with one found in the outbox after a reboot.

        Raises UsageError if the id does not fit a topic, StorageError if the disk fails.
        """
        stored = self._desk.stream((stream_class, stream_id))
        return OutgoingStream(self._desk, self._publisher, stored)

    def publish_report(self, document: BaseModel, *, retain: bool) -> None:
        """Publish an announcement or a status; it is not kept."""
        kind = cast("ReportClass", getattr(document, "kind", ""))
        payload = document.model_dump_json(exclude_unset=True).encode()
        self._publish_beside((str(Topic(self.clinic, self.sender_id, kind)), payload, retain))

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """Publish any bytes past the outbox; only useful to show what then happens."""
        self._publish_beside((topic, payload, False))

    def replay(self, stream_id: str, first_seq: int, last_seq: int) -> None:
        """Publish held documents of a session once more, byte for byte."""
        for message in self._desk.held(("session", stream_id), first_seq, last_seq):
            self._publish_beside(message)

    def standings(self) -> list[StreamStanding]:
        """Return how every stream in the outbox stands with the recorder."""
        with self._desk.changed:
            return [
                StreamStanding(
                    name=state.name,
                    assigned_count=state.next_seq,
                    settled_seq=state.settled_seq,
                    lost_count=sum(len(numbers) for numbers in state.lost.values()),
                    complete=state.complete,
                )
                for state in self._desk.settling.streams.values()
            ]

    def outcome(
        self, stream_class: StreamClass, stream_id: str, seq: int, *, why_wait_s: float = 0.0
    ) -> Outcome:
        """Return what became of one document, as far as the recorder has said since the start.

        The receipt that settles a rejected document may come before the rejection that says why:
        `why_wait_s` waits for that. Raises UsageError if this outbox never gave out that number.
        """
        changed, answers = self._desk.changed, self._desk.answers
        with changed:
            stream = self._desk.settling.streams.get((stream_class, stream_id))
            if stream is None or not 0 <= seq < stream.next_seq:
                raise UsageError(
                    f"this outbox never gave out {stream_class}/{stream_id} {seq}",
                    remedy="Ask for a number that `send` returned, in the same outbox.",
                )
            changed.wait_for(lambda: answers.outcome(stream, seq) != UNEXPLAINED, why_wait_s)
            return answers.outcome(stream, seq)

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until the recorder has everything, ends included; return whether it has.

        Raises whatever made the sender stop publishing: it would wait in vain.
        """
        with self._desk.changed:
            self._desk.changed.wait_for(self._is_waiting_over, timeout_s)
            if self._publisher.failure is not None:
                raise self._publisher.failure
            return self._desk.settling.all_settled()

    def _is_waiting_over(self) -> bool:
        return self._publisher.failure is not None or self._desk.settling.all_settled()

    def _publish_beside(self, message: tuple[str, bytes, bool]) -> None:
        self._publisher.extra.append(message)
        self._publisher.wake.set()
