"""Where the outbox and the settling rules meet, under one lock.

The application writes from its threads, the publisher asks and answers from its own; each call
leaves outbox and rules in agreement: stored first, then known, then published.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from pydantic import JsonValue

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import StorageError, UsageError
from dermatrace.sender.answers import Answers
from dermatrace.sender.outbox import JOURNAL_ID, Outbox, StoredStream
from dermatrace.sender.publisher import WAKE_MAX_S, Message
from dermatrace.sender.settling import Key, Settling
from dermatrace.sender.stream_state import StreamName
from dermatrace.sender.wording import word_document, word_outboxes
from dermatrace_schemas.digest import chain_next, payload_sha256
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.settling import Receipt, Rejection
from dermatrace_schemas.topics import TopicError, parse_topic, sender_root

NOTED_INTERVAL_MS: Final = 5_000
"""How often what receipts say is written down. Losing it costs only being told again."""

DeviceTime: TypeAlias = Callable[[], tuple[int, int | None]]
"""Returns (uptime_ms, wall_time_ms or None): the two clocks a document carries."""


class SenderDesk:
    """The sender's memory and judgement; knows no network."""

    def __init__(
        self,
        outbox: Outbox,
        settling: Settling,
        *,
        clinic: str,
        sender_id: str,
        clock: Clock,
        device_time: DeviceTime,
    ) -> None:
        """Take up where the outbox left off; raises UsageError if a name does not fit a topic."""
        self.boot_id = secrets.token_hex(6)
        self.changed = threading.Condition()
        self.outbox = outbox
        self.settling = settling
        self.answers = Answers()
        settling.journal_id = outbox.fact(JOURNAL_ID)
        for name, stored in outbox.streams.items():
            settling.streams[name] = stored.state
        self._root = sender_root(clinic, sender_id)
        _check_topic(f"{self._root}/outbox")
        self._clock = clock
        self._device_time = device_time
        self._unnoted: set[StreamName] = set()
        self._noted_ms = clock.monotonic_ms()
        self._unstored_losses = settling.take_losses()
        self._log = logs.log("sender").bind(**{logs.CLINIC: clinic, logs.SENDER: sender_id})

    # --- the application's side ---------------------------------------------------------------

    def stream(self, name: StreamName) -> StoredStream:
        """Return a stream of the outbox, a new one if need be.

        Raises UsageError if the name does not fit a topic, StorageError if the disk fails.
        """
        _check_topic(self._topic(name))
        with self.changed:
            stored = self.outbox.streams.get(name)
            if stored is None:
                stored = self.outbox.add_stream(name)
                self.settling.streams[name] = stored.state
            return stored

    def write(
        self,
        stored: StoredStream,
        kind: str,
        facts: Mapping[str, JsonValue],
        times_ms: tuple[int, int | None],
        *,
        queue: bool,
        boot_id: str | None = None,
    ) -> int:
        """Number, serialise once, store, queue; what cannot be stored is declared lost.

        Raises UsageError if it would be rejected, or the stream has ended.
        """
        with self.changed:
            name, seq = stored.state.name, _next_seq(stored)
            head: dict[str, JsonValue] = {
                "seq": seq,
                "kind": kind,
                "boot_id": boot_id or self.boot_id,
                "uptime_ms": times_ms[0],
                "wall_time_ms": times_ms[1],
            }
            payload = word_document(name, head, facts)
            digest = payload_sha256(payload)
            chain = None if stored.chain is None else chain_next(stored.chain, digest)
            try:
                if not self._make_room(len(payload)):
                    self._log.warning("no room for a document", **{logs.STREAM: name[1]})
                    return self.lose(stored)
                self.outbox.store((name, seq), payload, digest, chain)
            except StorageError as error:
                self._log.warning("document not stored", **{logs.ERROR: str(error)})
                return self.lose(stored)
            self.settling.recorded((name, seq), self._clock.monotonic_ms(), queue=queue)
            self._store_losses()
            return seq

    def lose(self, stored: StoredStream) -> int:
        """Use up a number whose document could not be stored; raises UsageError after the end."""
        with self.changed:
            name, seq = stored.state.name, _next_seq(stored)
            stored.chain = None
            self.settling.lost((name, seq), "not_stored", self._clock.monotonic_ms())
            self._store_losses()
            return seq

    def end(self, stored: StoredStream) -> None:
        """Promise that the stream gets no further number; raises StorageError."""
        with self.changed:
            self.outbox.end(stored.state.name)
            self.settling.ended(stored.state.name, self._clock.monotonic_ms())

    def held(self, name: StreamName, first_seq: int, last_seq: int) -> list[Message]:
        """Return held documents as they were published."""
        with self.changed:
            payloads = [self.outbox.payload((name, seq)) for seq in range(first_seq, last_seq + 1)]
        return [(self._topic(name), payload, False) for payload in payloads if payload is not None]

    def note_receipts(self) -> None:
        """Write down what receipts have said since the last time; if that fails, the next time."""
        with self.changed:
            self._noted_ms = self._clock.monotonic_ms()
            self._store_losses()
            states = [self.settling.streams[name] for name in self._unnoted]
            try:
                self.outbox.note_receipts(self.settling.journal_id, states)
            except StorageError as error:
                self._log.warning("receipts not noted", **{logs.ERROR: str(error)})
            else:
                self._unnoted.clear()

    # --- the publisher's side (see `publisher.Desk`) ------------------------------------------

    def up(self, receive_max: int) -> None:
        """There is a connection."""
        with self.changed:
            self.settling.connected(receive_max, self._clock.monotonic_ms())

    def down(self) -> None:
        """There is none any more; documents given up for it are declared lost."""
        with self.changed:
            self.settling.disconnected(self._clock.monotonic_ms())
            self._store_losses()
            self.changed.notify_all()

    def next_document(self) -> tuple[Key, Message] | None:
        """Return the next document to publish; it counts as published."""
        with self.changed:
            key = self.settling.next_to_publish(self._clock.monotonic_ms())
            if key is None:
                return None
            payload = self.outbox.payload(key)
            if payload is None:
                raise AssertionError(f"the outbox lacks {key}, which it is said to hold")
            self.settling.published(key, len(payload))
            return key, (self._topic(key[0]), payload, False)

    def next_account(self) -> list[Message]:
        """Return the outbox documents that are due."""
        with self.changed:
            now_ms = self._clock.monotonic_ms()
            if not self.settling.outbox_due(now_ms):
                return []
            streams = self.settling.account(now_ms)
        payloads = word_outboxes(self.boot_id, self._device_time(), streams)
        return [(f"{self._root}/outbox", payload, False) for payload in payloads]

    def answered(self, key: Key | None, *, success: bool) -> None:
        """Take the broker's answer: success makes room in flight, anything else backs off."""
        with self.changed:
            if not success:
                self.settling.refused(key, self._clock.monotonic_ms())
            elif key is not None:
                self.settling.acknowledged(key)

    def received(self, topic: str, payload: bytes) -> None:
        """Take a receipt or a rejection; what cannot be read is logged and changes nothing."""
        message_class = topic.rpartition("/")[2]
        try:
            document = parse(message_class, payload)
        except (Unreadable, KeyError) as error:
            self._log.warning("unreadable answer", **{logs.ERROR: str(error)})
            return
        with self.changed:
            if isinstance(document, Receipt):
                self._take_receipt(document)
            elif isinstance(document, Rejection):
                self._take_rejection(document)
            self.changed.notify_all()

    def wake_in_s(self) -> float:
        """Return how long nothing is due."""
        with self.changed:
            now_ms = self._clock.monotonic_ms()
            wake_ms = self.settling.wake_ms(now_ms)
        return WAKE_MAX_S if wake_ms is None else (wake_ms - now_ms) / 1_000

    # --- in detail ----------------------------------------------------------------------------

    def _take_receipt(self, receipt: Receipt) -> None:
        now_ms, journal_id = self._clock.monotonic_ms(), self.settling.journal_id
        stream = self.settling.streams.get((receipt.stream_class, receipt.stream_id))
        settled_seq = stream.settled_seq if stream else 0
        self.settling.receipt(receipt, now_ms)
        self.answers.receipt(receipt)
        if stream is not None:
            self._unnoted.add(stream.name)
        self._store_losses()
        another_journal = self.settling.journal_id != journal_id
        if another_journal:
            self._unnoted.update(self.settling.streams)
        fell = stream is not None and stream.settled_seq < settled_seq
        # What no longer holds is written down at once: after a crash it must not be believed.
        if another_journal or fell or now_ms - self._noted_ms >= NOTED_INTERVAL_MS:
            self.note_receipts()

    def _take_rejection(self, rejection: Rejection) -> None:
        what = {logs.REASON: rejection.reason, logs.PATH: rejection.path}
        what |= {logs.STREAM: rejection.stream_id or "", "detail": rejection.detail}
        self._log.warning("rejected", seq=rejection.seq, **what)
        named = (rejection.stream_class or "", rejection.stream_id or "")
        if rejection.seq is not None:
            self.answers.rejection((named, rejection.seq), rejection)
            return  # the receipt settles it
        for key in self.outbox.find(bytes.fromhex(rejection.sha256)):
            if named in {key[0], ("", "")}:
                self.answers.rejection(key, rejection)
                self.settling.lost(key, "rejected", self._clock.monotonic_ms())
        self._store_losses()

    def _store_losses(self) -> None:
        """Write down every loss that the rules have declared; what fails is tried again later.

        A loss that a crash makes the outbox forget costs little: the number is no longer held, or
        is given to another document.
        """
        self._unstored_losses += self.settling.take_losses()
        try:
            while self._unstored_losses:
                self.outbox.lose(*self._unstored_losses[0])
                del self._unstored_losses[0]
        except StorageError as error:
            self._log.warning("loss not stored", **{logs.ERROR: str(error)})

    def _make_room(self, size_bytes: int) -> bool:
        """Free settled documents, the oldest first, as far as need be; return whether it fits."""
        if self.outbox.has_room(size_bytes):
            return True
        for name, span in list(self.settling.freeable()):
            freed = self.outbox.free(name, span, self.outbox.lacking_bytes(size_bytes))
            self.settling.freed(name, freed)
            if self.outbox.has_room(size_bytes):
                return True
        return False

    def _topic(self, name: StreamName) -> str:
        return f"{self._root}/{name[0]}/{name[1]}"


def _next_seq(stored: StoredStream) -> int:
    """Return the number to give out next; raises UsageError if there is none."""
    state = stored.state
    if state.ended or state.next_seq > SEQ_MAX:
        what = "has ended" if state.ended else "has used up its numbers"
        raise UsageError(f"{'/'.join(state.name)} {what}", remedy="Open a new stream.")
    return state.next_seq


def _check_topic(topic: str) -> None:
    try:
        parse_topic(topic)
    except TopicError as error:
        raise UsageError(f"{topic}: {error}", remedy="Choose a name of that form.") from error
