"""Under which names a chart document is filed, so that it is found when a session is judged."""

from collections.abc import Iterator

from dermatrace.judge.chart import FactKey, SessionId
from dermatrace_schemas.chart import ChartAttach, ChartDocument
from dermatrace_schemas.chart_review import (
    ChartAcknowledgement,
    ChartCorrection,
    ChartJustification,
    ChartZoneReattribution,
)
from dermatrace_schemas.references import DocumentKey, SessionKey


def visit_name(visit_id: str) -> str:
    """Name a visit."""
    return f"visit/{visit_id}"


def session_name(session: SessionId | SessionKey) -> str:
    """Name a session of the clinic."""
    return f"session/{session.sender}/{session.stream_id}"


def fact_name(key: FactKey) -> str:
    """Name one chart document."""
    return f"chart/{key.sender}/{key.stream_id}/{key.seq}"


def key_of_name(name: str) -> DocumentKey | None:
    """Return the chart document that a name stands for, or None if it names something else."""
    kind, *levels = name.split("/")
    if kind != "chart":
        return None
    sender, stream_id, seq = levels
    return DocumentKey(sender=sender, stream_class="chart", stream_id=stream_id, seq=int(seq))


def names_of(document: ChartDocument) -> Iterator[str]:
    """Yield every name under which a document is looked for."""
    if document.visit_id is not None:
        yield visit_name(document.visit_id)
    match document:
        case ChartAttach(session=session) | ChartZoneReattribution(session=session):
            yield session_name(session)
        case ChartJustification(findings=findings) | ChartAcknowledgement(findings=findings):
            yield from {session_name(finding.session): None for finding in findings}
        case ChartCorrection(earlier=earlier):
            if earlier.stream_class == "session":
                yield session_name(SessionKey(sender=earlier.sender, stream_id=earlier.stream_id))
            elif earlier.stream_class == "chart":
                yield fact_name(FactKey(earlier.sender, earlier.stream_id, earlier.seq))
