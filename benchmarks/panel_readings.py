"""Readings of one session, as forward would have written them: windows or shots, events, states."""

from collections.abc import Iterator
from typing import Final

from benchmarks.panel_points import PointSession, point
from dermatrace.forward.line import time_ns
from dermatrace.forward.measurements_device import (
    CHANNEL,
    DEVICE_STATE,
    EVENT,
    SHOT,
    SUB_PULSE,
    WINDOW,
)
from dermatrace.forward.measurements_verdict import SESSION_STATE

WINDOWS_PER_DOCUMENT: Final = 10
SHOT_MS: Final = 1_500


def raw_lines(session: PointSession, minutes: float, *, ends: bool = True) -> Iterator[str]:
    """Yield a session's points in the raw bucket; one that does not end is still running."""
    duration_ms = int(minutes * 60_000)
    part_ms = duration_ms // len(session.places)
    yield _event(session, 0, 0, "started", setting="clinic")
    yield from _device(session)
    yield _state(session, 1_000, 0, "running")
    seq = 1
    for turn, (zone, side) in enumerate(session.places):
        placed = session.tags | {"zone": zone, "laterality": side}
        begins_ms = turn * part_ms
        yield _event(session, begins_ms, seq, "zone_entered", placed)
        for at_ms in range(begins_ms, begins_ms + part_ms, 1_000):
            seq += 1
            yield from (
                _shot(session, placed, at_ms, seq)
                if session.is_rf
                else _windows(session, placed, at_ms, seq)
            )
        seq += 1
        yield _event(session, begins_ms + part_ms - 1, seq, "paused", placed)
        yield _state(session, begins_ms + part_ms, turn + 1, "paused" if turn else "running")
    if ends:
        yield _event(session, duration_ms, seq + 1, "stopped", outcome="completed")
        yield _state(session, duration_ms, len(session.places) + 2, "stopped")
    elif session.number % 7 == 0:
        yield _state(session, duration_ms, len(session.places) + 2, "silent")


def _windows(session: PointSession, placed: dict[str, str], at_ms: int, seq: int) -> Iterator[str]:
    base_ms = session.begins_ms + at_ms
    for place in range(WINDOWS_PER_DOCUMENT):
        wave = (seq * 7 + place * 3) % 11 / 100
        numbers = {
            "seq": seq,
            "pass_number": 1,
            "window_ms": 100,
            "stroke_count": 12,
            "stroke_rate_hz": 118 + wave,
            "depth_commanded_mm": 1.5,
            "depth_measured_min_mm": 1.4 + wave,
            "depth_measured_median_mm": 1.45 + wave,
            "depth_measured_max_mm": 1.5 + wave,
            "depth_difference_mm": round(wave - 0.05, 6),
            "motor_current_ma": 240 + 100 * wave,
            "contact_fraction": 1.0 if seq % 9 else 0.4,
        }
        yield point(WINDOW, time_ns(base_ms + place * 100, seq, place), placed, numbers)


def _shot(session: PointSession, placed: dict[str, str], at_ms: int, seq: int) -> Iterator[str]:
    if at_ms % SHOT_MS:
        return
    at_ns = time_ns(session.begins_ms + at_ms, seq)
    reading = {
        "power_commanded_w": 30.0,
        "power_w": 28.5,
        "duration_commanded_ms": 200,
        "duration_ms": 198,
        "energy_commanded_mj": 600.0,
        "energy_delivered_mj": 560.0 + seq % 40,
        "impedance_before_ohm": 310.0 + seq % 50,
        "impedance_start_ohm": 300.0,
        "impedance_min_ohm": 240.0,
        "impedance_end_ohm": 260.0,
        "temperature_max_celsius": 60.0 + seq % 8,
        "temperature_hold_ms": 120,
    }
    depths = {"depth_commanded_mm": 2.0, "depth_measured_mm": 1.9 + seq % 3 / 10}
    counts = {
        "seq": seq,
        "pass_number": 1,
        "shot_number": seq,
        "is_test": int(seq == 1),
        "depth_count": 1,
        "sub_pulse_count": 1,
        "depth_difference_mm": -0.1,
    }
    yield point(SHOT, at_ns, placed, {**counts, **depths, **reading})
    place = {"seq": seq, "depth_number": 1, "sub_pulse_number": 1}
    yield point(SUB_PULSE, at_ns, placed, {**place, **depths, **reading})
    for channel in range(2):
        own = placed | {"channel": str(channel + 1)}
        yield point(CHANNEL, at_ns + channel + 1, own, {**place, **reading})


def _event(
    session: PointSession,
    at_ms: int,
    seq: int,
    name: str,
    tags: dict[str, str] | None = None,
    **texts: str,
) -> str:
    at_ns = time_ns(session.begins_ms + at_ms, seq)
    named = (tags or session.tags) | {"event": name}
    return point(EVENT, at_ns, named, {"seq": seq, "occurrence_count": 1}, texts)


def _state(session: PointSession, at_ms: int, seq: int, state: str) -> str:
    numbers = {
        "is_running": int(state == "running"),
        "is_paused": int(state == "paused"),
        "is_silent": int(state == "silent"),
        "unresolved_high_count": session.number % 2,
        "unresolved_medium_count": 1,
        "unresolved_low_count": 0,
        "open_gate_count": 1,
        "generation": 0,
    }
    texts = {"state": state, "open_gates": "photo_after"}
    at_ns = time_ns(session.begins_ms + at_ms, seq)
    return point(SESSION_STATE, at_ns, session.tags, numbers, texts)


def _device(session: PointSession) -> Iterator[str]:
    started = {
        "occurrence_count": 1,
        "lifetime_session_number": session.number,
        "calibrated_ms": session.begins_ms - 30 * 86_400_000,
        "calibration_due_ms": session.begins_ms + 300 * 86_400_000,
        "tip_attach_count": 1,
        "tip_shot_count": 80 if session.is_rf else None,
        "tip_expires_ms": session.begins_ms + 700 * 86_400_000,
    }
    unit = {"tip_unit_id": f"tip-{session.number}"}
    at_ns = session.at_ns
    yield point(DEVICE_STATE, at_ns, session.tags | {"source": "session"}, started, unit)
    status = {
        "occurrence_count": 1,
        "lifetime_stroke_count": 1_000_000 + session.number,
        "battery_fraction": 0.8,
        "outbox_bytes": 40_000 + session.number,
        "is_offline": 0,
    }
    named = session.tags | {"source": "status"}
    yield point(DEVICE_STATE, at_ns + 1, named, status, {"state": "in_session"})
