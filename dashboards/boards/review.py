"""Session review: one session afterwards, from its readings to its verdict."""

from typing import Final

from dashboards.board import Board, Row
from dashboards.boards.choices import CLINIC, DEVICES, OF_SESSION, PAST_SESSION, to_series
from dashboards.boards.session_findings import events, findings, found_and_missing, told
from dashboards.boards.session_panels import depth, motor, places, shots
from dashboards.influxql import INTERVAL, Column, Query, col
from dashboards.kinds import plot, stat, table
from dashboards.looks import (
    AMISS,
    CALM,
    CELL_COLOUR,
    GRADES,
    MIND,
    PLAIN,
    WHY_NOT,
    WRONG,
    counted,
    named,
    nothing,
    of_query,
    steps,
    tidy,
    words,
)
from dashboards.panel import Panel, Target
from dashboards.units import SHARE
from dermatrace.forward.measurements_device import WINDOW
from dermatrace.forward.measurements_verdict import SESSION_CLOSE, SESSION_SUMMARY, ZONE_SUMMARY

CHAINS: Final = words(
    {
        "matches": ("matches", CALM),
        "differs": ("differs", WRONG),
        "cannot_be_checked": ("cannot be checked", MIND),
    }
)
CLOSE: Final = Query(
    columns=[col('"grade"', "Grade"), col('"stream_chain"', "Chain")],
    source=SESSION_CLOSE,
    where=OF_SESSION,
)


def _summary(*columns: Column) -> Target:
    query = Query(columns=columns, source=SESSION_SUMMARY, where=OF_SESSION)
    return Target(query, "table")


def _scores() -> list[Panel]:
    return [
        stat(
            "Adherence and data coverage",
            "What share of strokes on skin, or of shots, kept to every band of the treatment"
            " protocol, and of how much of the session is that known? Data coverage is the share of"
            " messages that arrived with zone and depth known, not of skin that was treated.",
            [
                _summary(
                    col('"adherence_fraction"', "Adherence"),
                    col('"data_coverage_fraction"', "Data coverage"),
                )
            ],
            7,
            fields="/^(Adherence|Data coverage)$/",
            thresholds=steps((None, PLAIN)),
            empty="cannot be assessed",
            unit=SHARE,
        ),
        *_standing(),
        stat(
            "Record",
            "How complete is the record of this session, and does the device's own chain match?",
            [Target(CLOSE, "table")],
            5,
            fields="/^(Grade|Chain)$/",
            mappings=[GRADES, CHAINS],
            empty="not closed yet",
        ),
    ]


def _standing() -> list[Panel]:
    """Return what stands beside the score."""
    return [
        stat(
            "Why not assessed",
            "Why is there no adherence, if there is none?",
            [_summary(col('"why_not"', "Why not"), col('"assessed_count"', "Assessed"))],
            4,
            fields="/^Why not$/",
            mappings=[WHY_NOT],
            empty="assessed",
        ),
        stat(
            "May be called adherent",
            "Is everything assessed within the protocol, no gate open, and the protocol approved?"
            " A shipped example protocol never yields this word.",
            [_summary(col('"is_adherent"', "Adherent"))],
            3,
            fields="/^Adherent$/",
            thresholds=steps((None, PLAIN)),
            empty="not judged",
        ),
        stat(
            "Open gates",
            "What must be known or done and is not? It stands beside every score.",
            [_summary(col('"open_gates"', "Open gates"), col('"open_gate_count"', "Count"))],
            5,
            fields="/^Open gates$/",
            thresholds=steps((None, AMISS)),
            empty="none",
        ),
    ]


def _facts() -> Panel:
    columns = [
        col('"clinic"', "Clinic"),
        col('"protocol"', "Treatment protocol"),
        col('"protocol_version"', "Version"),
        col('"operator_role"', "Operator role"),
        col('"setting"', "Setting"),
        col('"device"', "Device"),
        col('"model"', "Model"),
        col('"firmware"', "Firmware"),
        col('"series"', "Series"),
        col('"generation"', "Judgement"),
        col('"contact_ms"', "Time on skin"),
        col('"fault_count"', "Faults"),
    ]
    query = Query(columns=columns, source=SESSION_SUMMARY, where=OF_SESSION)
    return table(
        "What was judged, by what",
        "Which device worked, as whom, under which treatment protocol in which version, and which"
        " judgement holds? 0 is the live one, each later fact that changes something adds one.",
        [query],
        24,
        height=4,
        transformations=[
            tidy(
                ["Time", *(column.name for column in columns)],
                rename={"Time": "Began"},
            )
        ],
        overrides=[named("Series", {"links": [to_series()]})],
    )


