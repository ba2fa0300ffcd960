"""What a device tells of itself outside a session; retained, shown to the fleet, never judged."""

from typing import Annotated, Literal

from pydantic import Field

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import BootId, LongText, RegistryId, StreamId, UtcMs
from dermatrace_schemas.session import Count, DeviceDescriptor, Tip


class Announcement(Closed):
    """What this device is. Sent at boot and when it changes."""

    kind: Literal["announcement"]
    boot_id: BootId
    wall_time_ms: UtcMs | None
    device: DeviceDescriptor
    room_id: RegistryId | None = None
    contract_version: Annotated[int, Field(ge=1, le=1_000)] | None = None


class Status(Closed):
    """How this device is. Also its MQTT will, with `state` `offline`."""

    kind: Literal["status"]
    boot_id: BootId
    state: Literal["online", "offline", "in_session", "fault"]
    wall_time_ms: UtcMs | None = None
    uptime_ms: Annotated[int, Field(ge=0, le=2**48)] | None = None
    stream_id: StreamId | None = None
    """The running session, with `in_session`."""
    battery_fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    lifetime_stroke_count: Count | None = None
    lifetime_shot_count: Count | None = None
    outbox_bytes: Count | None = None
    """Bytes the sender still holds."""
    tip: Tip | None = None
    detail: LongText | None = None
