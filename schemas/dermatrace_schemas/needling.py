"""What the motor and the needles did, summed over short windows."""

from operator import ge
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.identifiers import ShortText
from dermatrace_schemas.limits import WINDOWS_PER_DOCUMENT_MAX
from dermatrace_schemas.session import Place

Column = Annotated[list[float | None], Field(min_length=1, max_length=WINDOWS_PER_DOCUMENT_MAX)]
"""One value a window; null where the device has no valid reading, never 0 in its place."""
CountColumn = Annotated[
    list[Annotated[int, Field(ge=0, le=2**31)] | None],
    Field(min_length=1, max_length=WINDOWS_PER_DOCUMENT_MAX),
]
OffsetColumn = Annotated[
    list[Annotated[int, Field(ge=0, le=600_000)]],
    Field(min_length=1, max_length=WINDOWS_PER_DOCUMENT_MAX),
]

COLUMNS = (
    "stroke_count",
    "stroke_rate_hz",
    "depth_commanded_mm",
    "depth_measured_min_mm",
    "depth_measured_median_mm",
    "depth_measured_max_mm",
    "motor_current_ma",
    "contact_fraction",
)


class NeedlingWindows(StreamDocument):
    """One to twenty windows of 100 to 200 ms each, as columns of equal length.

    A raw waveform would be 210,000 strokes in half an hour; a window keeps what a rule can use.
    Depth is needle protrusion as the device reports it, not depth reached in skin.
    """

    kind: Literal["needling.windows"]
    place: Place | None = None
    tip_unit_id: ShortText | None = None
    window_ms: Annotated[int, Field(ge=10, le=10_000)] | None = None
    """Length of each window."""
    offset_ms: OffsetColumn
    """Start of each window after `uptime_ms`, rising."""
    stroke_count: CountColumn | None = None
    stroke_rate_hz: Column | None = None
    depth_commanded_mm: Column | None = None
    depth_measured_min_mm: Column | None = None
    depth_measured_median_mm: Column | None = None
    depth_measured_max_mm: Column | None = None
    motor_current_ma: Column | None = None
    contact_fraction: Column | None = None
    """Share of the window with the tip on skin, 0 to 1."""

    @model_validator(mode="after")
    def _columns_are_aligned(self) -> Self:
        offsets = self.offset_ms
        members = self.__dict__  # ten times a second a device: attribute look-ups add up
        for name in COLUMNS:
            column = members[name]
            if column is not None and len(column) != len(offsets):
                raise ValueError(f"{name} has {len(column)} values for {len(offsets)} offsets")
        if any(map(ge, offsets, offsets[1:])):
            raise ValueError("offset_ms must rise from window to window")
        return self
