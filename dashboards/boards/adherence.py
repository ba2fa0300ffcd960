"""Protocol adherence: how treatments keep to the clinics' own protocols, over months."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.adherence_cases import reasons, rules, sessions
from dashboards.boards.adherence_scores import (
    ASSESSED,
    CHOSEN,
    COUNTED,
    LOOKS,
    NOT_ASSESSED,
    SCORES,
    WITHIN,
    by_month,
    names_of,
)
from dashboards.boards.choices import CLINICS, PROTOCOLS, ROLES
from dashboards.influxql import Query, col
from dashboards.kinds import plot, stat, table
from dashboards.looks import AMISS, CALM, PLAIN, named, steps, tidy
from dashboards.panel import Panel, Target
from dashboards.units import COUNT, SHARE
from dermatrace.forward.measurements_verdict import SESSION_SUMMARY, ZONE_SUMMARY


def _overall() -> list[Panel]:
    def whole(*names: str) -> list[Target]:
        columns = [column for column in SCORES if column.name in names]
        query = Query(columns=columns, source=SESSION_SUMMARY, where=CHOSEN)
        return [Target(query, "table")]

    return [
        stat(
            "Sessions",
            "How many sessions were judged, how many of them could be assessed, and how many not?",
            whole("Sessions", ASSESSED, NOT_ASSESSED),
            8,
            fields=f"/^(Sessions|{ASSESSED}|{NOT_ASSESSED})$/",
            overrides=[
                named(NOT_ASSESSED, {"thresholds": steps((None, CALM), (1, AMISS))}),
            ],
            unit=COUNT,
        ),
        stat(
            "Adherence and data coverage",
            "What share of all assessed strokes and shots kept to every band of its treatment"
            " protocol, and what share of all messages is known with zone and depth?",
            whole("Adherence", "Data coverage"),
            10,
            fields="/^(Adherence|Data coverage)$/",
            thresholds=steps((None, PLAIN)),
            empty="cannot be assessed",
            unit=SHARE,
        ),
        stat(
            "Called adherent",
            "In how many sessions was everything within, no gate open and the protocol approved?"
            " Shipped example protocols never yield one.",
            whole("Called adherent"),
            6,
            fields="/^Called adherent$/",
            thresholds=steps((None, PLAIN)),
            unit=COUNT,
        ),
    ]


def _by(title: str, question: str, tags: dict[str, str], width: int, height: int) -> Panel:
    """Return the scores of sessions by some tags."""
    query = Query(columns=SCORES, source=SESSION_SUMMARY, where=CHOSEN, by=list(tags))
    return table(
        title,
        question + COUNTED,
        [query],
        width,
        height=height,
        transformations=[tidy([*tags, *names_of(SCORES)], rename=tags, hide=["Time"])],
        overrides=LOOKS,
        sort=[("Adherence", False)],
    )


def _by_zone() -> Panel:
    columns = [
        col('count("generation")', "Treated"),
        col('count("adherence_fraction")', ASSESSED),
        col('count("generation") - count("adherence_fraction")', NOT_ASSESSED, COUNT),
        col(WITHIN, "Adherence", SHARE),
        col('mean("data_coverage_fraction")', "Data coverage"),
        col('mean("depth_measured_median_mm")', "Reported depth"),
        col('sum("finding_high_count")', "High findings"),
    ]
    query = Query(columns=columns, source=ZONE_SUMMARY, where=CHOSEN, by=["zone"])
    return table(
        "By zone",
        "Where on the body is the protocol kept, and where not? A zone is counted once a session."
        + COUNTED,
        [query],
        12,
        height=9,
        transformations=[
            tidy(["zone", *names_of(columns)], rename={"zone": "Zone"}, hide=["Time"])
        ],
        overrides=LOOKS,
        sort=[("Adherence", False)],
    )


def _by_week() -> Panel:
    shares = Query(
        columns=[
            col(WITHIN, "Adherence", SHARE),
            col('mean("data_coverage_fraction")', "Data coverage"),
        ],
        source=SESSION_SUMMARY,
        where=CHOSEN,
        every="7d",
        fill="none",
    )
    counts = Query(
        columns=[col('count("adherence_fraction")', ASSESSED)],
        source=SESSION_SUMMARY,
        where=CHOSEN,
        every="7d",
        fill="none",
    )
    return plot(
        "By week",
        "Does adherence move, and on how many sessions does each point rest? Bars count the"
        " sessions assessed in the week.",
        [Target(shares), Target(counts)],
        24,
        height=8,
        draw={"showPoints": "always", "lineWidth": 2},
        overrides=[
            named(
                ASSESSED,
                {
                    "custom.axisPlacement": "right",
                    "custom.drawStyle": "bars",
                    "custom.fillOpacity": 20,
                    "custom.lineWidth": 0,
                    "min": 0,
                },
            ),
        ],
        defaults={"max": 1},
    )


ADHERENCE: Final = Board(
    uid="dermatrace-adherence",
    slug="protocol-adherence",
    title="Protocol adherence",
    question="Do treatments keep to the clinic's own protocols, and how well is that known?",
    folder="director",
    limits="Adherence is to the clinic's own protocol and says nothing about whether that is a good"
    " one, nor how a treatment turned out. Data coverage is not skin area. Shipped example"
    " protocols never yield the word adherent. Figures of a few sessions are no trend, and no"
    " figure here is meant to compare people.",
    rows=[
        Row("All of it", [_overall(), [_by_week()]]),
        Row(
            "By what",
            [
                [
                    _by(
                        "By treatment protocol",
                        "Which protocol, in which version, is kept how well?",
                        {"protocol": "Treatment protocol", "protocol_version": "Version"},
                        24,
                        10,
                    )
                ],
                [
                    _by(
                        "By operator role",
                        "How is the protocol kept by those who work in a role?",
                        {"operator_role": "Operator role"},
                        12,
                        9,
                    ),
                    _by_zone(),
                ],
                [
                    by_month(),
                    _by(
                        "By clinic",
                        "How do clinics keep their protocols?",
                        {"clinic": "Clinic"},
                        12,
                        9,
                    ),
                ],
            ],
        ),
        Row(
            "Behind it",
            [
                [
                    rules(),
                    reasons(),
                    _by(
                        "By setting",
                        "Is the protocol kept at home as in the clinic?",
                        {"setting": "Setting"},
                        8,
                        10,
                    ),
                ],
                [sessions()],
            ],
        ),
    ],
    variables=[CLINICS, PROTOCOLS, ROLES],
    links=["session-review", "series"],
    span="now-90d",
)
