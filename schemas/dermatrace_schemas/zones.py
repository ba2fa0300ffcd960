"""The published zones of the body, with the codes other systems know them by.

A sender may name others: a zone that matches the pattern is recorded, and a finding says that it is
not listed. A code is filled in only where it was seen in a published value set; the others await
somebody who can look them up.
"""

from dataclasses import dataclass
from typing import Final

from dermatrace_schemas.identifiers import Laterality


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. `snomed` and `icd11` are None where no code was confirmed."""

    code: str
    name: str
    lateralities: tuple[Laterality, ...]
    snomed: str | None = None
    icd11: str | None = None


_MIDLINE: Final[tuple[Laterality, ...]] = ("midline",)
_PAIRED: Final[tuple[Laterality, ...]] = ("left", "right", "bilateral")
_EITHER: Final[tuple[Laterality, ...]] = ("left", "right", "midline", "bilateral")

ZONES: Final = (
    Zone("face", "Entire face", ("left", "right", "bilateral"), "302549007", "XA86S4"),
    Zone("forehead", "Forehead", _EITHER, icd11="XA6TR8"),
    Zone("glabella", "Glabella", _MIDLINE),
    Zone("temple", "Temple", _PAIRED),
    Zone("periorbital", "Periorbital", _PAIRED),
    Zone("eyelid", "Eyelid", _PAIRED),
    Zone("nose", "Nose", _EITHER, "45206002", "XA3H13"),
    Zone("nasal-sidewall", "Nasal sidewall", _PAIRED),
    Zone("malar-cheek", "Malar cheek", _PAIRED),
    Zone("cheek", "Cheek", _PAIRED, "60819002", "XA7MK8"),
    Zone("preauricular", "In front of the ear", _PAIRED),
    Zone("perioral", "Perioral", _EITHER, "123851003", "XA5A87"),
    Zone("lip", "Lip", _EITHER, "48477009"),
    Zone("upper-lip", "Upper lip", _EITHER),
    Zone("lower-lip", "Lower lip", _EITHER),
    Zone("chin", "Chin", _EITHER),
    Zone("jawline", "Jawline", _PAIRED),
    Zone("submental", "Submental", _EITHER),
    Zone("neck", "Neck", _EITHER, "45048000", "XA7AA6"),
    Zone("scalp", "Scalp", _EITHER, icd11="XA6CW5"),
    Zone("decolletage", "Decolletage", _EITHER),
    Zone("abdomen", "Abdomen", _EITHER, "113345001"),
    Zone("flank", "Flank", _PAIRED),
    Zone("upper-back", "Upper back", _EITHER),
    Zone("lower-back", "Lower back", _EITHER),
    Zone("shoulder", "Shoulder", _PAIRED),
    Zone("upper-arm", "Upper arm", _PAIRED),
    Zone("forearm", "Forearm", _PAIRED),
    Zone("hand", "Back of the hand", _PAIRED),
    Zone("buttock", "Buttock", _PAIRED),
    Zone("thigh", "Thigh", _PAIRED),
    Zone("knee", "Knee", _PAIRED),
    Zone("lower-leg", "Lower leg", _PAIRED),
)

ZONE_BY_CODE: Final = {zone.code: zone for zone in ZONES}
