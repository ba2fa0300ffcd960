"""What the device says of itself, and what its motor and needles show over some time."""

import pytest

from dermatrace.judge.defaults import DEPTH_PERSISTENCE, RATE_DROOP, STALL_RATE, STALL_TIME
from dermatrace.judge.rules.device import RULES
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import Standing
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, SessionStarted
from support.visit_cases import (
    START_MS,
    judged,
    shot,
    started,
    strokes,
    version,
    with_registry,
    zone_entered,
)

DAY_MS = 86_400_000
SLOWED = with_registry(
    protocol=version(
        "protocol",
        depth_persistence={
            "quantity": "persistence",
            "unit": "1",
            "value": 30,
            "source": "a test",
            "trust": "U",
        },
    )
)
"""A treatment protocol that wants 30 strokes in a row: two messages of 20 strokes exceed it."""


def _findings(*documents: StreamDocument) -> list[Standing]:
    return judged(SLOWED, RULES, started(), *documents).state.findings


def _rules(*documents: StreamDocument) -> list[str]:
    return [finding.rule for finding in _findings(*documents)]


def _fault(code: str | None, seq: int = 1, event: str = "fault") -> DeviceEvent:
    facts = strokes(seq).model_dump(include={"seq", "boot_id", "uptime_ms", "wall_time_ms"})
    told = {"kind": "device.event", "event": event, "fault_code": code}
    return DeviceEvent.model_validate(facts | told)


def _windows(seq: int, rate_hz: float | None, *, contact: float = 1.0) -> NeedlingWindows:
    """Return two windows of half a second and ten strokes each."""
    document = strokes(seq, contact=contact)
    rates = {"stroke_rate_hz": [rate_hz] * 2, "window_ms": 500, "offset_ms": [0, 500]}
    return document.model_copy(update=rates)


def _measured(seq: int, *medians_mm: float | None, zone: str = "cheek") -> NeedlingWindows:
    """Return two windows set to 1 mm that measured something."""
    document = strokes(seq, 1.0, zone=zone)
    return document.model_copy(update={"depth_measured_median_mm": list(medians_mm)})


def test_defaults_are_those_of_the_tables() -> None:
    values = (STALL_RATE.value, RATE_DROOP.value, STALL_TIME.value, DEPTH_PERSISTENCE.value)
    assert values == (60.0, 0.25, 1.0, 120.0)


@pytest.mark.parametrize(
    ("code", "priority", "words"),
    [
        ("MOTOR_STALL", "medium", "fault MOTOR_STALL at an unknown zone: its motor stalled."),
        ("OVER_TEMPERATURE", "high", "the needles grew too hot"),
        ("NEUTRAL_ELECTRODE", "high", "the return electrode had poor contact"),
        ("VENDOR_17", "medium", "fault VENDOR_17 at an unknown zone."),
        (None, "medium", "a fault without a code"),
    ],
)
def test_fault_is_named_by_its_code(code: str | None, priority: str, words: str) -> None:
    (finding,) = _findings(_fault(code))
    assert (finding.rule, finding.priority, finding.nature) == (
        "device.fault",
        priority,
        "technical",
    )
    assert words in finding.sentence


def test_each_fault_code_is_told_once_with_its_range() -> None:
    faults = (_fault("OPEN_CIRCUIT", 1), _fault("MOTOR_STALL", 2), _fault("OPEN_CIRCUIT", 3))
    found = [(f.first_seq, f.last_seq) for f in _findings(*faults)]
    assert found == [(1, 3), (2, 2)]


def test_other_events_and_kickback_are_no_device_fault() -> None:
    assert _rules(_fault("MOTOR_STALL", event="alive"), _fault("KICKBACK", 2)) == []


