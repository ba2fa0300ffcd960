"""What of a session is not there, or came otherwise than it should, and where that lies in time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dermatrace.journal.coverage import Coverage
from dermatrace.journal.entry import Entry, Reason
from dermatrace.reading.session_axis import Axis
from dermatrace.reading.session_documents import Told
from dermatrace.seqset import Span
from dermatrace_schemas.limits import ALIVE_INTERVAL_MS

SILENCE_MIN_MS: Final = 2 * ALIVE_INTERVAL_MS
"""Between two documents that follow one another; a longer silence is drawn as a gap. A session that
runs or pauses tells something twice in this time."""
DOCUMENT_MS: Final = 1_000
"""Taken for a document after the last one: a live one spans at most this."""

GapSort: TypeAlias = Literal["missing", "lost", "rejected", "silent"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Time of which there is no reading: drawn, never bridged."""

    from_ms: int
    to_ms: int
    sort: GapSort
    first_seq: int | None
    """Null for a silence: nothing was numbered."""
    last_seq: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at one instant."""

    at_ms: int
    sort: str
    words: str
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stretched:
    """From when to when."""

    from_ms: int
    to_ms: int


def gaps_in(axis: Axis, coverage: Coverage) -> list[Gap]:
    """Return what is missing, in order of time."""
    present = set(axis.seqs)
    sorts: tuple[tuple[GapSort, Iterable[Span]], ...] = (
        ("missing", coverage.settled.gaps(0, coverage.known_last)),
        ("lost", coverage.lost.spans()),
        # A number in conflict counts as rejected, and yet its first bytes are there.
        ("rejected", (span for span in coverage.rejected.spans() if span[0] not in present)),
    )
    found = [_gap(axis, sort, span) for sort, spans in sorts for span in spans]
    return sorted([*found, *_silences(axis)], key=lambda gap: (gap.from_ms, gap.to_ms))


def late_stretches(axis: Axis, late: set[int]) -> list[Stretched]:
    """Return the stretches that came late; neighbours are one."""
    found: list[Stretched] = []
    before_seq: int | None = None
    for seq, begin_ms, end_ms in zip(axis.seqs, axis.begins_ms, axis.ends_ms, strict=True):
        if seq not in late:
            continue
        if found and before_seq == seq - 1:
            found[-1] = Stretched(found[-1].from_ms, max(found[-1].to_ms, end_ms))
        else:
            found.append(Stretched(begin_ms, end_ms))
        before_seq = seq
    return found


def rejected_marks(
    axis: Axis, documents: Sequence[Told], rejections: Iterable[Entry]
) -> list[Mark]:
    """Return where messages that could not be read belong: by their number, else by arrival."""
    return [_mark(axis, documents, entry) for entry in rejections]


def _gap(axis: Axis, sort: GapSort, span: Span) -> Gap:
    first, last = span
    count = last - first + 1
    from_ms = axis.end_before(first)
    to_ms = axis.begin_after(last)
    if from_ms is None:
        from_ms = (to_ms or 0) - count * DOCUMENT_MS
    if to_ms is None:
        to_ms = from_ms + count * DOCUMENT_MS
    told = {
        "missing": "not received",
        "lost": "lost, as the device declared",
        "rejected": "received and not understood",
        "silent": "",
    }[sort]
    named = f"document {first}" if count == 1 else f"documents {first} to {last}"
    return Gap(from_ms, max(from_ms, to_ms), sort, first, last, f"{named}: {told}")


def _silences(axis: Axis) -> Iterator[Gap]:
    for place in range(1, len(axis.seqs)):
        from_ms, to_ms = axis.ends_ms[place - 1], axis.begins_ms[place]
        follows = axis.seqs[place] == axis.seqs[place - 1] + 1
        if follows and to_ms - from_ms > SILENCE_MIN_MS:
            words = f"nothing was told for {(to_ms - from_ms) / 1_000:,.0f} s"
            yield Gap(from_ms, to_ms, "silent", None, None, words)


def _mark(axis: Axis, documents: Sequence[Told], entry: Entry) -> Mark:
    reason = "other bytes under a number already taken"
    if entry.reason is not None:
        told = Reason.from_text(entry.reason)
        reason = f"{told.code.replace('_', ' ')}{told.detail and f', {told.detail}'}"
    if entry.seq is not None:
        at_ms, named = axis.end_before(entry.seq), f"message {entry.seq}"
    else:
        last = max((t.seq for t in documents if t.entry_id < entry.entry_id), default=-1)
        at_ms, named = axis.end_before(last + 1), "a message without a number"
    return Mark(at_ms or 0, "rejected", f"{named} could not be read: {reason}", entry.entry_id)
