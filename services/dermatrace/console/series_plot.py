"""The visits of a series on the clinic's calendar: each zone a line, what is due a field. Pure."""

from dataclasses import dataclass
from math import floor
from typing import Final

from dermatrace.console.svg_paths import Path, Plot, Text
from dermatrace.judge.series_pace import Timing
from dermatrace.judge.subject_series import SubjectSeries
from dermatrace.reading.judgement_text import day_text

WIDTH: Final = 720
LEFT, RIGHT, ROW = 130, 18, 26
MARKS: Final[dict[Timing, str]] = {
    "first": "○",
    "early": "◁",
    "on_time": "●",
    "late": "▷",
    "unknown": "?",
}
_TICKS_MAX: Final = 6
_DAYS_AROUND: Final = 3


@dataclass(frozen=True, slots=True)
class _Calendar:
    first: int
    last: int

    def x(self, day: int) -> float:
        share = (day - self.first) / max(1, self.last - self.first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def calendar_of(series: SubjectSeries, today: int | None) -> Plot | None:
    """Return when each zone was treated and when it is due again; None if no day is known."""
    zones = series.progress.zones
    days = [step.clinic_day for zone in zones for step in zone.steps]
    windows = [None if zone.is_done else zone.window for zone in zones]
    due = [(w.earliest_day, w.intended_day, w.latest_day) for w in windows if w is not None]
    known = [day for day in (*days, *(day for ends in due for day in ends)) if day is not None]
    if not known:
        return None
    if today is not None and min(known) <= today <= max(known) + 60:
        known.append(today)
    calendar = _Calendar(min(known) - _DAYS_AROUND, max(known) + _DAYS_AROUND)
    height = ROW * len(zones) + 6
    plot = Plot("", height + 16)
    if today is not None and calendar.first <= today <= calendar.last:
        plot.paths.append(Path("today", f"M{calendar.x(today)},0V{height - 11}"))
        plot.texts.append(Text("today", calendar.x(today), height - 1, "today"))
    for place, (zone, window) in enumerate(zip(zones, windows, strict=True)):
        y = ROW * place + ROW // 2
        plot.paths.append(Path("grid", f"M{LEFT},{y}H{WIDTH - RIGHT}"))
        plot.texts.append(Text("name", LEFT - 8, y + 4, zone.spot.name))
        if window is not None:
            ends = window.earliest_day, window.latest_day
            left = calendar.x(calendar.first if ends[0] is None else ends[0])
            right = calendar.x(calendar.last if ends[1] is None else ends[1])
            plot.paths.append(
                Path("due", f"M{left},{y - 8}H{max(right, left + 3)}V{y + 8}H{left}Z")
            )
        for step in zone.steps:
            if step.clinic_day is not None:
                x = calendar.x(step.clinic_day)
                plot.texts.append(Text("step", x, y + 5, MARKS[step.timing]))
    step_days = max(1, floor((calendar.last - calendar.first) / _TICKS_MAX))
    for day in range(calendar.first + _DAYS_AROUND, calendar.last, step_days):
        plot.texts.append(Text("day", calendar.x(day), height + 12, day_text(day)))
    return plot
