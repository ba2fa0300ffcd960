"""The committed dashboards and provisioning files, read as Grafana reads them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from support.tree import ROOT

Json = dict[str, Any]

FOLDER: Final = ROOT / "dashboards"
BOARDS: Final[dict[str, Json]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "json").rglob("*.json"))
}
"""By slug."""
PROVISIONING: Final[dict[str, Json]] = {
    path.relative_to(FOLDER / "provisioning").with_suffix("").as_posix(): yaml.safe_load(
        path.read_text(encoding="utf-8")
    )
    for path in sorted((FOLDER / "provisioning").rglob("*.yaml"))
}
"""By path without the ending."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query, and where it stands."""

    board: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.board}/{self.place}"


def panels(board: Json) -> list[Json]:
    """Return everything on a board but headings."""
    return [one for one in board["panels"] if one["type"] != "row"]


def variables(board: Json) -> dict[str, Json]:
    """Return the variables of a board that are filled by a query, by name."""
    return {one["name"]: one for one in board["templating"]["list"] if one["type"] == "query"}


def annotations(board: Json) -> dict[str, Json]:
    """Return what is drawn into every plot, by name."""
    return {one["name"]: one["target"] for one in board["annotations"]["list"]}


def panel_queries(slug: str) -> Iterator[Asked]:
    """Yield every query of every panel of a board."""
    for panel in panels(BOARDS[slug]):
        for target in panel.get("targets", ()):
            yield Asked(slug, f"{panel['title']}/{target['refId']}", target["query"])


def alert_rules() -> dict[str, Json]:
    """Return the alert rules by uid."""
    (group,) = PROVISIONING["alerting/rules"]["groups"]
    return {rule["uid"]: rule for rule in group["rules"]}


def alert_query(rule: Json) -> Json:
    """Return the one query of a rule that asks InfluxDB."""
    (asked,) = (one for one in rule["data"] if one["datasourceUid"] != "__expr__")
    return dict(asked)


def all_queries() -> list[Asked]:
    """Return every query of every panel, variable, annotation and alert."""
    found: list[Asked] = []
    for slug, board in BOARDS.items():
        found += panel_queries(slug)
        found += [
            Asked(slug, f"variable {name}", one["query"]["query"])
            for name, one in variables(board).items()
        ]
        found += [
            Asked(slug, f"annotation {name}", one["query"])
            for name, one in annotations(board).items()
        ]
    found += [
        Asked("alerts", uid, alert_query(rule)["model"]["query"])
        for uid, rule in alert_rules().items()
    ]
    return found


def links(board: Json) -> Iterator[str]:
    """Yield the address of every link on a board, in tables as well."""
    yield from (one["url"] for one in board["links"])
    yield from data_links(board)


def data_links(board: Json) -> Iterator[str]:
    """Yield the address of every link in a table or plot."""
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"] if "fieldConfig" in panel else ():
            for one in override["properties"]:
                if one["id"] == "links":
                    yield from (link["url"] for link in one["value"])
