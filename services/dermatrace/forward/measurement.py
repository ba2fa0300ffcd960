"""What a measurement in InfluxDB is, and what several of them share."""

from dataclasses import dataclass
from typing import Final, Literal

Bucket = Literal["raw", "sessions"]
"""raw: what devices said, kept for a while. sessions: what sessions came to, kept for good. In
InfluxQL they are two retention policies of one database; `raw` is the default one."""
BUCKETS: Final[tuple[Bucket, ...]] = ("raw", "sessions")
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of point. `texts` are the string fields, `numbers` the float fields, by name."""

    name: str
    bucket: Bucket
    meaning: str
    tags: tuple[str, ...]
    numbers: dict[str, str]
    texts: dict[str, str]
    is_journalled: bool = True
    """Whether its points follow from the journal and are in the account of points."""


SESSION_TAGS: Final = ("clinic", "device", "firmware", "modality", "model", "session")
"""Of everything one session told; in the order in which they are written."""
PLACE_TAGS: Final = (*SESSION_TAGS, "laterality", "zone")
PLAN_TAGS: Final = ("operator_role", "protocol", "protocol_version")
VERDICT_TAGS: Final = (*SESSION_TAGS, *PLAN_TAGS, "series")
ONCE_TAGS: Final = ("clinic", "device", "firmware", "modality", "model", *PLAN_TAGS, "setting")
"""Of what stands once a session. Its name is a text there: a tag that is another one in each of
40,000 sessions makes a series of each, and a board of a year opens all of them."""

SEQ: Final = {"seq": "number of the document in its session: names the entry in the record"}
PASS: Final = {"pass_number": "which coverage of the zone, from 1"}
DOUBT: Final = {
    "clock_is_doubtful": "1 if the device's clock had jumped, or had not been set yet, and the time"
    " was worked out from its uptime; else absent"
}
GENERATION: Final = {"generation": "which judgement of the session, from 0; the newest stands"}
NAMES: Final = {"session": "which one", "series": "the series plan it belongs to, or `unknown`"}
ONE: Final = {"occurrence_count": "1, to be summed or counted"}
