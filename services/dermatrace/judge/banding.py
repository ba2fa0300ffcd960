"""How a band is watched: magnitude times persistence for pens, every single shot for RF."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from dermatrace.judge.bounds import Bound
from dermatrace.judge.case import Case
from dermatrace.judge.defaults import (
    CLEARING_FACTOR,
    CLEARING_SHOTS,
    DEPTH_PERSISTENCE,
    RATE_PLAUSIBLE,
)
from dermatrace.judge.raising import Findings, grow
from dermatrace.judge.readings import MS_PER_S, Column, Shot, Windows
from dermatrace.judge.rules.row import BandRule, Hit
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import LATCHES_MAX, Latch, tally_key
from dermatrace_schemas.quantities import Quantity, unit_word

ROUNDING: Final = 1e-9
"""Two numbers nearer than this are the same: what is left of decimal fractions in binary."""
CLEARING_STROKES_MIN: Final = round(DEPTH_PERSISTENCE.value * CLEARING_FACTOR.value)
"""Contact strokes on end within a band before a finding clears, at the least. A treatment protocol
with a shorter persistence raises sooner, but can be made to raise again no sooner than others."""
STROKE_RATE_MAX_HZ: Final = RATE_PLAUSIBLE[1].value
"""Strokes beyond this rate do not help to raise or to clear: a counter that runs wild cannot make
a second of readings into a minute of them."""
FINDINGS_PER_MINUTE_MAX: Final = 1 + int(60 * STROKE_RATE_MAX_HZ // (CLEARING_STROKES_MIN + 1))
"""Findings that one limit can raise at one spot within a minute of windows, however its sensor
flaps: between two of them lie the strokes that clear the first and one that raises the second. A
screen can bear as many; lower persistence or clearing lets one sensor flood it."""
SHOTS_PER_FINDING_MIN: Final = round(CLEARING_SHOTS.value) + 1
"""From the shot that raises a finding to the next that can raise the same limit again."""
_IN_SHOT: Final[dict[Quantity, tuple[str, str]]] = {
    "energy_total": ("energy_commanded_mj", "energy_delivered_mj"),
    "energy_per_pin": ("energy_per_pin_commanded_mj", "energy_per_pin_delivered_mj"),
    "power": ("power_commanded_w", "power_w"),
    "pulse_duration": ("duration_commanded_ms", "duration_ms"),
    "temperature": ("temperature_max_celsius", "temperature_max_celsius"),
    "temperature_hold": ("temperature_hold_ms", "temperature_hold_ms"),
    "impedance_before": ("impedance_before_ohm", "impedance_before_ohm"),
}
"""Which members of a shot a quantity is, as commanded and as measured."""
ColumnName = Literal["commanded", "measured", "rate"]


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule, one side of one bound, at one spot."""

    key: str
    rule: BandRule
    bound: Bound
    spot: Spot
    limit: float
    edge: float
    """The limit, with the tolerance that measured depths have."""
    tolerance: float

    @property
    def column(self) -> ColumnName | None:
        """Which column of a document's windows it looks at; None: none knows its quantity."""
        if self.rule.quantity == "stroke_rate":
            return "rate"
        if self.rule.quantity != "depth":
            return None
        return "commanded" if self.rule.reading == "commanded" else "measured"

    def is_beyond(self, value: float) -> bool:
        """Whether a value lies on the wrong side of the edge."""
        if self.rule.side == "above":
            return value > self.edge + ROUNDING
        return value < self.edge - ROUNDING

    def is_farther(self, value: float, than: float | None) -> bool:
        """Whether a value lies farther beyond than another."""
        return than is None or (value > than if self.rule.side == "above" else value < than)


