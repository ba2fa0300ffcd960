"""Which readings of a script lie beyond a limit once its faults are in it, and for how long.

Counted from the script and the numbers of the faults, not from what is then sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, cast

from dermatrace.simulator.faults import Fault, LimitCrossing
from dermatrace.simulator.timeline import ScriptedDocument, depths_of
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.identifiers import Laterality

NEAR: Final = 1e-6
"""A reading nearer to its limit than this may be called either; nothing is expected of it."""


@dataclass(frozen=True, slots=True)
class DepthLimit:
    """The greatest depth that one envelope allows."""

    envelope: Envelope
    upper_mm: float
    zones: frozenset[str] | None = None
    """None: wherever no other limit of this envelope names the zone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers a session is judged by, as plain values."""

    depths: tuple[DepthLimit, ...]
    depth_tolerance_mm: float
    """Of measured depths."""
    persistence_strokes: int
    """Contact strokes on end beyond a limit before it counts; one RF shot always does."""
    energy_total_upper_mj: float | None = None
    """Of one insertion, by the treatment protocol, as is the next."""
    energy_per_pin_upper_mj: float | None = None
    test_shot_min: int = 0
    """Before the first treatment shot."""
    clock_step_min_ms: int = 2_000
    """A smaller jump of the wall clock is none."""

    def depths_at(self, zone: str) -> Iterator[DepthLimit]:
        """Yield what limits the depth at a zone."""
        named = {limit.envelope for limit in self.depths if zone in (limit.zones or ())}
        for limit in self.depths:
            is_general = limit.zones is None and limit.envelope not in named
            if is_general or zone in (limit.zones or ()):
                yield limit


class Crossing(NamedTuple):
    """One limit crossed at one place."""

    rule: str
    envelope: Envelope
    zone: str
    laterality: Laterality


class _Depths(NamedTuple):
    """What one window or one depth of an insertion says."""

    weight: int
    """Contact strokes; for a shot, enough to count at once."""
    commanded_mm: float
    measured_mm: float | None
    of_pen: bool


def crossings(
    script: Sequence[ScriptedDocument],
    accepted: Sequence[int],
    faults: Sequence[Fault],
    limits: Limits,
) -> dict[Crossing, bool]:
    """Return every crossing in the documents that arrived, and whether it lasts long enough.

    What is missing in between ends a crossing here: nobody knows what it said.
    """
    found: dict[Crossing, bool] = {}
    run: dict[Crossing, int] = {}
    following = dict(pairwise(accepted))
    for index in accepted:
        document = script[index]
        if document.kind in {"needling.windows", "rf.shot"}:
            place = cast("Mapping[str, str]", document.facts["place"])
            zone, side = place["zone"], cast("Laterality", place["laterality"])
            over = [f for f in faults if isinstance(f, LimitCrossing) and index in f.span]
            for reading in _depths(document, over, limits.persistence_strokes):
                for crossing, is_beyond in _held(reading, zone, side, limits):
                    run[crossing] = run.get(crossing, 0) + reading.weight if is_beyond else 0
                    if is_beyond:
                        lasts = run[crossing] >= limits.persistence_strokes
                        found[crossing] = found.get(crossing, False) or lasts
            if document.kind == "rf.shot":
                needle_count = _needle_count(script)
                for rule in _energies(document, over, needle_count, limits):
                    found[Crossing(rule, "clinic_protocol", zone, side)] = True
        if following.get(index) != index + 1:
            run.clear()
    return found


def _depths(
    document: ScriptedDocument, over: Sequence[LimitCrossing], persistence_strokes: int
) -> Iterator[_Depths]:
    """Yield the depths of a document with the faults in it; windows off the skin have none."""
    if document.kind == "rf.shot":
        for depth in depths_of(document):
            commanded_mm = depth.depth_commanded_mm or 0.0
            shown_mm = _faulty(commanded_mm, depth.depth_measured_mm, over, always=False)
            yield _Depths(persistence_strokes, *shown_mm, of_pen=False)
        return
    facts = document.facts
    names = ("stroke_count", "depth_commanded_mm", "depth_measured_median_mm")
    columns = [cast("list[float | None]", facts[name]) for name in names]
    on_skin = cast("list[float]", facts.get("contact_fraction") or [1.0 for _ in columns[0]])
    for strokes, commanded_mm, median_mm, share in zip(*columns, on_skin, strict=True):
        weight = round((strokes or 0) * (share or 0.0))
        if weight and commanded_mm is not None and median_mm is not None:
            shown_mm = _faulty(commanded_mm, median_mm, over, always=True)
            yield _Depths(weight, *shown_mm, of_pen=True)


def _faulty(
    commanded_mm: float, measured_mm: float | None, over: Sequence[LimitCrossing], *, always: bool
) -> tuple[float, float | None]:
    """Return commanded and measured depth with the faults in them.

    A pen's median is put that far over what was planned even if that is nought.
    """
    for fault in over:
        deeper_mm = commanded_mm + fault.over_mm
        if always or fault.over_mm:
            measured_mm = deeper_mm
        commanded_mm = deeper_mm if fault.dialled else commanded_mm
    return commanded_mm, measured_mm


def _held(
    reading: _Depths, zone: str, side: Laterality, limits: Limits
) -> Iterator[tuple[Crossing, bool]]:
    """Hold one reading against every limit at its place."""
    tolerance_mm = limits.depth_tolerance_mm + NEAR
    for limit in limits.depths_at(zone):
        set_above = reading.commanded_mm > limit.upper_mm + NEAR
        yield Crossing("depth.set_above", limit.envelope, zone, side), set_above
        if reading.measured_mm is not None:
            beyond = reading.measured_mm > limit.upper_mm + tolerance_mm
            yield Crossing("depth.measured_above", limit.envelope, zone, side), beyond
    if reading.of_pen and reading.measured_mm is not None:
        strays = reading.measured_mm - reading.commanded_mm > tolerance_mm
        yield Crossing("device.depth_tracking", "none", zone, side), strays


def _energies(
    shot: ScriptedDocument, over: Sequence[LimitCrossing], needle_count: int, limits: Limits
) -> Iterator[str]:
    """Yield the rules about energy that one insertion breaks."""
    set_mj = delivered_mj = 0.0
    for depth in depths_of(shot):
        for pulse in depth.sub_pulses:
            share = needle_count if pulse.energy_scope == "per_pin" else 1
            set_mj += (pulse.energy_commanded_mj or 0.0) * share
            delivered_mj += (pulse.energy_delivered_mj or 0.0) * share
    for fault in over:
        delivered_mj *= 1.0 + fault.over_energy_fraction
        set_mj *= 1.0 + fault.over_energy_fraction if fault.dialled else 1.0
    uppers = (
        ("energy", 1, limits.energy_total_upper_mj),
        ("energy_per_pin", needle_count, limits.energy_per_pin_upper_mj),
    )
    for family, share, upper_mj in uppers:
        if upper_mj is None:
            continue
        if delivered_mj / share > upper_mj + NEAR:
            yield f"{family}.above"
        if set_mj / share > upper_mj + NEAR:
            yield f"{family}.set_above"


def _needle_count(script: Sequence[ScriptedDocument]) -> int:
    """Return the needles of the tip as the session's start says; one if it does not."""
    tip = cast("Mapping[str, int]", script[0].facts.get("tip") or {})
    return tip.get("needle_count", 1)
