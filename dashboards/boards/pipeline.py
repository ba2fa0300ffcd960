"""Pipeline health: does everything that devices say arrive, and is it on record."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.pipeline_trouble import broker, notes, trouble
from dashboards.influxql import INTERVAL, Query, col
from dashboards.kinds import plot, stat, table
from dashboards.looks import (
    CALM,
    MIND,
    PLAIN,
    WRONG,
    steps,
    tidy,
    words,
)
from dashboards.panel import Panel, Target
from dashboards.units import AGE, COUNT
from dermatrace.forward.measurements_recorder import PIPELINE

UP: Final = words({"1": ("up", CALM), "0": ("down", WRONG)})
CONNECTED: Final = words({"1": ("connected", CALM), "0": ("not connected", WRONG)})
FATES: Final = ("forwarded", "quarantined", "expired", "erased", "superseded", "pending")
SAMPLE: Final = "10s"
"""Samples come every few seconds; grouping by less makes holes."""
INGEST: Final = ("\"part\" = 'ingest'",)
FORWARD: Final = ("\"part\" = 'forward'",)
INGEST_PANEL: Final = "Parts"
DROPPED_PANEL: Final = "Dropped by the broker"
LAG_PANEL: Final = "Behind the record"


def _last(expression: str, name: str, unit: str = "", *, part: tuple[str, ...]) -> Query:
    return Query(columns=[col(expression, name, unit)], source=PIPELINE, where=part)


def _parts() -> list[Panel]:
    parts = Query(columns=[col('last("is_up")', "up")], source=PIPELINE, by=["part"])
    return [
        stat(
            INGEST_PANEL,
            "Does each part answer? The forwarding process asks the others; without it all of this"
            " stands still, which the time beside it shows.",
            [Target(parts, alias="$tag_part")],
            8,
            mappings=[UP],
            empty="no news",
        ),
        stat(
            "Last sample",
            "When was all this last looked at?",
            [Target(_last('last("is_up")', "up", part=INGEST), "table")],
            3,
            fields="/^Time$/",
            thresholds=steps((None, PLAIN)),
            empty="no news",
            unit=AGE,
        ),
        stat(
            "Recorder to broker",
            "Is the recorder connected to the broker?",
            [Target(_last('last("is_connected")', "Broker", part=INGEST))],
            3,
            mappings=[CONNECTED],
            empty="no news",
        ),
    ]


def _account() -> list[Panel]:
    """Return whether what is on record is also in InfluxDB."""
    unaccounted = " - ".join(f'last("points_{fate}_count")' for fate in FATES)
    difference = f'last("points_journalled_count") - {unaccounted}'
    quarantined = 'last("points_quarantined_count")'
    return [
        stat(
            "Shown late by",
            "How old is the oldest entry that is on record and not here yet?",
            [Target(_last('last("behind_s")', "Behind", part=FORWARD))],
            3,
            thresholds=steps((None, CALM), (5, MIND), (60, WRONG)),
            empty="no news",
        ),
        stat(
            "Points unaccounted for",
            "Do all points add up? Anything but 0 is a defect of ours.",
            [Target(_last(difference, "Points", COUNT, part=FORWARD))],
            4,
            thresholds=steps((None, WRONG), (0, CALM), (1, WRONG)),
            empty="no news",
        ),
        stat(
            "In quarantine",
            "How many points did InfluxDB refuse? They are kept aside with its words; dermatrace"
            " doctor says what to do.",
            [Target(_last(quarantined, "Points", part=FORWARD))],
            3,
            thresholds=steps((None, CALM), (1, WRONG)),
            empty="no news",
        ),
    ]


def _rate(name: str, expression: str, unit: str, where: tuple[str, ...] = ()) -> Target:
    query = Query(
        columns=[col(expression, name, unit)],
        source=PIPELINE,
        where=where,
        every=INTERVAL,
        fill="none",
    )
    return Target(query)


def _arriving() -> list[Panel]:
    per_second = 'non_negative_derivative(last("{}"), 1s)'
    return [
        plot(
            "Arriving",
            "How many messages a second reach the recorder, and how many of them it does not"
            " understand? What it does not understand is kept all the same.",
            [
                _rate("Received", per_second.format("received_count"), "cps", INGEST),
                _rate("Not understood", per_second.format("rejected_count"), "cps", INGEST),
            ],
            8,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
        plot(
            "Waiting at the recorder",
            "How many messages wait to be written, and receipts to be sent? A few are normal; a"
            " slope is not.",
            [
                _rate("To be written", 'max("waiting_count")', "", INGEST),
                _rate("Receipts due", 'max("receipts_due_count")', "", INGEST),
            ],
            8,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
        plot(
            DROPPED_PANEL,
            "How many messages does the broker say it dropped? Nothing is lost by that, devices"
            " offer again what has no receipt; but its queue is short or the recorder slow.",
            [
                _rate(
                    "Dropped",
                    'non_negative_difference(last("broker_dropped_count"))',
                    "",
                    ("\"part\" = 'broker'",),
                )
            ],
            8,
            draw={"drawStyle": "bars", "fillOpacity": 60},
            interval=SAMPLE,
            defaults={"min": 0},
        ),
    ]


def _following() -> list[Panel]:
    by_part = Query(
        columns=[col('max("behind_entries")', "Entries")],
        source=PIPELINE,
        where=['"part" =~ /^(judge|forward)$/'],
        every=INTERVAL,
        by=["part"],
        fill="none",
    )
    return [
        plot(
            "Growth of the record",
            "How many entries a second does the record gain?",
            [
                _rate(
                    "Entries",
                    'non_negative_derivative(last("journal_entries"), 1s)',
                    "cps",
                    ("\"part\" = 'journal'",),
                )
            ],
            8,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
        plot(
            LAG_PANEL,
            "How many entries have judge and forwarder not read yet? Both may fall behind without"
            " harm to the record, and catch up.",
            [Target(by_part, alias="$tag_part")],
            8,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
        plot(
            "Shown late by, over time",
            "How long after the recorder wrote it does something appear here?",
            [_rate("Behind", 'max("behind_s")', "", FORWARD)],
            8,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
    ]


def _equation() -> list[Panel]:
    names = ("journalled", *FATES)
    told = Query(
        columns=[col(f'last("points_{name}_count")', name.capitalize()) for name in names],
        source=PIPELINE,
        where=FORWARD,
    )
    grown = [
        _rate(
            name.capitalize(),
            f'non_negative_derivative(last("points_{name}_count"), 1s)',
            "cps",
            FORWARD,
        )
        for name in ("journalled", "forwarded", "superseded", "quarantined")
    ]
    return [
        table(
            "Where points went",
            "What became of every point that follows from the record? Journalled are as many as"
            " forwarded, quarantined, expired, erased, superseded and pending together.",
            [told],
            24,
            height=4,
            transformations=[tidy([name.capitalize() for name in names], hide=["Time"])],
        ),
        plot(
            "Points a second",
            "How fast do points follow from the record, and how fast do they reach InfluxDB?",
            grown,
            24,
            height=7,
            interval=SAMPLE,
            defaults={"min": 0},
        ),
    ]


PIPELINE_HEALTH: Final = Board(
    uid="dermatrace-pipeline",
    slug="pipeline-health",
    title="Pipeline health",
    question="Does everything that devices say arrive, and is it on record?",
    folder="service",
    limits="It tells of recording, never of treatment. That a message was not lost is proved by its"
    " sender's receipt and by dermatrace verify, not by a curve.",
    rows=[
        Row("Now", [[*_parts(), *_account()]]),
        Row("Arriving", [_arriving()]),
        Row("Following", [_following()]),
        Row("Points", [[panel] for panel in _equation()]),
        Row("Trouble", [trouble(), [notes()]]),
    ],
    annotations=[broker()],
    links=["device-fleet", "treatment-floor"],
    span="now-1h",
    refresh="5s",
)
