"""Device fleet: are the devices themselves in order."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.choices import CLINICS, MODELS
from dashboards.influxql import INTERVAL, Query, col, one_of
from dashboards.kinds import plot, table
from dashboards.looks import AMISS, CALM, CELL_COLOUR, PLAIN, SET, WRONG, named, steps, tidy, words
from dashboards.panel import Panel, Target
from dashboards.units import AGE
from dermatrace.forward.measurements_device import DEVICE_STATE, WINDOW
from dermatrace.forward.measurements_verdict import FINDING, SESSION_SUMMARY

CHOSEN: Final = (one_of("clinic", "clinic"), one_of("model", "model"))
MS_PER_HOUR: Final = 3_600_000
FAULTS_AN_HOUR: Final = f'sum("fault_count") / sum("contact_ms") * {MS_PER_HOUR}'
TRACKING_LOOKBACK: Final = "6h"
"""How far back single windows are read: a busy day has two million of them, too many to be gone
through in a second."""
DEVICE_STATES: Final = words(
    {
        "online": ("online", CALM),
        "in_session": ("in session", SET),
        "offline": ("offline", PLAIN),
        "fault": ("fault", WRONG),
    }
)
KEYS: Final = {"clinic": "Clinic", "device": "Device"}


def _devices() -> Panel:
    columns = [
        col('last("occurrence_count")', "count"),
        col('"model"', "Model"),
        col('"firmware"', "Firmware"),
        col('"state"', "State"),
        col('"battery_fraction"', "Battery"),
        col('"outbox_bytes"', "Held back"),
    ]
    query = Query(
        columns=columns,
        source=DEVICE_STATE,
        where=[*CHOSEN, "\"source\" = 'status'"],
        by=list(KEYS),
    )
    names = [column.name for column in columns if column.name != "count"]
    return table(
        "Devices",
        "Which devices are there, with which firmware, and when were they last heard of? What a"
        " device holds back has not been confirmed to it yet. A device that sends no status stands"
        " only in the tables below.",
        [query],
        24,
        height=9,
        transformations=[
            tidy(
                ["clinic", "device", *names, "Time"],
                rename={**KEYS, "Time": "Last heard"},
                hide=["count"],
            )
        ],
        overrides=[
            named("State", {"mappings": [DEVICE_STATES], **CELL_COLOUR}),
            named("Last heard", {"unit": AGE}),
        ],
        sort=[("Last heard", False)],
    )


def _tips() -> Panel:
    columns = [
        col('last("tip_unit_id")', "Tip"),
        col('"tip_attach_count"', "Attached"),
        col('"tip_shot_count"', "Shots before"),
        col('"tip_expires_ms"', "Expires"),
        col('"calibrated_ms"', "Calibrated"),
        col('"calibration_due_ms"', "Due"),
    ]
    query = Query(
        columns=columns,
        source=DEVICE_STATE,
        where=[*CHOSEN, "\"source\" = 'session'"],
        by=list(KEYS),
    )
    return table(
        "Tips and calibration",
        "Which tip was in use when a session last began, how often it had been attached, how many"
        " shots it had delivered, and when device and tip fall due? As the device says of itself.",
        [query],
        24,
        height=9,
        transformations=[
            tidy(
                ["clinic", "device", *(column.name for column in columns), "Time"],
                rename={**KEYS, "Time": "As of"},
            )
        ],
        overrides=[
            named("Attached", _from_two()),
            named("Expires", {"unit": AGE}),
            named("Due", {"unit": AGE}),
        ],
        sort=[("Due", False)],
    )


def _from_two() -> dict[str, object]:
    """Mark a tip that has been attached before: most are meant for one person."""
    return {
        "color": {"mode": "thresholds"},
        "thresholds": steps((None, PLAIN), (2, AMISS)),
        **CELL_COLOUR,
    }


def _faults(title: str, question: str, tags: dict[str, str], width: int) -> Panel:
    columns = [
        col('sum("session_count")', "Sessions"),
        col('sum("contact_ms")', "Time on skin"),
        col('sum("fault_count")', "Faults"),
        col(FAULTS_AN_HOUR, "Faults an hour on skin", "none"),
    ]
    query = Query(columns=columns, source=SESSION_SUMMARY, where=CHOSEN, by=list(tags))
    return table(
        title,
        question + " The hours stand beside it: a fault in the first of them says little.",
        [query],
        width,
        height=10,
        transformations=[
            tidy([*tags, *(column.name for column in columns)], rename=tags, hide=["Time"])
        ],
        overrides=[named("Faults an hour on skin", {"decimals": 2})],
        sort=[("Faults an hour on skin", True)],
    )


def _tracking() -> Panel:
    columns = [
        col('mean("depth_difference_mm")', "On average"),
        col('min("depth_difference_mm")', "Least"),
        col('max("depth_difference_mm")', "Most"),
        col('count("depth_difference_mm")', "Windows"),
    ]
    tags = {**KEYS, "model": "Model", "firmware": "Firmware"}
    query = Query(columns=columns, source=WINDOW, where=CHOSEN, by=list(tags))
    return table(
        "Depth tracking of pens",
        "Do the needles protrude as far as they are set? The device's report less what was set,"
        f" over all windows of the last {TRACKING_LOOKBACK}, on skin or not; what the judge found"
        " about it over longer, on skin only, stands beside it.",
        [query],
        14,
        height=10,
        time_from=TRACKING_LOOKBACK,
        transformations=[
            tidy([*tags, *(column.name for column in columns)], rename=tags, hide=["Time"])
        ],
        sort=[("On average", True)],
    )


def _device_findings() -> Panel:
    tags = {"rule": "Rule", "model": "Model", "firmware": "Firmware"}
    query = Query(
        columns=[col('count("occurrence_count")', "Findings")],
        source=FINDING,
        where=[*CHOSEN, '"rule" =~ /^(device|exposure\\.tip_life|identity\\.tip)/'],
        by=list(tags),
    )
    return table(
        "What is found about devices",
        "Which rules about devices and tips were not kept, by model and firmware: depth tracking,"
        " stalls, droop, faults, overdue calibration, worn tips?",
        [query],
        10,
        height=10,
        transformations=[tidy([*tags, "Findings"], rename=tags, hide=["Time"])],
        sort=[("Findings", True)],
    )


def _outbox() -> Panel:
    query = Query(
        columns=[col('last("outbox_bytes")', "Held back")],
        source=DEVICE_STATE,
        where=CHOSEN,
        every=INTERVAL,
        by=["device"],
        fill="none",
    )
    return plot(
        "Held back by devices",
        "How much does each device still keep for us? It grows while a device is out of reach and"
        " must fall once it is back.",
        [Target(query, alias="$tag_device")],
        24,
        interval="1m",
        defaults={"min": 0},
    )


FLEET: Final = Board(
    uid="dermatrace-fleet",
    slug="device-fleet",
    title="Device fleet",
    question="Are the devices themselves in order?",
    folder="service",
    limits="Everything here is what devices say of themselves; nothing was measured on them. It"
    " shows no patients, and it is no maker's or authority's record of complaints.",
    rows=[
        Row("Now", [[_devices()], [_tips()]]),
        Row(
            "In use",
            [
                [
                    _faults(
                        "Faults by firmware",
                        "Does a firmware bring more faults with it?",
                        {"model": "Model", "firmware": "Firmware"},
                        12,
                    ),
                    _faults(
                        "Faults by device", "Does one device fault more than its like?", KEYS, 12
                    ),
                ],
                [_tracking(), _device_findings()],
                [_outbox()],
            ],
        ),
    ],
    variables=[CLINICS, MODELS],
    links=["pipeline-health", "treatment-floor"],
    span="now-30d",
    refresh="1m",
)
