"""The words for treatments, roles and gates that registry, chart and verdict share."""

from typing import Final, Literal, get_args

Treatment = Literal["nano_needling", "cosmetic_needling", "medical_needling", "rf_needling"]
Role = Literal[
    "physician",
    "nurse_practitioner",
    "physician_assistant",
    "nurse",
    "master_esthetician",
    "esthetician",
    "assistant",
    "subject",
    "other",
]
"""What a person is licensed as where they work; `subject` treats themselves at home."""
Phototype = Literal["I", "II", "III", "IV", "V", "VI"]
"""Fitzpatrick skin type."""
Trust = Literal["V", "S", "D", "U"]
"""V: stands in a primary text. S: in a secondary or interested source. D: derived by arithmetic
from V. U: unverified."""

Gate = Literal[
    "plan",
    "director",
    "approval",
    "operator_scope",
    "device_clearance",
    "consent",
    "exam",
    "answers",
    "test_spot",
    "tip_identity",
    "photo_before",
    "photo_after",
    "endpoint",
    "aftercare",
    "justification",
    "classification",
]
"""What must be known about a visit; open while it is missing, unknown or answered the wrong way."""
GATES: Final[tuple[Gate, ...]] = get_args(Gate)

Observed = Literal[
    "erythema",
    "pinpoint_bleeding",
    "bleeding",
    "oedema",
    "crusting",
    "mesh_marks",
    "pigment_change",
    "kickback",
    "pain",
    "test_spot",
    "adverse_event",
    "aftercare_given",
    "none",
    "other",
]
"""What an operator can see or do that no device reports; `none` says: looked, nothing seen."""
