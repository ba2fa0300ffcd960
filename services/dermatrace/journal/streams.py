"""The index of streams: what each has, committed together with the entries it speaks of."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from dermatrace.journal.coverage import Coverage
from dermatrace.seqset import PAGE_BYTES, SeqSet
from dermatrace.sqlite import Connection
from dermatrace_schemas.identifiers import StreamClass


class StreamKey(NamedTuple):
    """Names a stream among all clinics."""

    clinic: str
    sender: str
    stream_class: StreamClass
    stream_id: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(slots=True)
class StreamRecord:
    """Everything the index says of one stream."""

    row: int
    key: StreamKey
    coverage: Coverage = field(default_factory=Coverage)
    is_open: bool = True
    first_entry_id: int | None = None
    last_entry_id: int | None = None
    last_received_ms: int | None = None
    duplicate_count: int = 0
    late_count: int = 0
    conflict_count: int = 0
    erased_count: int = 0
    """Arrivals after an erasure."""
    closed_by: int | None = None
    """Entry that closed it after a long silence."""
    completed_by: int | None = None
    """Entry that states its completion."""
    erased_by: int | None = None
    """Entry that ordered its erasure."""


_COLUMNS: Final = (
    "stream_key, clinic, sender, stream_class, stream_id, is_open, first_entry_id, last_entry_id,"
    " last_received_ms, known_last, end_seq, next_seq, duplicate_count, late_count,"
    " conflict_count, erased_count, closed_by, completed_by, erased_by"
)
_INSERT: Final = f"INSERT INTO streams ({_COLUMNS}) VALUES ({', '.join('?' * 19)})"  # noqa: S608
_UPDATE: Final = """
    UPDATE streams SET is_open = ?, first_entry_id = ?, last_entry_id = ?, last_received_ms = ?,
        known_last = ?, end_seq = ?, next_seq = ?, duplicate_count = ?, late_count = ?,
        conflict_count = ?, erased_count = ?, closed_by = ?, completed_by = ?, erased_by = ?
    WHERE stream_key = ?
"""
_STORE_PAGE: Final = """
    INSERT INTO coverage (stream_key, page, settled, rejected, lost) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        settled = excluded.settled, rejected = excluded.rejected, lost = excluded.lost
"""


def find_stream(connection: Connection, key: StreamKey) -> StreamRecord | None:
    """Return a stream by name, or None if the journal has never heard of it."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM streams"  # noqa: S608  a constant
        " WHERE clinic = ? AND sender = ? AND stream_class = ? AND stream_id = ?",
        key,
    )
    return next((_record(connection, row) for row in rows), None)


def select_streams(
    connection: Connection, where: str = "1", bindings: tuple[int | str | None, ...] = ()
) -> list[StreamRecord]:
    """Return the streams that satisfy a condition of ours (never a user's text)."""
    query = f"SELECT {_COLUMNS} FROM streams WHERE {where}"  # noqa: S608  our own conditions
    return [_record(connection, row) for row in connection.execute(query, bindings)]


def insert_stream(connection: Connection, key: StreamKey) -> StreamRecord:
    """Make room for a stream heard of for the first time."""
    values = (None, *key, 1, None, None, None, -1, None, 0, 0, 0, 0, 0, None, None, None)
    connection.execute(_INSERT, values)
    return StreamRecord(connection.last_insert_rowid(), key)


def store_stream(connection: Connection, record: StreamRecord) -> None:
    """Write what changed: the row, and the pages of coverage that are dirty."""
    coverage = record.coverage
    connection.execute(
        _UPDATE,
        (
            record.is_open,
            record.first_entry_id,
            record.last_entry_id,
            record.last_received_ms,
            coverage.known_last,
            coverage.end_seq,
            coverage.next_seq,
            record.duplicate_count,
            record.late_count,
            record.conflict_count,
            record.erased_count,
            record.closed_by,
            record.completed_by,
            record.erased_by,
            record.row,
        ),
    )
    for page in coverage.dirty:
        connection.execute(_STORE_PAGE, (record.row, page, *_page_blobs(coverage, page)))
    coverage.dirty.clear()


def _page_blobs(coverage: Coverage, page: int) -> tuple[bytes, bytes, bytes]:
    return (
        coverage.settled.page(page).to_bytes(PAGE_BYTES, "little"),
        coverage.rejected.page(page).to_bytes(PAGE_BYTES, "little"),
        coverage.lost.page(page).to_bytes(PAGE_BYTES, "little"),
    )


def _record(connection: Connection, row: tuple[Any, ...]) -> StreamRecord:
    (key, clinic, sender, stream_class, stream_id, is_open, first, last, received_ms, *rest) = row
    known_last, end_seq, next_seq, duplicates, late, conflicts, erased, closed, done, order = rest
    pages = list(
        connection.execute(
            "SELECT page, settled, rejected, lost FROM coverage WHERE stream_key = ?", (key,)
        )
    )
    settled, rejected, lost = (
        SeqSet.from_pages({page[0]: int.from_bytes(page[at], "little") for page in pages})
        for at in (1, 2, 3)
    )
    coverage = Coverage(settled, rejected, lost, known_last, end_seq, order is not None, next_seq)
    return StreamRecord(
        key,
        StreamKey(clinic, sender, stream_class, stream_id),
        coverage,
        bool(is_open),
        first,
        last,
        received_ms,
        duplicates,
        late,
        conflicts,
        erased,
        closed,
        done,
        order,
    )
