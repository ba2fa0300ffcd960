"""Panels asked as Grafana asks them, and what they would show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.boards import BOARDS, Json, panels
from support.grafana import Scope, expand, interpolate, interval_ms
from support.grafana_frames import Frame, frames_of, transformed
from support.influx_org import InfluxOrg, Series


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel with its data."""

    panel: Json
    answers: dict[str, list[Series]]
    """By the query's letter."""
    frames: list[Frame]
    """After all transformations."""

    @property
    def names(self) -> set[str]:
        """What columns or series are called on the screen."""
        return {field.shown for frame in self.frames for field in frame.fields}

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        if not self.frames:
            return []
        (frame,) = self.frames
        return frame.rows()

    def figure(self, name: str) -> Any:  # noqa: ANN401  a number or a word
        """Return the one value of a series or column."""
        (value,) = (
            field.values[-1]
            for frame in self.frames
            for field in frame.fields
            if field.shown == name
        )
        return value


def asked_text(text: str, scope: Scope, *, points: int = 0, shortest: str = "") -> str:
    """Return a query as InfluxDB would see it at the end of the scope's time.

    InfluxDB's own clock is not that of the record, so `now()` is replaced as well.
    """
    group_ms = interval_ms(scope, points=points, shortest=shortest)
    expanded = expand(interpolate(text, scope), scope, group_ms)
    return expanded.replace("now()", f"{scope.to_ms}ms")


def panel_scope(panel: Mapping[str, Any], scope: Scope) -> Scope:
    """Return the scope of a panel, which may look back farther than its board."""
    return scope.looking_back(panel["timeFrom"]) if "timeFrom" in panel else scope


def texts(panel: Json, scope: Scope) -> dict[str, str]:
    """Return everything a panel asks, by the query's letter."""
    own = panel_scope(panel, scope)
    return {
        target["refId"]: asked_text(
            target["query"],
            own,
            points=panel.get("maxDataPoints", 0),
            shortest=panel.get("interval", ""),
        )
        for target in panel.get("targets", ())
    }


def show(org: InfluxOrg, panel: Json, scope: Scope) -> Shown:
    """Ask everything a panel asks."""
    answers = {ref_id: org.query(text) for ref_id, text in texts(panel, scope).items()}
    frames = [
        frame
        for target in panel["targets"]
        for frame in frames_of(target, answers[target["refId"]])
    ]
    return Shown(panel, answers, transformed(frames, panel["transformations"]))


def panel_named(slug: str, title: str) -> Json:
    """Return a panel of a board."""
    (panel,) = (one for one in panels(BOARDS[slug]) if one["title"] == title)
    return panel