@pytest.mark.parametrize(
    ("rates_hz", "rules"),
    [
        ([59.0, 59.0], ["device.stall"]),  # twice a second on skin: 2 s
        ([60.0, 60.0], []),
        ([None, None], []),
    ],
)
def test_motor_below_the_stall_rate_is_stalled(
    rates_hz: list[float | None], rules: list[str]
) -> None:
    documents = [_windows(seq, rate) for seq, rate in enumerate(rates_hz, 1)]
    assert _rules(*documents) == rules


def test_short_stall_is_no_finding() -> None:
    half = _windows(1, 40.0).model_copy(update={"contact_fraction": [0.5, 0.4]})  # 450 ms on skin
    sound = _windows(2, 100.0)
    again = _windows(3, 40.0).model_copy(update={"contact_fraction": [0.5, 0.5]})  # 500 ms
    assert _rules(half, sound, again) == []
    assert _rules(half, _windows(2, 40.0)) == ["device.stall"]


def test_motor_may_stand_in_the_air() -> None:
    assert _rules(*(_windows(seq, 20.0, contact=0.0) for seq in range(1, 9))) == []


def test_device_made_to_run_slowly_is_not_stalled() -> None:
    ratings = {"stroke_rate_min_hz": 40.0}
    device = {"vendor": "Maker", "model": "Pen", "serial": "S-1", "ratings": ratings}
    for rate_hz, rules in ((45.0, []), (39.0, ["device.stall"])):
        documents = (started(device=device), *(_windows(seq, rate_hz) for seq in (1, 2, 3)))
        found = judged(SLOWED, RULES, *documents).state.findings
        assert [f.rule for f in found] == rules


def test_stall_says_rate_limit_and_range() -> None:
    (finding,) = _findings(_windows(1, 50.0), _windows(2, 45.0))
    assert (finding.first_seq, finding.last_seq) == (1, 2)
    assert (finding.measured_value, finding.limit_value, finding.unit) == (50.0, 60.0, "Hz")
    assert finding.extreme_value == 45.0


@pytest.mark.parametrize(("on_skin_hz", "rules"), [(90.0, []), (89.0, ["device.rate_droop"])])
def test_droop_is_measured_against_the_rate_in_the_air(on_skin_hz: float, rules: list[str]) -> None:
    air = _windows(1, 120.0, contact=0.0)  # a quarter off is 90 Hz
    assert _rules(air, _windows(2, on_skin_hz), _windows(3, on_skin_hz)) == rules


def test_droop_must_last_as_many_strokes_as_the_protocol_says() -> None:
    air = _windows(1, 120.0, contact=0.0)
    assert _rules(air, _windows(2, 80.0)) == []  # 20 strokes of 30
    assert _rules(air, _windows(2, 80.0), _windows(3, 110.0), _windows(4, 80.0)) == []


def test_droop_follows_the_rate_that_was_set_last() -> None:
    documents = (
        _windows(1, 150.0, contact=0.0),
        _windows(2, 100.0, contact=0.0),
        *(_windows(seq, 95.0) for seq in range(3, 9)),
    )
    assert _rules(*documents) == []


def test_droop_cannot_be_told_without_contact_measured() -> None:
    unmeasured = [
        _windows(n, hz).model_copy(update={"contact_fraction": None})
        for n, hz in ((1, 120.0), (2, 80.0), (3, 80.0))
    ]
    assert _rules(*unmeasured) == ["device.contact_unmeasured"]


@pytest.mark.parametrize(
    ("median_mm", "about"),
    [(1.15, None), (0.85, None), (1.151, "deeper"), (0.849, "less deep")],
)
def test_depth_beyond_the_tolerance_of_the_scale_is_named(
    median_mm: float, about: str | None
) -> None:
    documents = (_measured(1, median_mm, median_mm), _measured(2, median_mm, median_mm))
    findings = _findings(*documents)
    if about is None:
        assert findings == []
    else:
        (finding,) = findings
        assert (finding.rule, finding.unit) == ("device.depth_tracking", "mm")
        assert (finding.measured_value, finding.limit_value) == (median_mm, 1.0)
        assert (finding.first_seq, finding.last_seq) == (1, 2)
        assert finding.priority == ("medium" if about == "deeper" else "low")
        assert f"(a default) {about} than the set depth of 1 mm" in finding.sentence
        assert "At cheek the device-reported depth was" in finding.sentence


