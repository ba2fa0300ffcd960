"""What the record of a played session must say, from the script and its faults alone.

Deliberately knows nothing of senders, journals, certificates or of how faults are carried out: it
counts positions in the script, so that a mistake made there cannot repeat itself here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, cast

from dermatrace.simulator.faults import (
    BrokenJson,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reboot,
    continued_stream_id,
)
from dermatrace.simulator.timeline import ScriptedDocument
from dermatrace_schemas.verdict import Grade

Span: TypeAlias = tuple[int, int]
"""First and last number, both included."""


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """What must be on record of one stream once everything sent has been settled."""

    stream_id: str
    assigned_count: int
    """Numbers the sender gave out: the stream's `next_seq`."""
    accepted_count: int
    rejected: tuple[Span, ...]
    rejected_without_seq_count: int
    """Unreadable messages on the stream's topic; identical ones are stored once. They stand for no
    number of the stream, so that its grade is what it would be without them."""
    lost: tuple[Span, ...]
    gaps: tuple[Span, ...]
    """Empty here: a pretend device declares what it cannot give, or was never heard to have it."""
    duplicates_min: int
    """At least: a sender may rightly publish more often than a script asks it to."""
    boot_count: int
    ended: bool
    chain_checkable: bool
    """Whether the stop carries a chain that the record can be compared with."""
    device_stroke_count: int | None
    """What the stop says; None without a stop, as for shots."""
    device_shot_count: int | None
    accepted_stroke_count: int
    accepted_shot_count: int
    crossed_window_count: int
    """Accepted windows on skin that a limit crossing changed."""
    crossed_shot_count: int
    grade: Grade
    """Before anyone closes the session for its silence."""
    grade_when_closed: Grade


def expected_records(
    script: Sequence[ScriptedDocument], faults: Sequence[Fault], stream_id: str
) -> tuple[ExpectedRecord, ...]:
    """Return what to expect of each stream: one, and one more for each forgetful reboot."""
    forgetful = sorted(f.index for f in faults if isinstance(f, Reboot) and not f.keeps_outbox)
    end = min((fault.index for fault in faults if isinstance(fault, LostTail)), default=len(script))
    edges = pairwise([0, *forgetful, end])
    return tuple(
        _expected(script, faults, range(first, following), continued_stream_id(stream_id, number))
        for number, (first, following) in enumerate(edges)
    )


def _expected(
    script: Sequence[ScriptedDocument], faults: Sequence[Fault], played: range, stream_id: str
) -> ExpectedRecord:
    # A continued session has a start of its own before the first document of the script it plays.
    own_start_count = 1 if played.start > 0 else 0
    seq_of_index_0 = own_start_count - played.start
    lost = _concerned(faults, Gap, played)
    rejected = _concerned(faults, BrokenJson, played)
    within = [fault for fault in faults if fault.span.start in played]
    kept = [fault for fault in within if isinstance(fault, Reboot) and fault.keeps_outbox]
    garbage = {fault.payload for fault in within if isinstance(fault, Garbage)}
    accepted = [script[i] for i in played if i not in lost | rejected]
    crossed = [script[i] for i in _concerned(faults, LimitCrossing, played) - lost - rejected]
    counted = [script[i] for i in played]
    pen = any(document.kind == "needling.windows" for document in script)
    ended = played.stop == len(script)
    assigned_count = len(played) + own_start_count
    grade: Grade = "with_rejections" if rejected else "complete"
    if lost:
        grade = "with_declared_losses"
    return ExpectedRecord(
        stream_id=stream_id,
        assigned_count=assigned_count,
        accepted_count=assigned_count - len(lost) - len(rejected),
        rejected=_spans(index + seq_of_index_0 for index in rejected),
        rejected_without_seq_count=len(garbage),
        lost=_spans(index + seq_of_index_0 for index in lost),
        gaps=(),
        duplicates_min=sum(f.copies * len(f.span) for f in within if isinstance(f, Duplicates)),
        boot_count=1 + len(kept),
        ended=ended,
        chain_checkable=ended and not lost and not rejected,
        device_stroke_count=_strokes(counted) if ended and pen else None,
        device_shot_count=_shots(counted) if ended and not pen else None,
        accepted_stroke_count=_strokes(accepted),
        accepted_shot_count=_shots(accepted),
        crossed_window_count=_windows_on_skin(crossed),
        crossed_shot_count=_shots(crossed),
        grade=grade if ended else "open",
        grade_when_closed=grade if ended else "incomplete",
    )


def _concerned(faults: Sequence[Fault], kind: type[Fault], played: range) -> set[int]:
    """Return which of the documents played are concerned by any fault of a kind."""
    return {i for fault in faults if isinstance(fault, kind) for i in fault.span if i in played}


def _column(documents: Iterable[ScriptedDocument], name: str) -> list[float | None]:
    """Return one column over all windows of these documents."""
    windows = (document for document in documents if document.kind == "needling.windows")
    return [value for w in windows for value in cast("list[float | None]", w.facts[name])]


def _strokes(documents: Iterable[ScriptedDocument]) -> int:
    return sum(int(strokes or 0) for strokes in _column(documents, "stroke_count"))


def _shots(documents: Iterable[ScriptedDocument]) -> int:
    return sum(document.kind == "rf.shot" for document in documents)


def _windows_on_skin(documents: Iterable[ScriptedDocument]) -> int:
    medians_mm = _column(documents, "depth_measured_median_mm")
    return sum(median_mm is not None for median_mm in medians_mm)


def _spans(numbers: Iterable[int]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return tuple(spans)
