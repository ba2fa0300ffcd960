"""One insertion with radio-frequency energy: its depths, its sub-pulses, its channels."""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed, StreamDocument
from dermatrace_schemas.identifiers import ShortText
from dermatrace_schemas.session import Count, Place

DEPTHS_PER_SHOT_MAX = 3
SUB_PULSES_PER_DEPTH_MAX = 10
CHANNELS_PER_SUB_PULSE_MAX = 10


class RfReading(Closed):
    """Electrical and thermal values, of a sub-pulse as a whole or of one channel of it."""

    power_commanded_w: float | None = None
    power_w: float | None = None
    """Mean power delivered while the pulse lasted."""
    duration_commanded_ms: float | None = None
    duration_ms: float | None = None
    energy_commanded_mj: float | None = None
    energy_delivered_mj: float | None = None
    energy_scope: Literal["total", "per_pin"] | None = None
    """What both energies refer to; without it they can be stored but not judged."""
    impedance_before_ohm: float | None = None
    impedance_start_ohm: float | None = None
    impedance_min_ohm: float | None = None
    impedance_end_ohm: float | None = None
    temperature_max_celsius: float | None = None
    temperature_hold_ms: float | None = None
    """Time at or above the device's target temperature."""


class Channel(RfReading):
    """One electrically isolated needle pair."""

    channel_number: Annotated[int, Field(ge=1, le=1_000)]


class SubPulse(RfReading):
    """One burst of energy."""

    offset_ms: Annotated[float, Field(ge=0, le=3_600_000)] | None = None
    """Start after the document's `uptime_ms`."""
    channels: (
        Annotated[list[Channel], Field(min_length=1, max_length=CHANNELS_PER_SUB_PULSE_MAX)] | None
    ) = None


class RfDepth(Closed):
    """What was delivered at one depth of the insertion."""

    depth_commanded_mm: float | None = None
    depth_measured_mm: float | None = None
    sub_pulses: Annotated[list[SubPulse], Field(max_length=SUB_PULSES_PER_DEPTH_MAX)]
    """Empty when the needles went in and no energy followed."""


class Position(Closed):
    """Where on the skin a shot landed, as far as the device or the operator can tell."""

    x_mm: float | None = None
    y_mm: float | None = None
    cell: ShortText | None = None
    """Cell of a grid the operator taps, if there are no coordinates."""


class RfShot(StreamDocument):
    """One insertion of the tip with one to three depths, delivered before it is retracted."""

    kind: Literal["rf.shot"]
    place: Place | None = None
    tip_unit_id: ShortText | None = None
    shot_number: Count | None = None
    """The device's count within the session, from 1."""
    purpose: Literal["test", "treatment"] | None = None
    position: Position | None = None
    depths: Annotated[list[RfDepth], Field(min_length=1, max_length=DEPTHS_PER_SHOT_MAX)]
