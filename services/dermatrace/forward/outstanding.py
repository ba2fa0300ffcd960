"""What the journal calls for beyond the cursor, counted from its documents alone."""

from typing import Final, NamedTuple

from dermatrace.forward.account import points_of
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import TopicError, parse_topic

COUNTED_ENTRIES_MAX: Final = 50_000
"""Entries that are looked at, some seconds' worth; of more than that only the least is known."""
READ_ENTRIES_MAX: Final = 1_000
"""Entries held at a time."""


class Outstanding(NamedTuple):
    """Points that follow from entries not forwarded yet."""

    point_count: int
    is_all: bool
    """Whether there is no entry beyond those looked at."""


def outstanding(
    reader: JournalReader, entry_id: int, *, entries_max: int = COUNTED_ENTRIES_MAX
) -> Outstanding:
    """Count the points that the entries after one call for."""
    point_count = looked_at_count = 0
    while entries := reader.read_after(entry_id, limit=READ_ENTRIES_MAX):
        for entry in entries:
            if looked_at_count == entries_max:
                return Outstanding(point_count, is_all=False)
            point_count += _points_of_entry(entry)
            looked_at_count += 1
        entry_id = entries[-1].entry_id
    return Outstanding(point_count, is_all=True)


def _points_of_entry(entry: Entry) -> int:
    if entry.outcome in {"rejected", "conflict"}:
        return 1
    if entry.payload is None:
        return 0  # erased; an order to erase counts what it has taken away
    if entry.outcome == "system":
        return points_of(parse("system", entry.payload))
    try:
        topic = parse_topic(entry.topic)
    except TopicError:
        return 0
    is_told = topic.message_class in {"session", "announcement", "status"}
    if is_told or (topic.message_class == "verdict" and topic.sender == JUDGE_SENDER):
        return points_of(parse(topic.message_class, entry.payload))
    return 0
