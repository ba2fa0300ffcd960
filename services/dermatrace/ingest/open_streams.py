"""The streams in memory: found by name, loaded when heard of, dropped when long unheard."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.clock import Clock
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.writer import Batch
from dermatrace_schemas.references import StreamKey as StreamReference

STREAMS_CACHED_MAX: Final = 20_000
"""Streams kept in memory, about 2 KB each; the longest unheard of is read again when it speaks."""
PAGES_CACHED_MAX: Final = 200_000
"""Pages of coverage kept in memory, about 40 MB: bounds what hostile numbering can cost."""


class OpenStreams:
    """Stream records by name, most recently heard of last."""

    def __init__(
        self,
        records: Iterable[StreamRecord],
        clock: Clock,
        *,
        streams_max: int = STREAMS_CACHED_MAX,
        pages_max: int = PAGES_CACHED_MAX,
    ) -> None:
        self._clock = clock
        self._streams_max = streams_max
        self._pages_max = pages_max
        self._records: OrderedDict[StreamKey, StreamRecord] = OrderedDict()
        self._touched: dict[StreamKey, StreamRecord] = {}
        self._pages_of: dict[StreamKey, int] = {}
        self._page_count = 0
        for record in records:
            self._keep(record)

    def __iter__(self) -> Iterator[StreamRecord]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def touch(self, batch: Batch, key: StreamKey) -> StreamRecord:
        """Return a stream's record, to be changed and stored with this batch."""
        record = self._touched.get(key)
        if record is None:
            record = self._records.get(key)
            if record is None:
                record = batch.stream(key)
                self._keep(record)
            else:
                self._records.move_to_end(key)
            self._touched[key] = record
        return record

    def get(self, key: StreamKey) -> StreamRecord | None:
        """Return a record if it is in memory."""
        return self._records.get(key)

    def touched(self) -> list[StreamRecord]:
        """Return what the current batch has changed."""
        return list(self._touched.values())

    def committed(self) -> None:
        """Forget what was touched, and whatever is too much to remember."""
        for record in self._touched.values():
            self._count_pages(record)
        self._touched.clear()
        while len(self._records) > self._streams_max or self._page_count > self._pages_max:
            _, record = self._records.popitem(last=False)
            self._page_count -= self._pages_of.pop(record.key)

    def _keep(self, record: StreamRecord) -> None:
        record.coverage.loaded(self._clock.monotonic_ms())
        self._records[record.key] = record
        self._count_pages(record)

    def _count_pages(self, record: StreamRecord) -> None:
        """Keep the sum of pages without adding up all streams for every batch."""
        pages = record.coverage.page_count
        self._page_count += pages - self._pages_of.get(record.key, 0)
        self._pages_of[record.key] = pages


def reference(key: StreamKey) -> StreamReference:
    """Return a stream's name as documents word it."""
    return StreamReference(
        clinic=key.clinic,
        sender=key.sender,
        stream_class=key.stream_class,
        stream_id=key.stream_id,
    )
