"""Panels and marks of what was found in one session, and of what its device told besides."""

from typing import Final

from dashboards.board import Annotation
from dashboards.boards.choices import OF_SESSION
from dashboards.influxql import Query, col
from dashboards.kinds import table
from dashboards.looks import (
    AMISS,
    CELL_COLOUR,
    PRIORITIES,
    SET,
    WRONG,
    named,
    tidy,
    words,
)
from dashboards.panel import Panel
from dermatrace.forward.measurements_device import EVENT
from dermatrace.forward.measurements_verdict import FINDING

GAP_RULES: Final = "data\\.(gap|declared_loss|rejected|conflict|late)"
"""Rules about what is not on record as it should be."""


def findings(width: int) -> Panel:
    """Return what was found, newest first."""
    columns = [
        col('"priority"', "Priority"),
        col('"rule"', "Rule"),
        col('"zone"', "Zone"),
        col('"laterality"', "Side"),
        col('"measured_value"', "Measured"),
        col('"extreme_value"', "Farthest"),
        col('"limit_value"', "Limit"),
        col('"unit"', "Unit"),
        col('"is_cleared"', "Back within"),
        col('"sentence"', "What"),
    ]
    query = Query(
        columns=columns, source=FINDING, where=OF_SESSION, newest_first=True, limit_rows=300
    )
    return table(
        "Findings",
        "What did the judge find, against whose limit? A record against the clinic's own protocol,"
        " at the first reading it rests on, or the last before what is missing; what rests on none"
        " at the session's beginning.",
        [query],
        width,
        height=9,
        transformations=[
            tidy(["Time", *(column.name for column in columns)], rename={"Time": "When"})
        ],
        overrides=[
            named("Priority", {"mappings": [PRIORITIES], "custom.width": 80, **CELL_COLOUR}),
            named("When", {"custom.width": 160}),
            named("What", {"custom.minWidth": 300}),
        ],
        sort=[("When", True)],
    )


def found(*conditions: str, name: str = "Findings", colour: str = AMISS) -> Annotation:
    """Return findings that meet conditions as regions in every plot."""
    columns = [
        col('"sentence"', "sentence"),
        col('"rule"', "rule"),
        col('"priority"', "priority"),
        col('"ended_ms"', "ended_ms"),
    ]
    query = Query(columns=columns, source=FINDING, where=[*OF_SESSION, *conditions])
    return Annotation(name, query, "rule", "sentence", "priority", colour, "ended_ms")


def found_and_missing() -> tuple[Annotation, Annotation]:
    """Return findings, and apart from them what is not on record as it should be.

    A gap is known for certain once a session has ended; a live board has none.
    """
    gaps = found(f'"rule" =~ /^{GAP_RULES}$/', name="Gaps in the record", colour=WRONG)
    return found(f'"rule" !~ /^{GAP_RULES}$/'), gaps


def told() -> Annotation:
    """Return what the device told besides readings."""
    columns = [
        col('"occurrence_count"', "occurrence_count"),
        col('"event"', "event"),
        col('"zone"', "zone"),
        col('"code"', "code"),
    ]
    where = (*OF_SESSION, "\"event\" != 'alive'")
    query = Query(columns=columns, source=EVENT, where=where)
    return Annotation("Events", query, "event", "zone", "code", "light-blue")


EVENT_WORDS: Final = words(
    {
        "fault": ("fault", WRONG),
        "paused": ("paused", SET),
        "resumed": ("resumed", SET),
        "contact_lost": ("contact lost", AMISS),
        "contact_found": ("contact found", "green"),
    }
)


def events(width: int) -> Panel:
    """Return what the device told besides readings, as rows."""
    columns = [
        col('"seq"', "Message"),
        col('"event"', "Event"),
        col('"code"', "Code"),
        col('"zone"', "Zone"),
        col('"laterality"', "Side"),
        col('"outcome"', "Outcome"),
    ]
    where = (*OF_SESSION, "\"event\" != 'alive'")
    query = Query(columns=columns, source=EVENT, where=where, newest_first=True, limit_rows=300)
    return table(
        "Events",
        "What did the device tell besides readings: places entered, pauses, faults, new tips?",
        [query],
        width,
        height=9,
        transformations=[
            tidy(["Time", *(column.name for column in columns)], rename={"Time": "When"})
        ],
        overrides=[named("Event", {"mappings": [EVENT_WORDS], **CELL_COLOUR})],
        sort=[("When", True)],
    )
