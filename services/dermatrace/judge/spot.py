"""Where on the body: a zone and its side, as the judge keys everything by."""

from typing import NamedTuple

from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Place
from dermatrace_schemas.zones import ZONE_BY_CODE


class Spot(NamedTuple):
    """A zone and its side; both None where nobody said."""

    zone: str | None = None
    laterality: Laterality | None = None

    @classmethod
    def of(cls, place: Place | None) -> "Spot":
        """Return where a place lies, whatever pass it is."""
        return NOWHERE if place is None else cls(place.zone, place.laterality)

    @property
    def name(self) -> str:
        """For a sentence: `left cheek`."""
        if self.zone is None:
            return "an unknown zone"
        known = ZONE_BY_CODE.get(self.zone)
        zone = known.name.lower() if known else self.zone
        return f"{self.laterality} {zone}" if self.laterality in {"left", "right"} else zone


NOWHERE = Spot()
