"""Which readings of a finding are shown, when they were, and what they say."""

import pytest

from dermatrace.device_clock import DeviceClock
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.reading_words import READINGS_SHOWN_MAX, Found, Picker, time_of, values_in
from dermatrace.judge.spot import Spot
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.session import DeviceEvent
from support.visit_cases import (
    START_MS,
    depth,
    shot,
    started,
    strokes,
    version,
    with_registry,
    zone_entered,
)

CHEEK = Spot("cheek")


def _event(wall_ms: int | None, boot_id: str = "b") -> DeviceEvent:
    return DeviceEvent(
        seq=3,
        kind="device.event",
        boot_id=boot_id,
        uptime_ms=1_000,
        wall_time_ms=wall_ms,
        event="fault",
        fault_code="MOTOR_STALL",
    )


def _judge() -> SessionJudge:
    protocol = version("protocol", bands=[{"upper": depth(1.0)}])
    judge = SessionJudge(with_registry(protocol=protocol))
    judge.feed(started())
    return judge


def _picker(*documents: StreamDocument, spot: Spot = CHEEK) -> Picker:
    judge = _judge()
    (watch,) = (w for w in judge.watches(spot) if w.rule.id == "depth.set_above")
    picker = Picker(judge.case, watch, spot)
    for document in documents:
        picker.take(Found(document, 100 + document.seq, "0" * 64))
    return picker


@pytest.mark.parametrize(
    ("clock", "wall_ms", "expected"),
    [
        (DeviceClock({"b": START_MS}), START_MS + 5, (START_MS + 5, "plausible")),
        (DeviceClock({"b": START_MS}), None, (START_MS + 1_000, "anchored")),
        (DeviceClock({"b": START_MS}), 7, (START_MS + 1_000, "anchored")),
        (DeviceClock(), None, (None, "unknown")),
        (DeviceClock({"b": START_MS}, stepped=True), START_MS, (START_MS, "stepped")),
    ],
)
def test_time_of_a_reading_says_how_far_it_can_be_trusted(
    clock: DeviceClock, wall_ms: int | None, expected: tuple[int | None, str]
) -> None:
    assert time_of(clock, _event(wall_ms)) == expected


def test_first_last_and_farthest_are_shown_however_many_there_are() -> None:
    documents = [strokes(seq, 2.5 if seq == 20 else 1.5) for seq in range(1, 31)]
    picker = _picker(*documents)
    shown = [reading.seq for reading in picker.readings()]
    assert picker.count == 30
    assert len(shown) == READINGS_SHOWN_MAX
    assert shown == [1, 2, 3, 4, 20, 30]


def test_readings_of_other_places_do_not_count() -> None:
    picker = _picker(strokes(1, 1.5), strokes(2, 1.5, zone="forehead"), zone_entered(3, "chin"))
    assert (picker.count, [reading.seq for reading in picker.readings()]) == (1, [1])


def test_strokes_in_the_air_do_not_count() -> None:
    assert _picker(strokes(1, 1.5, contact=0.0)).count == 0


def test_without_a_band_every_document_counts() -> None:
    picker = Picker(_judge().case, None)
    for document in (started(), zone_entered(1, "chin"), strokes(2), _event(START_MS)):
        picker.take(Found(document, 1, "0" * 64))
    assert picker.count == 4
    assert [reading.values[0].text for reading in picker.readings()][::3] == [
        "Maker Pen",
        "MOTOR_STALL",
    ]


def test_what_the_finding_is_about_comes_first() -> None:
    windows = strokes(1, 1.5)
    told = windows.model_dump() | {"depth_measured_median_mm": [1.25, 1.75]}
    (watch,) = (w for w in _judge().watches(CHEEK) if w.rule.id == "depth.measured_above")
    measured = NeedlingWindows.model_validate(told)
    values = list(values_in(measured, _judge().case, watch))
    assert [(value.name, value.text) for value in values] == [
        ("device-reported depth", "1.25 to 1.75 mm"),
        ("set depth", "1.5 mm"),
        ("contact strokes", "20"),
    ]
    assert (values[0].low, values[0].high, values[0].unit) == (1.25, 1.75, "mm")


def test_shot_says_what_it_was_for() -> None:
    values = {value.name: value.text for value in values_in(shot(1, 1.5), _judge().case, None)}
    assert values == {"shot": "treatment", "set depth": "1.5 mm"}
