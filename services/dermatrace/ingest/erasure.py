"""Carrying out an order to erase: which payloads go, and what stays to prove that they were there.

A session, and every verdict on it, goes as a whole stream. A chart stream may speak of several
people (one sitting of one writer), so of it only what concerns the named subject goes. What comes
in later under an erased name meets the same order. Nobody else's data goes because of a mistaken
link: a visit is the subject's whom its last plan names, a session the visit's it was last attached
to. `docs/decisions/0004-erasure.md` says why.
"""

from collections.abc import Iterable
from typing import Final

from dermatrace.ingest.mentions import (
    ABOUT,
    ATTACHED,
    CORRECTS,
    DOCUMENT,
    SUBJECT,
    VISIT,
    session_name,
)
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.writer import Batch
from dermatrace_schemas.references import StreamKey as StreamReference
from dermatrace_schemas.registry import RegistryErasure
from dermatrace_schemas.system import ENTRY_RANGES_PER_ERASED_MAX, EntryRange, SystemErased
from dermatrace_schemas.verdict_streams import session_named_by, verdict_digest

ORDER: Final = "order"
"""Mentioned by every order to erase: no order erases another."""
JUDGED: Final = "judged:"
"""A session by the digest that stands for it in the names of its verdict streams."""
ERASED: Final = "erased:"
"""Before a name: mentioned by the order under which that name was erased."""


class Eraser:
    """Erases within one batch; whatever it does is committed with it."""

    def __init__(self, batch: Batch, streams: OpenStreams, at_ms: int) -> None:
        self._batch = batch
        self._streams = streams
        self._at_ms = at_ms

    def obey(self, order: RegistryErasure, order_entry_id: int) -> None:
        """Carry out an order that has just been recorded."""
        self._batch.mention(ORDER, order_entry_id)
        if order.subject_id is not None:
            self._batch.mention(f"{ERASED}{SUBJECT}{order.subject_id}", order_entry_id)
        self._carry_out(order_entry_id, {_key(named) for named in order.streams or ()})

    def meets_order(self, names: Iterable[str]) -> bool:
        """Erase an entry just recorded if these names in it were erased; tell whether they were.

        An entry that names somebody else beside an erased visit is left alone.
        """
        batch = self._batch
        orders = {name: batch.entries_mentioning(ERASED + name) for name in names}
        if any(name.startswith(SUBJECT) and not found for name, found in orders.items()):
            return False
        to_obey = {order for found in orders.values() for order in found}
        for order_entry_id in sorted(to_obey):
            self._carry_out(order_entry_id, set())
        return bool(to_obey)

    def inherit(self, record: StreamRecord) -> None:
        """Erase a verdict stream from its start if the session it judges was erased."""
        named = session_named_by(record.key.stream_id)
        if named is None:
            self._inherit_by_digest(record)
            return
        session = StreamKey(record.key.clinic, named[0], "session", named[1])
        judged = self._streams.get(session) or next(
            iter(
                self._batch.streams_where(
                    "clinic = ? AND sender = ? AND stream_class = ? AND stream_id = ?", session
                )
            ),
            None,
        )
        if judged is not None and judged.erased_by is not None:
            _mark_erased(record, judged.erased_by)

    def _inherit_by_digest(self, record: StreamRecord) -> None:
        digest = record.key.stream_id.partition(".")[0]
        name = f"{ERASED}{JUDGED}{record.key.clinic}/{digest}"
        for order_entry_id in self._batch.entries_mentioning(name):
            _mark_erased(record, order_entry_id)

    def _carry_out(self, order_entry_id: int, keys: set[StreamKey]) -> None:
        batch = self._batch
        entries = self._find_subjects(order_entry_id, keys)
        keys |= {verdict for key in list(keys) for verdict in self._verdicts_on(key)}
        newly_erased = 0
        for key in sorted(keys):
            if key.stream_class == "session":
                digest = verdict_digest(key.sender, key.stream_id)
                batch.mention(f"{ERASED}{JUDGED}{key.clinic}/{digest}", order_entry_id)
            record = self._streams.touch(batch, key)
            entries.update(batch.entries_of_stream(record.row))
            newly_erased += record.erased_by is None
            _mark_erased(record, order_entry_id)
        entries.difference_update(batch.entries_mentioning(ORDER))
        self._state(order_entry_id, newly_erased, batch.erase_payloads(sorted(entries)))

    def _find_subjects(self, order_entry_id: int, keys: set[StreamKey]) -> set[int]:
        """Return the entries on the subjects an order was given for; add their sessions to `keys`.

        Remembers the names found, so that what comes later under them meets the order.
        """
        names = {
            name.removeprefix(ERASED)
            for name in self._batch.mentions_in(order_entry_id)
            if name.startswith(ERASED)
        }
        reach = _Reach(self._batch, names)
        for name in reach.names:
            self._batch.mention(ERASED + name, order_entry_id)
        keys |= reach.sessions
        return reach.entries

    def _verdicts_on(self, key: StreamKey) -> list[StreamKey]:
        """Return the verdict streams on a session, of any judge, under either form of its name."""
        if key.stream_class != "session":
            return []
        found = []
        for judged in (f"{key.sender}.{key.stream_id}", verdict_digest(key.sender, key.stream_id)):
            prefix = f"{judged}.g"
            found += self._batch.streams_where(
                "clinic = ? AND stream_class = 'verdict' AND substr(stream_id, 1, ?) = ?",
                (key.clinic, len(prefix), prefix),
            )
        return [record.key for record in found]

    def _state(self, order_entry_id: int, stream_count: int, erased: list[int]) -> None:
        """Journal what is gone, in as many documents as its ranges take."""
        ranges = _ranges(erased)
        for start in range(0, max(1, len(ranges)), ENTRY_RANGES_PER_ERASED_MAX):
            part = ranges[start : start + ENTRY_RANGES_PER_ERASED_MAX]
            self._batch.append_system(
                SystemErased(
                    kind="system.erased",
                    at_ms=self._at_ms,
                    order_entry_id=order_entry_id,
                    erased_stream_count=0 if start else stream_count,
                    erased_payload_count=sum(
                        span.last_entry_id - span.first_entry_id + 1 for span in part
                    ),
                    entries=part,
                )
            )


