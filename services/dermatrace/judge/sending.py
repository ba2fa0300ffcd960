"""How verdicts reach the record: through an outbox a clinic, like everybody's documents."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from dermatrace.judge.paperwork import BOOT_ID, Verdict
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.outbox import CAPACITY_DEFAULT_BYTES
from dermatrace.sender.sender import OutgoingStream, Sender
from dermatrace_schemas.identifiers import JUDGE_SENDER


class OutboxFile(Protocol):
    """Names the file of one clinic's outbox."""

    def __call__(self, clinic: str, sender: str) -> Path:
        """Return the path."""
        ...


class VerdictSender:
    """Stores verdicts and publishes them; what was stored before is not stored again.

    The judge says the same bytes again after it was killed, so a number that the outbox has given
    out already stands for the very document in hand.
    """

    def __init__(
        self,
        address: BrokerAddress,
        outbox_file: OutboxFile,
        *,
        capacity_bytes: int = CAPACITY_DEFAULT_BYTES,
    ) -> None:
        """Prepare; a clinic's outbox is opened by `open_clinic` or with its first verdict."""
        self._address = address
        self._outbox_file = outbox_file
        self._capacity_bytes = capacity_bytes
        self._senders: dict[str, Sender] = {}
        self._streams: dict[tuple[str, str], OutgoingStream] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def waiting_count(self) -> int:
        """Verdicts that the broker has not taken yet."""
        return sum(sender.waiting_count for sender in list(self._senders.values()))

    @property
    def is_connected(self) -> bool:
        """Whether verdicts can go out for every clinic there is; with none, nothing has to."""
        return all(sender.is_connected for sender in list(self._senders.values()))

    def open_clinic(self, clinic: str) -> None:
        """Open a clinic's outbox and begin to publish what it still holds.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
        if clinic not in self._senders:
            sender = self._senders[clinic] = self._make_sender(clinic)
            sender.start()

    def send(self, verdict: Verdict) -> None:
        """Store one verdict; it is published as soon as there is a connection.

        Raises StorageError, and UsageError if it would be rejected.
        """
        name = verdict.clinic, verdict.stream_id
        stream = self._streams.get(name)
        if stream is None:
            self.open_clinic(verdict.clinic)
            stream = self._senders[verdict.clinic].open_stream("verdict", verdict.stream_id)
            self._streams[name] = stream
        while stream.next_seq < verdict.seq:
            stream.lose()  # told by an outbox that is gone: the recorder has it or never will
        if stream.next_seq == verdict.seq:
            stream.send(
                verdict.kind,
                verdict.facts,
                uptime_ms=verdict.uptime_ms,
                wall_time_ms=verdict.wall_time_ms,
                boot_id=BOOT_ID,
            )
        if verdict.is_last:
            stream.end()
            del self._streams[name]

    def check(self) -> None:
        """Raise whatever has made a clinic's sender stop: its verdicts would wait for ever."""
        for sender in self._senders.values():
            sender.wait_settled(0)

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until the recorder has every verdict; return whether it has."""
        return all(sender.wait_settled(timeout_s) for sender in self._senders.values())

    def close(self) -> None:
        """Stop publishing; what is not settled stays in the outboxes."""
        for sender in self._senders.values():
            sender.stop()

    def _make_sender(self, clinic: str) -> Sender:
        return Sender(
            self._address,
            clinic,
            JUDGE_SENDER,
            self._outbox_file(clinic, JUDGE_SENDER),
            capacity_bytes=self._capacity_bytes,
            client_id=f"{JUDGE_SENDER}.{clinic}",
        )
