"""Times as people write them, into milliseconds in UTC.

`2026-03-01T09:30:00+01:00` is that moment. `2026-03-01` is the moment at which that day begins
where the clinic is, by the `time_zone` of the clinic in the same folder; so `valid_until:
2026-04-01` makes March the last month. Without a known time zone a bare date has no meaning.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_MOMENT: Final = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)


def utc_ms_of(text: str, time_zone: str | None) -> int:
    """Return the moment a text names. Raises ValueError saying what it lacks."""
    if _MOMENT.match(text):
        moment = datetime.fromisoformat(text)
    elif not _DAY.match(text):
        raise ValueError(f"{text[:40]!r} is not a time")
    elif time_zone is None:
        raise ValueError(f"when {text} begins depends on the time zone, and none is known here")
    else:
        # Where the clocks change at midnight the first moment of the day is meant: fold 0 is that.
        moment = datetime.fromisoformat(text).replace(tzinfo=_zone(time_zone))
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"this machine knows no time zone {name!r}") from error
