"""What Grafana makes of InfluxDB's answer before a panel sees it: frames, and what is done to them.

Only what our boards use. Values are kept, so that a table can be compared with figures that were
worked out elsewhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from support.influx_org import Series

Values = list[Any]
_ALIAS: Final = re.compile(r"\$(\w+)|\[\[([\s\S]+?)\]\]")
NS_PER_MS: Final = 1_000_000


class TransformationError(AssertionError):
    """A transformation asks for what is not there, or is none that is known here."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: what it is called in the data and on the screen."""

    name: str
    shown: str
    values: Values

    def is_called(self, name: str) -> bool:
        """Tell whether Grafana finds it under a name."""
        return name in {self.name, self.shown}


@dataclass(frozen=True, slots=True)
class Frame:
    """One table, or one series."""

    ref_id: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return a column. Raises TransformationError if there is none of that name."""
        for one in self.fields:
            if one.is_called(name):
                return one
        raise TransformationError(f"no {name} among {[one.shown for one in self.fields]}")

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self.fields[0].values) if self.fields else 0

    def rows(self) -> list[dict[str, Any]]:
        """Return its rows by what columns are called on the screen."""
        names = [one.shown for one in self.fields]
        columns = [one.values for one in self.fields]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def frames_of(target: Mapping[str, Any], answer: Sequence[Series]) -> list[Frame]:
    """Return the frames of one query's answer, as the data source makes them."""
    if not answer:
        return []
    ref_id = str(target["refId"])
    if target.get("resultFormat") == "table":
        return [_table(ref_id, answer)]
    return [
        Frame(
            ref_id,
            (
                Field("Time", "Time", _times(series)),
                Field("Value", _named(target, series, column), _column(series, at)),
            ),
        )
        for series in answer
        for at, column in enumerate(series.columns)
        if column != "time"
    ]


def _table(ref_id: str, answer: Sequence[Series]) -> Frame:
    first = answer[0]
    fields = [Field("Time", "Time", [time for series in answer for time in _times(series)])]
    for tag in first.tags:
        values = [series.tags[tag] for series in answer for _ in series.values]
        fields.append(Field(tag, tag, values))
    for at, column in enumerate(first.columns):
        if column != "time":
            values = [value for series in answer for value in _column(series, at)]
            fields.append(Field(column, column, values))
    return Frame(ref_id, tuple(fields))


def _times(series: Series) -> Values:
    return [row[0] // NS_PER_MS for row in series.values]


def _column(series: Series, at: int) -> Values:
    return [row[at] for row in series.values]


def _named(target: Mapping[str, Any], series: Series, column: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "col":
            return column
        if name in {"m", "measurement"}:
            return series.name
        return series.tags.get(name.removeprefix("tag_"), found[0])

    return _ALIAS.sub(replaced, str(target["alias"]))


def transformed(
    frames: Sequence[Frame], transformations: Sequence[Mapping[str, Any]]
) -> list[Frame]:
    """Return what a panel's transformations make of its frames.

    Raises TransformationError for a name that is not there: Grafana would say nothing.
    """
    found = list(frames)
    for one in transformations:
        asked = one.get("filter", {}).get("options")
        concerned = [frame for frame in found if asked in {None, frame.ref_id}]
        others = [frame for frame in found if frame not in concerned]
        if concerned:
            found = [*others, *_KNOWN[one["id"]](concerned, one["options"])]
            found.sort(key=lambda frame: frame.ref_id)
    return found


def _organize(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    return [_organized(frame, options) for frame in frames]


def _organized(frame: Frame, options: Mapping[str, Any]) -> Frame:
    for names in options.values():
        for name in names:
            frame.field(name)
    kept = [one for one in frame.fields if not options["excludeByName"].get(one.shown)]
    order = options["indexByName"]
    kept.sort(key=lambda one: order.get(one.shown, len(order)))
    renamed = options["renameByName"]
    fields = (replace(one, shown=renamed.get(one.shown, one.shown)) for one in kept)
    return replace(frame, fields=tuple(fields))


def _join(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    if len(frames) == 1:
        return frames
    key = options["byField"]
    keys = list(dict.fromkeys(value for frame in frames for value in frame.field(key).values))
    first = frames[0].field(key)
    fields = [replace(first, values=keys)]
    for frame in frames:
        at = {value: row for row, value in enumerate(frame.field(key).values)}
        fields += [
            replace(one, values=[None if k not in at else one.values[at[k]] for k in keys])
            for one in frame.fields
            if not one.is_called(key)
        ]
    return [Frame(frames[0].ref_id, tuple(fields))]


def _filter(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    (asked,) = options["filters"]
    if asked["config"]["id"] != "isNotNull":
        raise TransformationError(asked["config"]["id"])
    return [
        _rows_kept(frame, [value is not None for value in frame.field(asked["fieldName"]).values])
        for frame in frames
    ]


def _rows_kept(frame: Frame, kept: Sequence[bool]) -> Frame:
    return replace(
        frame,
        fields=tuple(
            replace(one, values=[v for v, keep in zip(one.values, kept, strict=True) if keep])
            for one in frame.fields
        ),
    )


def _format_time(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    if options["outputFormat"] != "YYYY-MM":
        raise TransformationError(options["outputFormat"])

    def months(one: Field) -> Field:
        if not one.is_called(options["timeField"]):
            return one
        when = (datetime.fromtimestamp(value / 1_000, UTC) for value in one.values)
        return replace(one, values=[f"{moment:%Y-%m}" for moment in when])

    return [replace(frame, fields=tuple(map(months, frame.fields))) for frame in frames]


def _group(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    return [_grouped(frame, options["fields"]) for frame in frames]


def _grouped(frame: Frame, asked: Mapping[str, Any]) -> Frame:
    keys = [frame.field(name) for name, one in asked.items() if one["operation"] == "groupby"]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row in range(frame.row_count):
        groups.setdefault(tuple(key.values[row] for key in keys), []).append(row)
    fields = [replace(key, values=[group[at] for group in groups]) for at, key in enumerate(keys)]
    for name, one in asked.items():
        if one["operation"] != "aggregate":
            continue
        if one["aggregations"] != ["sum"]:
            raise TransformationError(f"{name}: {one['aggregations']}")
        values = frame.field(name).values
        sums = [sum(values[row] or 0 for row in rows) for rows in groups.values()]
        fields.append(Field(f"{name} (sum)", f"{name} (sum)", sums))
    return replace(frame, fields=tuple(fields))


def _calculate(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    binary = options["binary"]
    work: Callable[[float, float], float | None] = {
        "/": lambda left, right: left / right if right else None,
        "-": lambda left, right: left - right,
    }[binary["operator"]]

    def calculated(frame: Frame) -> Frame:
        left, right = (
            frame.field(binary[side]["matcher"]["options"]).values for side in ("left", "right")
        )
        values = [work(one, other) for one, other in zip(left, right, strict=True)]
        name = options["alias"]
        return replace(frame, fields=(*frame.fields, Field(name, name, values)))

    return [calculated(frame) for frame in frames]


_KNOWN: Final[dict[str, Callable[[list[Frame], Mapping[str, Any]], list[Frame]]]] = {
    "organize": _organize,
    "joinByField": _join,
    "filterByValue": _filter,
    "formatTime": _format_time,
    "groupBy": _group,
    "calculateField": _calculate,
}
