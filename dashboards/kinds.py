"""Panels by kind, each with the options that all panels of the kind share here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboards.influxql import Query
from dashboards.looks import CALM, Json, steps
from dashboards.panel import Panel, Target

LINE: Final = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never"}
STEP: Final = {"lineInterpolation": "stepAfter"}
POINTS: Final = {"drawStyle": "points", "pointSize": 5, "showPoints": "always"}
BARS: Final = {"drawStyle": "bars", "fillOpacity": 60, "lineWidth": 0, "barAlignment": 1}
DOWN: Final = {"transform": "negative-Y"}
"""Depth points down from the skin line. Only the drawing is turned over: what is stored, the legend
and the tooltip keep the value as the device reported it; the axis shows it with a minus."""
NO_GAPS_BRIDGED: Final = {"spanNulls": False}
PRECISE: Final[dict[str, Any]] = {"interval": "100ms", "points_max": 3_000}
"""Five minutes in groups of 100 ms: no window of a pen is hidden behind another."""


def plot(
    title: str,
    description: str,
    targets: Sequence[Target],
    width: int,
    *,
    draw: Mapping[str, Any] = LINE,
    legend: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401  handed on to Panel as they are
) -> Panel:
    """Lines, points or bars over time."""
    shown = "table" if legend else "list"
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        targets=targets,
        width=width,
        options={
            "legend": {
                "calcs": list(legend),
                "displayMode": shown,
                "placement": "bottom",
                "showLegend": True,
            },
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        custom={**LINE, **NO_GAPS_BRIDGED, **draw},
        defaults={"color": {"mode": "palette-classic"}, **(defaults or {})},
        **more,
    )


def table(
    title: str,
    description: str,
    targets: Sequence[Query],
    width: int,
    *,
    sort: Sequence[tuple[str, bool]] = (),
    **more: Any,  # noqa: ANN401  handed on to Panel as they are
) -> Panel:
    """Rows. `sort`: columns as they are called on the screen, and whether greatest comes first."""
    return Panel(
        kind="table",
        title=title,
        description=description,
        targets=[Target(query, "table") for query in targets],
        width=width,
        options={
            "cellHeight": "sm",
            "frameIndex": 0,
            "showHeader": True,
            "sortBy": [{"displayName": name, "desc": desc} for name, desc in sort],
        },
        custom={
            "align": "auto",
            "cellOptions": {"type": "auto"},
            "filterable": True,
            "inspect": False,
        },
        defaults={"noValue": "-", **more.pop("defaults", {})},
        **more,
    )


def stat(  # noqa: PLR0913  each is one thing a reader sees
    title: str,
    description: str,
    targets: Sequence[Target],
    width: int,
    *,
    fields: str = "",
    thresholds: Json | None = None,
    empty: str = "-",
    mappings: Sequence[Json] = (),
    **more: Any,  # noqa: ANN401  handed on to Panel as they are
) -> Panel:
    """One figure or word, or a few beside one another. `fields` chooses columns by pattern."""
    return Panel(
        kind="stat",
        title=title,
        description=description,
        targets=targets,
        width=width,
        height=more.pop("height", 4),
        options={
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": fields, "values": False},
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": False,
        },
        defaults={
            "color": {"mode": "thresholds"},
            "mappings": list(mappings),
            "noValue": empty,
            "thresholds": thresholds or steps((None, CALM)),
        },
        **more,
    )


def timeline(
    title: str,
    description: str,
    targets: Sequence[Target],
    width: int,
    *,
    mappings: Sequence[Json] = (),
    **more: Any,  # noqa: ANN401  handed on to Panel as they are
) -> Panel:
    """States over time, equal neighbours merged."""
    return Panel(
        kind="state-timeline",
        title=title,
        description=description,
        targets=targets,
        width=width,
        options={
            "alignValue": "left",
            "legend": {
                "calcs": [],
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": False,
            },
            "mergeValues": True,
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        },
        custom={"fillOpacity": 70, "lineWidth": 0, "spanNulls": False},
        defaults={"color": {"mode": "palette-classic"}, "mappings": list(mappings)},
        **more,
    )


def text(title: str, description: str, content: str, *, height: int) -> Panel:
    """Words for whoever opens the board."""
    return Panel(
        kind="text",
        title=title,
        description=description,
        width=24,
        height=height,
        options={"content": content, "mode": "markdown"},
    )
