"""What one tile of the floor says: pure functions from what is known to what is shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dermatrace.console.clinic_time import local_clock
from dermatrace.console.floor_facts import (
    FloorTile,
    TileDepth,
    TileFinding,
    TileSession,
    TileState,
    TileVisit,
)
from dermatrace.console.floor_readings import LiveReadings
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.bounds import Bound, bounds_of
from dermatrace.judge.context import SessionContext
from dermatrace.judge.search import FoundSession
from dermatrace.judge.spot import Spot
from dermatrace.reading.visit_chart import Visit
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.limits import ALIVE_INTERVAL_MS
from dermatrace_schemas.quantities import Quantity
from dermatrace_schemas.session import Modality
from dermatrace_schemas.treatment import Gate

READINGS_EVERY_MS: Final = 2_000
"""A live message spans at most a second, and takes at most another to be shown. Past twice this the
numbers of a reading are drawn as old."""
STALE_AFTER_MS: Final = 2 * ALIVE_INTERVAL_MS
"""Twice the longest that a running device may say nothing; then its whole tile is drawn as old."""
INTERRUPTED_AFTER_MS: Final = 60_000
"""Silent for this long without an end: the connection or the device is gone."""
ENDED_SHOWN_MS: Final = 15 * 60_000
"""A session that has ended stays on its tile for this long."""
FORGOTTEN_AFTER_MS: Final = 12 * 3_600_000
"""Nothing heard for this long: the session leaves the floor; the list of sessions keeps it."""
CLOCK_BEHIND_MIN_MS: Final = 60_000
"""A device's clock that is further behind is told of: it is wrong, or what comes is old."""
DUE_SHOWN_MS: Final = 4 * 3_600_000
"""A visit without a session's data is asked after for this long once it was to begin."""
FINDINGS_SHOWN_MAX: Final = 20
"""Findings of one tile, the gravest first; the session's page has all."""
AFTERWARDS: Final[frozenset[Gate]] = frozenset({"photo_after", "endpoint", "aftercare"})
"""Gates that only the end of a session lets anybody close; until then no tile calls them open."""
PRIORITIES: Final[tuple[Priority, ...]] = ("high", "medium", "low")


@dataclass(slots=True)
class LiveSession:
    """Everything known of one session on the floor."""

    stream: StreamRecord
    readings: LiveReadings
    found: FoundSession | None = None
    context: SessionContext | None = None
    findings: tuple[TileFinding, ...] = ()
    counts: dict[Priority, int] = field(default_factory=dict)

    @property
    def clinic(self) -> str:
        """Where it is."""
        return self.stream.key.clinic

    @property
    def has_ended(self) -> bool:
        """Whether the device, or the recorder for it, has said so."""
        return self.readings.stopped is not None or self.stream.closed_by is not None

    def is_shown(self, now_ms: int) -> bool:
        """Whether the floor still has room for it."""
        age_ms = now_ms - self.readings.last_received_ms
        most_ms = ENDED_SHOWN_MS if self.has_ended else FORGOTTEN_AFTER_MS
        return age_ms < most_ms and self.stream.erased_by is None

    def state(self, now_ms: int) -> TileState:
        """Return how it looks at a moment."""
        if self.has_ended:
            return "ended"
        age_ms = now_ms - (self.readings.told_ms or 0)
        if age_ms >= INTERRUPTED_AFTER_MS:
            return "interrupted"
        if age_ms >= STALE_AFTER_MS:
            return "stale"
        return "paused" if self.readings.is_paused else "running"


def due_ms_of(visit: Visit) -> int | None:
    """Return when a visit was to begin: as planned, else when that was typed in."""
    planned = visit.planned
    if planned is None:
        return None
    times_ms = planned.planned_ms, planned.entered_ms, planned.wall_time_ms
    return next((ms for ms in times_ms if ms is not None), None)


def tile_of_session(
    key: str,
    title: str,
    live: LiveSession,
    now_ms: int,
    visit: TileVisit | None = None,
) -> FloorTile:
    """Return the tile of a session."""
    protocol = None if live.context is None else live.context.protocol
    found = live.found
    return FloorTile(
        key=key,
        clinic=live.clinic,
        title=title,
        state=live.state(now_ms),
        treatment=protocol.title if protocol else (found.protocol_id if found else None),
        protocol_version=None if found is None else found.protocol_version,
        session=_session(live),
        visit=visit,
        raised=_raised(live.findings),
    )


def tile_without_session(
    key: str,
    clinic: str,
    title: str,
    visit: Visit | None,
    now_ms: int,
    zone: str,
    *,
    treatment: str | None,
) -> FloorTile:
    """Return the tile of a room in which no device speaks."""
    due_ms = None if visit is None else due_ms_of(visit)
    state: TileState = "idle"
    if visit is not None:
        state = "without_telemetry" if due_ms is None or due_ms <= now_ms else "planned"
    plan = None if visit is None else visit.chart.plan
    return FloorTile(
        key=key,
        clinic=clinic,
        title=title,
        state=state,
        treatment=treatment,
        protocol_version=None if plan is None else plan.protocol_version,
        session=None,
        visit=None if visit is None else tile_visit(visit, zone),
        raised=None,
    )


