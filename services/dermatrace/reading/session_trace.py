"""One session as columns to draw: windows, shots, zones, and what is missing or doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dermatrace.judge.chart import Chart
from dermatrace.judge.readings import shot_of, window_length_ms
from dermatrace.judge.spot import Spot
from dermatrace.reading.session_axis import Axis, Doubt
from dermatrace.reading.session_documents import Told
from dermatrace.reading.session_gaps import Gap, Mark, Stretched, late_stretches
from dermatrace.reading.session_limits import LimitLine, Limits
from dermatrace.reading.session_withdrawn import Withdrawn, withdrawn_stretches
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, Place, SessionStarted, Tip, ZoneEntered

Numbers: TypeAlias = list[float | None]


@dataclass(slots=True)
class WindowColumns:
    """Every window of needling, by time; null where the device had no valid reading."""

    at_ms: list[int] = field(default_factory=list)
    """Begin, elapsed."""
    length_ms: list[int] = field(default_factory=list)
    set_mm: Numbers = field(default_factory=list)
    low_mm: Numbers = field(default_factory=list)
    median_mm: Numbers = field(default_factory=list)
    high_mm: Numbers = field(default_factory=list)
    rate_hz: Numbers = field(default_factory=list)
    contact_fraction: Numbers = field(default_factory=list)
    is_late: list[bool] = field(default_factory=list)
    is_withdrawn: list[bool] = field(default_factory=list)
    """Whether a correction says not to go by it: shown, and left out of whatever is counted."""


@dataclass(slots=True)
class ShotColumns:
    """Every RF shot, by time; null where nobody knows."""

    at_ms: list[int] = field(default_factory=list)
    seq: list[int] = field(default_factory=list)
    is_test: list[bool] = field(default_factory=list)
    set_mm: Numbers = field(default_factory=list)
    """The deepest of an insertion, like the next."""
    reported_mm: Numbers = field(default_factory=list)
    per_pin_set_mj: Numbers = field(default_factory=list)
    per_pin_mj: Numbers = field(default_factory=list)
    total_set_mj: Numbers = field(default_factory=list)
    total_mj: Numbers = field(default_factory=list)
    impedance_ohm: Numbers = field(default_factory=list)
    """Before the shot."""
    temperature_celsius: Numbers = field(default_factory=list)
    """The highest."""
    is_late: list[bool] = field(default_factory=list)
    is_withdrawn: list[bool] = field(default_factory=list)


@dataclass(slots=True)
class Stretch:
    """At one spot with one tip, without a document missing in between."""

    from_ms: int
    to_ms: int
    zone: str | None
    laterality: Laterality | None
    name: str
    pass_number: int | None
    limits: list[int]
    """Places in the trace's limits."""
    is_put_right: bool
    """Whether a person has said that it was there, and not the device."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a finding lies."""

    number: int
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Trace:
    """Everything that is drawn of one session, elapsed milliseconds since its first document."""

    origin_ms: int | None
    """The first document by the device's clock, UTC; null if that was not set."""
    end_ms: int
    as_of_entry_id: int
    is_whole: bool
    """False: windows and shots are only those that have come since; all else is whole."""
    is_cut: bool
    """Whether the session is longer than what is drawn."""
    windows: WindowColumns
    shots: ShotColumns
    stretches: list[Stretch]
    limits: list[LimitLine]
    gaps: list[Gap]
    late: list[Stretched]
    withdrawn: list[Withdrawn]
    rejected: list[Mark]
    doubts: list[Doubt]
    pauses: list[Stretched]
    events: list[Mark]
    pins: list[Pin]


