"""When a document's fact happened, by the device's own clocks; never by when it arrived.

The wall clock counts while it is plausible. Without one, the uptime and what another document of
the same boot has shown of the offset between both clocks give the time; else nobody knows it.
"""

from dataclasses import dataclass, field
from typing import Final

from dermatrace_schemas.document import StreamDocument

WALL_CLOCK_MIN_MS: Final = 1_577_836_800_000
"""2020-01-01: a clock before that was never set. What it says is not used."""
WALL_CLOCK_MAX_MS: Final = 4_102_444_800_000
"""2100-01-01: a clock after that is wrong. What it says is not used."""
CLOCK_STEP_MIN_MS: Final = 2_000
"""Between two documents of one boot the wall clock may differ from the uptime by less than this
without being called a step: network time and a crystal's drift stay far below it."""
BOOTS_KEPT_MAX: Final = 100
"""Boots of one session whose offset is remembered; a later boot's null clocks stay unknown."""


@dataclass(slots=True)
class DeviceClock:
    """What the documents of one session have shown of the device's clocks, boot by boot."""

    offset_ms: dict[str, int] = field(default_factory=dict)
    """Wall clock minus uptime where last seen plausible, by boot."""
    stepped: bool = False
    """Whether the wall clock has been seen to jump."""
    unset: bool = False
    """Whether a document without any usable time has been seen."""

    @property
    def is_doubtful(self) -> bool:
        """Whether before and after cannot be told by it for sure."""
        return self.stepped or self.unset

    def take(self, document: StreamDocument) -> int:
        """Look at one more document; return by how many milliseconds the clock stepped, or 0."""
        wall_ms = plausible_ms(document.wall_time_ms)
        if wall_ms is None:
            self.unset |= document.boot_id not in self.offset_ms
            return 0
        offset_ms = wall_ms - document.uptime_ms
        before_ms = self.offset_ms.get(document.boot_id)
        if before_ms is not None or len(self.offset_ms) < BOOTS_KEPT_MAX:
            self.offset_ms[document.boot_id] = offset_ms
        step_ms = 0 if before_ms is None else offset_ms - before_ms
        if abs(step_ms) < CLOCK_STEP_MIN_MS:
            return 0
        self.stepped = True
        return step_ms

    def at_ms(self, document: StreamDocument) -> int | None:
        """Return when the document's fact happened, UTC, or None if nobody knows."""
        wall_ms = plausible_ms(document.wall_time_ms)
        if wall_ms is not None:
            return wall_ms
        offset_ms = self.offset_ms.get(document.boot_id)
        return None if offset_ms is None else plausible_ms(document.uptime_ms + offset_ms)


def plausible_ms(wall_ms: int | None) -> int | None:
    """Return a wall clock's time if it can be true, else None."""
    if wall_ms is None or not WALL_CLOCK_MIN_MS <= wall_ms <= WALL_CLOCK_MAX_MS:
        return None
    return wall_ms
