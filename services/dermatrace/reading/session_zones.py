"""What each zone of a session has had, against what the treatment protocol lets it have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dermatrace.judge.spot import Spot
from dermatrace.judge.summarising import MJ_PER_J
from dermatrace.reading.session_facts import Page
from dermatrace.reading.session_findings import FindingLine, counts
from dermatrace.reading.session_limits import Limits
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.quantities import UNIT_OF, Quantity, Unit
from dermatrace_schemas.verdict import Totals

STEPS: Final = 5
"""In which a zone is filled on the map; a sixth is for what is beyond its budget."""
MS_PER_S: Final = 1_000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what a zone may have it has had; of several, the one used up most."""

    quantity: Quantity
    used: float
    limit: float
    unit: Unit

    @property
    def share(self) -> float:
        """1 is all of it."""
        return self.used / self.limit

    @property
    def step(self) -> int:
        """How far a zone is filled, 0 to 5, and 6 beyond its budget."""
        if self.used > self.limit:
            return STEPS + 1
        return min(STEPS, int(self.share * STEPS) + (self.used > 0 and self.share < 1))


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """One zone, each side by itself."""

    zone: str | None
    """Null: nobody knows where."""
    laterality: Laterality | None
    name: str
    totals: Totals
    adherence: float | None
    why_not: str | None
    """Why adherence cannot be assessed; null also while the session is open."""
    data_coverage: float | None
    findings: dict[Priority, int]
    """How many of each priority were found here."""
    budget: Budget | None
    """Null: the treatment protocol sets none, or nobody has entered it."""


def zones_of(page: Page, findings: Sequence[FindingLine], limits: Limits) -> list[ZoneLine]:
    """Return the zones as the judgement says at the end; while it goes on, as far as they are."""
    newest = page.newest
    told = [one for one in newest.summaries if one.scope != "session"] if newest else []
    lines = [
        ZoneLine(
            zone=one.zone,
            laterality=one.laterality,
            name=Spot(one.zone, one.laterality).name,
            totals=one.totals,
            adherence=one.adherence.fraction,
            why_not=one.adherence.why_not,
            data_coverage=one.data_coverage_fraction,
            findings=_counts(findings, Spot(one.zone, one.laterality)),
            budget=_budget(Spot(one.zone, one.laterality), one.totals, limits),
        )
        for one in told
    ]
    return lines or [
        ZoneLine(
            *zone.spot,
            name=zone.spot.name,
            totals=zone.totals,
            adherence=None,
            why_not=None,
            data_coverage=None,
            findings=_counts(findings, zone.spot),
            budget=_budget(zone.spot, zone.totals, limits),
        )
        for zone in page.zones
    ]


def _counts(findings: Sequence[FindingLine], spot: Spot) -> dict[Priority, int]:
    return counts(f for f in findings if spot.zone and (f.zone, f.laterality) == spot)


def _budget(spot: Spot, totals: Totals, limits: Limits) -> Budget | None:
    if spot.zone is None:
        return None
    energy_mj, contact_ms = totals.energy_delivered_mj, totals.contact_ms
    used: dict[Quantity, float | None] = {
        "dose_per_zone": None if energy_mj is None else energy_mj / MJ_PER_J,
        "shot_count": totals.treatment_shot_count,
        "puncture_count": totals.puncture_count,
        "stroke_count": totals.contact_stroke_count,
        "contact_time": None if contact_ms is None else contact_ms / MS_PER_S,
        "pass_count": totals.pass_count,
    }
    found = [
        Budget(quantity, amount, limit, UNIT_OF[quantity])
        for quantity, limit in limits.budgets(spot).items()
        if (amount := used[quantity]) is not None
    ]
    return max(found, key=lambda budget: budget.share, default=None)