@dataclass(slots=True)
class _Hand:
    """Goes through the documents once, in order."""

    axis: Axis
    limits: Limits
    chart: Chart
    late: set[int]
    after_entry_id: int
    windows: WindowColumns = field(default_factory=WindowColumns)
    shots: ShotColumns = field(default_factory=ShotColumns)
    stretches: list[Stretch] = field(default_factory=list)
    pauses: list[Stretched] = field(default_factory=list)
    events: list[Mark] = field(default_factory=list)
    tip: Tip | None = None
    place: Place | None = None
    last_seq: int = -1
    paused_ms: int | None = None

    def take(self, told: Told, begin_ms: int, end_ms: int) -> None:
        """Take the next document."""
        is_new, is_late = told.entry_id > self.after_entry_id, told.seq in self.late
        if self.stretches and told.seq == self.last_seq + 1 and self.paused_ms is None:
            newest = self.stretches[-1]
            newest.to_ms = max(newest.to_ms, begin_ms)  # from one shot to the next
        is_withdrawn = told.seq in self.chart.withdrawn_seqs
        if is_new:
            match told.document:
                case NeedlingWindows() as document:
                    self._windows(document, begin_ms, is_late=is_late, is_withdrawn=is_withdrawn)
                case RfShot() as document:
                    self._shot(document, begin_ms, is_late=is_late, is_withdrawn=is_withdrawn)
        if not is_withdrawn:  # the judge does not go by it either: no zone, no tip, no pause
            self._follow(told, begin_ms, end_ms)
        self.last_seq = told.seq

    def _follow(self, told: Told, begin_ms: int, end_ms: int) -> None:
        """Learn from a document what goes on."""
        match told.document:
            case SessionStarted(tip=tip) if tip is not None:
                self.tip = tip
            case ZoneEntered(place=place):
                self.place = place
                self._work(told.seq, place, begin_ms, end_ms)
            case NeedlingWindows(place=place) | RfShot(place=place):
                self._work(told.seq, place, begin_ms, end_ms)
            case DeviceEvent() as document:
                self._event(document, begin_ms)

    def _windows(
        self, document: NeedlingWindows, begin_ms: int, *, is_late: bool, is_withdrawn: bool
    ) -> None:
        columns, count = self.windows, len(document.offset_ms)
        nothing: Numbers = [None] * count
        columns.at_ms += [begin_ms + offset_ms for offset_ms in document.offset_ms]
        columns.length_ms += [round(window_length_ms(document))] * count
        columns.set_mm += document.depth_commanded_mm or nothing
        columns.low_mm += document.depth_measured_min_mm or nothing
        columns.median_mm += document.depth_measured_median_mm or nothing
        columns.high_mm += document.depth_measured_max_mm or nothing
        columns.rate_hz += document.stroke_rate_hz or nothing
        columns.contact_fraction += document.contact_fraction or nothing
        columns.is_late += [is_late] * count
        columns.is_withdrawn += [is_withdrawn] * count

    def _shot(self, document: RfShot, begin_ms: int, *, is_late: bool, is_withdrawn: bool) -> None:
        columns, shot = self.shots, shot_of(document, self._pin_count())
        columns.at_ms.append(begin_ms)
        columns.seq.append(document.seq)
        columns.is_test.append(not shot.treatment)
        columns.set_mm.append(max(shot.commanded, default=None))
        columns.reported_mm.append(max(shot.measured, default=None))
        columns.per_pin_set_mj.append(shot.energy_per_pin_commanded_mj)
        columns.per_pin_mj.append(shot.energy_per_pin_delivered_mj)
        columns.total_set_mj.append(shot.energy_commanded_mj)
        columns.total_mj.append(shot.energy_delivered_mj)
        columns.impedance_ohm.append(shot.impedance_before_ohm)
        columns.temperature_celsius.append(shot.temperature_max_celsius)
        columns.is_late.append(is_late)
        columns.is_withdrawn.append(is_withdrawn)

    def _pin_count(self) -> int | None:
        tip, context = self.tip, self.limits.context
        if tip is None or tip.needle_count is not None or context is None:
            return None if tip is None else tip.needle_count
        known = context.tip_model(tip.model)
        return None if known is None else known[0].needle_count

    def _work(self, seq: int, place: Place | None, begin_ms: int, end_ms: int) -> None:
        told = place or self.place
        corrected = next(
            (
                one.place
                for one in reversed(self.chart.reattributions)
                if one.seq_range.first_seq <= seq <= one.seq_range.last_seq
            ),
            None,
        )
        where = corrected or told
        spot, pass_number = Spot.of(where), None if where is None else where.pass_number
        limits, is_put_right = self.limits.at(spot, self.tip), corrected is not None
        newest = self.stretches[-1] if self.stretches else None
        if (
            newest is not None
            and seq == self.last_seq + 1
            and (newest.zone, newest.laterality) == spot
            and (newest.pass_number, newest.limits, newest.is_put_right)
            == (pass_number, limits, is_put_right)
        ):
            newest.to_ms = max(newest.to_ms, end_ms)
            return
        self.stretches.append(
            Stretch(begin_ms, end_ms, *spot, spot.name, pass_number, limits, is_put_right)
        )

    def _event(self, document: DeviceEvent, at_ms: int) -> None:
        if document.event == "paused":
            self.paused_ms = at_ms
        elif document.event == "resumed" and self.paused_ms is not None:
            self.pauses.append(Stretched(self.paused_ms, at_ms))
            self.paused_ms = None
        elif document.event in {"fault", "tip_changed"}:
            self.tip = document.tip if document.event == "tip_changed" else self.tip
            words = document.fault_code or document.event.replace("_", " ")
            detail = "" if document.detail is None else f": {document.detail}"
            self.events.append(Mark(at_ms, document.event, words + detail))

    def finish(self) -> None:
        """Note a pause that still lasts."""
        if self.paused_ms is not None:
            self.pauses.append(Stretched(self.paused_ms, self.axis.end_ms))


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a trace is made from."""

    documents: Sequence[Told]
    axis: Axis
    limits: Limits
    late: set[int]
    rejected: list[Mark]
    gaps: list[Gap]
    findings: Sequence[tuple[int, int, int]]
    """Number, first and last document of each finding that has any."""
    as_of_entry_id: int
    is_cut: bool


def trace_of(drawn: Drawn, *, after_entry_id: int = 0) -> Trace:
    """Draw a session, or what has come since an entry."""
    axis, context = drawn.axis, drawn.limits.context
    chart = Chart() if context is None else context.chart
    hand = _Hand(axis, drawn.limits, chart, drawn.late, after_entry_id)
    for told, begin_ms, end_ms in zip(drawn.documents, axis.begins_ms, axis.ends_ms, strict=True):
        hand.take(told, begin_ms, end_ms)
    hand.finish()
    return Trace(
        origin_ms=axis.origin_ms,
        end_ms=max([axis.end_ms, *(gap.to_ms for gap in drawn.gaps)]),
        as_of_entry_id=drawn.as_of_entry_id,
        is_whole=after_entry_id == 0,
        is_cut=drawn.is_cut,
        windows=hand.windows,
        shots=hand.shots,
        stretches=hand.stretches,
        limits=drawn.limits.lines,
        gaps=drawn.gaps,
        late=late_stretches(axis, drawn.late),
        withdrawn=withdrawn_stretches(axis, chart.withdrawals),
        rejected=drawn.rejected,
        doubts=axis.doubts,
        pauses=hand.pauses,
        events=hand.events,
        pins=[
            Pin(number, *span)
            for number, first_seq, last_seq in drawn.findings
            if (span := axis.span(first_seq, last_seq)) is not None
        ],
    )
