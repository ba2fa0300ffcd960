"""One clinic on one day, for the pictures of the console: eight rooms, and the weeks before.

Everything is played by the simulator into a real journal and judged; nothing depends on today.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dermatrace.simulator.omissions import Omission
from support.console_clinic import mishaps
from support.floor_scenes import BEGINS_MS, CALM, NOW_MS, Played, fill_floor
from support.judge_bench import JudgeBench, chart_messages, registry_messages
from support.judge_runs import close_by_silence
from support.judged_clinic import DAY_MS, SUBJECT, changed
from support.manual_clock import ManualClock
from support.session_scenes import GAPS, HIGH, PEN, RF, Scene, justification, play_scene

ROOMS: Final = (
    CALM,
    Played(2, is_rf=True),
    Played(3, is_deep=True),
    Played(4, omissions=(Omission("consent"), Omission("exam"))),
    Played(5, is_rf=True, silent_for_ms=25_000),
    Played(6, omissions=(Omission("plan"), Omission("attach"))),
    Played(7, silent_for_ms=200_000, begins_ms=BEGINS_MS - 240_000),
    Played(8, has_device=False, begins_ms=NOW_MS + 600_000),
)
"""Calm, RF, too deep, gates open, silent, of no visit, interrupted, planned."""
PEN_SESSION: Final = replace(
    GAPS,
    minutes=9.0,
    faults=("gap", "late", "broken", "garbage", "deep"),
    omissions=(Omission("answer_unknown", "herpes"),),
)
RF_SESSION: Final = Scene("shots", RF, 11, 9.0, ("deep",))
SERIES: Final = {
    Scene(f"visit {n}", PEN, n, 3.0): days for n, days in ((21, 57), (23, 37), (25, 2))
}
"""Visits of one subject, and how many days ago: the second early, the third on time."""
EARLIER: Final = {**SERIES, PEN_SESSION: 5, HIGH: 4, RF_SESSION: 3}


def fill_pictured(folder: Path, photos: Sequence[bytes]) -> ManualClock:
    """Fill a data folder; each visit of the series has two photos, before and after."""
    shown = iter(photos)

    def before(bench: JudgeBench) -> None:
        _turn(bench, BEGINS_MS - 58 * DAY_MS)
        bench.record(registry_messages(), step_ms=1)
        for scene, days in sorted(EARLIER.items(), key=lambda one: -one[1]):
            begins_ms = BEGINS_MS - days * DAY_MS
            _turn(bench, begins_ms - 1_800_000)
            chart = chart_messages(scene.session(), begins_ms, scene.omissions)
            if scene in SERIES:
                digests = [hashlib.sha256(next(shown)).hexdigest() for _ in range(2)]
                chart = changed(chart, "chart.plan", _of_the_series)
                chart = changed(chart, "chart.photo", _with(iter(digests)))
            play_scene(bench, scene, begins_ms, chart)
            close_by_silence(bench)
            if scene == HIGH:
                bench.judge()
                bench.record([justification(bench, scene.session())])
        _turn(bench, BEGINS_MS - DAY_MS)
        # But for the last, which says something else under a version that is in use.
        bench.record(mishaps()[:-1])
        _turn(bench, BEGINS_MS - 3_600_000)

    return fill_floor(folder, ROOMS, before)


def visit_of(scene: Scene) -> str:
    """Return the name of the visit that a session belongs to."""
    return f"visit-{scene.address.rpartition('/')[2]}"


def _turn(bench: JudgeBench, to_ms: int) -> None:
    bench.pass_time(to_ms - bench.bench.clock.utc_ms())


def _of_the_series(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "plan": {**told["plan"], "subject_id": SUBJECT}}


def _with(digests: Any) -> Any:  # noqa: ANN401  a change of a document
    def change(told: dict[str, Any]) -> dict[str, Any]:
        return {**told, "photo_sha256": next(digests)}

    return change
