"""The floor of fifty rooms that treat, for a minute in one real Chromium.

The clinic of `floor_viewers`: each of fifty tiles changes once a second, and the ages on it five
times a second. A *task* is what keeps a page from answering; Chromium tells of those longer than
50 ms, so 50 stands for none. *Opening* is the page's first two seconds. The wait for a frame is the
longest time in which nothing could move; headless, Chromium draws 60 a second at most. *Busy* is
the share of time in which the page's main thread did anything. The baseline is the same floor with
a visit due in every room and no device that speaks, in the same browser. The aim is no task over
200 ms.

It is not a tablet: the browser shares these cores with everything that records, and has no graphics
processor. It needs a Chromium on this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks import drawing, floor
from benchmarks.rounds import Row, Run
from support.console_browser import Browser

MILLISECONDS = 1e3
OPENING_MS = 2_000
UNITS: Mapping[str, str] = {
    "longest task, opening": "ms",
    "longest task, then": "ms",
    "longest wait for a frame, then": "ms",
    "frames": "1/s",
    "main thread busy": "%",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many rooms, and for how long each floor is looked at."""

    rooms: int
    quiet_s: int
    busy_s: int


FULL = Size(rooms=50, quiet_s=30, busy_s=60)
QUICK = Size(rooms=3, quiet_s=3, busy_s=4)
BEGINS_S = 20
"""For the devices, to begin to speak, and for the page, to open."""


def measure(run: Run) -> list[Row]:
    """Look at the quiet floor, then at the busy one."""
    size = run.size(FULL, QUICK)
    program = drawing.chromium()
    with floor.clinic(run, size.rooms) as clinic, Browser(program) as browser:
        quiet = _look(browser, clinic, size.quiet_s, is_busy=False)
        with clinic.in_session(size.busy_s + BEGINS_S):
            busy = _look(browser, clinic, size.busy_s, is_busy=True)
    return [
        Row(f"{what}, {name}", unit, (told[what],), f"{what}, nobody treats")
        for what, unit in UNITS.items()
        for name, told in (("nobody treats", quiet), (f"{size.rooms} rooms treat", busy))
    ]


def _look(
    browser: Browser, clinic: floor.Clinic, seconds: int, *, is_busy: bool
) -> dict[str, float]:
    states = ".state-running" if is_busy else ".state-without_telemetry"
    with drawing.signed_in(browser, clinic.url, clinic.link) as page:
        for _ in range(2):  # until all rooms are as they should be, then from the beginning
            page.goto("/")
            page.wait_for_function(
                "([states, count]) => document.querySelectorAll(states).length >= count",
                arg=[states, clinic.rooms],
            )
        page.wait_for_timeout(OPENING_MS)
        told = page.context.new_cdp_session(page)
        told.send("Performance.enable")
        before_s = _busy_s(told)
        page.evaluate("window.begunMs = performance.now()")
        page.wait_for_timeout(seconds * MILLISECONDS)
        busy_s = _busy_s(told) - before_s
        tasks, frames, begun_ms = page.evaluate("[window.tasks, window.frames, window.begunMs]")
    later = [at_ms for at_ms in frames if at_ms >= begun_ms]
    waits_ms = [after - before for before, after in pairwise(later)]
    return {
        "longest task, opening": _longest(took for at, took in tasks if at < begun_ms),
        "longest task, then": _longest(took for at, took in tasks if at >= begun_ms),
        "longest wait for a frame, then": max(waits_ms),
        "frames": len(later) / seconds,
        "main thread busy": 100 * busy_s / seconds,
    }


def _longest(took_ms: Any) -> float:  # noqa: ANN401  numbers of a page
    return max(took_ms, default=drawing.TASK_TOLD_MIN_MS)


def _busy_s(told: Any) -> float:  # noqa: ANN401  Playwright's
    metrics = told.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))
