"""The published questions that are asked before needling.

A form may ask others: a code that matches the pattern is recorded even if it is not listed here.
A missing answer is unknown, never no.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

QuestionCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
AnswerValue = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `yes` is the answer that speaks against treatment."""

    code: str
    text: str
    rf_only: bool = False


QUESTIONS: Final = (
    Question("active_implant", "Pacemaker, defibrillator or another active implant?", rf_only=True),
    Question("metal_in_field", "Metal plate or metal thread in the field?", rf_only=True),
    Question("silicone_in_field", "Silicone in the field?", rf_only=True),
    Question("pregnancy", "Pregnant?"),
    Question("breast_feeding", "Breast-feeding?"),
    Question("isotretinoin", "Isotretinoin now or within the months the clinic has set?"),
    Question("recent_filler", "Filler in the field within the months the clinic has set?"),
    Question("recent_neurotoxin", "Neurotoxin in the field within the months the clinic has set?"),
    Question("active_infection", "Active infection in the field?"),
    Question("herpes", "Active herpes, or herpes that returns in the field?"),
    Question("inflamed_acne", "Inflamed acne in the field?"),
    Question("eczema_or_psoriasis", "Eczema or psoriasis in the field?"),
    Question("open_wound", "Open wound in the field?"),
    Question("keloid_history", "Keloids or raised scars in the past?"),
    Question("bleeding_disorder", "Bleeding disorder?"),
    Question("anticoagulant", "Medicines that slow clotting?"),
    Question("immunosuppression", "Weakened immune system, by illness or medicine?"),
    Question("uncontrolled_diabetes", "Diabetes that is not under control?"),
    Question("cancer_in_field", "Cancer or suspicious mole in the field?"),
    Question("epilepsy", "Epilepsy?"),
    Question("allergy_lidocaine", "Allergy to lidocaine or another numbing agent?"),
    Question("allergy_metal", "Allergy to a metal of the needles?"),
    Question("photosensitising_drug", "Medicines that make skin sensitive to light?"),
    Question("recent_tan", "Fresh tan or sunburn in the field?"),
)
