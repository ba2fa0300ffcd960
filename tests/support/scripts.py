"""Scripts short enough to count by hand."""

from collections.abc import Sequence

from pydantic import JsonValue

from dermatrace.simulator.devices import CONSTANT_RATE_PEN
from dermatrace.simulator.timeline import ScriptedDocument, facts_of
from dermatrace_schemas.rf import RfDepth, SubPulse

PLACE: JsonValue = {"zone": "chin", "laterality": "midline", "pass_number": 1}
STARTED: dict[str, JsonValue] = {
    "salt": "0123456789abcdef",
    "device": facts_of(CONSTANT_RATE_PEN.descriptor("SIM-0001")),
}


def windows(
    at_ms: int, strokes: Sequence[int], medians_mm: Sequence[float | None]
) -> ScriptedDocument:
    """Return windows of 100 ms at a set depth of 1 mm; each spans 0.02 mm round its median."""
    lowest = [None if median is None else round(median - 0.01, 3) for median in medians_mm]
    highest = [None if median is None else round(median + 0.01, 3) for median in medians_mm]
    facts: dict[str, JsonValue] = {
        "place": PLACE,
        "window_ms": 100,
        "offset_ms": [100 * number for number in range(len(strokes))],
        "stroke_count": list(strokes),
        "depth_commanded_mm": [1.0 for _ in strokes],
        "depth_measured_min_mm": list(lowest),
        "depth_measured_median_mm": list(medians_mm),
        "depth_measured_max_mm": list(highest),
    }
    return ScriptedDocument(at_ms, "needling.windows", facts, span_ms=100 * len(strokes))


def shot(at_ms: int, number: int) -> ScriptedDocument:
    """Return a shot of 100 mJ at 1.5 mm: 10 W for 10 ms."""
    sub_pulse = SubPulse(
        power_w=10.0,
        duration_commanded_ms=10.0,
        duration_ms=10.0,
        energy_commanded_mj=100.0,
        energy_delivered_mj=100.0,
        energy_scope="total",
    )
    depth = RfDepth(depth_commanded_mm=1.5, depth_measured_mm=1.45, sub_pulses=[sub_pulse])
    facts: dict[str, JsonValue] = {
        "place": PLACE,
        "shot_number": number,
        "purpose": "treatment",
        "depths": [facts_of(depth)],
    }
    return ScriptedDocument(at_ms, "rf.shot", facts, span_ms=10)


PEN_SCRIPT = (
    ScriptedDocument(0, "session.started", STARTED),
    ScriptedDocument(0, "zone.entered", {"place": PLACE}),
    windows(0, [10, 11, 12], [0.95, None, 0.96]),
    windows(300, [10, 10], [0.97, 0.97]),
    ScriptedDocument(500, "device.event", {"event": "alive"}),
    windows(500, [11, 11], [None, 0.95]),
    windows(700, [12], [0.95]),
    ScriptedDocument(800, "session.stopped", {"outcome": "completed", "stroke_count": 87}),
)
"""Eight documents, 87 strokes: 33, 20, 22 and 12 in documents 2, 3, 5 and 6."""

RF_SCRIPT = (
    ScriptedDocument(0, "session.started", STARTED),
    shot(0, 1),
    shot(1_000, 2),
    shot(2_000, 3),
    ScriptedDocument(
        3_000,
        "session.stopped",
        {"outcome": "completed", "shot_count": 3, "energy_delivered_mj": 300.0},
    ),
)
"""Five documents, three shots of 100 mJ."""
