"""Where a session's documents lie in elapsed time, and where that cannot be relied upon. Pure.

Within one start of the device its running time counts: it never jumps. Starts are put beside one
another by the wall clock where it was set; where it was not, one follows right after the other, and
that is told. Never by when something arrived.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dermatrace.device_clock import CLOCK_STEP_MIN_MS, plausible_ms
from dermatrace.reading.session_documents import Told

DoubtSort: TypeAlias = Literal["unset", "jumped", "restarted"]
"""unset: the clock was not set. jumped: it was set to another time. restarted: how long the device
was off nobody knows."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch, or an instant, at which the device's clock says nothing certain."""

    from_ms: int
    to_ms: int
    sort: DoubtSort
    words: str


@dataclass(slots=True)
class Axis:
    """The documents of a session laid out in milliseconds since the first of them."""

    origin_ms: int | None = None
    """The first document's time by the device's clock, UTC; None if it was not set then."""
    seqs: list[int] = field(default_factory=list)
    begins_ms: list[int] = field(default_factory=list)
    ends_ms: list[int] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    bases_ms: list[int] = field(default_factory=list)
    """Where each start of the device begins. While more documents come, those known stay where they
    are as long as these do."""

    @property
    def end_ms(self) -> int:
        """Where the last document ends; 0 if there is none."""
        return max(self.ends_ms, default=0)

    def end_before(self, seq: int) -> int | None:
        """Return where the last document with a lower number ends, or None."""
        place = bisect_left(self.seqs, seq)
        return self.ends_ms[place - 1] if place else None

    def begin_after(self, seq: int) -> int | None:
        """Return where the first document with a higher number begins, or None."""
        place = bisect_right(self.seqs, seq)
        return self.begins_ms[place] if place < len(self.seqs) else None

    def span(self, first_seq: int, last_seq: int) -> tuple[int, int] | None:
        """Return from where to where the documents of a range reach, or None if there are none."""
        first, beyond = bisect_left(self.seqs, first_seq), bisect_right(self.seqs, last_seq)
        if first >= beyond:
            return None
        return self.begins_ms[first], self.ends_ms[beyond - 1]


def lay_out(documents: Sequence[Told]) -> Axis:
    """Place documents, given in the order of their numbers."""
    axis = Axis()
    first = 0
    for place in range(1, len(documents) + 1):
        ends = place == len(documents)
        if ends or documents[place].document.boot_id != documents[first].document.boot_id:
            _lay_out_start(axis, documents[first:place])
            first = place
    return axis


def _lay_out_start(axis: Axis, documents: Sequence[Told]) -> None:
    """Place what one start of the device told."""
    first = documents[0].document
    offset_ms = next((o for told in documents if (o := _offset_ms(told)) is not None), None)
    begin_utc_ms = None if offset_ms is None else first.uptime_ms + offset_ms
    before_ms = axis.end_ms
    base_ms = before_ms
    if not axis.seqs:
        axis.origin_ms = begin_utc_ms
    elif axis.origin_ms is None or begin_utc_ms is None or begin_utc_ms < axis.origin_ms:
        words = "the device was off here, and nobody knows for how long"
        axis.doubts.append(Doubt(before_ms, before_ms, "restarted", words))
    else:
        base_ms = max(before_ms, begin_utc_ms - axis.origin_ms)
    axis.bases_ms.append(base_ms)
    latest_ms, known_ms, unset_from_ms = base_ms, None, None
    for told in documents:
        # A running time that goes back is nonsense; the numbers say what came first.
        at_ms = latest_ms = max(latest_ms, base_ms + told.document.uptime_ms - first.uptime_ms)
        axis.seqs.append(told.seq)
        axis.begins_ms.append(at_ms)
        axis.ends_ms.append(at_ms + told.span_ms)
        own_ms = _offset_ms(told)
        if own_ms is None:
            unset_from_ms = at_ms if unset_from_ms is None else unset_from_ms
            continue
        if unset_from_ms is not None:
            axis.doubts.append(_unset(unset_from_ms, at_ms))
            unset_from_ms = None
        if known_ms is not None and abs(own_ms - known_ms) >= CLOCK_STEP_MIN_MS:
            axis.doubts.append(_jump(at_ms, own_ms - known_ms))
        known_ms = own_ms
    if unset_from_ms is not None:
        axis.doubts.append(_unset(unset_from_ms, axis.ends_ms[-1]))


def _offset_ms(told: Told) -> int | None:
    wall_ms = plausible_ms(told.document.wall_time_ms)
    return None if wall_ms is None else wall_ms - told.document.uptime_ms


def _unset(from_ms: int, to_ms: int) -> Doubt:
    return Doubt(from_ms, to_ms, "unset", "the device's clock was not set; placed by running time")


def _jump(at_ms: int, step_ms: int) -> Doubt:
    way = "forward" if step_ms > 0 else "back"
    seconds = abs(step_ms) / 1_000
    return Doubt(at_ms, at_ms, "jumped", f"the device's clock jumped {way} by {seconds:,.0f} s")
