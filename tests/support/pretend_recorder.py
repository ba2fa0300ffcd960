"""A recorder of a few lines on a real broker: it keeps what comes in memory and sends receipts."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Self, TypeAlias

from dermatrace.mqtt import BrokerAddress, Connection, Delivery
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.parse import Unreadable, parse, recover_seq
from dermatrace_schemas.settling import Completion, Outbox, Receipt, Rejection
from dermatrace_schemas.topics import (
    SUBSCRIPTIONS,
    Topic,
    parse_topic,
    receipt_topic,
    rejection_topic,
)
from support.waiting import wait_until

Refuses: TypeAlias = Callable[[bytes], bool]


class HeardStream:
    """What came of one stream."""

    def __init__(self) -> None:
        self.payloads: dict[int, bytes] = {}
        self.arrivals: list[int] = []
        self.lost = SeqSet()
        self.known_last = -1
        self.ended = False

    def receipt(self, topic: Topic, journal_id: str) -> Receipt:
        """Return what to tell its sender."""
        settled = SeqSet((seq, seq) for seq in self.payloads)
        settled.add_all(self.lost)
        next_seq = settled.first_absent()
        gaps: list[Span] = settled.gaps(next_seq, self.known_last, limit=16)
        complete = self.ended and next_seq > self.known_last
        return Receipt.model_validate(
            {
                "kind": "receipt",
                "journal_id": journal_id,
                "stream_class": topic.message_class,
                "stream_id": topic.stream_id,
                "next_seq": next_seq,
                "missing": [SeqRange(first_seq=first, last_seq=last) for first, last in gaps],
                "rejected": [],
                "more": False,
                "complete": Completion(entry_id=1, entry_hash="0" * 64) if complete else None,
            }
        )


class PretendRecorder:
    """Listens while the `with` block lasts; what it keeps outlasts it."""

    def __init__(self, address: BrokerAddress, journal_id: str = "journal-1") -> None:
        self._address = address
        self.journal_id = journal_id
        self.streams: dict[str, HeardStream] = {}
        self.outboxes: list[Outbox] = []
        self.others: list[tuple[str, bytes]] = []
        self.refuses: Refuses = lambda _: False
        """Which payloads it cannot read, not even their number."""
        self.is_silent = False
        """Whether it keeps what comes and says nothing."""

    def __enter__(self) -> Self:
        self._queue: SimpleQueue[Delivery | None] = SimpleQueue()
        self._is_up = threading.Event()
        self._connection = Connection(
            self._address, "pretend-recorder", self, subscriptions=SUBSCRIPTIONS
        )
        self._thread = threading.Thread(target=self._run, name="pretend-recorder")
        self._connection.open()
        self._thread.start()
        wait_until(self._is_up.is_set, what="the pretend recorder's subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def say(self, topic: str, payload: bytes) -> None:
        """Publish whatever a test wants to be said."""
        self._connection.publish(topic, payload)

    def stream(self, stream_id: str) -> HeardStream:
        """Return what came of a stream."""
        return self.streams.setdefault(stream_id, HeardStream())

    # --- `mqtt.Listener` ----------------------------------------------------------------------

    def on_up(self, *, session_present: bool, receive_max: int) -> None:  # noqa: ARG002  not asked for
        """Take note that it listens."""
        self._is_up.set()

    def on_message(self, delivery: Delivery) -> None:
        """Queue what comes."""
        self._queue.put(delivery)

    def on_published(self, packet_id: int, reason_code: int) -> None:
        """Ignore what the broker says."""

    def on_down(self, reason: str, reason_code: int) -> None:
        """Ignore the end; the test sees to it."""

    # --- its thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while (delivery := self._queue.get()) is not None:
            self._take(parse_topic(delivery.topic), delivery)
            delivery.acknowledge()

    def _take(self, topic: Topic, delivery: Delivery) -> None:
        payload = delivery.payload
        if topic.stream_id is not None:
            if self.refuses(payload):
                self._reject(topic, payload)
                return
            seq = recover_seq(payload)
            if seq is not None:
                stream = self.stream(topic.stream_id)
                stream.arrivals.append(seq)
                stream.payloads[seq] = payload
                stream.lost.discard(seq)
                stream.known_last = max(stream.known_last, seq)
                self._answer(topic)
        elif topic.message_class == "outbox":
            self._take_outbox(topic, payload)
        else:
            self.others.append((delivery.topic, payload))

    def _take_outbox(self, topic: Topic, payload: bytes) -> None:
        try:
            outbox = parse("outbox", payload)
        except Unreadable as unreadable:
            self.others.append((str(topic), unreadable.detail.encode()))
            return
        assert isinstance(outbox, Outbox)
        self.outboxes.append(outbox)
        for told in outbox.streams:
            stream = self.stream(told.stream_id)
            for lost in told.lost:
                stream.lost.add_span(lost.first_seq, lost.last_seq)
            for seq in stream.payloads:
                stream.lost.discard(seq)
            tops = [told.last_seq, *(lost.last_seq for lost in told.lost)]
            stream.known_last = max(
                stream.known_last, *(-1 if top is None else top for top in tops)
            )
            stream.ended = told.ended
            self._answer(Topic(topic.clinic, topic.sender, told.stream_class, told.stream_id))

    def _answer(self, topic: Topic) -> None:
        if not self.is_silent and topic.stream_id is not None:
            receipt = self.stream(topic.stream_id).receipt(topic, self.journal_id)
            self.say(receipt_topic(topic.clinic, topic.sender), receipt.model_dump_json().encode())

    def _reject(self, topic: Topic, payload: bytes) -> None:
        rejection = Rejection.model_validate(
            {
                "kind": "rejection",
                "journal_id": self.journal_id,
                "entry_id": 1,
                "stream_class": topic.message_class,
                "stream_id": topic.stream_id,
                "seq": None,
                "sha256": payload_sha256(payload).hex(),
                "reason": "not_json",
                "path": "",
                "detail": "the pretend recorder cannot read it",
            }
        )
        self.say(rejection_topic(topic.clinic, topic.sender), rejection.model_dump_json().encode())
