"""What stands in InfluxDB is in the table of measurements, and all of the table occurs."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from dermatrace.forward.measurements import JUDGED, MEASUREMENTS, OF_SESSION
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Gap,
    Garbage,
    LimitCrossing,
    UnsetClock,
)
from dermatrace.simulator.fleet import FLEET
from dermatrace_schemas.system import SystemLost
from support.declared_points import JOURNALLED_FIELDS, Field, fields_seen, undeclared
from support.forward_journal import HandJournal
from support.forward_runs import in_one_go
from support.forward_scenes import opened, play
from support.judge_scenes import Scene, scenes
from support.manual_clock import NOON_MS

READING: Final = {
    "power_commanded_w": 12,
    "power_w": 11.6,
    "duration_commanded_ms": 100,
    "duration_ms": 101.5,
    "energy_commanded_mj": 1_200,
    "energy_delivered_mj": 1_177.4,
    "impedance_before_ohm": 402,
    "impedance_start_ohm": 388,
    "impedance_min_ohm": 301,
    "impedance_end_ohm": 322,
    "temperature_max_celsius": 61.5,
    "temperature_hold_ms": 40,
}
"""Everything that can be said of a pulse, but for what its energies refer to."""
TOTALS: Final = [
    "pass_count",
    "contact_ms",
    "stroke_count",
    "contact_stroke_count",
    "puncture_count",
    "treatment_shot_count",
    "test_shot_count",
    "energy_delivered_mj",
    "energy_budget_mj",
    "contact_in_band_ms",
    "depth_commanded_max_mm",
    "depth_measured_low_mm",
    "depth_measured_median_mm",
    "depth_measured_high_mm",
    "depth_measured_max_mm",
    "temperature_max_celsius",
]


def _faulty(device_number: int) -> Scene:
    return Scene(
        device_number,
        0.2,
        faults=(
            LimitCrossing(6, 12, over_mm=0.6, over_energy_fraction=0.5, dialled=True),
            Gap(4, 4),
            BrokenJson(5),
            Garbage(7),
            UnsetClock(3),
            ClockStep(9, 3_600_000),
        ),
        asides=("reattributed",),
        comes_again=True,
    )


@pytest.fixture(scope="module")
def seen(clinics: Path) -> set[Field]:
    """Return the fields that every treatment with many faults leads to; nothing undeclared."""
    found: set[Field] = set()
    for device_number in range(len(FLEET)):
        with opened(clinics) as bench:
            play(bench, _faulty(device_number).messages())
            content, _ = in_one_go(bench.folder)
        assert undeclared(content) == []
        found |= fields_seen(content)
    return found


@settings(max_examples=5)
@given(scene=scenes())
def test_nothing_undeclared_stands_there_whatever_befalls_a_session(
    clinics: Path, scene: Scene
) -> None:
    with opened(clinics) as bench:
        play(bench, scene.messages())
        content, _ = in_one_go(bench.folder)
    assert undeclared(content) == []


def test_every_declared_field_occurs(seen: set[Field], journal: HandJournal) -> None:
    _say_the_rest(journal)
    account = journal.forward()
    assert account.quarantined_count == 0
    assert undeclared(journal.shelf.points) == []
    assert fields_seen(journal.shelf.points) | seen == JOURNALLED_FIELDS


def _say_the_rest(journal: HandJournal) -> None:
    """Let what devices may say and the pretended ones do not be said as well."""
    calibration = {"calibrated_ms": 1_777_408_000_000, "due_ms": 1_808_944_000_000}
    tip = {"unit_id": "t-1", "expires_ms": 1_797_280_000_000, "attach_count": 2, "shot_count": 9}
    journal.report("status", lifetime_shot_count=7, tip=tip)
    journal.report("status", state="offline")
    device = {"vendor": "v", "model": "m", "serial": "s", "calibration": calibration}
    journal.report("announcement", device=device)
    journal.tell(0, "session.started", tip=tip, device=device)
    journal.tell(1, "needling.windows")
    pulses = [
        READING | {"energy_scope": scope, "channels": [_channel(scope)]}
        for scope in ("total", "per_pin")
    ]
    depth = {"depth_commanded_mm": 1.5, "depth_measured_mm": 1.4, "sub_pulses": pulses}
    journal.tell(2, "rf.shot", depths=[depth])
    journal.tell(3, "needling.windows", wall_time_ms=None, boot_id="boot-2")
    journal.tell(4, "rf.shot", depths=[depth], wall_time_ms=None, boot_id="boot-2")
    journal.tell(5, "device.event", wall_time_ms=None, boot_id="boot-2")
    journal.tell(6, "session.stopped")
    journal.judge(0, "opened")
    journal.judge(1, "finding_raised")
    journal.judge(2, "finding_cleared")
    totals = dict.fromkeys(TOTALS, 1)
    journal.judge(3, "summary", scope="session", zone=None, laterality=None, totals=totals)
    adherence = {"fraction": 0.5, "why_not": None, "assessed_count": 2, "within_count": 1}
    journal.judge(4, "summary", totals=totals, adherence=adherence)
    journal.judge(5, "closed")
    lost = SystemLost(kind="system.lost", at_ms=NOON_MS, reason="the broker went away")
    journal.bench.pipeline.note(lost)


def _channel(scope: str) -> dict[str, object]:
    return READING | {"channel_number": 1, "energy_scope": scope}


def test_what_is_deleted_with_a_session_names_it() -> None:
    for one in OF_SESSION:
        assert {"clinic", "device", "session"} <= {*one.tags, *one.texts}, one.name


def test_what_stands_once_a_session_makes_no_series_of_each() -> None:
    once = [one for one in OF_SESSION if "session" in one.texts]
    assert [one.name for one in once] == ["session_summary", "zone_summary", "session_close"]
    assert all("series" in one.texts for one in once)
    assert {one.bucket for one in JUDGED if one.name != "limit"} == {"sessions"}


@pytest.mark.parametrize("one", MEASUREMENTS, ids=lambda one: one.name)
def test_tag_and_field_never_share_a_name(one: object) -> None:
    tags, numbers, texts = (set(getattr(one, name)) for name in ("tags", "numbers", "texts"))
    assert not tags & (numbers | texts)
    assert not numbers & texts
    assert numbers
