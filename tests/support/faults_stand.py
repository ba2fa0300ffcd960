"""A broker, a recorder process, senders at a steady rate, and the checker: what each fault hits."""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final, Protocol, Self

from dermatrace.mqtt import BrokerAddress, Connection, Delivery
from support.broker import Mosquitto
from support.checker import History, Judgement, Key, copy_as_left, judge
from support.faults_process import IngestProcess, Starter, wait_until
from support.faults_senders import FaultSender, Protocols, ReceiptSender, TrustingSender

DROPPED_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
TICK_S: Final = 0.01
SETTLE_WAIT_MAX_S: Final = 60.0
"""From the last fault until every sender was told that all is kept; a few seconds as a rule."""
ANSWER_WAIT_MAX_S: Final = 20.0
"""Longest wait for the broker to answer again after it was started."""
FENCE_NUMBER: Final = 900
AMPLE_QUEUE: Final = "max_queued_messages 600000\nmax_inflight_messages 2000\n"
"""What `dermatrace up` tells its broker."""


class Load:
    """Lets senders write at a steady rate, all in turn, until told to stop."""

    def __init__(self, senders: Sequence[FaultSender], rate_per_s: int) -> None:
        self._senders = senders
        self._rate_per_s = rate_per_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults.load", daemon=True)
        self.failure: BaseException | None = None
        self.written_count = 0
        self.duration_s = 0.0

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """End; raises what made the load fail."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        started_s = time.monotonic()
        try:
            while not self._stopping.wait(TICK_S):
                self.duration_s = time.monotonic() - started_s
                while self.written_count < self.duration_s * self._rate_per_s:
                    self._senders[self.written_count % len(self._senders)].write()
                    self.written_count += 1
        except BaseException as error:  # noqa: BLE001  handed to the test's thread
            self.failure = error


class Stand:
    """Everything one fault is tried on; use as a context manager."""

    def __init__(
        self, broker: Mosquitto, folder: Path, start: Starter, *, seed: int, protocol: str = "5"
    ) -> None:
        self.broker = broker
        self.history = History()
        self.ingest = IngestProcess(folder / "data", broker.port, start, protocol=protocol)
        self.starter, self._protocol = start, protocol
        self.random = Random(seed)
        self.found = Judgement()
        self.senders: list[FaultSender] = []
        self._copies = folder / "copies"
        self._at_the_end = ExitStack()
        self._load: Load | None = None
        self._fence_count = 0

    def __enter__(self) -> Self:
        self._at_the_end.callback(self.ingest.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._at_the_end.close()

    def another_ingest(self, data: Path) -> IngestProcess:
        """Make a recorder for another journal on the same broker; one at a time may run."""
        ingest = IngestProcess(data, self.broker.port, self.starter, protocol=self._protocol)
        self._at_the_end.callback(ingest.close)
        return ingest

    def begin(self, senders: Sequence[FaultSender], rate_per_s: int) -> None:
        """Wait for the recorder's first connection, then let the senders write."""
        self.ingest.wait_connected()
        for sender in senders:
            self._at_the_end.callback(sender.stop)
            sender.start()
        self.senders += senders
        self._load = Load(senders, rate_per_s)
        self._at_the_end.callback(self._load.stop)
        self._load.start()

    def receipt_senders(self, count: int) -> list[ReceiptSender]:
        """Make senders of the product, with MQTT 5 and 3.1.1 in turn."""
        port, history = self.broker.port, self.history
        return [
            ReceiptSender(port, number, history, protocol="3.1.1" if number % 2 else "5")
            for number in range(count)
        ]

    def trusting_senders(self, count: int, *, protocol: Protocols = "5") -> list[TrustingSender]:
        """Make senders that forget a document once the broker has answered."""
        return [
            TrustingSender(self.broker.port, number, self.history, protocol=protocol)
            for number in range(count)
        ]

    def pause(self, *, most_s: float, least_s: float = 0.0) -> None:
        """Let the load run for a random time; the fault strikes at a random moment."""
        time.sleep(self.random.uniform(least_s, most_s))

    def look(self) -> None:
        """Judge the journal, as a dead recorder left it or a live one has it, by what was promised.

        Of a journal in use no copy of its files would be of one moment, but a reader sees one.
        """
        journal = self.ingest.journal
        if not journal.exists():
            return
        if not self.ingest.is_running:
            journal = copy_as_left(journal, self._copies)
        self.found.add(judge(self.history, journal, at_crash=True))

    def wait_answered(self, count: int) -> None:
        """Wait until the broker has answered so many more documents."""
        before = self.history.answer_count
        wait_until(
            lambda: self.history.answer_count >= before + count,
            f"the broker has answered {count} more documents",
            wait_max_s=ANSWER_WAIT_MAX_S,
        )

    def wait_receipts(self, count: int) -> None:
        """Wait until so many more receipts have come."""
        before = self.history.receipt_count
        wait_until(
            lambda: self.history.receipt_count >= before + count,
            f"{count} more receipts have come",
            wait_max_s=ANSWER_WAIT_MAX_S,
        )

    def wait_dropped(self) -> None:
        """Wait until the broker says that it has dropped messages; it counts all of them."""
        ears = _Ears()
        address = BrokerAddress(host=self.broker.host, port=self.broker.port)
        connection = Connection(address, "watch", ears, subscriptions=(DROPPED_TOPIC,))
        connection.open()
        try:
            wait_until(
                lambda: ears.number > 0,
                "the broker has dropped messages",
                wait_max_s=ANSWER_WAIT_MAX_S,
            )
        finally:
            connection.close()

    def stop_load(self) -> None:
        """Stop writing; raises what made the load fail."""
        if self._load is not None:
            self._load.stop()

    def end_sessions(self) -> None:
        """Let each sender make its last document."""
        for sender in self.senders:
            sender.end()

    def wait_done(self) -> None:
        """Wait until every sender has been told that there is nothing left to do."""
        for sender in self.senders:
            wait_until(sender.is_done, "all senders are done", wait_max_s=SETTLE_WAIT_MAX_S)

    def wait_drained(self) -> None:
        """Wait until the recorder has taken all that the broker holds for it.

        The broker delivers in order: once it has what is published now, it had all before.
        """
        self._fence_count += 1
        fence = ReceiptSender(self.broker.port, FENCE_NUMBER + self._fence_count, History())
        try:
            fence.start()
            fence.write()
            wait_until(fence.is_done, "the queue is drained", wait_max_s=SETTLE_WAIT_MAX_S)
        finally:
            fence.stop()

    def conclude(self, *, forgiven: frozenset[Key] = frozenset()) -> Judgement:
        """Wait until everything published has had its chance, and judge the whole run."""
        self.stop_load()
        self.wait_done()
        self.wait_drained()
        self.ingest.stop()
        self.found.add(judge(self.history, self.ingest.journal, forgiven=forgiven))
        return self.found


class _Ears:
    """Keeps the last number that came."""

    def __init__(self) -> None:
        self.number = 0

    def on_up(self, *, session_present: bool, receive_max: int) -> None:
        """Nothing to do."""

    def on_message(self, delivery: Delivery) -> None:
        """Keep it."""
        self.number = int(delivery.payload)
        delivery.acknowledge()

    def on_published(self, packet_id: int, reason_code: int) -> None:
        """Nothing is published."""

    def on_down(self, reason: str, reason_code: int) -> None:
        """Nothing more will come."""


class MakeStand(Protocol):
    """Makes a stand with a broker of this config; it ends with the test."""

    def __call__(self, config: str = AMPLE_QUEUE, *, protocol: str = "5") -> Stand:
        """Return it; the recorder is not started yet."""
