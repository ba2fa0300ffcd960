"""What Grafana makes of a query before InfluxDB sees it.

First the browser replaces the board's variables, then the server its macros. Both are done here as
Grafana 12 does them, so that the very text can be asked that a panel would ask.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

ALL: Final = ".*"
"""What our variables become where all values are chosen: it replaces the reference as it is."""
SOURCE_INTERVAL_MS: Final = 100
"""Of the provisioned data source."""
POINTS_DEFAULT: Final = 1_000
"""Pixels of a panel, about."""
_REFERENCE: Final = re.compile(
    r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}"
)
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_ROUNDED_MS: Final = (
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
)
_UNITS_MS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "M": 2_592_000_000,
    "y": 31_536_000_000,
}


class FormatUnknownError(AssertionError):
    """A reference asks for a format that nobody has implemented here yet."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value of a variable: one or several, or all there are."""

    values: tuple[str, ...]
    is_multi: bool = False
    is_all: bool = False

    @classmethod
    def all(cls) -> "Chosen":
        """Choose everything."""
        return cls((), is_multi=True, is_all=True)

    def shown(self, form: str | None) -> str:
        """Return it in a format, as it is put into a text."""
        if self.is_all:
            return ALL
        if form == "regex" or (form is None and self.is_multi):
            escaped = [escape_regex(value) for value in self.values]
            # Without a format the data source brackets even a single one of several.
            is_bare = len(escaped) == 1 and (form == "regex" or not self.is_multi)
            return escaped[0] if is_bare else f"({'|'.join(escaped)})"
        if form in {"raw", None}:
            return ",".join(self.values)
        raise FormatUnknownError(form)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is chosen on a board, and the time it shows."""

    from_ms: int
    to_ms: int
    variables: Mapping[str, Chosen] = field(default_factory=dict)

    def looking_back(self, span: str) -> "Scope":
        """Return the scope of a panel that looks back so far, whatever the board shows."""
        return Scope(self.to_ms - milliseconds(span), self.to_ms, self.variables)

    @property
    def span_ms(self) -> int:
        """How much time it is."""
        return self.to_ms - self.from_ms


def milliseconds(span: str) -> int:
    """Return how long `5m`, `now-30d` or `100ms` is."""
    found = re.fullmatch(r"(?:now-)?(\d+)(ms|[smhdwMy])", span)
    if found is None:
        raise ValueError(span)
    return int(found[1]) * _UNITS_MS[found[2]]


def escape_regex(value: str) -> str:
    """Return a value that a regular expression takes literally."""
    return _SPECIAL.sub(r"\\\g<0>", value)


def interpolate(text: str, scope: Scope) -> str:
    """Return a text with its variables filled in, as the browser does; unknown ones stay."""
    built_in = {"__from": str(scope.from_ms), "__to": str(scope.to_ms)}

    def replaced(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        if name in built_in:
            return built_in[name]
        chosen = scope.variables.get(name)
        return found[0] if chosen is None else chosen.shown(found[3] or found[5])

    return _REFERENCE.sub(replaced, text)


def interval_ms(scope: Scope, *, points: int = 0, shortest: str = "") -> int:
    """Return by how much time a panel groups, so that it has about as many points as pixels."""
    wanted = scope.span_ms / (points or POINTS_DEFAULT)
    rounded = next((to for below, to in _ROUNDED_MS if wanted < below), 31_536_000_000)
    lowest = milliseconds(shortest) if shortest else SOURCE_INTERVAL_MS
    return max(lowest, rounded)


def duration(length_ms: int) -> str:
    """Return a length of time as InfluxQL reads it."""
    for unit in ("d", "h", "m", "s"):
        if length_ms >= _UNITS_MS[unit] and length_ms % _UNITS_MS[unit] == 0:
            return f"{length_ms // _UNITS_MS[unit]}{unit}"
    return f"{length_ms}ms"


def expand(text: str, scope: Scope, group_ms: int) -> str:
    """Return a text with its macros filled in, as the server does."""
    shown = duration(group_ms)
    for macro, value in (
        ("$timeFilter", f"time >= {scope.from_ms}ms and time <= {scope.to_ms}ms"),
        ("$interval", shown),
        ("$__interval_ms", str(group_ms)),
        ("$__interval", shown),
    ):
        text = text.replace(macro, value)
    return text


def references(text: str) -> set[str]:
    """Return the variables a text refers to, Grafana's own left out."""
    found = {match[1] or match[2] or match[4] for match in _REFERENCE.finditer(text)}
    return {name for name in found if not name.startswith(("__", "tag_")) and name not in _OWN}


_OWN: Final = frozenset({"timeFilter", "interval", "col", "m", "measurement"})


def choose(**values: str | Sequence[str]) -> dict[str, Chosen]:
    """Return choices by name: a text is one value, a list several, and an empty list all."""
    return {
        name: Chosen((value,))
        if isinstance(value, str)
        else Chosen(tuple(value), is_multi=True)
        if value
        else Chosen.all()
        for name, value in values.items()
    }