class Watches(tuple[Watch, ...]):  # noqa: SLOT001  it has facts of its own
    """Every watch at one spot, with what lets nearly every document be passed over at once."""

    keys: frozenset[str]
    of_protocol: tuple[Watch, ...]
    columns: tuple[ColumnName, ...]
    """What the treatment protocol limits of the windows."""
    edges: tuple[tuple[ColumnName, float, float], ...]
    """By column: the highest lower edge and the lowest upper one."""
    is_outside: bool
    """Whether the treatment protocol names its zones and this is none of them."""
    are_asked: bool
    """Whether the treatment protocol says anything of what is done here; of an unknown zone it
    cannot."""

    @classmethod
    def of(cls, watches: Iterable[Watch], spot: Spot, zones: Sequence[str] | None) -> "Watches":
        """Put watches together; of two that are the same, one remains."""
        found = cls({watch.key: watch for watch in watches}.values())
        found.keys = frozenset(watch.key for watch in found)
        found.of_protocol = tuple(w for w in found if w.bound.envelope == "clinic_protocol")
        found.columns = tuple({w.column: None for w in found.of_protocol if w.column is not None})
        found.is_outside = bool(zones and spot.zone) and spot.zone not in (zones or ())
        found.are_asked = spot.zone is not None and bool(found.of_protocol or found.is_outside)
        edges: dict[ColumnName, tuple[float, float]] = {}
        for watch in found:
            if watch.column is not None:
                low, high = edges.get(watch.column, (-inf, inf))
                is_ceiling = watch.rule.side == "above"
                edges[watch.column] = (
                    (low, min(high, watch.edge)) if is_ceiling else (max(low, watch.edge), high)
                )
        found.edges = tuple((name, low, high) for name, (low, high) in edges.items())
        return found

    def are_calm(self, windows: Windows) -> bool:
        """Whether every reading in contact lies within every edge; true nearly always."""
        for name, low, high in self.edges:
            extremes = windows.extremes(getattr(windows, name))
            if extremes is not None and (
                extremes[0] < low - ROUNDING or extremes[1] > high + ROUNDING
            ):
                return False
        return True


def watches_at(case: Case, rules: Iterable[BandRule], spot: Spot) -> Watches:
    """Return every watch that has a number at a spot."""
    found: list[Watch] = []
    for rule in rules:
        for bound in case.bounds(rule.quantity, spot):
            limit = bound.upper if rule.side == "above" else bound.lower
            if limit is None or bound.envelope not in rule.envelopes:
                continue
            tolerance = 0.0
            if rule.quantity == "depth" and rule.reading == "measured":
                tolerance = case.depth_tolerance_mm
            edge = limit + tolerance if rule.side == "above" else limit - tolerance
            # Named by what it is and not by its place in a list: a limit that another tip brings
            # must not take over what this one has seen.
            key = f"{rule.id}|{bound.envelope}|{tally_key(spot)}|{limit!r}|{bound.whose}"
            found.append(Watch(key, rule, bound, spot, limit, edge, tolerance))
    protocol = case.context.protocol
    return Watches.of(found, spot, None if protocol is None else protocol.zones)


def column_of(watch: Watch, windows: Windows) -> Column | None:
    """Return the column a watch looks at, or None: windows know depth and stroke rate only."""
    column: Column | None = None if watch.column is None else getattr(windows, watch.column)
    return column


def values_of(watch: Watch, shot: Shot) -> Sequence[float]:
    """Return the values of a shot that a watch looks at; empty where none is known."""
    rule = watch.rule
    if rule.quantity == "depth":
        return shot.commanded if rule.reading == "commanded" else shot.measured
    names = _IN_SHOT.get(rule.quantity)
    if names is None:
        return ()
    value: float | None = getattr(shot, names[0 if rule.reading == "commanded" else 1])
    return () if value is None else (value,)


def watch_windows(case: Case, findings: Findings, watches: Watches, seq: int) -> None:
    """Hold one document's windows in contact against every watch at their spot."""
    windows, latches = case.windows, case.state.latches
    assert windows is not None  # noqa: S101  asked for documents with windows only
    countable = max(1, int(STROKE_RATE_MAX_HZ * windows.length_ms / MS_PER_S))
    for watch in watches:
        column = column_of(watch, windows)
        extreme = windows.extremes(column)
        if column is None or extreme is None:
            continue
        latch = latches.get(watch.key)
        worst = extreme[1] if watch.rule.side == "above" else extreme[0]
        if latch is None:
            if not watch.is_beyond(worst):
                continue
            _make_room(latches)
            latch = latches[watch.key] = Latch()
        for value, strokes in zip(column, windows.contact_strokes, strict=True):
            if strokes and value is not None:
                _step(case, findings, watch, latch, (value, min(strokes, countable), seq))
        if latch.number is None and latch.beyond == 0:
            del latches[watch.key]