def tile_visit(visit: Visit, zone: str) -> TileVisit:
    """Return what a tile says of a visit."""
    return TileVisit(
        visit_id=visit.visit_id,
        due_ms=due_ms_of(visit),
        due=local_clock(zone)(due_ms_of(visit)),
        operator_id=visit.chart.plan.operator_id,
        device_sender=None if visit.planned is None else visit.planned.device_sender,
    )


def _session(live: LiveSession) -> TileSession:
    readings, found, coverage = live.readings, live.found, live.stream.coverage
    place, reading = readings.place, readings.reading
    device = None if readings.started is None else readings.started.device
    behind_ms = readings.clock_behind_ms
    gaps = coverage.settled.gaps(coverage.next_seq, coverage.known_last, limit=10_000)
    is_judged = found is not None and found.generation >= 0
    return TileSession(
        sender=live.stream.key.sender,
        session_id=live.stream.key.stream_id,
        device=None if device is None else f"{device.vendor} {device.model}",
        modality=_modality(live),
        zone=None if place is None or place.zone is None else Spot.of(place).name,
        pass_number=None if place is None else place.pass_number,
        depth=_depth(live),
        is_on_skin=reading is not None and reading.is_on_skin,
        stroke_rate_hz=reading and reading.stroke_rate_hz,
        energy_set_mj=reading and reading.energy_set_mj,
        energy_delivered_mj=reading and reading.energy_delivered_mj,
        energy_upper_mj=_upper(
            live, "energy_per_pin" if reading and reading.energy_per == "pin" else "energy_total"
        ),
        energy_per="shot" if reading is None else reading.energy_per,
        impedance_ohm=reading and reading.impedance_ohm,
        temperature_celsius=reading and reading.temperature_celsius,
        temperature_upper_celsius=_upper(live, "temperature"),
        stroke_count=readings.stroke_count,
        shot_count=readings.shot_count,
        test_shot_count=readings.test_shot_count,
        has_touched_skin=readings.has_touched_skin,
        elapsed_ms=readings.elapsed_ms,
        outcome=None if readings.stopped is None else readings.stopped.outcome,
        told_ms=readings.told_ms,
        reading_ms=readings.reading_ms,
        clock_behind_ms=behind_ms if behind_ms >= CLOCK_BEHIND_MIN_MS else None,
        recorded_to=coverage.next_seq,
        missing_count=sum(last - first + 1 for first, last in gaps),
        rejected_count=len(coverage.rejected),
        is_judged=is_judged,
        needs_plan=found is None or found.visit_id is None,
        open_gates=() if found is None else found.open_gates,
        later_gates=()
        if found is None or live.has_ended
        else tuple(gate for gate in found.open_gates if gate in AFTERWARDS),
        asked_gate_count=0 if found is None else len(found.asked_gates),
        findings=live.findings[:FINDINGS_SHOWN_MAX],
        high_count=live.counts.get("high", 0),
        medium_count=live.counts.get("medium", 0),
        low_count=live.counts.get("low", 0),
    )


def _modality(live: LiveSession) -> Modality | None:
    model = None if live.context is None else live.context.device_model
    if model is not None:
        return model.modality
    started = live.readings.started
    return None if started is None else started.device.modality


def _bounds(live: LiveSession, quantity: Quantity) -> tuple[Bound, ...]:
    context, readings = live.context, live.readings
    if context is None:
        return ()
    own = None if readings.started is None else readings.started.device.ratings
    spot = Spot.of(readings.place)
    return bounds_of(context, quantity, spot, own=own, tip=readings.tip, modality=_modality(live))


def _depth(live: LiveSession) -> TileDepth:
    reading, bounds = live.readings.reading, _bounds(live, "depth")
    own = [bound for bound in bounds if bound.envelope == "clinic_protocol"]
    others = [bound for bound in bounds if bound.envelope != "clinic_protocol"]
    return TileDepth(
        set_mm=reading and reading.depth_set_mm,
        reported_mm=reading and reading.depth_reported_mm,
        lower_mm=max((b.lower for b in own if b.lower is not None), default=None),
        upper_mm=_least(own),
        ceiling_mm=_least(others),
    )


def _upper(live: LiveSession, quantity: Quantity) -> float | None:
    own = [b for b in _bounds(live, quantity) if b.envelope == "clinic_protocol"]
    return _least(own)


def _least(bounds: Iterable[Bound]) -> float | None:
    return min((bound.upper for bound in bounds if bound.upper is not None), default=None)


def _raised(findings: Iterable[TileFinding]) -> Priority | None:
    told = {one.priority for one in findings if not one.is_seen}
    return next((priority for priority in PRIORITIES if priority in told), None)
