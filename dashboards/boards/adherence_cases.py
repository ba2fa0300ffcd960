"""Of protocol adherence: the findings and sessions behind the scores."""

from dashboards.boards.adherence_scores import (
    CHOSEN,
    NOT_ASSESSED,
    names_of,
)
from dashboards.boards.choices import to_review
from dashboards.influxql import Query, col
from dashboards.kinds import table
from dashboards.looks import AMISS, CELL_COLOUR, WHY_NOT, named, nothing, tidy
from dashboards.panel import Panel
from dashboards.units import COUNT
from dermatrace.forward.measurements_verdict import FINDING, SESSION_SUMMARY


def rules() -> Panel:
    """Return which rules were not kept, and how often."""
    query = Query(
        columns=[
            col('count("occurrence_count")', "Findings"),
            col('sum("is_cleared")', "Back within", COUNT),
        ],
        source=FINDING,
        where=[*CHOSEN, "\"nature\" = 'treatment'"],
        by=["rule", "envelope", "priority"],
    )
    tags = {"rule": "Rule", "envelope": "Whose limit", "priority": "Priority"}
    return table(
        "What is found",
        "Which rules were not kept, against whose limit, and how often? Findings of one envelope"
        " never count against another.",
        [query],
        10,
        height=10,
        transformations=[tidy([*tags, "Findings", "Back within"], rename=tags, hide=["Time"])],
        sort=[("Findings", True)],
    )


def sessions() -> Panel:
    """Return the sessions one by one, each a link to its review."""
    columns = [
        col('"clinic"', "Clinic"),
        col('"device"', "Device"),
        col('"session"', "Session"),
        col('"protocol"', "Treatment protocol"),
        col('"protocol_version"', "Version"),
        col('"operator_role"', "Operator role"),
        col('"adherence_fraction"', "Adherence"),
        col('"data_coverage_fraction"', "Data coverage"),
        col('"why_not"', "Why not"),
        col('"open_gates"', "Open gates"),
        col('"finding_high_count"', "High"),
    ]
    query = Query(
        columns=columns, source=SESSION_SUMMARY, where=CHOSEN, newest_first=True, limit_rows=500
    )
    return table(
        "One by one",
        "Which sessions are these? The newest 500; each is a link to its review. One that cannot be"
        " assessed says why.",
        [query],
        24,
        height=12,
        transformations=[tidy(["Time", *names_of(columns)], rename={"Time": "Began"})],
        overrides=[
            named("Session", {"links": [to_review()]}),
            named("Adherence", {"mappings": [nothing("cannot be assessed", AMISS)]}),
            named("Why not", {"mappings": [WHY_NOT], **CELL_COLOUR}),
        ],
        sort=[("Began", True)],
    )


def reasons() -> Panel:
    """Return why sessions cannot be assessed."""
    query = Query(
        columns=[col('"why_not"', "Why not"), col('"session_count"', "Sessions")],
        source=SESSION_SUMMARY,
        where=[*CHOSEN, "\"why_not\" != ''"],
        newest_first=True,
        limit_rows=10_000,
    )
    return table(
        NOT_ASSESSED,
        "Why can sessions not be assessed, and how many of them? Of the newest 10,000 of them.",
        [query],
        6,
        height=10,
        transformations=[
            {
                "id": "groupBy",
                "options": {
                    "fields": {
                        "Why not": {"aggregations": [], "operation": "groupby"},
                        "Sessions": {"aggregations": ["sum"], "operation": "aggregate"},
                    }
                },
            },
            tidy(["Why not", "Sessions (sum)"], rename={"Sessions (sum)": "Sessions"}),
        ],
        overrides=[named("Why not", {"mappings": [WHY_NOT], **CELL_COLOUR})],
        sort=[("Sessions", True)],
    )