def _step(
    case: Case, findings: Findings, watch: Watch, latch: Latch, seen: tuple[float, int, int]
) -> None:
    value, strokes, seq = seen
    persistence = case.persistence_strokes
    if watch.is_beyond(value):
        if latch.beyond == 0 and latch.number is None:
            latch.first_seq, latch.extreme = seq, None
        latch.beyond += strokes
        latch.within, latch.last_seq = 0, seq
        if watch.is_farther(value, latch.extreme):
            latch.extreme = value
        if latch.number is not None:
            grow(case.state.findings[latch.number], seq, value)
        elif latch.beyond >= persistence:
            _raise(case, findings, watch, latch, f"for {latch.beyond} strokes on end")
    elif latch.number is None:
        latch.beyond = 0
    else:
        latch.within += strokes
        if latch.within >= max(CLEARING_STROKES_MIN, persistence * CLEARING_FACTOR.value):
            _clear(findings, latch)


def watch_shot(case: Case, findings: Findings, watches: Watches, seq: int) -> None:
    """Hold one shot against every watch at its spot: a single one suffices."""
    shot, latches = case.shot, case.state.latches
    assert shot is not None  # noqa: S101  asked for shots only
    for watch in watches:
        values = values_of(watch, shot)
        if not values:
            continue
        latch = latches.get(watch.key)
        value = max(values) if watch.rule.side == "above" else min(values)
        if watch.is_beyond(value):
            if latch is None:
                _make_room(latches)
                latch = latches[watch.key] = Latch(first_seq=seq)
            latch.beyond, latch.within, latch.last_seq = latch.beyond + 1, 0, seq
            if watch.is_farther(value, latch.extreme):
                latch.extreme = value
            if latch.number is None:
                _raise(case, findings, watch, latch, "in a shot")
            else:
                grow(case.state.findings[latch.number], seq, value)
        elif latch is not None:
            latch.within += 1
            if latch.within >= CLEARING_SHOTS.value:
                _clear(findings, latch)
        if latch is not None and latch.number is None:
            del latches[watch.key]


def _make_room(latches: dict[str, Latch]) -> None:
    if len(latches) >= LATCHES_MAX:
        for key in [key for key, latch in latches.items() if latch.number is None]:
            del latches[key]


def drop_latches(findings: Findings, latches: dict[str, Latch], keys: Iterable[str]) -> None:
    """End what watches that are no more have raised: their limits hold no longer."""
    for key in keys:
        _clear(findings, latches.pop(key))


def _raise(case: Case, findings: Findings, watch: Watch, latch: Latch, how_long: str) -> None:
    rule, bound = watch.rule, watch.bound
    value = latch.extreme or 0.0
    unit = f" {unit_word(bound.unit)}".rstrip()
    tolerance = ""
    if watch.tolerance:
        kind = ", a default" if case.tolerance_is_default else ""
        tolerance = f" by more than the tolerance of {watch.tolerance:.6g}{unit}{kind},"
    spot = watch.spot
    sentence = (
        f"{rule.what[:1].upper()}{rule.what[1:]} was {value:.6g}{unit} at {spot.name},"
        f" {rule.side} the {watch.limit:.6g}{unit} of the {bound.whose},{tolerance} {how_long}."
    )
    off_label = bound.envelope == "cleared_label"
    if off_label:
        sentence += " That is outside the cleared label: no fault, but it wants a justification."
    hit = Hit(
        sentence=sentence,
        envelope=bound.envelope,
        priority="medium" if off_label and rule.priority == "high" else None,
        spot=spot,
        seqs=(latch.first_seq, latch.last_seq),
        measured_value=value,
        limit_value=watch.limit,
        unit=bound.unit,
        digests=() if bound.digest is None else (bound.digest,),
    )
    raised = findings.new(rule, hit, latch.last_seq)
    latch.number = None if raised is None else raised.number
    if raised is None:
        latch.beyond = 0


def _clear(findings: Findings, latch: Latch) -> None:
    if latch.number is not None:
        findings.clear(latch.number)
    latch.number, latch.beyond, latch.within, latch.extreme = None, 0, 0, None
