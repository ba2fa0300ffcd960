"""What is told of one tile of the floor: named values, for pages and programs alike."""

from typing import Literal, TypeAlias

from dermatrace.console.facts import Facts
from dermatrace_schemas.finding import Nature, Priority
from dermatrace_schemas.session import Modality
from dermatrace_schemas.treatment import Gate

TileState: TypeAlias = Literal[
    "running",
    "paused",
    "stale",
    "interrupted",
    "ended",
    "without_telemetry",
    "planned",
    "idle",
]
"""stale: silent for longer than a running device may be. interrupted: for so long that something is
wrong. without_telemetry: a visit was to begin, and no device has told of it."""


class TileDepth(Facts):
    """Needle protrusion, as set and as the device reports it, against the band of the protocol."""

    set_mm: float | None
    reported_mm: float | None
    lower_mm: float | None
    upper_mm: float | None
    ceiling_mm: float | None
    """The least that any other limit allows: operator's scope, cleared label, device rating."""


class TileFinding(Facts):
    """One finding, and whether it lasts and somebody has seen it."""

    number: int
    priority: Priority
    nature: Nature
    sentence: str
    is_cleared: bool
    is_seen: bool


class TileSession(Facts):
    """The session on a tile."""

    sender: str
    session_id: str
    device: str | None
    modality: Modality | None
    zone: str | None
    pass_number: int | None
    depth: TileDepth
    is_on_skin: bool
    stroke_rate_hz: float | None
    energy_set_mj: float | None
    energy_delivered_mj: float | None
    energy_upper_mj: float | None
    energy_per: str
    impedance_ohm: float | None
    temperature_celsius: float | None
    temperature_upper_celsius: float | None
    stroke_count: int
    shot_count: int
    test_shot_count: int
    has_touched_skin: bool
    elapsed_ms: int
    outcome: str | None
    """Of an ended one, as the device told."""
    told_ms: int | None
    """When the newest document was told, by the recorder's clock; late data is as old."""
    reading_ms: int | None
    """When the newest reading was taken, likewise."""
    clock_behind_ms: int | None
    """By how much the device's clock is behind; null if it is about right, or not set."""
    recorded_to: int
    missing_count: int
    rejected_count: int
    is_judged: bool
    """Whether the judge has come to it; before that nothing is known of findings and gates."""
    needs_plan: bool
    """Whether it belongs to no visit."""
    open_gates: tuple[Gate, ...]
    later_gates: tuple[Gate, ...]
    """Those of the open ones that nobody can close while the session runs."""
    asked_gate_count: int
    findings: tuple[TileFinding, ...]
    high_count: int
    medium_count: int
    low_count: int


class TileVisit(Facts):
    """The visit on a tile, or the next one of its room."""

    visit_id: str
    due_ms: int | None
    due: str
    """The same by the clock on the clinic's wall."""
    operator_id: str | None
    device_sender: str | None


class FloorTile(Facts):
    """One room, or one device that stands in none."""

    key: str
    """Stays the same while the tile is there."""
    clinic: str
    title: str
    state: TileState
    treatment: str | None
    """Title of the treatment protocol, or its id."""
    protocol_version: str | None
    session: TileSession | None
    visit: TileVisit | None
    raised: Priority | None
    """The gravest finding that nobody has seen yet."""