def test_depth_must_be_off_for_strokes_in_a_row() -> None:
    assert _rules(_measured(1, 1.3, 1.3)) == []  # 20 strokes of 30
    assert _rules(_measured(1, 1.3, 1.3), _measured(2, 1.0, 1.3), _measured(3, 1.3, None)) == []
    assert _rules(_measured(1, 1.3, 1.3), _measured(2, 0.7, 0.7)) == []  # never the same way
    assert _rules(_measured(1, 1.3, None), _measured(2, 1.3, 1.3)) == ["device.depth_tracking"]


def test_tolerance_of_the_device_takes_the_place_of_the_default() -> None:
    ratings = {"depth_tolerance_mm": 0.3}
    device = {"vendor": "Maker", "model": "Pen", "serial": "S-1", "ratings": ratings}
    within = (started(device=device), _measured(1, 1.3, 1.3), _measured(2, 1.3, 1.3))
    assert judged(SLOWED, RULES, *within).state.findings == []
    beyond = (started(device=device), _measured(1, 1.31, 1.31), _measured(2, 1.31, 1.31))
    (finding,) = judged(SLOWED, RULES, *beyond).state.findings
    assert "0.3 mm (the device's tolerance)" in finding.sentence


def _shot(measured_mm: float | None) -> RfShot:
    depth: dict[str, object] = {
        "depth_commanded_mm": 2.0,
        "depth_measured_mm": measured_mm,
        "sub_pulses": [],
    }
    return RfShot.model_validate(shot().model_dump() | {"depths": [depth]})


@pytest.mark.parametrize(
    ("measured_mm", "rules"),
    [(2.16, ["device.depth_tracking"]), (1.84, ["device.depth_tracking"]), (2.15, []), (None, [])],
)
def test_one_shot_off_its_depth_suffices(measured_mm: float | None, rules: list[str]) -> None:
    assert _rules(_shot(measured_mm)) == rules


def _calibrated(due_ms: int | None, **facts: object) -> SessionStarted:
    device = {
        "vendor": "Maker",
        "model": "Pen",
        "serial": "S-1",
        "calibration": {"due_ms": due_ms},
    }
    return started(device=device).model_copy(update=facts)


@pytest.mark.parametrize(
    ("due_ms", "days"),
    [(START_MS - 10 * DAY_MS, 10.0), (START_MS + DAY_MS, None), (None, None)],
)
def test_calibration_is_overdue_after_its_date(due_ms: int | None, days: float | None) -> None:
    findings = judged(SLOWED, RULES, _calibrated(due_ms)).state.findings
    assert [(f.rule, f.measured_value, f.unit) for f in findings] == (
        [] if days is None else [("device.calibration_overdue", days, "d")]
    )


def test_calibration_without_a_clock_cannot_be_assessed() -> None:
    (finding,) = judged(SLOWED, RULES, _calibrated(START_MS, wall_time_ms=None)).state.findings
    assert (finding.rule, finding.priority) == ("device.calibration_overdue", "low")
    assert "cannot be assessed" in finding.sentence


def test_contact_that_is_not_measured_is_told_once() -> None:
    unmeasured = {"contact_fraction": None}
    documents = [strokes(seq).model_copy(update=unmeasured) for seq in (1, 2, 3)]
    (finding,) = _findings(*documents)
    assert (finding.rule, finding.first_seq, finding.last_seq) == (
        "device.contact_unmeasured",
        1,
        3,
    )


def test_fault_lies_in_the_zone_that_was_entered() -> None:
    (finding,) = _findings(zone_entered(1, "forehead"), _fault("OPEN_CIRCUIT", 2))
    assert finding.spot == Spot("forehead")
    assert "fault OPEN_CIRCUIT at forehead: a needle had no contact." in finding.sentence
