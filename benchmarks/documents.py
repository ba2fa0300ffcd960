"""The documents that are sent and stored: a half-hour session, a message a second."""

import json
from typing import Any, Final

BOOT_ID: Final = "benchmark"
CLINIC: Final = "benchmark"
HALF_HOUR_DOCUMENTS: Final = 1_800
WINDOWS: Final = 10
WINDOW_MS: Final = 100


def windows_facts() -> dict[str, Any]:
    """Return ten windows of 100 ms as a pen reports them."""
    wave = [round(0.02 * ((7 * at) % 5 - 2), 2) for at in range(WINDOWS)]
    return {
        "place": {"zone": "cheek", "laterality": "left", "pass_number": 2},
        "tip_unit_id": "tip-000417",
        "window_ms": WINDOW_MS,
        "offset_ms": [WINDOW_MS * at for at in range(WINDOWS)],
        "stroke_count": [12 if at % 2 else 11 for at in range(WINDOWS)],
        "stroke_rate_hz": [round(116.67 + 10 * by, 2) for by in wave],
        "depth_commanded_mm": [1.25] * WINDOWS,
        "depth_measured_min_mm": [round(1.11 + by, 3) for by in wave],
        "depth_measured_median_mm": [round(1.24 + by, 3) for by in wave],
        "depth_measured_max_mm": [round(1.33 + by, 3) for by in wave],
        "motor_current_ma": [round(268.0 + 100 * by, 1) for by in wave],
        "contact_fraction": [round(0.93 + by, 2) for by in wave],
    }


def _compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


# Serialised once: a load generator that makes JSON would measure itself.
_WINDOWS_TAIL: Final = _compact(windows_facts())[1:]
_STARTED_TAIL: Final = _compact(
    {
        "salt": "0123456789abcdef0123456789abcdef",
        "device": {"vendor": "benchmark", "model": "pen", "serial": "1", "modality": "pen"},
    }
)[1:]


def windows(seq: int) -> bytes:
    """Return a `needling.windows` of ten windows."""
    return _head(seq, b"needling.windows") + b"," + _WINDOWS_TAIL


def started() -> bytes:
    """Return the first document of a session."""
    return _head(0, b"session.started") + b"," + _STARTED_TAIL


def stopped(seq: int) -> bytes:
    """Return the last document of a session."""
    return _head(seq, b"session.stopped") + b',"outcome":"completed"}'


def _head(seq: int, kind: bytes) -> bytes:
    return b'{"seq":%d,"kind":"%b","boot_id":"%b","uptime_ms":%d,"wall_time_ms":null' % (
        seq,
        kind,
        BOOT_ID.encode(),
        seq * WINDOWS * WINDOW_MS,
    )
