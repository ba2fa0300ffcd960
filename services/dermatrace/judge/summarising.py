"""The numbers of a session and of each of its zones, and how far they keep to the protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dermatrace.judge.bounds import value_of
from dermatrace.judge.case import Ending
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import spot_of_key
from dermatrace.judge.tally import Tally
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.quantities import bands_at
from dermatrace_schemas.treatment import Gate
from dermatrace_schemas.verdict import Adherence, FindingCounts, Totals, WhyNot

MJ_PER_J = 1_000.0
MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What `verdict.summary` says of a session or of one zone of it."""

    scope: Literal["session", "zone", "unknown_zone"]
    spot: Spot
    totals: Totals
    adherence: Adherence
    data_coverage_fraction: float | None
    findings: FindingCounts
    open_gates: tuple[Gate, ...]
    adherent: bool


def summaries(judge: SessionJudge, ending: Ending) -> list[Summary]:
    """Return the session's summary, then one for each zone in the order they were worked at."""
    tallies = {spot_of_key(key): tally for key, tally in judge.state.tallies.items()}
    whole, known = Tally(), Tally()
    for spot, tally in tallies.items():
        whole.add(tally)
        if spot.zone is not None:
            known.add(tally)
    coverage = data_coverage(judge, ending)
    desk = _Desk(judge, coverage, tuple(judge.open_gates()))
    whole.assessed_count, whole.within_count = known.assessed_count, known.within_count
    whole.limited = known.limited
    return [
        desk.summary("session", NOWHERE, whole, zone_known=bool(known.delivered)),
        *(
            desk.summary(
                "zone" if spot.zone is not None else "unknown_zone",
                spot,
                tally,
                zone_known=spot.zone is not None,
            )
            for spot, tally in tallies.items()
        ),
    ]


def data_coverage(judge: SessionJudge, ending: Ending) -> float | None:
    """Return the share of expected documents received with zone and depth known."""
    if ending.expected_count <= 0:
        return None
    return share(min(judge.state.good_count, ending.expected_count), ending.expected_count)


def share(part: int, whole: int) -> float:
    """Return a share in millionths, cut off: none is rounded up to a minimum or to the whole."""
    return part * MILLIONTHS // whole / MILLIONTHS


class _Desk:
    def __init__(
        self, judge: SessionJudge, coverage: float | None, open_gates: tuple[Gate, ...]
    ) -> None:
        self._judge = judge
        self._coverage = coverage
        self._open_gates = open_gates

    def summary(
        self,
        scope: Literal["session", "zone", "unknown_zone"],
        spot: Spot,
        tally: Tally,
        *,
        zone_known: bool,
    ) -> Summary:
        adherence = self._adherence(tally, zone_known=zone_known)
        return Summary(
            scope=scope,
            spot=spot,
            totals=tally.totals(None if scope == "session" else self._budget_mj(spot)),
            adherence=adherence,
            data_coverage_fraction=self._coverage,
            findings=count_findings(self._judge, None if scope == "session" else spot),
            open_gates=self._open_gates,
            adherent=self._is_adherent(adherence, None if scope == "session" else spot),
        )

    def _adherence(self, tally: Tally, *, zone_known: bool) -> Adherence:
        why_not = self._why_not(tally, zone_known=zone_known)
        fraction = None if why_not else share(tally.within_count, tally.assessed_count)
        return Adherence(
            fraction=fraction,
            why_not=why_not,
            assessed_count=tally.assessed_count,
            within_count=tally.within_count,
        )

    def _why_not(self, tally: Tally, *, zone_known: bool) -> WhyNot | None:
        context = self._judge.context
        protocol = context.protocol
        coverage_min = None if protocol is None else value_of(protocol.data_coverage_min)
        reasons: tuple[tuple[WhyNot, bool], ...] = (
            ("no_protocol", protocol is None),
            ("unknown_clock", context.started_ms is None),
            ("not_approved", not context.registry.approvals),
            ("no_contact", not tally.delivered),
            ("zone_unknown", not zone_known),
            ("limits_unset", not tally.limited or tally.assessed_count == 0),
            (
                "data_coverage",
                coverage_min is not None and (self._coverage or 0.0) < coverage_min,
            ),
        )
        return next((reason for reason, holds in reasons if holds), None)

    def _is_adherent(self, adherence: Adherence, spot: Spot | None) -> bool:
        protocol = self._judge.context.protocol
        if protocol is None or protocol.example or self._open_gates:
            return False
        state = self._judge.state
        if state.failed_rules or state.ignored_finding_count:
            return False  # what was not looked for or not written down may speak against it
        if adherence.fraction != 1.0:
            return False
        return not any(
            standing.envelope == "clinic_protocol" and (spot is None or standing.spot == spot)
            for standing in state.findings
        )

    def _budget_mj(self, spot: Spot) -> float | None:
        protocol = self._judge.context.protocol
        if protocol is None:
            return None
        phototype = self._judge.context.chart.phototype
        for band in bands_at(protocol.bands, "dose_per_zone", spot.zone, phototype):
            budget_j = value_of(band.upper)
            if budget_j is not None:
                return budget_j * MJ_PER_J
        return None


def count_findings(
    judge: SessionJudge, spot: Spot | None, *, open_only: bool = False
) -> FindingCounts:
    """Count findings by priority: all of the session, or those of one spot."""

    def count(priority: Priority) -> int:
        return sum(
            standing.priority == priority
            and (spot is None or standing.spot == spot)
            and not (open_only and standing.cleared)
            for standing in judge.state.findings
        )

    return FindingCounts(
        high_count=count("high"), medium_count=count("medium"), low_count=count("low")
    )


def worked_spots(judge: SessionJudge) -> Iterator[Spot]:
    """Yield the known zones where anything was delivered."""
    for key, tally in judge.state.tallies.items():
        spot = spot_of_key(key)
        if spot.zone is not None and tally.delivered:
            yield spot
