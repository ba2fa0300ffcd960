"""How the sample clinics give each simulated treatment: protocol, operator, what they write down.

Says the same as the sample clinic's registry; a test holds the two against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dermatrace.simulator import treatments
from dermatrace_schemas.questions import QUESTIONS
from dermatrace_schemas.treatment import Observed
from dermatrace_schemas.treatment import Treatment as TreatmentCode

ChartGate: TypeAlias = Literal[
    "consent", "exam", "test_spot", "photo_before", "photo_after", "endpoint", "aftercare"
]
"""A gate that one chart fact answers. Plan and answers are entered for every visit."""


class TreatmentWithoutPracticeError(ValueError):
    """The sample clinics do not give a treatment: nobody could say what they would enter."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no sample protocol for {name!r}; there is one for {', '.join(PRACTICES)}"
        )


@dataclass(frozen=True, slots=True)
class Practice:
    """How one treatment is given."""

    protocol_id: str
    treatment: TreatmentCode
    operator: str
    """Registry id, without the name of the clinic before it."""
    questions: frozenset[str]
    """Those the protocol wants answered."""
    gates: frozenset[ChartGate] = frozenset()
    """Of those the protocol lists."""
    endpoints: tuple[Observed, ...] = ()
    """What the protocol expects to be seen."""
    indication: str | None = None


def practice_of(treatment: treatments.Treatment) -> Practice:
    """Return how a treatment is given. Raises TreatmentWithoutPracticeError."""
    practice = PRACTICES.get(treatment.name)
    if practice is None:
        raise TreatmentWithoutPracticeError(treatment.name)
    return practice


_ALL_QUESTIONS: Final = frozenset(question.code for question in QUESTIONS)
_OF_PENS: Final = _ALL_QUESTIONS - {question.code for question in QUESTIONS if question.rf_only}
_OF_SHALLOW_PENS: Final = frozenset(
    {
        "active_infection",
        "herpes",
        "inflamed_acne",
        "eczema_or_psoriasis",
        "open_wound",
        "allergy_metal",
    }
)
_MEDICAL_GATES: Final[frozenset[ChartGate]] = frozenset(
    {"consent", "exam", "photo_before", "photo_after", "endpoint", "aftercare"}
)
PRACTICES: Final[Mapping[str, Practice]] = {
    treatments.NANO_NEEDLING.name: Practice(
        "example-nano-needling",
        "nano_needling",
        "esthetician",
        _OF_SHALLOW_PENS,
        gates=frozenset({"consent", "aftercare"}),
    ),
    treatments.COSMETIC_NEEDLING.name: Practice(
        "example-cosmetic-needling", "cosmetic_needling", "esthetician", _OF_SHALLOW_PENS
    ),
    treatments.COSMETIC_NEEDLING_HOME.name: Practice(
        "example-cosmetic-needling", "cosmetic_needling", "home-user", _OF_SHALLOW_PENS
    ),
    # No indication: a plan names one, and the label has one for the face and another for the neck.
    treatments.MEDICAL_NEEDLING.name: Practice(
        "example-medical-needling",
        "medical_needling",
        "nurse",
        _OF_PENS,
        gates=_MEDICAL_GATES,
        endpoints=("erythema", "pinpoint_bleeding"),
    ),
    treatments.MEDICAL_RF_NEEDLING.name: Practice(
        "example-rf-needling",
        "rf_needling",
        "physician",
        _ALL_QUESTIONS,
        gates=_MEDICAL_GATES | {"test_spot"},
        endpoints=("erythema",),
        indication="facial-wrinkles",
    ),
}
"""By the name of the treatment."""
