"""The history of the registry out of a journal, without reading the rest of the journal.

What is held in memory grows with the versions there are, not with how often they were sent: of one
content under one version only the first entry counts.
"""

from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace_schemas.parse import parse
from dermatrace_schemas.registry import RegistryDocument

READ_REGISTRY_ENTRIES_MAX: Final = 100
"""Entries held at a time before they are understood: 25 MB if each is as large as may be."""
_EVERY_STREAM: Final = 2**63 - 1
"""As many as there are: a version that is not read could be the one in force."""


def read_history(reader: JournalReader, *, up_to_entry_id: int | None = None) -> RegistryHistory:
    """Return what the registry of every clinic said up to an entry, this one included.

    Without `up_to_entry_id` it is everything on record when the reading begins. What was erased
    is not in it. Raises Unreadable if an accepted document cannot be understood any more.
    """
    last_id = reader.head().entry_id if up_to_entry_id is None else up_to_entry_id
    firsts: dict[tuple[str, ...], tuple[int, RegistryDocument]] = {}
    for stream in reader.streams_of_class("registry", newest=_EVERY_STREAM):
        for entry_id, found in _documents_of(reader, stream.row, last_id):
            said = stream.key.clinic, found.kind, found.registry_id, found.version, found.digest
            if said not in firsts or entry_id < firsts[said][0]:
                firsts[said] = entry_id, found
    history = RegistryHistory()
    # Streams are numbered each for itself; which version is the newest is told by the entries.
    in_order = sorted(
        ((entry_id, name[0], found) for name, (entry_id, found) in firsts.items()),
        key=itemgetter(0),
    )
    for entry_id, clinic, document in in_order:
        history.take(clinic, entry_id, document)
    return history


def _documents_of(
    reader: JournalReader, row: int, last_id: int
) -> Iterator[tuple[int, RegistryDocument]]:
    first_seq = 0
    while page := reader.read_stream(row, first_seq, limit=READ_REGISTRY_ENTRIES_MAX):
        for entry in page:
            if entry.payload is None or entry.entry_id > last_id:
                continue
            document = parse("registry", entry.payload)
            if isinstance(document, RegistryDocument):  # the others order an erasure
                yield entry.entry_id, document
        first_seq = 1 + max(entry.seq or 0 for entry in page)
