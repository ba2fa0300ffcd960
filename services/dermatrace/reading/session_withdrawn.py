"""What corrections have withdrawn of a session: shown as it came, and judged by nobody. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from dermatrace.reading.session_axis import Axis
from dermatrace_schemas.chart_review import ChartCorrection


@dataclass(slots=True)
class Withdrawn:
    """Documents in a row that corrections withdraw for the same reasons."""

    from_ms: int
    to_ms: int
    first_seq: int
    last_seq: int
    words: str


def withdrawn_stretches(axis: Axis, corrections: Iterable[ChartCorrection]) -> list[Withdrawn]:
    """Return what has been withdrawn of what is drawn, by number."""
    reasons: dict[int, list[str]] = {}
    for one in corrections:
        told = reasons.setdefault(one.earlier.seq, [])
        told += [one.reason] if one.reason not in told else []
    found: list[Withdrawn] = []
    for seq in sorted(reasons):
        span = axis.span(seq, seq)
        if span is None:
            continue
        words = f"withdrawn: {'; '.join(reasons[seq])}"
        newest = found[-1] if found else None
        if newest is not None and (newest.last_seq + 1, newest.words) == (seq, words):
            newest.last_seq, newest.to_ms = seq, max(newest.to_ms, span[1])
        else:
            found.append(Withdrawn(*span, seq, seq, words))
    return found
