"""Of the board about the recording itself: what was not understood, and who is silent."""

from typing import Final

from dashboards.board import Annotation
from dashboards.influxql import INTERVAL, Query, col
from dashboards.kinds import plot, table
from dashboards.looks import (
    CELL_COLOUR,
    MIND,
    named,
    tidy,
)
from dashboards.panel import Panel, Target
from dashboards.units import AGE
from dermatrace.forward.measurements_recorder import RECORD_EVENT, REJECTION
from dermatrace.forward.measurements_verdict import SESSION_STATE

SILENT_PANEL: Final = "Silent in session"


def trouble() -> list[Panel]:
    """Return what was not understood, and who is silent."""
    codes = Query(
        columns=[col('count("occurrence_count")', "Messages")],
        source=REJECTION,
        every=INTERVAL,
        by=["code"],
        fill="none",
    )
    senders = Query(
        columns=[
            col('count("occurrence_count")', "Messages"),
            col('sum("payload_bytes")', "Size"),
        ],
        source=REJECTION,
        by=["clinic", "device", "class", "code"],
    )
    tags = {"clinic": "Clinic", "device": "Device", "class": "Class", "code": "Why"}
    return [
        plot(
            "Not understood, by reason",
            "Why could messages not be understood, or contradict others? All of them are kept byte"
            " for byte.",
            [Target(codes, alias="$tag_code")],
            8,
            draw={"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal"}},
            interval="1m",
            defaults={"min": 0},
        ),
        table(
            "Not understood, by sender",
            "Whose messages are these?",
            [senders],
            8,
            transformations=[tidy([*tags, "Messages", "Size"], rename=tags, hide=["Time"])],
            sort=[("Messages", True)],
        ),
        _silent(),
    ]


def _silent() -> Panel:
    keys = {"clinic": "Clinic", "device": "Device", "session": "Session"}
    stood = Query(
        columns=[col('last("is_silent")', "silent"), col('"state"', "State")],
        source=SESSION_STATE,
        by=list(keys),
    )
    still = Query(
        columns=[col('"State"', "State")],
        source=stood,
        where=["\"State\" = 'silent'"],
        by=list(keys),
    )
    return table(
        SILENT_PANEL,
        "From which sessions does nothing come although they have not ended?",
        [still],
        8,
        time_from="24h",
        transformations=[tidy([*keys, "State", "Time"], rename={**keys, "Time": "Said so"})],
        overrides=[named("Said so", {"unit": AGE}), named("State", CELL_COLOUR)],
        sort=[("Said so", False)],
    )


def notes() -> Panel:
    """Return what the recorder noted by itself."""
    columns = [
        col('"event"', "Event"),
        col('"clinic"', "Clinic"),
        col('"device"', "Device"),
        col('"session"', "Session"),
        col('"reason"', "Reason"),
        col('"entry_id"', "Entry"),
    ]
    query = Query(
        columns=columns,
        source=RECORD_EVENT,
        where=['"event" !~ /^(stream_complete|closed)$/'],
        newest_first=True,
        limit_rows=500,
    )
    return table(
        "What the recorder noted",
        "When was the recorder started, restored, without a broker, and which sessions"
        " fell silent or went on after all? The newest 500.",
        [query],
        24,
        height=9,
        transformations=[
            tidy(["Time", *(column.name for column in columns)], rename={"Time": "When"})
        ],
        sort=[("When", True)],
    )


def broker() -> Annotation:
    """Return when recorder and broker lost one another, as marks in every plot."""
    columns = [
        col('"entry_id"', "entry_id"),
        col('"event"', "event"),
        col('"device"', "device"),
        col('"clinic"', "clinic"),
    ]
    query = Query(
        columns=columns,
        source=RECORD_EVENT,
        where=['"event" =~ /^(opened|restored|connected|lost)$/'],
    )
    return Annotation("Recorder", query, "event", "device", "clinic", MIND)
