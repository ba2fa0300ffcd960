"""Live session: one session as it happens."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.choices import CLINIC, DEVICES, LIVE_SESSION, OF_SESSION
from dashboards.boards.session_findings import findings, found, told
from dashboards.boards.session_panels import depth, motor, places, shots
from dashboards.influxql import Column, Query, col
from dashboards.kinds import stat
from dashboards.looks import AMISS, CALM, MIND, PLAIN, STATES, WRONG, named, steps, tidy
from dashboards.panel import REF_IDS, Panel, Target
from dashboards.units import AGE
from dermatrace.forward.measurements_device import EVENT, SHOT, WINDOW
from dermatrace.forward.measurements_verdict import SESSION_STATE

LOOKBACK: Final = "12h"


def _state(*columns: Column) -> Target:
    query = Query(columns=columns, source=SESSION_STATE, where=OF_SESSION)
    return Target(query, "table")


def _last_heard() -> Panel:
    sources = {"Window": WINDOW, "Shot": SHOT, "Event": EVENT}
    last = [
        Query(columns=[col('last("seq")', "Message")], source=source, where=OF_SESSION)
        for source in sources.values()
    ]
    return stat(
        "Last heard",
        "When did the device last tell anything: a window, a shot, an event? Whatever stands"
        " below is that old.",
        [Target(query, "table") for query in last],
        6,
        fields=f"/^({'|'.join(sources)})$/",
        thresholds=steps((None, PLAIN)),
        empty="nothing",
        unit=AGE,
        transformations=[
            tidy([], of_query=ref_id, rename={"Time": name})
            for ref_id, name in zip(REF_IDS, sources, strict=False)
        ],
        time_from=LOOKBACK,
    )


def _figures() -> list[Panel]:
    priorities = (("High", WRONG), ("Medium", AMISS), ("Low", MIND))
    return [
        stat(
            "State",
            "Where does the session stand, by the judge's last word?",
            [_state(col('last("state")', "State"))],
            4,
            fields="/^State$/",
            mappings=[STATES],
            empty="not heard of",
            time_from=LOOKBACK,
        ),
        _last_heard(),
        stat(
            "Findings not cleared",
            "What stands against the session at this moment, by priority?",
            [
                _state(
                    col('last("unresolved_high_count")', "High"),
                    col('"unresolved_medium_count"', "Medium"),
                    col('"unresolved_low_count"', "Low"),
                )
            ],
            6,
            fields="/^(High|Medium|Low)$/",
            empty="-",
            overrides=[
                named(name, {"thresholds": steps((None, CALM), (1, colour))})
                for name, colour in priorities
            ],
            time_from=LOOKBACK,
        ),
        stat(
            "Open gates",
            "What must be known or done and is not?",
            [_state(col('last("open_gate_count")', "Count"), col('"open_gates"', "Open gates"))],
            8,
            fields="/^Open gates$/",
            thresholds=steps((None, AMISS)),
            empty="none",
            time_from=LOOKBACK,
        ),
    ]


LIVE: Final = Board(
    uid="dermatrace-live",
    slug="live-session",
    title="Live session",
    question="What is this session doing right now?",
    folder="clinic",
    limits="Curves are drawn as messages arrive and change when late ones do. Findings are the live"
    " judgement; the final one may differ.",
    rows=[
        Row("Now", [_figures()]),
        Row("Pen", [[depth(live=True)], [places()], [*motor()]]),
        Row("RF", [[*shots()]]),
        Row("Judged", [[findings(24)]]),
    ],
    variables=[CLINIC, DEVICES, LIVE_SESSION],
    annotations=[found(), told()],
    links=["treatment-floor", "session-review"],
    span="now-5m",
    refresh="1s",
)
