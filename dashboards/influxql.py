"""InfluxQL in which every name is checked against the table of measurements as it is written.

A query is data: what to select, of which measurement, under which conditions. Names stand in double
quotes, as InfluxQL wants them; one that the measurement does not have fails the build.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dashboards.units import TEXT, unit_of_expression, unit_of_field
from dermatrace.forward.measurement import Measurement

TIME_FILTER: Final = "$timeFilter"
INTERVAL: Final = "$__interval"
_NAME: Final = re.compile(r'"([^"]*)"')


class NameUnknownError(Exception):
    """A query asks for something the measurement does not have."""


@dataclass(frozen=True, slots=True)
class Column:
    """One thing selected, and what it is called in the answer and on the screen."""

    expression: str
    name: str
    unit: str = ""
    """Empty: it follows from the field."""

    def __str__(self) -> str:
        return f'{self.expression} AS "{self.name}"'


def col(expression: str, name: str, unit: str = "") -> Column:
    """Select an expression under a name."""
    return Column(expression, name, unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SELECT. Raises NameUnknownError or UnitUnknownError when it is made wrongly."""

    columns: Sequence[Column]
    source: "Measurement | Query"
    where: Sequence[str] = ()
    by: Sequence[str] = ()
    """Tags it is grouped by."""
    every: str = ""
    """Time it is grouped by: `$__interval`, `7d`, ..."""
    fill: str = ""
    newest_first: bool = False
    limit_rows: int = 0
    in_range: bool = True
    """Whether it keeps to the time range of the dashboard."""
    units: dict[str, str] = field(init=False)
    """Of each column by its name."""

    def __post_init__(self) -> None:
        known = _names_of(self.source)
        self._check([text for text in self.where if text != TIME_FILTER], known)
        self._check([f'"{tag}"' for tag in self.by], known)
        units = {}
        for column in self.columns:
            self._check([column.expression], known)
            used = {known[name] for name in _NAME.findall(column.expression)}
            numbers = used - {TEXT}
            # A tag or text beside a selected number is a column of its own, never part of one.
            units[column.name] = column.unit or (
                unit_of_expression(column.expression, numbers) if numbers else TEXT
            )
        object.__setattr__(self, "units", units)

    def _check(self, texts: Iterable[str], known: dict[str, str]) -> None:
        for text in texts:
            for name in _NAME.findall(text):
                if name not in known:
                    raise NameUnknownError(f'{self.title}: there is no "{name}" in {text}')

    @property
    def title(self) -> str:
        """The measurement it is about."""
        return self.measurement.name

    @property
    def measurement(self) -> Measurement:
        """Where its points come from in the end."""
        return self.source.measurement if isinstance(self.source, Query) else self.source

    @property
    def fields(self) -> list[str]:
        """The fields and tags it reads, as `measurement.name`, sorted."""
        inner = self.source.fields if isinstance(self.source, Query) else []
        own = _names_of(self.measurement)
        texts = [column.expression for column in self.columns]
        found = {name for text in texts for name in _NAME.findall(text) if name in own}
        if isinstance(self.source, Query):
            return inner
        return sorted(f"{self.title}.{name}" for name in found)

    def __str__(self) -> str:
        if isinstance(self.source, Query):
            source = f"({self.source})"
        else:
            source = f'"{self.source.bucket}"."{self.source.name}"'
        conditions = [*self.where]
        if self.in_range and not isinstance(self.source, Query):
            conditions.append(TIME_FILTER)
        groups = [f"time({self.every})"] if self.every else []
        groups += [f'"{tag}"' for tag in self.by]
        parts = [
            f"SELECT {', '.join(str(column) for column in self.columns)}",
            f"FROM {source}",
            f"WHERE {' AND '.join(conditions)}" if conditions else "",
            f"GROUP BY {', '.join(groups)}" if groups else "",
            f"fill({self.fill})" if self.fill else "",
            "ORDER BY time DESC" if self.newest_first else "",
            f"LIMIT {self.limit_rows}" if self.limit_rows else "",
        ]
        return " ".join(part for part in parts if part)


def _names_of(source: Measurement | Query) -> dict[str, str]:
    """Return what may be asked for, with its unit."""
    if isinstance(source, Query):
        # What a subquery is grouped by can be grouped by, and asked for, outside as well.
        return source.units | dict.fromkeys(source.by, TEXT)
    numbers = {name: unit_of_field(name) for name in source.numbers}
    return numbers | dict.fromkeys((*source.texts, *source.tags), TEXT)


def one_of(tag: str, variable: str) -> str:
    """Return the condition that a tag is among the values chosen of a variable."""
    return f'"{tag}" =~ /^${{{variable}:regex}}$/'


def exactly(tag: str, variable: str) -> str:
    """Return the condition that a tag is the one value chosen of a variable."""
    return f"\"{tag}\" = '${{{variable}:raw}}'"


def tag_values(measurement: Measurement, tag: str, where: Sequence[str] = ()) -> str:
    """Return the query of a variable: the values a tag has. Raises NameUnknownError."""
    for name in (tag, *(name for text in where for name in _NAME.findall(text))):
        if name not in measurement.tags:
            raise NameUnknownError(f"{measurement.name} has no tag {name}")
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    source = f'"{measurement.bucket}"."{measurement.name}"'
    return f'SHOW TAG VALUES FROM {source} WITH KEY = "{tag}"{condition}'
