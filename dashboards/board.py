"""A board: one question, its panels in lines, what it is not, and where to go from here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dashboards.influxql import Query
from dashboards.kinds import text
from dashboards.looks import SOURCE_TYPE, SOURCE_UID, source_ref
from dashboards.panel import GRID_WIDTH, Json, Panel, PanelError

SCHEMA_VERSION: Final = 42
"""Of the dashboard's form: the newest that Grafana 12.4 knows. Newer servers migrate it."""
REFRESH_INTERVALS: Final = ("1s", "5s", "10s", "30s", "1m", "5m", "15m", "1h")
NOT_AN_ALARM: Final = (
    "**What this is not.** No alarm system: nobody is to act on it in place of the device's own"
    " alarms, and nothing here can start, stop or set a device. Depth is how far the needles"
    " protruded as the device reports it, never how deep skin was reached."
)
ALIKE: Final = 100
"""Spans of two boards that differ by more are of different sorts."""
_UNITS_S: Final = {"m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000}
Folder = Literal["clinic", "director", "service"]
FOLDERS: Final[dict[Folder, str]] = {
    "clinic": "Clinic",
    "director": "Director",
    "service": "Service",
}
"""Folder to its title. A folder is for finding things, not for keeping them apart: whoever may
query the data source may query all of it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a board, filled by a query."""

    name: str
    label: str
    description: str
    query: str
    is_multi: bool = True
    """Several values or all of them; else exactly one."""
    follows_time: bool = False
    """Ask again when the time range changes, not only when the board is opened."""
    skip: str = ""
    """A value that is no choice."""

    def json(self) -> Json:
        """Return it as Grafana keeps it."""
        told: Json = {
            "datasource": source_ref(),
            "description": self.description,
            "hide": 0,
            "includeAll": self.is_multi,
            "label": self.label,
            "multi": self.is_multi,
            "name": self.name,
            "options": [],
            "query": {"query": self.query, "refId": f"variable-{self.name}"},
            "refresh": 2 if self.follows_time else 1,
            "regex": f"/^(?!{self.skip}$).*$/" if self.skip else "",
            "skipUrlSync": False,
            "sort": 7,
            "type": "query",
        }
        if self.is_multi:
            told |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
        return told


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is drawn into every plot. Columns by the name of their field."""

    name: str
    query: Query
    title: str
    text: str
    tags: str
    colour: str
    time_end: str = ""

    def json(self) -> Json:
        """Return it as Grafana keeps it.

        Grafana calls a column `measurement.field` here. It compares title and end with that name,
        and looks whether it contains those of text and tags: an empty one would match all.
        """
        measurement = self.query.title
        return {
            "datasource": source_ref(),
            "enable": True,
            "hide": False,
            "iconColor": self.colour,
            "name": self.name,
            "target": {
                "datasource": source_ref(),
                "fromAnnotations": True,
                "name": self.name,
                "query": str(self.query),
                "queryType": "tags",
                "rawQuery": True,
                "refId": "Anno",
                "tagsColumn": f"{measurement}.{self.tags}",
                "textColumn": f"{measurement}.{self.text}",
                "timeEndColumn": f"{measurement}.{self.time_end}" if self.time_end else "",
                "titleColumn": f"{measurement}.{self.title}",
            },
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and the panels below it, line by line."""

    title: str
    lines: Sequence[Sequence[Panel]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    slug: str
    title: str
    question: str
    folder: Folder
    limits: str
    """What it is not, beside what no board is."""
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    annotations: Sequence[Annotation] = ()
    links: Sequence[str] = ()
    """Slugs of boards one goes to from here."""
    span: str = "now-24h"
    refresh: str = ""

    @property
    def path(self) -> str:
        """Where it is found in Grafana."""
        return f"/d/{self.uid}/{self.slug}"

    @property
    def span_s(self) -> int:
        """How much time it shows."""
        amount, unit = self.span.removeprefix("now-")[:-1], self.span[-1]
        return int(amount) * _UNITS_S[unit]

    @property
    def is_live(self) -> bool:
        """Whether it shows now rather than a time that was chosen."""
        return self.refresh == "1s"

    @property
    def panels(self) -> Iterator[tuple[int, Panel, int, int]]:
        """Yield id, panel, column and line of everything but headings, from the top."""
        y, panel_id = 0, 1
        yield panel_id, self.words, 0, 0
        y += self.words.height
        for row in self.rows:
            panel_id += 1  # of its heading
            y += 1
            for line in row.lines:
                x = 0
                for panel in line:
                    panel_id += 1
                    yield panel_id, panel, x, y
                    x += panel.width
                if x > GRID_WIDTH:
                    raise PanelError(f"{self.title}: {line[0].title} and its neighbours: {x} wide")
                y += max(panel.height for panel in line)

    @property
    def words(self) -> Panel:
        """The words at its top."""
        content = f"**{self.question}**\n\n{NOT_AN_ALARM} {self.limits}"
        return text(
            "About this board", "What this board is for, and what it is not.", content, height=4
        )

    def panel_id(self, title: str) -> int:
        """Return the number of a panel. Raises PanelError if there is none of that title."""
        for panel_id, panel, _, _ in self.panels:
            if panel.title == title:
                return panel_id
        raise PanelError(f"{self.title} has no panel {title}")

    def json(self, boards: dict[str, "Board"]) -> Json:
        """Return it as Grafana keeps it."""
        return {
            "annotations": {"list": [one.json() for one in self.annotations]},
            "description": self.question,
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "links": [self._link(boards[slug]) for slug in self.links],
            "liveNow": self.is_live,
            "panels": list(self._placed()),
            "preload": False,
            "refresh": self.refresh,
            "schemaVersion": SCHEMA_VERSION,
            "tags": ["dermatrace", self.folder],
            "templating": {"list": [_source_variable(), *(one.json() for one in self.variables)]},
            "time": {"from": self.span, "to": "now"},
            "timepicker": {"refresh_intervals": list(REFRESH_INTERVALS)},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
            "weekStart": "monday",
        }

    def _placed(self) -> Iterator[Json]:
        told = {panel_id: panel.json(panel_id, x, y) for panel_id, panel, x, y in self.panels}
        first = 1
        yield told[first]
        for row in self.rows:
            first += 1
            count = sum(len(line) for line in row.lines)
            mine = [told[first + number] for number in range(1, count + 1)]
            yield {
                "collapsed": False,
                "gridPos": {"h": 1, "w": GRID_WIDTH, "x": 0, "y": mine[0]["gridPos"]["y"] - 1},
                "id": first,
                "panels": [],
                "title": row.title,
                "type": "row",
            }
            yield from mine
            first += count

    def _link(self, other: "Board") -> dict[str, Any]:
        return {
            "asDropdown": False,
            "icon": "dashboard",
            "includeVars": True,
            # Minutes of a live board say nothing on a board of months, and the other way round.
            "keepTime": max(self.span_s, other.span_s) <= ALIKE * min(self.span_s, other.span_s),
            "tags": [],
            "targetBlank": False,
            "title": other.title,
            "tooltip": other.question,
            "type": "link",
            "url": other.path,
        }


def _source_variable() -> Json:
    return {
        "current": {"text": "dermatrace", "value": SOURCE_UID},
        "description": "Where the points are.",
        "hide": 0,
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": SOURCE_TYPE,
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
        "type": "datasource",
    }
