"""Every measurement in InfluxDB: where it lies, what it is tagged with, what its fields mean.

All numbers are floats: a field that once was an integer refuses every later fraction. Texts are
strings. A field that was not measured is absent. A tag whose value nobody knows says `unknown`, so
that every point of a measurement has the same tags.
"""

from typing import Final

from dermatrace.forward.measurements_device import (
    CHANNEL,
    DEVICE_STATE,
    EVENT,
    SHOT,
    SUB_PULSE,
    WINDOW,
)
from dermatrace.forward.measurements_recorder import PIPELINE, RECORD_EVENT, REJECTION
from dermatrace.forward.measurements_verdict import (
    FINDING,
    LIMIT,
    SESSION_CLOSE,
    SESSION_STATE,
    SESSION_SUMMARY,
    ZONE_SUMMARY,
)

MEASUREMENTS: Final = (
    WINDOW,
    SHOT,
    SUB_PULSE,
    CHANNEL,
    EVENT,
    DEVICE_STATE,
    SESSION_STATE,
    FINDING,
    SESSION_SUMMARY,
    ZONE_SUMMARY,
    SESSION_CLOSE,
    LIMIT,
    RECORD_EVENT,
    REJECTION,
    PIPELINE,
)
JUDGED: Final = (FINDING, SESSION_SUMMARY, ZONE_SUMMARY, SESSION_CLOSE, LIMIT)
"""Deleted when a newer judgement of the session begins."""
OF_SESSION: Final = (WINDOW, SHOT, SUB_PULSE, CHANNEL, EVENT, SESSION_STATE, *JUDGED)
"""Deleted when the session is erased."""


def render_measurements() -> str:
    """Return docs/measurements.md."""
    lines = [
        "# What stands in InfluxDB",
        "",
        "Written by `make reference` from `services/dermatrace/forward/measurements.py`.",
        "",
        *" ".join(MEASUREMENTS_INTRODUCTION.split()).splitlines(),
    ]
    for one in MEASUREMENTS:
        lines += ["", f"## {one.name}", "", one.meaning, ""]
        where = f'`"{one.bucket}"."{one.name}"`'
        aside = "" if one.is_journalled else " · not in the account of points"
        lines += [f"In InfluxQL {where}{aside}. Tags: {', '.join(f'`{t}`' for t in one.tags)}.", ""]
        lines += ["| field | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | number | {text} |" for name, text in one.numbers.items()]
        lines += [f"| `{name}` | text | {text} |" for name, text in one.texts.items()]
    return "\n".join(lines) + "\n"


MEASUREMENTS_INTRODUCTION: Final = """
Every number is a float, whatever it counts. Absent means not measured or not known, never 0. The
unit is the end of the name. A tag that nobody knows says `unknown`. The time of a point is the
time of its document by the device's clock; within the millisecond the number of the document
modulo 1,000 counts microseconds, and the place within the document nanoseconds, so that the same
document always makes the same points. Where documents have no number, it is that of their entry.
What stands once a session (`session_summary`, `zone_summary`, `session_close`) has there twice the
first four bytes of the BLAKE2b digest of device, a space and session, modulo 500,000, so that two
sessions that begin in the same millisecond stay two; one more for what was told without a zone.
What people enter (names, subjects, consent, photos) is not in InfluxDB.
"""
