"""What a judgement remembers of a session while it reads it: bounded, and plain enough to be kept.

Everything here follows from the documents read so far and can be written down as JSON.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from dermatrace.device_clock import DeviceClock
from dermatrace.judge.spot import Spot
from dermatrace.judge.tally import Tally
from dermatrace_schemas.finding import Envelope, FindingKey, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.quantities import Unit
from dermatrace_schemas.session import Place, SessionStarted, SessionStopped, Tip

TIPS_KEPT_MAX: Final = 50
"""Tips of one session that are remembered one by one; later ones are only counted."""
SPOTS_MAX: Final = 120
"""Zones with side of one session; what lies beyond is summed up as an unknown zone."""
LATCHES_MAX: Final = 1_000
"""Limits beyond which something is at one moment; with one more, those that have not lasted long
enough to be a finding are watched from the beginning. A session has a handful."""
ONCE_MAX: Final = 1_000
"""Hits that are remembered so that they are raised once; beyond it they could not be raised anyway,
and are counted every time they are seen."""


@dataclass(slots=True)
class Happened:
    """When something was: which document, and the time by the device's clock if known."""

    seq: int
    at_ms: int | None


@dataclass(slots=True)
class Standing:
    """One finding as it stands, with everything it has turned out to rest on so far."""

    number: int
    rule: str
    envelope: Envelope
    priority: Priority
    nature: Nature
    zone: str | None
    laterality: Laterality | None
    first_seq: int | None
    last_seq: int | None
    measured_value: float | None
    limit_value: float | None
    unit: Unit | None
    digests: list[str]
    sentence: str
    cleared: bool = False
    extreme_value: float | None = None
    """Farthest from the limit while it lasted."""

    @property
    def spot(self) -> Spot:
        """Where."""
        return Spot(self.zone, self.laterality)


@dataclass(slots=True)
class Latch:
    """One watch: how long a value has been beyond its limit, or within it again."""

    beyond: int = 0
    within: int = 0
    first_seq: int = 0
    last_seq: int = 0
    extreme: float | None = None
    number: int | None = None
    """The finding it has raised and that still lasts."""


@dataclass(slots=True)
class SessionState:
    """A session so far."""

    # Written down as JSON by pydantic; a sum that no longer fits a number must come back as it was.
    __pydantic_config__: ClassVar[dict[str, str]] = {"ser_json_inf_nan": "constants"}

    document_count: int = 0
    good_count: int = 0
    """Documents that count for data coverage: all but readings whose zone or depth is unknown."""
    next_seq: int = 0
    """The number after the last one read."""
    skipped: list[tuple[int, int]] = field(default_factory=list)
    """Numbers that were not there when the judgement went on without them."""
    started: SessionStarted | None = None
    stopped: SessionStopped | None = None
    clock: DeviceClock = field(default_factory=DeviceClock)
    started_at: Happened | None = None
    stopped_at: Happened | None = None
    tip: Tip | None = None
    tips: list[Tip] = field(default_factory=list)
    tip_count: int = 0
    place: Place | None = None
    """Where the last `zone.entered` led."""
    first_contact: Happened | None = None
    """First contact stroke or RF shot, test shots included."""
    first_treatment: Happened | None = None
    """First contact stroke or treatment shot."""
    paused: bool = False
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By `tally_key`; the unknown zone has one too."""
    findings: list[Standing] = field(default_factory=list)
    once: dict[str, int] = field(default_factory=dict)
    """Hits of moment rules already raised: key to number of the finding."""
    worked: dict[str, list[int]] = field(default_factory=dict)
    """Spots worked at with the tip in use, and the findings that grow with work there."""
    latches: dict[str, Latch] = field(default_factory=dict)
    failed_rules: list[str] = field(default_factory=list)
    ignored_finding_count: int = 0
    numbers: dict[str, float] = field(default_factory=dict)
    """Scratch numbers of rules, by names beginning with the rule's id: few, and bounded."""
    lists: dict[str, list[float]] = field(default_factory=dict)
    """Scratch lists of rules; each rule bounds its own."""


def names(key: FindingKey, finding: Standing) -> bool:
    """Tell whether somebody means a finding; one about what is absent rests on no documents."""
    if (key.rule, key.envelope) != (finding.rule, finding.envelope):
        return False
    if (key.zone, key.laterality) != (finding.zone, finding.laterality):
        return False
    told = key.seq_range
    if told is None or finding.first_seq is None or finding.last_seq is None:
        return told is None and finding.first_seq is None
    return told.first_seq <= finding.last_seq and finding.first_seq <= told.last_seq


def tally_key(spot: Spot) -> str:
    """Return the name under which a spot's numbers are kept."""
    return f"{spot.zone or ''}/{spot.laterality or ''}"


def spot_of_key(key: str) -> Spot:
    """Return the spot of a tally's name."""
    zone, _, side = key.partition("/")
    return Spot(zone or None, side or None)  # type: ignore[arg-type]
