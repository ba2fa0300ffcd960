"""A panel: what it asks, where its answers come from, how they look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dashboards.influxql import Query
from dashboards.looks import named, source_ref
from dashboards.units import TEXT

Json = dict[str, Any]
Form = Literal["time_series", "table"]
GRID_WIDTH: Final = 24
"""Columns of Grafana's grid; a line of panels that is wider fails the build."""
REF_IDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class PanelError(Exception):
    """A panel would not show what it says."""


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel. `alias` names its series: `$col`, `$tag_zone` ..."""

    query: Query
    form: Form = "time_series"
    alias: str = "$col"

    def json(self, ref_id: str) -> Json:
        """Return it as Grafana keeps it."""
        told: Json = {
            "datasource": source_ref(),
            "query": str(self.query),
            "rawQuery": True,
            "refId": ref_id,
            "resultFormat": self.form,
        }
        if self.form == "time_series":
            told["alias"] = self.alias
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Raises PanelError for what Grafana would show as nothing, or as nonsense."""

    kind: str
    title: str
    description: str
    """The question it answers, then what to mind. The question stands in the list of panels."""
    width: int
    height: int = 8
    targets: Sequence[Target] = ()
    unit: str = ""
    """Empty: it follows from the fields."""
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    interval: str = ""
    """Shortest time it groups by."""
    points_max: int = 0
    """Data points it asks for; 0: as many as it has pixels."""
    time_from: str = ""
    """How far it looks back, whatever the dashboard shows."""

    def __post_init__(self) -> None:
        if not (self.title and self.description.endswith((".", "?"))):
            raise PanelError(f"{self.title}: needs a title and a description in sentences")

    @property
    def column_units(self) -> dict[str, str]:
        """The unit of each column by its name."""
        found: dict[str, str] = {}
        for target in self.targets:
            for name, unit in target.query.units.items():
                if found.setdefault(name, unit) != unit:
                    raise PanelError(f"{self.title}: {name} is {found[name]} and {unit}")
        return found

    @property
    def shown_unit(self) -> str:
        """The unit of whatever no override names."""
        if self.unit:
            return self.unit
        if self.kind in {"table", "state-timeline"}:
            # Grafana reads a number out of a text such as "2" unless it is told that it is a text.
            return TEXT
        units = [unit for unit in self.column_units.values() if unit != TEXT]
        return units[0] if units else TEXT

    def json(self, panel_id: int, x: int, y: int) -> Json:
        """Return it as Grafana keeps it."""
        self._check_names()
        told: Json = {
            "datasource": source_ref(),
            "description": self.description,
            "fieldConfig": {
                "defaults": {**self.defaults, "unit": self.shown_unit, "custom": dict(self.custom)},
                "overrides": [*self._unit_overrides(), *self.overrides],
            },
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "id": panel_id,
            "options": dict(self.options),
            "targets": [
                target.json(ref_id) for target, ref_id in zip(self.targets, REF_IDS, strict=False)
            ],
            "title": self.title,
            "transformations": list(self.transformations),
            "type": self.kind,
        }
        if self.interval:
            told["interval"] = self.interval
        if self.points_max:
            told["maxDataPoints"] = self.points_max
        if self.time_from:
            told |= {"timeFrom": self.time_from, "hideTimeOverride": True}
        return told

    def _unit_overrides(self) -> list[Json]:
        """Give every column that is shown under its own name its unit, unless the panel's fits."""
        hidden = {
            name.removesuffix(" (sum)")
            for one in self.transformations
            for name in one["options"].get("excludeByName", ())
        }
        named_by_tags = {
            name
            for target in self.targets
            if target.form == "time_series" and target.alias != "$col"
            for name in target.query.units
        }
        return [
            named(name, {"unit": unit})
            for name, unit in self.column_units.items()
            if unit != self.shown_unit and name not in hidden | named_by_tags
        ]

    def _check_names(self) -> None:
        """Refuse a series whose name is made of tags and whose unit differs from the panel's."""
        told_by_query = {
            override["matcher"]["options"]
            for override in self.overrides
            if override["matcher"]["id"] == "byFrameRefID"
        }
        for ref_id, target in zip(REF_IDS, self.targets, strict=False):
            if target.form == "table" or target.alias == "$col" or ref_id in told_by_query:
                continue
            strange = {unit for unit in target.query.units.values() if unit != self.shown_unit}
            if strange:
                raise PanelError(f"{self.title}: {target.alias} cannot be given the unit {strange}")
