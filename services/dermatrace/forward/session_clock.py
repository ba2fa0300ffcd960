"""When a session's documents happened, for InfluxDB, where every point needs a time.

The device's wall clock while it is plausible. Without one, the uptime counts on from what that boot
has shown of the clock before. After the clock has jumped, or in a boot that has not shown any time
yet, the time is doubtful and marked: it counts on from before the jump, or from when the boot was
first heard of.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dermatrace.device_clock import BOOTS_KEPT_MAX, CLOCK_STEP_MIN_MS, plausible_ms
from dermatrace_schemas.document import StreamDocument

_NO_BOOT: Final = ""


class Moment(NamedTuple):
    """A document's time, and whether it had to be worked out."""

    at_ms: int
    is_doubtful: bool


@dataclass(slots=True)
class SessionClock:
    """What the documents of one session have shown so far, boot by boot."""

    offset_ms: dict[str, int] = field(default_factory=dict)
    """Wall clock minus uptime where first seen plausible."""
    anchor_ms: dict[str, int] = field(default_factory=dict)
    """Recorder's clock minus uptime of a boot's first document, where that came without a time."""

    def take(self, document: StreamDocument, received_ms: int) -> Moment:
        """Look at one more document and return its time."""
        boot = document.boot_id
        wall_ms = plausible_ms(document.wall_time_ms)
        if wall_ms is None and boot not in self.offset_ms and boot not in self.anchor_ms:
            if len(self.anchor_ms) >= BOOTS_KEPT_MAX:
                boot = _NO_BOOT
            self.anchor_ms.setdefault(boot, received_ms - document.uptime_ms)
        elif wall_ms is not None and len(self.offset_ms) < BOOTS_KEPT_MAX:
            self.offset_ms.setdefault(boot, wall_ms - document.uptime_ms)
        return self.moment(document, received_ms)

    def moment(self, document: StreamDocument, received_ms: int) -> Moment:
        """Return a document's time by what has been seen so far."""
        boot, uptime_ms = document.boot_id, document.uptime_ms
        wall_ms = plausible_ms(document.wall_time_ms)
        offset_ms = self.offset_ms.get(boot)
        if wall_ms is not None:
            if offset_ms is None or abs(wall_ms - uptime_ms - offset_ms) < CLOCK_STEP_MIN_MS:
                return Moment(wall_ms, is_doubtful=False)
            return _worked_out(uptime_ms + offset_ms, received_ms)
        if offset_ms is not None and plausible_ms(uptime_ms + offset_ms) is not None:
            return Moment(uptime_ms + offset_ms, is_doubtful=False)
        anchor_ms = self.anchor_ms.get(boot, self.anchor_ms.get(_NO_BOOT))
        if anchor_ms is None:
            return Moment(received_ms, is_doubtful=True)
        return _worked_out(uptime_ms + anchor_ms, received_ms)


def _worked_out(at_ms: int, received_ms: int) -> Moment:
    # An uptime may claim thousands of years, for which InfluxDB has no time.
    return Moment(at_ms if plausible_ms(at_ms) is not None else received_ms, is_doubtful=True)
