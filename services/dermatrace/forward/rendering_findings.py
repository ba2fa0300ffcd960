"""What findings call for: a point when raised, and more of the same point once they clear."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from dermatrace.forward import verdict_points
from dermatrace.forward.line import time_ns
from dermatrace.forward.memory import CLEARED_EARLY_MAX, Held, SessionMemory, VerdictMemory
from dermatrace.forward.step import Counting, RaisedFinding
from dermatrace.journal.entry import Entry
from dermatrace_schemas.document import SeqRange
from dermatrace_schemas.verdict import VerdictFindingCleared, VerdictFindingRaised

if TYPE_CHECKING:
    from dermatrace.forward.rendering import Renderer

NEVER_RAISED: Final = "not sent: the document that raised this finding never came"


class FindingDesk:
    """Makes lines of the findings of judgements that stand."""

    def __init__(self, renderer: "Renderer") -> None:
        self._renderer = renderer

    def raise_one(
        self,
        entry: Entry,
        session: SessionMemory,
        memory: VerdictMemory,
        document: VerdictFindingRaised,
    ) -> None:
        """Say that something was crossed, and remember where that stands."""
        renderer, number = self._renderer, document.finding_number
        began_ms, ended_ms = self._times_of(session, document.finding.seq_range, entry)
        start = verdict_points.finding_start(session, memory, document)
        at_ns = time_ns(began_ms, number)
        raised = RaisedFinding(session.row, number, memory.generation, start, at_ns)
        renderer.streams.raise_finding(raised, renderer.step)
        line = verdict_points.finding_raised(start, at_ns, memory, document, ended_ms)
        self._add(entry, session, line, "judged")
        self._clear_late(session, memory, number)

    def clear_one(
        self,
        entry: Entry,
        session: SessionMemory,
        memory: VerdictMemory,
        document: VerdictFindingCleared,
    ) -> None:
        """Say that a finding cleared; if it has not been raised yet, keep that for when it is.

        What the broker lost comes again after what came later.
        """
        streams, step, number = self._renderer.streams, self._renderer.step, document.finding_number
        raised = streams.finding(session.row, number, memory.generation)
        if raised is not None:
            _, ended_ms = self._times_of(session, document.finding.seq_range, entry)
            line = verdict_points.finding_cleared(raised.start, raised.at_ns, document, ended_ms)
            self._add(entry, session, line, "replacing")
        elif len(memory.cleared_early) < CLEARED_EARLY_MAX:
            memory.cleared_early.append((number, entry.entry_id))
            streams.changed(memory, step)
        else:
            step.unattributed.append((entry.entry_id, NEVER_RAISED))

    def _clear_late(self, session: SessionMemory, memory: VerdictMemory, number: int) -> None:
        """Say of a finding just raised that it cleared, if that came first."""
        entry_ids = [entry_id for told, entry_id in memory.cleared_early if told == number]
        if not entry_ids:
            return
        memory.cleared_early = [one for one in memory.cleared_early if one[0] != number]
        self._renderer.streams.changed(memory, self._renderer.step)
        held = Held(entry_ids, point_count=len(entry_ids))
        for entry, document in self._renderer.documents_told(held, "verdict"):
            if isinstance(document, VerdictFindingCleared):
                self.clear_one(entry, session, memory, document)

    def _times_of(
        self, session: SessionMemory, seqs: SeqRange | None, told: Entry
    ) -> tuple[int, int]:
        """Return when the first and the last document happened that a finding rests on.

        Where it rests on documents that are missing: when those around them happened.
        """
        if seqs is None:
            began_ms = self._time_of(session, (), told)
            return began_ms, began_ms
        first, last = seqs.first_seq, seqs.last_seq
        began_ms = self._time_of(session, (first, first - 1), told)
        return began_ms, self._time_of(session, (last, last + 1), told)

    def _time_of(self, session: SessionMemory, seqs: Iterable[int], told: Entry) -> int:
        """Return when the first that is there of some documents happened, else the session began.

        What is on record later does not count: a rebuild would know it, the first time did not.
        """
        renderer = self._renderer
        for seq in seqs:
            for entry in renderer.reader.read_stream(session.row, seq, seq):
                document = renderer.document_of(entry)
                if document is not None and entry.entry_id < renderer.entry_id:
                    return session.clock.moment(document, entry.received_ms).at_ms
        return told.received_ms if session.started_ms is None else session.started_ms

    def _add(self, entry: Entry, session: SessionMemory, line: str, counting: Counting) -> None:
        self._renderer.add(entry, [line], row=session.row, bucket="sessions", counting=counting)