class _Reach:
    """What names lead to: entries, whole sessions, and further names."""

    def __init__(self, batch: Batch, names: set[str]) -> None:
        self._batch = batch
        self._subjects = _with(SUBJECT, names)
        self.names = names
        naming = {entry for subject in self._subjects for entry in self._naming(subject)}
        self.names |= {visit for visit in self._named_in(naming, VISIT) if self._is_theirs(visit)}
        self.entries = {entry for name in self.names for entry in self._naming(name)}
        self.sessions = self._sessions()
        for key in self.sessions:
            about = session_name(ABOUT, key.clinic, key.sender, key.stream_id)
            self.names.add(about)
            self.entries.update(self._naming(about))
        self._add_corrections()

    def _sessions(self) -> set[StreamKey]:
        """Return the sessions attached to the visits, or naming the subject themselves."""
        found = {
            StreamKey(clinic, sender, "session", stream_id)
            for name in self._named_in(self.entries, ATTACHED)
            for clinic, sender, stream_id in [name.removeprefix(ATTACHED).split("/")]
        }
        streams = (self._batch.stream_key_of(entry) for entry in self.entries)
        found |= {key for key in streams if key is not None and key.stream_class == "session"}
        return {key for key in found if self._is_attached_here(key)}

    def _is_attached_here(self, key: StreamKey) -> bool:
        name = session_name(ATTACHED, key.clinic, key.sender, key.stream_id)
        attaches = self._batch.entries_mentioning(name)
        return not attaches or bool(self.names & set(self._batch.mentions_in(max(attaches))))

    def _is_theirs(self, visit: str) -> bool:
        """Tell whether the last to say whose visit it is, people before devices, names them."""
        last_said: tuple[bool, int, bool] | None = None
        for entry in self._batch.entries_mentioning(visit):
            subjects = _with(SUBJECT, self._batch.mentions_in(entry))
            if subjects:
                key = self._batch.stream_key_of(entry)
                by_person = key is not None and key.stream_class == "chart"
                said = (by_person, entry, not subjects.isdisjoint(self._subjects))
                last_said = said if last_said is None else max(last_said, said)
        return last_said is not None and last_said[2]

    def _add_corrections(self) -> None:
        """Add what corrects the documents found, and what corrects that."""
        todo = self._named_in(self.entries, DOCUMENT)
        while todo:
            corrects = CORRECTS + todo.pop().removeprefix(DOCUMENT)
            self.names.add(corrects)
            new = self._naming(corrects) - self.entries
            self.entries |= new
            todo |= self._named_in(new, DOCUMENT)

    def _naming(self, name: str) -> set[int]:
        """Return the entries that mention a name, but for those that name somebody else."""
        return {
            entry
            for entry in self._batch.entries_mentioning(name)
            if _with(SUBJECT, self._batch.mentions_in(entry)) <= self._subjects
        }

    def _named_in(self, entries: Iterable[int], prefix: str) -> set[str]:
        return {name for entry in entries for name in _with(prefix, self._batch.mentions_in(entry))}


def _with(prefix: str, names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(prefix)}


def _mark_erased(record: StreamRecord, order_entry_id: int) -> None:
    record.coverage.erase()
    record.erased_by = record.erased_by or order_entry_id
    record.is_open = False


def _key(named: StreamReference) -> StreamKey:
    return StreamKey(named.clinic, named.sender, named.stream_class, named.stream_id)


def _ranges(entry_ids: list[int]) -> list[EntryRange]:
    ranges: list[tuple[int, int]] = []
    for entry_id in entry_ids:
        if ranges and ranges[-1][1] == entry_id - 1:
            ranges[-1] = (ranges[-1][0], entry_id)
        else:
            ranges.append((entry_id, entry_id))
    return [EntryRange(first_entry_id=first, last_entry_id=last) for first, last in ranges]
