"""The certificate of one session, line by line."""

from dermatrace.cli.output import say, table
from dermatrace.journal.certificate import Certificate
from dermatrace.journal.streams import StreamRecord
from dermatrace.reading.registry_text import moment
from dermatrace.seqset import Span


def print_certificate(c: Certificate, stream: StreamRecord) -> None:
    """Write what is there, what is not, and how that is known."""
    heard_ms = stream.last_received_ms
    say(f"{c.clinic} / {c.sender} / {c.session_id}")
    rows: list[tuple[str, object]] = [
        ("certificate", c.grade.replace("_", " ")),
        ("documents stored", c.accepted_count),
        ("settled to", f"{c.settled_seq} of {c.known_seq} known"),
        ("last heard", "never" if heard_ms is None else moment(heard_ms)),
        ("ended", "yes" if c.ended else "no"),
        ("missing", f"{c.gap_count} {_spans(c.gaps)}"),
        ("declared lost", f"{c.lost_count} {_spans(c.lost)}"),
        ("rejected", f"{c.rejected_count} {_spans(c.rejected)}"),
        ("conflicts", c.conflict_count),
        ("received again", c.duplicate_count),
        ("late", c.late_count),
        ("stream chain", c.chain.replace("_", " ")),
        ("proof of completion", f"entry {c.completed_by}" if c.completed_by else "none"),
    ]
    rows += [
        (counter.name, f"device {_number(counter.stated)}, arrived {_number(counter.arrived)}")
        for counter in c.counters
    ]
    if c.erased_by is not None:
        rows.append(("erased by order", f"entry {c.erased_by}"))
    table(("", ""), rows)


def _spans(spans: tuple[Span, ...]) -> str:
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:8]]
    return f"({', '.join(texts)}{', …' if len(spans) > len(texts) else ''})" if texts else ""


def _number(value: float | None) -> str:
    return "not stated" if value is None else f"{value:,.10g}"
