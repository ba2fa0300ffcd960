"""One judge for every fault: what senders were told against what the journal holds.

A `History` is written by the senders of a test while they run. A promise is what a sender may rely
on, and it is never taken back. What a receipt covers must be in the journal from then on, after
every crash. What a sender gave up because the broker answered must be there in the end.
"""

import shutil
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify
from dermatrace.seqset import SeqSet, Span

Key: TypeAlias = tuple[str, int]
"""The topic of a stream and a number in it."""

SHOWN_MAX = 5
"""Keys a failure names of each kind; the counts are complete."""


class History:
    """What was published, answered and promised; written by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._published: dict[Key, bytes] = {}
        self._receipted: dict[str, SeqSet] = {}
        self._trusted: set[Key] = set()
        self.receipt_count = 0
        self.answer_count = 0

    def note_published(self, key: Key, payload: bytes) -> None:
        """A document was handed to the connection for the first time, or again."""
        with self._lock:
            self._published.setdefault(key, payload)

    def note_answered(self, key: Key, *, is_trusted: bool) -> None:
        """The broker has taken a document; `is_trusted` if its sender gives it up for that."""
        with self._lock:
            self.answer_count += 1
            if is_trusted:
                self._trusted.add(key)

    def note_receipt(
        self, topic: str, next_seq: int, rejected: Iterable[Span], lost: Iterable[Span]
    ) -> None:
        """A receipt came: all below `next_seq` is kept, but for what it refused or we gave up."""
        kept = SeqSet([(0, next_seq - 1)])
        for span in (*rejected, *lost):
            kept.discard_span(*span)
        with self._lock:
            self.receipt_count += 1
            self._receipted.setdefault(topic, SeqSet()).add_all(kept)

    @property
    def published(self) -> dict[Key, bytes]:
        """The bytes of every document, as first published."""
        with self._lock:
            return dict(self._published)

    @property
    def receipted(self) -> set[Key]:
        """Documents that some receipt said are kept."""
        with self._lock:
            return {
                (topic, seq)
                for topic, numbers in self._receipted.items()
                for first, last in numbers.spans()
                for seq in range(first, last + 1)
            }

    @property
    def trusted(self) -> set[Key]:
        """Documents that senders gave up because the broker answered."""
        with self._lock:
            return set(self._trusted)


@dataclass(slots=True, repr=False)
class Judgement:
    """What the checker found; the counts of a whole run add up what each crash showed."""

    published_count: int = 0
    lost: set[Key] = field(default_factory=set)
    doubled: set[Key] = field(default_factory=set)
    altered: set[Key] = field(default_factory=set)
    unsettled: set[Key] = field(default_factory=set)
    """Published and, at the end of a run, still not in the journal."""
    chain_faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.altered or self.chain_faults)

    def add(self, other: "Judgement") -> None:
        """Take over what another look at the same run has found."""
        self.published_count = max(self.published_count, other.published_count)
        self.lost |= other.lost
        self.doubled |= other.doubled
        self.altered |= other.altered
        self.unsettled = other.unsettled
        self.chain_faults += other.chain_faults

    def __repr__(self) -> str:
        parts = [f"{self.published_count} published"]
        for name in ("lost", "doubled", "altered", "unsettled"):
            keys = sorted(getattr(self, name))
            if keys:
                parts.append(f"{len(keys)} {name}, first {keys[:SHOWN_MAX]}")
        return "; ".join([*parts, *self.chain_faults[:SHOWN_MAX]])


def judge(
    history: History,
    journal: Path,
    *,
    at_crash: bool = False,
    forgiven: frozenset[Key] = frozenset(),
) -> Judgement:
    """Compare a journal with what was promised before the call.

    `at_crash` asks for receipts alone, and leaves the chain to be verified at the end: what the
    broker holds may still come. `forgiven` are documents openly declared lost.
    """
    promised, published = history.receipted, history.published
    if not at_crash:
        promised |= history.trusted
    arrivals: Counter[Key] = Counter()
    found = Judgement(published_count=len(published))
    seen = 0
    with JournalReader(journal) as reader:
        while entries := reader.read_after(seen):
            seen = entries[-1].entry_id
            for entry in entries:
                key = (entry.topic, entry.seq)
                if entry.outcome != "accepted" or key[1] is None or key not in published:
                    continue
                arrivals[key] += 1
                if entry.payload is not None and entry.payload != published[key]:
                    found.altered.add(key)
    # Of an erased stream every number counts as settled, also those that never were.
    found.lost = (promised & published.keys()) - arrivals.keys() - forgiven
    found.doubled = {key for key, count in arrivals.items() if count > 1}
    found.unsettled = published.keys() - arrivals.keys() - forgiven
    if not at_crash:
        found.chain_faults = [str(fault) for fault in verify(journal).faults]
    return found


def copy_as_left(journal: Path, folder: Path) -> Path:
    """Copy a journal whose writer is dead, exactly as it lies there, and return the copy.

    Looking at the original would let SQLite repair it, and the next start is to do that itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / journal.name
    for suffix in ("", "-wal"):
        part = journal.with_name(journal.name + suffix)
        target = copy.with_name(copy.name + suffix)
        target.unlink(missing_ok=True)
        if part.exists():
            shutil.copyfile(part, target)
    copy.with_name(copy.name + "-shm").unlink(missing_ok=True)
    return copy
