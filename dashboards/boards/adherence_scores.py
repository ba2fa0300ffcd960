"""What the panels of protocol adherence share, and the one that counts by calendar month."""

from collections.abc import Sequence
from typing import Final

from dashboards.influxql import Column, Query, col, one_of
from dashboards.kinds import table
from dashboards.looks import AMISS, PLAIN, counted, named, nothing, tidy
from dashboards.panel import Json, Panel
from dashboards.units import COUNT, SHARE
from dermatrace.forward.measurements_verdict import SESSION_SUMMARY

CHOSEN: Final = (
    one_of("clinic", "clinic"),
    one_of("protocol", "protocol"),
    one_of("operator_role", "role"),
)
FEW: Final = 10
"""Assessed sessions below which a share is marked: one more or less moves it by a tenth."""
WITHIN: Final = 'sum("within_count") / sum("assessed_count")'
NOT_ASSESSED: Final = "Cannot be assessed"
ASSESSED: Final = "Assessed"
SCORES: Final = (
    col('sum("session_count")', "Sessions"),
    col('count("adherence_fraction")', ASSESSED),
    col('sum("session_count") - count("adherence_fraction")', NOT_ASSESSED, COUNT),
    col(WITHIN, "Adherence", SHARE),
    col('mean("data_coverage_fraction")', "Data coverage"),
    col('sum("is_adherent")', "Called adherent", COUNT),
)
LOOKS: Final[tuple[Json, ...]] = (
    named("Adherence", {"mappings": [nothing("cannot be assessed", AMISS)]}),
    counted(NOT_ASSESSED, (None, PLAIN), (1, AMISS)),
    counted(ASSESSED, (None, AMISS), (FEW, PLAIN)),
)
COUNTED: Final = (
    f" Beside each share stands of how many sessions it is one; fewer than {FEW} are marked, and"
    " those that cannot be assessed are counted, not left out."
)


def names_of(columns: Sequence[Column]) -> list[str]:
    """Return what columns are called."""
    return [column.name for column in columns]


DAILY: Final = (
    col('sum("session_count")', "Sessions"),
    col('count("adherence_fraction")', ASSESSED),
    col('sum("within_count")', "within"),
    col('sum("assessed_count")', "strokes and shots"),
    col('sum("data_coverage_fraction")', "coverage"),
    col('count("data_coverage_fraction")', "covered"),
)


def by_month() -> Panel:
    """Return scores by calendar month, which InfluxQL cannot group by: days are added up here."""
    query = Query(columns=DAILY, source=SESSION_SUMMARY, where=CHOSEN, every="1d", fill="none")
    return table(
        "By month",
        "How did adherence and data coverage develop from month to month, by the calendar of this"
        " browser?" + COUNTED,
        [query],
        12,
        height=9,
        transformations=_months(),
        overrides=[
            *LOOKS,
            named("Adherence", {"unit": SHARE}),
            named("Data coverage", {"unit": SHARE}),
            named(NOT_ASSESSED, {"unit": COUNT}),
        ],
        sort=[("Month", True)],
    )


def _months() -> list[Json]:
    """Return how days become months."""
    added = {name: f"{name} (sum)" for name in names_of(DAILY)}
    grouped: Json = {"Time": {"aggregations": [], "operation": "groupby"}}
    for name in added:
        grouped[name] = {"aggregations": ["sum"], "operation": "aggregate"}
    return [
        {
            "id": "formatTime",
            "options": {"timeField": "Time", "outputFormat": "YYYY-MM", "useTimezone": True},
        },
        {"id": "groupBy", "options": {"fields": grouped}},
        _calculated("Adherence", added["within"], "/", added["strokes and shots"]),
        _calculated("Data coverage", added["coverage"], "/", added["covered"]),
        _calculated(NOT_ASSESSED, added["Sessions"], "-", added[ASSESSED]),
        tidy(
            ["Time", added["Sessions"], added[ASSESSED], NOT_ASSESSED, "Adherence"],
            rename={"Time": "Month", added["Sessions"]: "Sessions", added[ASSESSED]: ASSESSED},
            hide=[added[n] for n in ("within", "strokes and shots", "coverage", "covered")],
        ),
    ]


def _calculated(name: str, left: str, operator: str, right: str) -> Json:
    return {
        "id": "calculateField",
        "options": {
            "alias": name,
            "binary": {
                "left": {"matcher": {"id": "byName", "options": left}},
                "operator": operator,
                "right": {"matcher": {"id": "byName", "options": right}},
            },
            "mode": "binary",
            "reduce": {"reducer": "sum"},
        },
    }
