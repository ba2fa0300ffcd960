"""Where every point that follows from the journal has gone.

    journalled = forwarded + quarantined + expired + erased + superseded + pending

`journalled` is counted from the documents alone, the others from what was done with the points: the
two sides are counted apart, and a point that got lost on the way would show as a difference.
"""

from dataclasses import asdict, dataclass
from typing import Final, Literal

from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, SessionStarted, SessionStopped, ZoneEntered
from dermatrace_schemas.system import SystemDocument
from dermatrace_schemas.verdict import (
    VerdictClosed,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictState,
    VerdictSummary,
)

Fate = Literal["forwarded", "quarantined", "expired", "erased", "superseded"]
FATES: Final[tuple[Fate, ...]] = (
    "forwarded",
    "quarantined",
    "expired",
    "erased",
    "superseded",
)


@dataclass(frozen=True, slots=True)
class Account:
    """Points by what became of them, as far as the journal has been followed."""

    journalled_count: int = 0
    forwarded_count: int = 0
    """Accepted by InfluxDB and standing there, as far as its retention keeps them."""
    quarantined_count: int = 0
    """Refused by InfluxDB and kept aside with its words."""
    expired_count: int = 0
    """Older than the bucket keeps; not sent."""
    erased_count: int = 0
    """Removed because their session was erased by order."""
    superseded_count: int = 0
    """Replaced by a newer statement about the same: a newer judgement, a finding that cleared."""
    pending_count: int = 0
    """Read, and held until the document comes that they need: their stream's first, a finding's."""

    @property
    def difference_count(self) -> int:
        """Points unaccounted for: anything but 0 is a defect."""
        return self.journalled_count - (
            self.forwarded_count
            + self.quarantined_count
            + self.expired_count
            + self.erased_count
            + self.superseded_count
            + self.pending_count
        )

    def as_json(self) -> dict[str, int]:
        """Return the numbers by name, the difference among them."""
        return {**asdict(self), "difference_count": self.difference_count}

    def __str__(self) -> str:
        told = [
            f"{value:,} {name.removesuffix('_count')}"
            for name, value in asdict(self).items()
            if name != "journalled_count"
        ]
        sign = "=" if not self.difference_count else "is not"
        return f"{self.journalled_count:,} points {sign} {' + '.join(told)}"


_ONE_POINT: Final = (
    ZoneEntered,
    DeviceEvent,
    SessionStopped,
    VerdictFindingRaised,
    VerdictFindingCleared,
    VerdictState,
    VerdictSummary,
    VerdictClosed,
    Announcement,
    Status,
    SystemDocument,
)


def points_of(document: object) -> int:
    """Return how many points follow from a document, whatever becomes of them."""
    match document:
        case NeedlingWindows():
            return len(document.offset_ms)
        case RfShot():
            pulses = [pulse for depth in document.depths for pulse in depth.sub_pulses]
            return 1 + len(pulses) + sum(len(pulse.channels or ()) for pulse in pulses)
        case SessionStarted():
            # An event; at the beginning, where it belongs, also what the device says of itself.
            return 1 + (document.seq == 0)
    return int(isinstance(document, _ONE_POINT))
