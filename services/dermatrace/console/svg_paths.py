"""Values as paths of SVG on the paper of one plot. Pure.

On paper nobody can zoom: where several windows fall on one column, the column shows all they cover.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Final, NamedTuple

from dermatrace.reading.session_trace import Numbers

WIDTH: Final = 720
LEFT, RIGHT = 52, 16
"""Room for numbers, and for the last of the time axis."""
_TIME_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
_TICKS_MAX: Final = 10


class Path(NamedTuple):
    """One path; what it looks like the sheet says by its class."""

    look: str
    d: str


class Text(NamedTuple):
    """Words at a place."""

    look: str
    x: float
    y: float
    words: str


@dataclass(slots=True)
class Plot:
    """One drawing."""

    title: str
    height: int
    paths: list[Path] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot's values lie on its paper."""

    from_ms: int
    to_ms: int
    low: float
    high: float
    top: int
    bottom: int
    is_down: bool
    """Depth points down."""

    def x(self, ms: float) -> float:
        """Return where a time is."""
        share = (ms - self.from_ms) / max(1, self.to_ms - self.from_ms)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return where a value is."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        share = min(1.0, max(0.0, share if self.is_down else 1.0 - share))
        return round(self.top + share * (self.bottom - self.top), 1)


def ticks(low: float, high: float) -> list[float]:
    """Return the round numbers to write beside a plot."""
    step = 10.0 ** floor(log10((high - low) / 2)) if high > low else 1.0
    step = next(s for s in (step, 2 * step, 5 * step, 10 * step) if (high - low) / s <= 5)  # noqa: PLR2004  lines a plot can bear
    first = ceil(low / step)
    return [round(n * step, 6) for n in range(first, floor(high / step) + 1)]


def time_texts(frame: Frame) -> Iterator[Text]:
    """Yield elapsed times to write below a plot."""
    length_s = (frame.to_ms - frame.from_ms) / 1_000
    steps = (s for s in _TIME_STEPS_S if length_s / s <= _TICKS_MAX)
    step_s = next(steps, 7_200 * ceil(length_s / 7_200 / _TICKS_MAX))
    for second in range(0, floor(frame.to_ms / 1_000) + 1, step_s):
        minutes, rest = divmod(second, 60)
        hours, minutes = divmod(minutes, 60)
        words = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
        yield Text("time", frame.x(second * 1_000), frame.bottom + 15, words)


def circle(x: float, y: float, radius: float) -> str:
    """Return a circle."""
    return f"M{x - radius:.1f},{y}a{radius},{radius} 0 1 0 {2 * radius},0a{radius},{radius} 0 1 0 {-2 * radius},0"  # noqa: E501  one path


def line_path(
    frame: Frame,
    times: Iterable[tuple[int, int]],
    values: Numbers,
    *,
    is_stepped: bool = False,
) -> str:
    """Go from value to value, never across time without one; one column keeps its extremes."""
    parts: list[str] = []
    column: list[float] = []
    column_x = end_ms = -1.0
    for (at_ms, until_ms), value in zip(times, values, strict=True):
        x = floor(frame.x(at_ms) * 2) / 2
        if value is None or at_ms - end_ms > (until_ms - at_ms) / 2:
            parts += _column(column_x, column)
            if is_stepped and column:
                parts.append(f"H{frame.x(end_ms)}")
            column, column_x = [], -1.0
        end_ms = until_ms
        if value is None:
            continue
        y = frame.y(value)
        if not column:
            parts.append(f"M{x},{y}")
        elif x != column_x:
            parts += _column(column_x, column)
            if is_stepped and column[-1] != y:
                parts.append(f"H{x}")
            column = []
        column.append(y)
        column_x = x
    parts += _column(column_x, column)
    if is_stepped and column:
        parts.append(f"H{frame.x(end_ms)}")
    return "".join(parts)


def _column(x: float, values: list[float]) -> list[str]:
    """Return how a line passes one column of the print."""
    if not values:
        return []
    turns = dict.fromkeys((values[0], min(values), max(values), values[-1]))
    return [f"L{x},{y}" for y in turns]


def ribbon_path(
    frame: Frame, times: Iterable[tuple[int, int]], lows: Numbers, highs: Numbers
) -> str:
    """Fill from the least to the most, column by column."""
    columns: dict[float, tuple[float, float]] = {}
    for (at_ms, _), low, high in zip(times, lows, highs, strict=True):
        if low is not None and high is not None:
            x = floor(frame.x(at_ms) * 2) / 2
            ends = sorted((frame.y(low), frame.y(high)))
            known = columns.get(x, (ends[0], ends[1]))
            columns[x] = min(known[0], ends[0]), max(known[1], ends[1])
    return "".join(f"M{x},{top}h0.8V{bottom}h-0.8Z" for x, (top, bottom) in columns.items())
