"""Treatment floor: what runs right now, at every clinic."""

from collections.abc import Sequence
from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.choices import CLINICS, to_live
from dashboards.boards.floor_freshness import freshness
from dashboards.influxql import Column, Query, col, one_of
from dashboards.kinds import stat, table, timeline
from dashboards.looks import (
    AMISS,
    CALM,
    CELL_COLOUR,
    PLAIN,
    PRIORITY_COLOURS,
    STATES,
    WRONG,
    counted,
    fixed,
    join_by,
    named,
    steps,
    tidy,
)
from dashboards.panel import Json, Panel, Target
from dashboards.units import AGE
from dermatrace.forward.measurements_device import SHOT, WINDOW
from dermatrace.forward.measurements_verdict import LIMIT, SESSION_STATE

LOOKBACK: Final = "12h"
"""How long a session may go on in one state before it falls off the floor."""
OF_CLINICS: Final = (one_of("clinic", "clinic"),)
KEYS: Final = ("clinic", "device", "session")
URGENT: Final = tuple(PRIORITY_COLOURS.items())
PRIORITIES: Final = tuple(col(f'"unresolved_{name}_count"', name) for name, _ in URGENT)
NOT_OVER: Final = ("\"state\" != 'stopped'",)
UNDER_WAY: Final[Json] = {
    "id": "filterByValue",
    "options": {
        "filters": [{"fieldName": "State", "config": {"id": "isNotNull", "options": {}}}],
        "match": "all",
        "type": "include",
    },
}
"""Readings of sessions that are over have no row."""


def newest(*columns: Column, where: Sequence[str] = ()) -> Query:
    """Return where each session stood last."""
    return Query(
        columns=[col('last("is_running")', "running"), col('"state"', "state"), *columns],
        source=SESSION_STATE,
        where=[*OF_CLINICS, *where],
        by=KEYS,
    )


def _counted(condition: str) -> Target:
    query = Query(
        columns=[col('count("running")', "Sessions")],
        source=newest(),
        where=[condition],
        by=["clinic"],
    )
    return Target(query, alias="$tag_clinic")


def _figures() -> list[Panel]:
    return [
        stat(
            "Under way",
            "How many sessions run or pause, by clinic? A session that has been silent is counted"
            " beside this, not here.",
            [_counted('"state" =~ /^(running|paused)$/')],
            7,
            empty="none",
            time_from=LOOKBACK,
        ),
        stat(
            "Silent",
            "From how many sessions does nothing come any more although they have not ended? Look"
            " after device and network; the treatment may well go on.",
            [_counted("\"state\" = 'silent'")],
            4,
            thresholds=steps((None, CALM), (1, WRONG)),
            empty="none",
            time_from=LOOKBACK,
        ),
        *_standing(),
        *freshness(),
    ]


def _standing() -> list[Panel]:
    """Return what stands against the sessions under way."""
    unresolved = Query(
        columns=[col(f'sum("{name}")', name.capitalize()) for name, _ in URGENT],
        source=newest(*PRIORITIES),
        where=NOT_OVER,
    )
    gates = Query(
        columns=[col('sum("gates")', "Gates")],
        source=newest(col('"open_gate_count"', "gates")),
        where=NOT_OVER,
    )
    return [
        stat(
            "Findings not cleared",
            "How much stands against the sessions under way, by priority?",
            [Target(unresolved)],
            5,
            empty="none",
            overrides=[
                named(name.capitalize(), {"thresholds": steps((None, CALM), (1, colour))})
                for name, colour in URGENT
            ],
            time_from=LOOKBACK,
        ),
        stat(
            "Open gates",
            "How many things that must be known or done are not, over the sessions under way?",
            [Target(gates)],
            3,
            thresholds=steps((None, CALM), (1, AMISS)),
            empty="none",
            time_from=LOOKBACK,
        ),
    ]


def _states(modality: str) -> Query:
    """Return the sessions under way of one sort of device."""
    columns = [
        col('"state"', "State"),
        col('"high"', "High"),
        col('"medium"', "Medium"),
        col('"low"', "Low"),
        col('"gate_names"', "Open gates"),
    ]
    source = newest(
        *PRIORITIES,
        col('"open_gates"', "gate_names"),
        where=[f"\"modality\" = '{modality}'"],
    )
    return Query(columns=columns, source=source, where=NOT_OVER, by=KEYS)


