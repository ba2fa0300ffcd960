"""Read a journal from its first entry to its last and say where it stops being true."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dermatrace.journal.entry import EMPTY, Entry, Head, entry_hash
from dermatrace.journal.index_check import IndexCheck
from dermatrace.journal.reader import JournalReader
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.system import SystemErased

ERASED_KIND: Final = b'"kind":"system.erased"'
FAULTS_LISTED_MAX: Final = 100
"""Faults named; the first is the one that matters, the rest is for finding out what happened."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it should be; `entry_id` is None if it is in the index alone."""

    entry_id: int | None
    what: str

    def __str__(self) -> str:
        return (
            f"index: {self.what}" if self.entry_id is None else f"entry {self.entry_id} {self.what}"
        )


@dataclass(slots=True)
class Report:
    """What a verification found; the faults by entry, those of the index last."""

    head: Head = EMPTY
    entry_count: int = 0
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    erased_by_order: dict[int, int] = field(default_factory=dict)
    """Payloads gone by the entry that ordered it."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found wrong."""
        return self.fault_count == 0

    @property
    def erased_count(self) -> int:
        """Payloads gone by order."""
        return sum(self.erased_by_order.values())

    def blame(self, entry_id: int | None, what: str) -> None:
        """Note a fault; only the first of very many are listed."""
        self.fault_count += 1
        insort(self.faults, Fault(entry_id, what), key=_place)
        del self.faults[FAULTS_LISTED_MAX:]


def verify(
    path: Path,
    *,
    against: Head | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Recompute every hash of a journal and compare its index with its entries.

    `against` is a head noted earlier, outside this file: only with it can a changed journal whose
    chain was computed anew, or one that was cut short, be told from the true one.

    Raises WrongFile if it is not a journal.
    """
    report = Report()
    without_payload: list[int] = []
    with JournalReader(path) as reader, reader.snapshot():
        index = IndexCheck(reader.all_streams())
        for entry in _entries(reader):
            _check_link(entry, report, against)
            _check_payload(entry, report, without_payload)
            misfiled = index.note(entry)
            if misfiled is not None:
                report.blame(entry.entry_id, misfiled)
            if progress is not None:
                progress(entry.entry_id)
        stray_id = reader.stray_entry_id()
        for what in index.differences(reader.all_streams()):
            report.blame(None, what)
    for entry_id in without_payload:
        report.blame(entry_id, "has lost its payload, and no erasure of it was recorded")
    if stray_id is not None:
        report.blame(stray_id, "is no link of the chain, but something lies under this number")
    if against is not None and against.entry_id > report.head.entry_id:
        report.blame(
            report.head.entry_id + 1,
            f"is missing like all up to {against.entry_id}: the journal was cut short",
        )
    return report


def _entries(reader: JournalReader) -> Iterator[Entry]:
    seen = 0
    while entries := reader.read_after(seen):
        yield from entries
        seen = entries[-1].entry_id


def _check_link(entry: Entry, report: Report, against: Head | None) -> None:
    if entry.entry_id != report.head.entry_id + 1:
        report.blame(report.head.entry_id + 1, "is missing")
    if entry_hash(report.head.entry_hash, entry.entry_id, entry) != entry.entry_hash:
        report.blame(entry.entry_id, "has a hash that does not follow from it and the one before")
    # Go on from what is written, so that one changed entry is named and not all that follow.
    report.head = Head(entry.entry_id, entry.entry_hash)
    if against is not None and against.entry_id == entry.entry_id and against != report.head:
        report.blame(entry.entry_id, "is not the entry that was seen earlier under this number")
    report.entry_count += 1


def _check_payload(entry: Entry, report: Report, without_payload: list[int]) -> None:
    if entry.payload is None:
        without_payload.append(entry.entry_id)
        return
    if payload_sha256(entry.payload) != entry.payload_sha256:
        report.blame(entry.entry_id, "has another payload than the one that was recorded")
        return
    if entry.outcome == "system" and ERASED_KIND in entry.payload:
        _excuse_erased(entry.payload, report, without_payload)


def _excuse_erased(payload: bytes, report: Report, without_payload: list[int]) -> None:
    """Strike off the payloads an erasure names: they may be gone."""
    try:
        document = parse("system", payload)
    except Unreadable:
        return  # the index check says so
    if not isinstance(document, SystemErased):
        return
    for span in document.entries:
        # It excuses only entries before it, for later ones are not in the list yet.
        start = bisect_left(without_payload, span.first_entry_id)
        end = bisect_right(without_payload, span.last_entry_id)
        del without_payload[start:end]
        counts = report.erased_by_order
        counts[document.order_entry_id] = counts.get(document.order_entry_id, 0) + end - start


def _place(fault: Fault) -> tuple[bool, int]:
    return (fault.entry_id is None, fault.entry_id or 0)
