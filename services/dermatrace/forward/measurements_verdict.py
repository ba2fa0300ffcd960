"""What the judge says of sessions, as measurements."""

from typing import Final

from dermatrace.forward.measurement import (
    GENERATION,
    NAMES,
    ONCE_TAGS,
    ONE,
    PLAN_TAGS,
    SEQ,
    SESSION_TAGS,
    VERDICT_TAGS,
    Measurement,
)

_TOTALS: Final = {
    "pass_count": "passes",
    "contact_ms": "time with the tip on skin",
    "stroke_count": "strokes",
    "contact_stroke_count": "strokes with the tip on skin",
    "puncture_count": "contact strokes times needles",
    "treatment_shot_count": "RF shots of the treatment",
    "test_shot_count": "RF shots of the test spot",
    "energy_delivered_mj": "energy of the treatment shots, all pins together",
    "energy_budget_mj": "what the treatment protocol allows in the zone",
    "contact_in_band_ms": "time on skin within every band of the treatment protocol",
    "depth_commanded_max_mm": "greatest depth set",
    "depth_measured_low_mm": "device-reported depth that one in twenty does not exceed",
    "depth_measured_median_mm": "median device-reported depth",
    "depth_measured_high_mm": "device-reported depth that one in twenty exceeds",
    "depth_measured_max_mm": "greatest device-reported depth",
    "temperature_max_celsius": "highest temperature",
    "assessed_count": "contact strokes or treatment shots that could be assessed",
    "within_count": "of these, within every band",
    "adherence_fraction": "within_count over assessed_count; absent if it cannot be assessed",
    "data_coverage_fraction": "share of expected messages received with zone and depth known",
    "finding_high_count": "findings of high priority",
    "finding_medium_count": "findings of medium priority",
    "finding_low_count": "findings of low priority",
    "open_gate_count": "gates of the visit that stand open",
    "is_adherent": "1 if the word adherent may be used, else 0",
}
_SUMMARY_TEXTS: Final = {
    **NAMES,
    "why_not": "why adherence cannot be assessed; absent if it was",
    "open_gates": "the open gates by name, comma between them; absent if none",
}

SESSION_STATE: Final = Measurement(
    "session_state",
    "raw",
    "Where a session stood, as it was shown live; at the time the judge said so.",
    SESSION_TAGS,
    {
        "is_running": "1 while it runs",
        "is_paused": "1 while it is paused",
        "is_silent": "1 while nothing comes from it",
        "unresolved_high_count": "findings raised and not cleared, high priority",
        "unresolved_medium_count": "the same, medium",
        "unresolved_low_count": "the same, low",
        "open_gate_count": "gates that stand open",
        **GENERATION,
    },
    {"state": "running, paused, silent or stopped", "open_gates": "the open gates by name"},
)
FINDING: Final = Measurement(
    "finding",
    "sessions",
    "Something was crossed; at the time of the first document it rests on, of the one before it if"
    " that is missing, or of the session's start if it rests on none. When it is cleared, the same"
    " point says so.",
    (*VERDICT_TAGS, "envelope", "laterality", "nature", "priority", "rule", "zone"),
    {
        **ONE,
        **GENERATION,
        "finding_number": "within the generation, from 0",
        "first_seq": "first document it rests on",
        "last_seq": "last document it rests on",
        "measured_value": "what was measured, in the unit beside it",
        "limit_value": "the limit, in the same unit",
        "extreme_value": "farthest from the limit while it lasted",
        "is_cleared": "1 once it is back within, 0 before",
        "ended_ms": "time of the last document it rests on, milliseconds since 1970",
    },
    {"sentence": "what, where, how long, which limit", "unit": "of the values"},
)
SESSION_SUMMARY: Final = Measurement(
    "session_summary",
    "sessions",
    "What a session came to by its newest judgement, at the time the session began.",
    ONCE_TAGS,
    {**_TOTALS, **GENERATION, "fault_count": "faults the device reported", "session_count": "1"},
    _SUMMARY_TEXTS,
)
ZONE_SUMMARY: Final = Measurement(
    "zone_summary",
    "sessions",
    "What one zone of a session came to, at the time the session began. What was told without a"
    " zone stands under the zone `unknown`.",
    ("clinic", "laterality", *PLAN_TAGS, "setting", "zone"),
    {**_TOTALS, **GENERATION},
    {**_SUMMARY_TEXTS, "device": "whose session it is"},
)
SESSION_CLOSE: Final = Measurement(
    "session_close",
    "sessions",
    "How complete a session's record is, at the time the session began.",
    ONCE_TAGS,
    {
        **ONE,
        **GENERATION,
        "is_complete": "1 if the grade is complete, else 0",
        "chain_matches": "1 if the device's chain matches, 0 if it differs, absent if unknown",
    },
    {**NAMES, "grade": "of the record", "stream_chain": "matches, differs or cannot_be_checked"},
)
LIMIT: Final = Measurement(
    "limit",
    "raw",
    "What the treatment protocol in force allows at a place, by the newest judgement; at the time"
    " the place was entered. Bands for certain phototypes are left out: nobody's is in InfluxDB.",
    (*VERDICT_TAGS, "laterality", "quantity", "zone"),
    {**SEQ, **GENERATION, "lower_value": "least allowed", "upper_value": "greatest allowed"},
    {"unit": "of both"},
)