def _sessions(title: str, description: str, modality: str, readings: Query) -> Panel:
    """Return a table with a row a session: its state, its latest reading, what is allowed there."""
    limit = Query(
        columns=[
            col('last("upper_value")', "Allowed to", "suffix:mm"),
            col('"lower_value"', "Allowed from", "suffix:mm"),
            col('"zone"', "Allowed in"),
        ],
        source=LIMIT,
        where=[*OF_CLINICS, "\"quantity\" = 'depth'"],
        by=["session"],
    )
    told = [column.name for column in readings.columns if column.name != "Message"]
    bands = ["Allowed from", "Allowed to", "Allowed in"]
    order = ["Clinic", "Device", "Session", "State", "Last reading", *told, *bands]
    order += ["High", "Medium", "Low", "Open gates"]
    return table(
        title,
        description + " The row is a link to the session. A state is the judge's last word and does"
        " not age by itself: the last reading tells how old it is.",
        [_states(modality), readings, limit],
        24,
        height=9,
        time_from=LOOKBACK,
        transformations=[*_joined(), tidy(order, hide=["Message"]), UNDER_WAY],
        overrides=[
            named("Session", {"links": [to_live()]}),
            named("State", {"mappings": [STATES], **CELL_COLOUR}),
            named("Last reading", {"unit": AGE}),
            *(
                counted(name.capitalize(), (None, PLAIN), (1, colour), **{"custom.width": 80})
                for name, colour in URGENT
            ),
            *(named(name, {"color": fixed("light-green"), **CELL_COLOUR}) for name in bands),
        ],
        sort=[("Clinic", False)],
    )


def _joined() -> list[Json]:
    """Return how state, reading and limits become one row a session."""
    keys = {name: name.capitalize() for name in KEYS}
    return [
        tidy([], of_query="A", hide=["Time"], rename=keys),
        tidy([], of_query="B", rename={"Time": "Last reading", "session": "Session"}),
        tidy([], of_query="C", hide=["Time"], rename={"session": "Session"}),
        join_by("Session"),
    ]


PENS: Final = _sessions(
    "Pens",
    "Where does each pen work, how is it set, and what does it report?",
    "pen",
    Query(
        columns=[
            col('last("seq")', "Message"),
            col('"zone"', "Zone"),
            col('"laterality"', "Side"),
            col('"pass_number"', "Pass"),
            col('"depth_commanded_mm"', "Set"),
            col('"depth_measured_median_mm"', "Reported"),
            col('"stroke_rate_hz"', "Stroke rate"),
            col('"contact_fraction"', "Contact"),
        ],
        source=WINDOW,
        where=OF_CLINICS,
        by=["session"],
    ),
)
RF: Final = _sessions(
    "RF devices",
    "Where does each RF device work, how is it set, and what did its last shot come to?",
    "rf",
    Query(
        columns=[
            col('last("seq")', "Message"),
            col('"zone"', "Zone"),
            col('"laterality"', "Side"),
            col('"pass_number"', "Pass"),
            col('"shot_number"', "Shot"),
            col('"depth_commanded_mm"', "Set"),
            col('"depth_measured_mm"', "Reported"),
            col('"energy_delivered_mj" / 1000', "Energy"),
            col('"temperature_max_celsius"', "Temperature"),
        ],
        source=SHOT,
        where=OF_CLINICS,
        by=["session"],
    ),
)
HISTORY: Final = timeline(
    "States of the last two hours",
    "What has each session been through? The newest state reaches to the right edge until another"
    " one comes, even if nobody is there to say so.",
    [
        Target(
            Query(
                columns=[col('"state"', "State")],
                source=SESSION_STATE,
                where=OF_CLINICS,
                by=["session"],
                limit_rows=1_000,
            ),
            alias="$tag_session",
        )
    ],
    24,
    mappings=[STATES],
    time_from="2h",
)
FLOOR: Final = Board(
    uid="dermatrace-floor",
    slug="treatment-floor",
    title="Treatment floor",
    question="What is going on at the clinics right now?",
    folder="clinic",
    limits="It shows what has arrived: a device that cannot reach the broker is not on it. Findings"
    " shown here are the live judgement; the final one may differ.",
    rows=[
        Row("Now", [_figures()]),
        Row("Sessions", [[PENS], [RF]]),
        Row("So far", [[HISTORY]]),
    ],
    variables=[CLINICS],
    links=["live-session", "session-review"],
    span="now-15m",
    refresh="1s",
)
