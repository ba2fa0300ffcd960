"""A treatment session as its device tells it: how it starts, where it works, how it ends."""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed, StreamDocument
from dermatrace_schemas.identifiers import (
    Laterality,
    LongText,
    RegistryId,
    Salt,
    Sha256Hex,
    ShortText,
    StreamId,
    SubjectId,
    UtcMs,
    ZoneCode,
)

Count = Annotated[int, Field(ge=0, le=2**48)]
Modality = Literal["pen", "rf"]
Setting = Literal["clinic", "home"]
Insulation = Literal["insulated", "semi_insulated", "non_insulated"]


class Ratings(Closed):
    """What the maker says the device can do; each unset if the device does not know."""

    depth_min_mm: float | None = None
    depth_max_mm: float | None = None
    depth_step_mm: float | None = None
    depth_tolerance_mm: float | None = None
    """Half width: a depth set to 1.00 may be 0.85 to 1.15 when this is 0.15."""
    stroke_rate_min_hz: float | None = None
    stroke_rate_max_hz: float | None = None
    power_max_w: float | None = None
    energy_max_mj: float | None = None
    carrier_mhz: float | None = None
    polarity: Literal["monopolar", "bipolar", "multisource"] | None = None
    energy_tolerance_fraction: float | None = None


class Calibration(Closed):
    """When and against what the device was last calibrated."""

    calibrated_ms: UtcMs | None = None
    due_ms: UtcMs | None = None
    certificate: ShortText | None = None


class DeviceDescriptor(Closed):
    """What the device says of itself; compared with the registry, never trusted instead of it."""

    vendor: ShortText
    model: ShortText
    serial: ShortText
    modality: Modality | None = None
    hardware: ShortText | None = None
    firmware: ShortText | None = None
    udi: ShortText | None = None
    ratings: Ratings | None = None
    calibration: Calibration | None = None


class Tip(Closed):
    """The needle cartridge or RF tip in use."""

    unit_id: ShortText | None = None
    """Identity of this one unit. A lot is shared by many, so only this shows reuse."""
    model: ShortText | None = None
    lot: ShortText | None = None
    expires_ms: UtcMs | None = None
    attach_count: Count | None = None
    """How often this unit has been attached, this time included."""
    needle_count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    needle_length_mm: float | None = None
    insulation: Insulation | None = None
    shot_count: Count | None = None
    """RF shots this unit had delivered when it was attached."""


class Plan(Closed):
    """What is intended, as far as it is known where it is entered."""

    visit_id: StreamId | None = None
    subject_id: SubjectId | None = None
    protocol_id: RegistryId | None = None
    protocol_version: ShortText | None = None
    operator_id: RegistryId | None = None
    room_id: RegistryId | None = None
    indication: RegistryId | None = None
    age_band: Literal["under_18", "18_21", "22_29", "30_39", "40_49", "50_59", "60_plus"] | None = (
        None
    )
    phototype: Literal["I", "II", "III", "IV", "V", "VI"] | None = None


class SessionStarted(StreamDocument):
    """The first document of a session: who speaks, with what, where, to what end."""

    kind: Literal["session.started"]
    salt: Salt
    device: DeviceDescriptor
    tip: Tip | None = None
    setting: Setting | None = None
    lifetime_session_number: Count | None = None
    """The device's own count of sessions: a missing session shows as a jump."""
    continues: StreamId | None = None
    """The session this one goes on with after a reboot without durable storage."""
    plan: Plan | None = None
    """Plan facts typed in at the device; what the chart says takes precedence."""


class Place(Closed):
    """Where on the body, and in which coverage of it."""

    zone: ZoneCode | None = None
    laterality: Laterality | None = None
    pass_number: Annotated[int, Field(ge=1, le=1_000)] | None = None


class ZoneEntered(StreamDocument):
    """Work moves to a zone, or begins a new pass over it."""

    kind: Literal["zone.entered"]
    place: Place


class DeviceEvent(StreamDocument):
    """Something happened to the device rather than to the skin."""

    kind: Literal["device.event"]
    event: Literal[
        "alive", "paused", "resumed", "contact_lost", "contact_found", "tip_changed", "fault"
    ]
    fault_code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,47}$")] | None = None
    """Meaningful only with `fault`: for example MOTOR_STALL, OPEN_CIRCUIT, KICKBACK."""
    detail: LongText | None = None
    tip: Tip | None = None
    """The new tip, with `tip_changed`."""


class SessionStopped(StreamDocument):
    """The last document of a session: how it ended, and what the device counted itself."""

    kind: Literal["session.stopped"]
    outcome: Literal["completed", "aborted", "faulted"] | None = None
    reason: LongText | None = None
    stroke_count: Count | None = None
    shot_count: Count | None = None
    energy_delivered_mj: float | None = None
    """Sum over all shots, in the scope the shots report."""
    chain: Sha256Hex | None = None
    """Stream chain over every document before this one; see `digest.py`."""
