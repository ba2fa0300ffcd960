"""What devices tell, as measurements."""

from typing import Final

from dermatrace.forward.measurement import DOUBT, ONE, PASS, PLACE_TAGS, SEQ, Measurement

_RF: Final = {
    "power_commanded_w": "power set",
    "power_w": "mean power delivered",
    "duration_commanded_ms": "length set",
    "duration_ms": "length",
    "energy_commanded_mj": "energy set, all pins together",
    "energy_delivered_mj": "energy delivered, all pins together",
    "energy_commanded_per_pin_mj": "energy set for one pin",
    "energy_delivered_per_pin_mj": "energy delivered by one pin",
    "impedance_before_ohm": "impedance before the pulse",
    "impedance_start_ohm": "impedance at its start",
    "impedance_min_ohm": "lowest impedance",
    "impedance_end_ohm": "impedance at its end",
    "temperature_max_celsius": "highest temperature",
    "temperature_hold_ms": "time at or above the device's target temperature",
}

WINDOW: Final = Measurement(
    "window",
    "raw",
    "One window of 100 to 200 ms of a pen, at the time it began.",
    PLACE_TAGS,
    {
        **SEQ,
        **PASS,
        "window_ms": "length",
        "stroke_count": "strokes",
        "stroke_rate_hz": "strokes a second",
        "depth_commanded_mm": "needle protrusion set",
        "depth_measured_min_mm": "least device-reported protrusion",
        "depth_measured_median_mm": "median device-reported protrusion",
        "depth_measured_max_mm": "greatest device-reported protrusion",
        "depth_difference_mm": "median device-reported less set",
        "motor_current_ma": "motor current",
        "contact_fraction": "share of the window with the tip on skin",
        **DOUBT,
    },
    {},
)
SHOT: Final = Measurement(
    "shot",
    "raw",
    "One insertion with RF energy, all its depths and sub-pulses together: energies and durations"
    " summed, the greatest power and temperature, the first impedance at start, the last at end.",
    PLACE_TAGS,
    {
        **SEQ,
        **PASS,
        "shot_number": "the device's count within the session",
        "is_test": "1 for a shot of the test spot, 0 for treatment; absent if nobody said",
        "depth_count": "depths of the insertion",
        "sub_pulse_count": "sub-pulses",
        "depth_commanded_mm": "greatest depth set",
        "depth_measured_mm": "greatest device-reported depth",
        "depth_difference_mm": "device-reported less set, where they are farthest apart",
        **_RF,
        **DOUBT,
    },
    {},
)
SUB_PULSE: Final = Measurement(
    "sub_pulse",
    "raw",
    "One burst of RF energy, at the time it began.",
    PLACE_TAGS,
    {
        **SEQ,
        "depth_number": "which depth of the insertion, from 1",
        "sub_pulse_number": "which burst at that depth, from 1",
        "depth_commanded_mm": "depth set",
        "depth_measured_mm": "device-reported depth",
        **_RF,
        **DOUBT,
    },
    {},
)
CHANNEL: Final = Measurement(
    "channel",
    "raw",
    "One needle pair during one sub-pulse.",
    (*PLACE_TAGS, "channel"),
    {**SEQ, "depth_number": "which depth", "sub_pulse_number": "which burst", **_RF, **DOUBT},
    {},
)
EVENT: Final = Measurement(
    "event",
    "raw",
    "Something a session told besides readings: started, zone_entered, paused, resumed,"
    " contact_lost, contact_found, tip_changed, fault, alive, stopped.",
    (*PLACE_TAGS, "code", "event"),
    {
        **SEQ,
        **PASS,
        **ONE,
        "stroke_count": "the device's own count, with stopped",
        "shot_count": "the same of shots",
        "energy_delivered_mj": "the same of energy",
        **DOUBT,
    },
    {"outcome": "how the session ended, with stopped", "setting": "clinic or home, with started"},
)
DEVICE_STATE: Final = Measurement(
    "device_state",
    "raw",
    "What a device says of itself: at a session's start, when it announces itself, its status.",
    ("clinic", "device", "firmware", "modality", "model", "source"),
    {
        **ONE,
        "lifetime_session_number": "the device's own count of sessions",
        "lifetime_stroke_count": "strokes since it was made",
        "lifetime_shot_count": "shots since it was made",
        "battery_fraction": "battery charge",
        "outbox_bytes": "what it still holds for us",
        "calibrated_ms": "when it was last calibrated, milliseconds since 1970",
        "calibration_due_ms": "when it is due, milliseconds since 1970",
        "tip_attach_count": "how often the tip in use has been attached",
        "tip_shot_count": "shots the tip had delivered when it was attached",
        "tip_expires_ms": "when the tip expires, milliseconds since 1970",
        "is_offline": "1 if the broker says it is gone, else 0; with status only",
    },
    {
        "state": "online, offline, in_session or fault; with status only",
        "tip_unit_id": "which tip is in use",
    },
)
