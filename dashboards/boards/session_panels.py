"""Panels about one session that the live board and the review share."""

from typing import Final

from dashboards.boards.choices import OF_SESSION
from dashboards.influxql import INTERVAL, Query, col
from dashboards.kinds import DOWN, LINE, POINTS, PRECISE, STEP, plot, timeline
from dashboards.looks import (
    BAND,
    REPORTED,
    SET,
    fixed,
    named,
)
from dashboards.panel import Panel, Target
from dermatrace.forward.measurements_device import SHOT, WINDOW
from dermatrace.forward.measurements_verdict import LIMIT

LIMIT_LOOKBACK: Final = "1h"
"""Limits stand where a place was entered, which may be long before what is shown; a place that is
worked on for longer than this loses its lines."""
RIBBON: Final = (
    col('min("depth_measured_min_mm")', "Reported least"),
    col('median("depth_measured_median_mm")', "Reported median"),
    col('max("depth_measured_max_mm")', "Reported most"),
)
_DASHED: Final = {"dash": [6, 6], "fill": "dash"}
_DOWN: Final = {f"custom.{name}": value for name, value in DOWN.items()}
DEPTH_LOOKS: Final = (
    named(
        "Reported least",
        {
            **_DOWN,
            "color": fixed(REPORTED),
            "custom.fillBelowTo": "Reported most",
            "custom.fillOpacity": 25,
            "custom.lineWidth": 0,
        },
    ),
    named("Reported most", {**_DOWN, "color": fixed(REPORTED), "custom.lineWidth": 0}),
    named("Reported median", {**_DOWN, "color": fixed(REPORTED), "custom.lineWidth": 2}),
    named("Set", {**_DOWN, "color": fixed(SET), "custom.lineInterpolation": "stepAfter"}),
    *(
        named(
            name,
            {
                **_DOWN,
                "color": fixed(BAND),
                "custom.lineInterpolation": "stepAfter",
                "custom.lineStyle": _DASHED,
                "custom.lineWidth": 2,
            },
        )
        for name in ("Allowed from", "Allowed to")
    ),
)


def limits_query(*, every: str, looks_back: bool) -> Query:
    """Return what the treatment protocol allows in depth, held until the next place is entered."""
    span = f"time >= ${{__from}}ms - {LIMIT_LOOKBACK} AND time <= ${{__to}}ms" if looks_back else ""
    return Query(
        columns=[
            col('last("lower_value")', "Allowed from", "suffix:mm"),
            col('last("upper_value")', "Allowed to", "suffix:mm"),
        ],
        source=LIMIT,
        where=(*OF_SESSION, "\"quantity\" = 'depth'", *([span] if span else [])),
        every=every,
        fill="previous",
        in_range=not looks_back,
    )


def depth(
    *, live: bool, more: tuple[Target, ...] = (), looks: tuple[dict[str, object], ...] = ()
) -> Panel:
    """Return the depth of a pen's needles over time, pointing down from the skin line."""
    queries = (
        Query(columns=RIBBON, source=WINDOW, where=OF_SESSION, every=INTERVAL, fill="null"),
        Query(
            columns=[col('max("depth_commanded_mm")', "Set")],
            source=WINDOW,
            where=OF_SESSION,
            every=INTERVAL,
            fill="null",
        ),
        limits_query(every="2s" if live else INTERVAL, looks_back=live),
    )
    return plot(
        "Depth of a pen",
        "How deep are the needles set, how far does the device say they protrude, and what does the"
        " treatment protocol allow here? The axis points down from the skin line: its minus is the"
        " direction, values in legend and tooltip are as the device reported them. The band is that"
        " of the place being worked on; no line means that none was entered. Protrusion as"
        " reported, never depth reached in skin.",
        [*(Target(query) for query in queries), *more],
        24,
        height=11,
        draw={"axisLabel": "below the skin line"},
        legend=() if live else ("min", "max"),
        overrides=[*DEPTH_LOOKS, *looks],
        **PRECISE,
    )


def places() -> Panel:
    """Return where work was, from windows and shots alike."""
    columns = [
        col('last("pass_number")', "Pass"),
        col('"zone"', "Zone"),
        col('"laterality"', "Side"),
    ]
    queries = [
        Query(columns=columns, source=source, where=OF_SESSION, every=INTERVAL)
        for source in (WINDOW, SHOT)
    ]
    return timeline(
        "Zone, side and pass",
        "Where does the device say it works, and in which pass? As it reports itself; what people"
        " put right later stands in the review.",
        [Target(query) for query in queries],
        24,
        height=6,
        interval="1s",
    )


def motor() -> tuple[Panel, ...]:
    """Return what else a pen tells: stroke rate, contact, motor current."""
    asked = (
        ("Stroke rate", 'mean("stroke_rate_hz")', "Rate", "How fast is the motor running?"),
        (
            "Contact with skin",
            'mean("contact_fraction")',
            "Contact",
            (
                "For how much of the time is the tip on skin? Without contact there is no"
                " treatment, and nothing is judged."
            ),
        ),
        (
            "Motor current",
            'max("motor_current_ma")',
            "Current",
            "How hard does the motor work? It rises with resistance; the greatest of each moment.",
        ),
    )
    return tuple(
        plot(
            title,
            question,
            [
                Target(
                    Query(
                        columns=[col(expression, name)],
                        source=WINDOW,
                        where=OF_SESSION,
                        every=INTERVAL,
                        fill="null",
                    )
                )
            ],
            8,
            height=7,
            defaults={"min": 0, **({"max": 1} if name == "Contact" else {})},
            **PRECISE,
        )
        for title, expression, name, question in asked
    )


ASKED_OF_SHOTS: Final = (
    (
        "Energy of each shot",
        (
            "How much energy was set and delivered? All pins together, or for one pin, as the"
            " device tells it: the two must not be compared."
        ),
        [
            col('"energy_commanded_mj" / 1000', "Set"),
            col('"energy_delivered_mj" / 1000', "Delivered"),
            col('"energy_commanded_per_pin_mj" / 1000', "Set, one pin"),
            col('"energy_delivered_per_pin_mj" / 1000', "Delivered, one pin"),
        ],
    ),
    (
        "Impedance of each shot",
        (
            "How well does tissue conduct before, during and after a shot? A rise or a break"
            " shows a needle that does not sit as it should."
        ),
        [
            col('"impedance_before_ohm"', "Before"),
            col('"impedance_min_ohm"', "Lowest"),
            col('"impedance_end_ohm"', "At the end"),
        ],
    ),
    (
        "Temperature of each shot",
        "How hot did it get, as the device measured it?",
        [col('"temperature_max_celsius"', "Highest")],
    ),
    (
        "Depth of each shot",
        (
            "How deep was it set and how far do the needles protrude, as the device reports"
            " it? The axis points down from the skin line: its minus is the direction."
        ),
        [col('"depth_commanded_mm"', "Set"), col('"depth_measured_mm"', "Reported")],
    ),
)


def shots() -> tuple[Panel, ...]:
    """Return what an RF device tells, shot by shot."""
    return tuple(
        plot(
            title,
            question,
            [Target(Query(columns=columns, source=SHOT, where=OF_SESSION))],
            6,
            draw={**POINTS, **(DOWN if "Depth" in title else {})},
        )
        for title, question, columns in ASKED_OF_SHOTS
    )


STEP_LINE: Final = {**LINE, **STEP}
