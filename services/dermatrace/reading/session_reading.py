"""Reads one session for whoever shows it, and goes on reading while it runs."""

from dataclasses import dataclass, field

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.context import SessionContext
from dermatrace.judge.hindsight import Hindsight
from dermatrace.judge.index import Index
from dermatrace.judge.verdict_reading import Generation
from dermatrace.reading.session_axis import Axis, lay_out
from dermatrace.reading.session_documents import SessionDocuments
from dermatrace.reading.session_gaps import gaps_in, rejected_marks
from dermatrace.reading.session_limits import Limits
from dermatrace.reading.session_trace import Drawn, Trace, trace_of
from dermatrace_schemas.session import Modality, SessionStarted, SessionStopped


@dataclass(slots=True)
class SessionReading:
    """What one session's documents tell, as far as they have been read."""

    context: SessionContext | None
    """What it is judged against; None: the judge has not come to it."""
    documents: SessionDocuments = field(default_factory=SessionDocuments)
    axis: Axis = field(default_factory=Axis)

    def read(self, reader: JournalReader, stream: StreamRecord) -> bool:
        """Take in what has come since the last call; return whether anything has."""
        if not self.documents.read(reader, stream):
            return False
        self.axis = lay_out(self.documents.told)
        return True

    def trace(
        self,
        reader: JournalReader,
        stream: StreamRecord,
        generation: Generation | None,
        *,
        after_entry_id: int = 0,
    ) -> Trace:
        """Draw it, or of windows and shots only what has come since an entry."""
        axis, told = self.axis, self.documents.told
        rejections = [
            entry
            for outcome in ("rejected", "conflict")
            for entry in reader.stream_entries(stream.row, outcome)
        ]
        drawn = Drawn(
            documents=told,
            axis=axis,
            limits=Limits(self.context, self.started, self.modality),
            late=self.documents.late_seqs(),
            rejected=rejected_marks(axis, told, rejections),
            gaps=gaps_in(axis, stream.coverage),
            findings=list(_spans(generation)),
            as_of_entry_id=self.documents.last_entry_id,
            is_cut=self.documents.is_cut,
        )
        return trace_of(drawn, after_entry_id=after_entry_id)

    @property
    def started(self) -> SessionStarted | None:
        """The session's first document, if it is on record."""
        documents = (told.document for told in self.documents.told)
        return next((d for d in documents if isinstance(d, SessionStarted)), None)

    @property
    def stopped(self) -> SessionStopped | None:
        """Its last one."""
        documents = (told.document for told in reversed(self.documents.told))
        return next((d for d in documents if isinstance(d, SessionStopped)), None)

    @property
    def modality(self) -> Modality | None:
        """`pen` or `rf`: as registered, else as the device says."""
        model = None if self.context is None else self.context.device_model
        if model is not None:
            return model.modality
        return None if self.started is None else self.started.device.modality


def context_of(
    reader: JournalReader, index: Index | None, stream: StreamRecord
) -> SessionContext | None:
    """Return what a session is judged against, by all that is on record; None if nobody knows."""
    return None if index is None else Hindsight(reader, index).context(stream.row)


def _spans(generation: Generation | None) -> list[tuple[int, int, int]]:
    """Return number, first and last document of the findings that rest on any."""
    found = []
    for told in () if generation is None else generation.findings:
        cleared = None if told.cleared is None else told.cleared.finding.seq_range
        span = cleared or told.finding.seq_range
        if span is not None:
            found.append((told.number, span.first_seq, span.last_seq))
    return found
