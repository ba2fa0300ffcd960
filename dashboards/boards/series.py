"""Series: one person's treatments in sequence, under a pseudonym."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.choices import CLINIC, ONE_SERIES, to_review
from dashboards.influxql import Query, col, exactly
from dashboards.kinds import DOWN, POINTS, plot, stat, table
from dashboards.looks import AMISS, CELL_COLOUR, PLAIN, WHY_NOT, named, nothing, steps, tidy
from dashboards.panel import Panel, Target
from dermatrace.forward.measurements_verdict import FINDING, SESSION_SUMMARY, ZONE_SUMMARY

OF_SERIES: Final = (exactly("clinic", "clinic"), exactly("series", "series"))
DOTS: Final = {**POINTS, "drawStyle": "line", "lineWidth": 1, "spanNulls": True}


def _figures() -> list[Panel]:
    total = Query(
        columns=[
            col('sum("session_count")', "Sessions"),
            col('count("adherence_fraction")', "Assessed"),
        ],
        source=SESSION_SUMMARY,
        where=OF_SERIES,
    )
    last = Query(
        columns=[col('last("session_count")', "count")], source=SESSION_SUMMARY, where=OF_SERIES
    )
    found = Query(
        columns=[col('count("occurrence_count")', "Findings")],
        source=FINDING,
        where=[*OF_SERIES, '"rule" =~ /^series\\./'],
        by=["rule"],
    )
    return [
        stat(
            "Sessions so far",
            "How many sessions of this series were recorded, and how many could be assessed?",
            [Target(total)],
            8,
            thresholds=steps((None, PLAIN)),
            empty="none",
        ),
        stat(
            "Last session",
            "When was the last one? When the next is due stands with the series plan, at the"
            " recorder.",
            [Target(last, "table")],
            6,
            fields="/^Time$/",
            thresholds=steps((None, PLAIN)),
            empty="none",
            unit="dateTimeFromNow",
        ),
        stat(
            "Findings about the series",
            "What was found about intervals, order and number of treatments?",
            [Target(found, alias="$tag_rule")],
            10,
            thresholds=steps((None, PLAIN), (1, AMISS)),
            empty="none",
        ),
    ]


def _interval() -> Panel:
    query = Query(
        columns=[col('elapsed("session_count", 1h) / 24', "Since the one before", "d")],
        source=SESSION_SUMMARY,
        where=OF_SERIES,
    )
    return plot(
        "Interval",
        "How many days lie between a session and the one before it? Several sessions of one visit"
        " show as hours; whether an interval was early or late is judged by visits and in the"
        " clinic's days, and stands in the findings.",
        [Target(query)],
        12,
        draw={"drawStyle": "bars", "fillOpacity": 60, "barMaxWidth": 20},
        defaults={"min": 0},
    )


def _scores() -> Panel:
    query = Query(
        columns=[
            col('"adherence_fraction"', "Adherence"),
            col('"data_coverage_fraction"', "Data coverage"),
        ],
        source=SESSION_SUMMARY,
        where=OF_SERIES,
    )
    return plot(
        "Adherence and data coverage",
        "Was the protocol kept each time, and how well is that known? A session without a point"
        " cannot be assessed; the table says why.",
        [Target(query)],
        12,
        draw=DOTS,
        defaults={"max": 1},
    )


def _zones() -> tuple[Panel, ...]:
    def query(expression: str, name: str) -> Query:
        return Query(
            columns=[col(expression, name)],
            source=ZONE_SUMMARY,
            where=OF_SERIES,
            by=["zone", "laterality"],
        )

    alias = "$tag_zone $tag_laterality"
    return (
        plot(
            "Depth by zone",
            "Does the depth change from session to session, zone by zone? The median of each"
            " session as the device reported it. The axis points down from the skin line: its minus"
            " is the direction.",
            [Target(query('"depth_measured_median_mm"', "Reported"), alias=alias)],
            12,
            draw={**DOTS, **DOWN, "axisLabel": "below the skin line"},
        ),
        plot(
            "Time on skin by zone",
            "Does each zone get as much as before?",
            [Target(query('"contact_ms"', "Time on skin"), alias=alias)],
            12,
            draw=DOTS,
            defaults={"min": 0},
        ),
    )


def _sessions() -> Panel:
    columns = [
        col('"clinic"', "Clinic"),
        col('"device"', "Device"),
        col('"session"', "Session"),
        col('"setting"', "Setting"),
        col('"protocol"', "Treatment protocol"),
        col('"protocol_version"', "Version"),
        col('"operator_role"', "Operator role"),
        col('"depth_measured_median_mm"', "Reported depth"),
        col('"contact_ms"', "Time on skin"),
        col('"energy_delivered_mj" / 1000', "Energy"),
        col('"adherence_fraction"', "Adherence"),
        col('"data_coverage_fraction"', "Data coverage"),
        col('"why_not"', "Why not"),
        col('"open_gates"', "Open gates"),
        col('"finding_high_count"', "High"),
    ]
    query = Query(
        columns=columns, source=SESSION_SUMMARY, where=OF_SERIES, newest_first=True, limit_rows=500
    )
    names = [column.name for column in columns]
    return table(
        "Sessions",
        "Which sessions belong to this series, under which protocol, and what did each come to?"
        " Each is a link to its review.",
        [query],
        24,
        height=10,
        transformations=[tidy(["Time", *names], rename={"Time": "Began"})],
        overrides=[
            named("Session", {"links": [to_review()]}),
            named("Adherence", {"mappings": [nothing("cannot be assessed", AMISS)]}),
            named("Why not", {"mappings": [WHY_NOT], **CELL_COLOUR}),
        ],
        sort=[("Began", True)],
    )


SERIES: Final = Board(
    uid="dermatrace-series",
    slug="series",
    title="Series",
    question="How does a series of treatments go, from session to session?",
    folder="director",
    limits="A series is a pseudonym: whose it is, and how the skin looks, stands in no database of"
    " Grafana's. Weeks at home without a device's report are unknown, never missed.",
    rows=[
        Row("In all", [_figures()]),
        Row("From session to session", [[_interval(), _scores()], [*_zones()]]),
        Row("Sessions", [[_sessions()]]),
    ],
    variables=[CLINIC, ONE_SERIES],
    links=["session-review", "protocol-adherence"],
    span="now-1y",
)
