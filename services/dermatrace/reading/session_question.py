"""How people write when the sessions they look for began."""

import re
from typing import Final, Literal

from dermatrace.reading.judgement_text import day_of
from dermatrace.registry.times import utc_ms_of

HOW_TO_WRITE_A_TIME: Final = (
    "2026-03-01 for a day of the clinic's calendar, or 2026-03-01T09:30Z for a moment"
)
_BARE_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def end_of_span(end: Literal["from", "until"], text: str) -> dict[str, int]:
    """Return the member of a question that one end of a span of time becomes.

    Raises ValueError if it is neither a day nor a moment.
    """
    if _BARE_DATE.fullmatch(text):
        return {f"{end}_day": day_of(text)}
    return {f"{end}_ms": utc_ms_of(text, None)}
