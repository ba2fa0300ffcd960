"""What ingest counts.

The numbers of messages are read at one moment, so their equation holds in every answer:
received = stored + duplicate + conflict + rejected + report + erased + shed + in flight
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, get_args

from dermatrace.health import Measured, Numbers, counter, counters, gauge
from dermatrace.ingest.inbox import Books
from dermatrace.ingest.recorder import Fate

PREFIX: Final = "dermatrace_ingest_"
COMMIT_BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything measured, as of one moment."""

    books: Books
    receipt_count: int
    rejection_count: int
    receipts_due_count: int
    rejections_waiting_count: int
    refused_count: int
    connection_count: int
    is_connected: bool
    head_entry_id: int
    broker_dropped_count: int | None
    """None as long as the broker does not tell."""


class Metrics(Numbers):
    """The numbers of one ingest process, from its start."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        super().__init__(PREFIX, self._measured)
        self._read = read
        self.commits = self.histogram(
            "commit_seconds",
            "From taking up a batch to its durable commit and acknowledgement",
            COMMIT_BUCKETS_S,
        )

    def _measured(self) -> Iterator[Measured]:
        reading = self._read()
        books = reading.books
        yield counter("received_messages", "Messages received", books.received_count)
        fates = {fate: books.fates.get(fate, 0) for fate in get_args(Fate)}
        yield counters("decided_messages", "Messages by what became of them", "fate", fates)
        yield counter("shed_messages", "Messages let go unacknowledged", books.shed_count)
        yield gauge("in_flight_messages", "Received, nothing decided yet", books.in_flight_count)
        yield gauge("queue_depth_messages", "Messages waiting", books.waiting_count)
        yield gauge("queue_depth_bytes", "Their payloads", books.waiting_bytes)
        yield counter("receipts", "Receipts published", reading.receipt_count)
        yield counter("rejections", "Rejections published", reading.rejection_count)
        yield gauge("receipts_due", "Streams waiting for one", reading.receipts_due_count)
        yield gauge("rejections_waiting", "To be published", reading.rejections_waiting_count)
        yield counter("refused_answers", "Publications the broker refused", reading.refused_count)
        yield counter("connections", "Connections made", reading.connection_count)
        yield gauge("connected", "1 while there is a connection", int(reading.is_connected))
        yield gauge("journal_entries", "Entries of the journal", reading.head_entry_id)
        if (dropped := reading.broker_dropped_count) is not None:
            yield gauge("broker_dropped_messages", "Dropped by the broker since its start", dropped)
