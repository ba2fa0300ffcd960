"""The documents that are sent and stored: a half-hour session, a message a second."""

import json
import time
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
_BEGINS_MS: Final = time.time_ns() // 1_000_000
_COLUMNS: Final = {
    name: column
    for name, column in windows_facts().items()
    if isinstance(column, list) and name != "offset_ms"
}
_OBJECTS: Final = [
    _compact(
        {name: column[at] for name, column in _COLUMNS.items()}
        | {"window_ms": WINDOW_MS, "pass_number": 2, "seq": 1}
    )[1:]
    for at in range(WINDOWS)
]
_STARTED_TAIL: Final = _compact(
    {
        "salt": "0123456789abcdef0123456789abcdef",
        "device": {"vendor": "benchmark", "model": "pen", "serial": "1", "modality": "pen"},
    }
)[1:]


def windows(seq: int) -> bytes:
    """Return a `needling.windows` of ten windows."""
    return _head(seq, b"needling.windows") + b"," + _WINDOWS_TAIL


def objects(seq: int) -> bytes:
    """Return the same ten windows as a list of objects, for a reader that knows no columns."""
    begins_ms = _BEGINS_MS + seq * WINDOWS * WINDOW_MS
    rows = [b'{"t_ms":%d,%b' % (begins_ms + WINDOW_MS * at, row) for at, row in enumerate(_OBJECTS)]
    return b'{"zone":"cheek","laterality":"left","windows":[%b]}' % b",".join(rows)


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