DOSE: Final = (
    col('"zone"', "Zone"),
    col('"laterality"', "Side"),
    col('"pass_count"', "Passes"),
    col('"contact_ms"', "Time on skin"),
    col('"contact_in_band_ms"', "of it within"),
    col('"contact_stroke_count"', "Strokes on skin"),
    col('"puncture_count"', "Punctures"),
    col('"treatment_shot_count"', "Shots"),
    col('"test_shot_count"', "Test shots"),
    col('"energy_delivered_mj" / 1000', "Energy"),
    col('"energy_budget_mj" / 1000', "Budget"),
    col('"depth_commanded_max_mm"', "Set at most"),
    col('"depth_measured_low_mm"', "Reported low"),
    col('"depth_measured_median_mm"', "Reported median"),
    col('"depth_measured_high_mm"', "Reported high"),
    col('"temperature_max_celsius"', "Hottest"),
    col('"adherence_fraction"', "Adherence"),
    col('"data_coverage_fraction"', "Data coverage"),
    col('"why_not"', "Why not"),
    col('"finding_high_count"', "High"),
    col('"finding_medium_count"', "Medium"),
)


def _dose() -> Panel:
    query = Query(columns=DOSE, source=ZONE_SUMMARY, where=OF_SESSION)
    return table(
        "Dose by zone",
        "What did each zone get: passes, time, strokes, shots, energy, and the depth the device"
        " reported, each with how well it is known? Low and high are what one in twenty stayed"
        " below or went beyond. A zone nobody told is called unknown.",
        [query],
        24,
        height=9,
        transformations=[tidy([column.name for column in DOSE], hide=["Time"])],
        overrides=[
            named("Adherence", {"mappings": [nothing("cannot be assessed", AMISS)]}),
            named("Why not", {"mappings": [WHY_NOT], **CELL_COLOUR}),
            counted("High", (None, PLAIN), (1, WRONG)),
            counted("Medium", (None, PLAIN), (1, AMISS)),
        ],
        sort=[("Zone", False)],
    )


SHADES: Final = Target(
    Query(
        columns=[col('mean("seq") * 0 + 1', "worked on", "none")],
        source=WINDOW,
        where=OF_SESSION,
        every=INTERVAL,
        by=["zone"],
        fill="none",
    ),
    alias="$tag_zone",
)
"""One series a zone that is 1 where work was in it: drawn as bars without gaps, it shades."""
SHADED: Final = {
    "custom.axisPlacement": "hidden",
    "custom.barAlignment": 1,
    "custom.barWidthFactor": 1,
    "custom.drawStyle": "bars",
    "custom.fillOpacity": 15,
    "custom.lineWidth": 0,
    "max": 1,
    "min": 0,
    "unit": "none",
}


def _silences() -> Panel:
    between = Query(
        columns=[col('elapsed("seq", 1ms)', "between", "ms")], source=WINDOW, where=OF_SESSION
    )
    query = Query(
        columns=[col('max("between")', "Longest", "ms")],
        source=between,
        every=INTERVAL,
        fill="none",
    )
    return plot(
        "Between neighbouring readings of a pen",
        "How long was there nothing between one window and the next? A pause or a change of zone"
        " takes a moment; what is missing on record stands as a gap in red.",
        [Target(query)],
        24,
        height=6,
        draw={"drawStyle": "bars", "fillOpacity": 60},
        interval="1s",
    )


REVIEW: Final = Board(
    uid="dermatrace-review",
    slug="session-review",
    title="Session review",
    question="How did this session go, and how sure is that?",
    folder="director",
    limits="Data coverage is not skin area: nothing here knows where on a zone a needle went."
    " Curves are kept for a while only, figures and findings for good. The record itself, with"
    " signatures and reasons, is with the recorder, not here.",
    rows=[
        Row("Verdict", [_scores(), [_facts()], [_dose()]]),
        Row(
            "Pen",
            [
                [depth(live=False, more=(SHADES,), looks=(of_query("D", SHADED),))],
                [places()],
                [*motor()],
                [_silences()],
            ],
        ),
        Row("RF", [[*shots()]]),
        Row("Found and told", [[findings(14), events(10)]]),
    ],
    variables=[CLINIC, DEVICES, PAST_SESSION],
    annotations=[*found_and_missing(), told()],
    links=["protocol-adherence", "series", "treatment-floor"],
    span="now-24h",
)
