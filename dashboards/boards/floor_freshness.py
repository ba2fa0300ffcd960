"""Of the treatment floor: how fresh is what it shows."""

from dashboards.influxql import Query, col
from dashboards.kinds import stat
from dashboards.looks import (
    CALM,
    MIND,
    PLAIN,
    WRONG,
    named,
    steps,
)
from dashboards.panel import Panel, Target
from dashboards.units import AGE
from dermatrace.forward.measurements_recorder import PIPELINE


def freshness() -> list[Panel]:
    """Tell whether an empty floor is a quiet one or a blind one."""
    sample = Query(
        columns=[col('last("is_up")', "up")], source=PIPELINE, where=["\"part\" = 'ingest'"]
    )
    behind = Query(
        columns=[col('last("behind_s")', "Behind")],
        source=PIPELINE,
        where=["\"part\" = 'forward'"],
    )
    return [
        stat(
            "Heard of the recorder",
            "When was the recorder last known to work? If this is not a few seconds ago, what"
            " stands below is old, however calm it looks.",
            [Target(sample, "table")],
            3,
            fields="/^Time$/",
            thresholds=steps((None, PLAIN)),
            empty="nothing",
            unit=AGE,
            overrides=[named("Time", {"unit": AGE})],
        ),
        stat(
            "Shown late by",
            "How long after the recorder wrote it does something appear here?",
            [Target(behind)],
            2,
            thresholds=steps((None, CALM), (5, MIND), (60, WRONG)),
            empty="unknown",
        ),
    ]
