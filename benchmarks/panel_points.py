"""Points of a year at three clinics, as forward would have written them.

No journal of 40,000 sessions is played for them: what is measured is how long panels take, and for
that only the number of points, their tags and their fields count. Names are checked against the
table of measurements.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from dermatrace.forward.line import line, prefix, tag, time_ns
from dermatrace.forward.measurement import UNKNOWN, Measurement
from dermatrace.forward.measurements_recorder import PIPELINE, RECORD_EVENT, REJECTION
from dermatrace.forward.measurements_verdict import (
    FINDING,
    LIMIT,
    SESSION_CLOSE,
    SESSION_SUMMARY,
    ZONE_SUMMARY,
)

DAY_MS: Final = 86_400_000
YEAR_DAYS: Final = 365
MINUTES: Final = 15
"""Within which a session's findings lie."""
CLINICS: Final = ("east-clinic", "north-clinic", "south-clinic")
DEVICES_PER_CLINIC: Final = 20
ZONES: Final = ("cheek", "chin", "forehead", "nose", "perioral", "neck")
SIDES: Final = ("left", "right", "midline")
PROTOCOLS: Final = ("acne-scars", "facial-ageing", "striae", "nano-facial", "weekly-home")
ROLES: Final = ("physician", "nurse_practitioner", "nurse", "master_esthetician", "esthetician")
WHY_NOT: Final = ("no_protocol", "not_approved", "data_coverage", "zone_unknown")
GRADES: Final = ("complete", "complete", "complete", "with_declared_losses", "incomplete")
TREATMENT_RULES: Final = (
    "depth.set_above",
    "depth.measured_above",
    "exposure.passes",
    "gate.consent",
    "rate.above",
    "series.early",
    "zone.not_in_protocol",
)
TECHNICAL_RULES: Final = ("data.gap", "data.late", "device.fault", "device.depth_tracking")


def point(
    measurement: Measurement,
    at_ns: int,
    tags: Mapping[str, str],
    numbers: Mapping[str, float | None],
    texts: Mapping[str, str | None] | None = None,
) -> str:
    """Return one line. Raises KeyError for a name that the measurement does not have.

    What is given as a tag and is a text of the measurement becomes that.
    """
    strange = [
        *(numbers.keys() - measurement.numbers.keys()),
        *((texts or {}).keys() - measurement.texts.keys()),
    ]
    if strange:
        raise KeyError(f"{measurement.name} has no {strange}")
    filled = {name: tag(tags.get(name)) for name in measurement.tags}
    moved = {name: value for name, value in tags.items() if name in measurement.texts}
    return line(prefix(measurement, filled), at_ns, numbers, {**(texts or {}), **moved})


@dataclass(frozen=True, slots=True)
class PointSession:
    """A session of the year, by its number."""

    number: int
    begins_ms: int

    @property
    def random(self) -> Random:
        """Chance that is the same every time it is asked."""
        return Random(self.number)

    @property
    def device_number(self) -> int:
        """Which of a clinic's devices."""
        return self.number // len(CLINICS) % DEVICES_PER_CLINIC

    @property
    def is_rf(self) -> bool:
        """Every fifth device gives RF shots, the others are pens."""
        return self.device_number % 5 == 4

    @property
    def tags(self) -> dict[str, str]:
        """What every point of the session says."""
        return {
            "clinic": CLINICS[self.number % len(CLINICS)],
            "device": f"{'rf' if self.is_rf else 'pen'}-{self.device_number}",
            "firmware": f"2.{self.device_number % 4}.0",
            "modality": "rf" if self.is_rf else "pen",
            "model": f"model-{self.device_number % 6}",
            "session": f"s-{self.number:06d}",
        }

    @property
    def verdict_tags(self) -> dict[str, str]:
        """What every point of its judgement says."""
        kind = self.number % len(PROTOCOLS)
        return self.tags | {
            "operator_role": ROLES[self.number // 7 % len(ROLES)],
            "protocol": f"{self.tags['clinic']}-{PROTOCOLS[kind]}",
            "protocol_version": str(1 + self.number // 9_000),
            "series": f"series-{self.number // 6 % 5_000:04d}" if self.number % 3 else UNKNOWN,
            "setting": "home" if kind == len(PROTOCOLS) - 1 else "clinic",
        }

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where it works, in turn."""
        random = self.random
        zones = random.sample(ZONES, 3 + self.number % 2)
        return [(zone, random.choice(SIDES)) for zone in zones]

    @property
    def at_ns(self) -> int:
        """The time of its summaries."""
        return time_ns(self.begins_ms, 0)


def year(count: int, until_ms: int, *, days: int = YEAR_DAYS) -> Iterator[PointSession]:
    """Yield sessions spread over the year, or some days, before a moment, oldest first."""
    span_ms = days * DAY_MS
    for number in range(count):
        yield PointSession(number, until_ms - span_ms + (number + 1) * span_ms // (count + 1))


def judged_lines(
    session: PointSession, *, minutes: float = MINUTES, findings: int | None = None
) -> Iterator[str]:
    """Yield what stands in the sessions' bucket about one session; without a number: few findings.

    Of a session that runs, tell how long it has been running.
    """
    random = session.random
    tags, at_ns = session.verdict_tags, session.at_ns
    why_not = random.choice(WHY_NOT) if session.number % 12 == 0 else None
    few = random.choices((0, 1, 2, 3), (5, 3, 2, 1))[0]
    found = few if findings is None else findings
    zones = [_totals(session, random, why_not) for _ in session.places]
    whole = {name: _sum(name, zones) for name in zones[0]}
    whole |= {"fault_count": int(random.random() < 0.1), "session_count": 1}
    gates = "consent, photo_before" if session.number % 9 == 0 else None
    whole |= {"finding_high_count": found, "open_gate_count": 2 if gates else 0}
    texts = {"why_not": why_not, "open_gates": gates}
    yield point(SESSION_SUMMARY, at_ns, tags, whole, texts)
    for (zone, side), totals in zip(session.places, zones, strict=True):
        placed = tags | {"zone": zone, "laterality": side}
        yield point(ZONE_SUMMARY, at_ns, placed, totals, texts)
    grade = random.choice(GRADES)
    numbers = {"occurrence_count": 1, "generation": 0, "is_complete": int(grade == "complete")}
    chain = {"grade": grade, "stream_chain": "matches"}
    yield point(SESSION_CLOSE, at_ns, tags, numbers | {"chain_matches": 1}, chain)
    yield from _limits(session, int(minutes * 60_000))
    for number in range(found):
        at_ms = session.begins_ms + int(random.random() * minutes * 60_000)
        yield _finding(session, random, number, at_ms)


def _totals(session: PointSession, random: Random, why_not: str | None) -> dict[str, float | None]:
    assessed = random.randint(5_000, 25_000)
    within = int(assessed * random.uniform(0.9, 1.0))
    depth_mm = random.choice((0.25, 0.5, 1.0, 1.5, 2.0))
    rf, pen = session.is_rf, not session.is_rf
    return {
        "pass_count": random.randint(1, 4),
        "contact_ms": random.randint(60_000, 400_000),
        "stroke_count": assessed + 900 if pen else None,
        "contact_stroke_count": assessed if pen else None,
        "puncture_count": assessed * 12 if pen else None,
        "treatment_shot_count": random.randint(40, 200) if rf else None,
        "test_shot_count": 1 if rf else None,
        "energy_delivered_mj": random.uniform(2e4, 9e4) if rf else None,
        "energy_budget_mj": 1e5 if rf else None,
        "contact_in_band_ms": random.randint(50_000, 60_000),
        "depth_commanded_max_mm": depth_mm,
        "depth_measured_low_mm": depth_mm - 0.1,
        "depth_measured_median_mm": depth_mm + random.uniform(-0.05, 0.05),
        "depth_measured_high_mm": depth_mm + 0.1,
        "depth_measured_max_mm": depth_mm + 0.2,
        "temperature_max_celsius": 62.0 if rf else None,
        "assessed_count": 0 if why_not else assessed,
        "within_count": 0 if why_not else within,
        "adherence_fraction": None if why_not else within / assessed,
        "data_coverage_fraction": random.uniform(0.93, 1.0),
        "finding_high_count": 0,
        "finding_medium_count": random.randint(0, 1),
        "finding_low_count": random.randint(0, 2),
        "open_gate_count": 0,
        "is_adherent": int(not why_not and within == assessed),
        "generation": 0,
    }


def _sum(name: str, zones: list[dict[str, float | None]]) -> float | None:
    """Return what a session came to from what its zones did; good enough for a load."""
    values = [value for one in zones if (value := one[name]) is not None]
    if not values:
        return None
    if name.endswith(("_count", "contact_ms", "in_band_ms", "energy_delivered_mj")):
        return sum(values)
    return sum(values) / len(values)


def _limits(session: PointSession, duration_ms: int) -> Iterator[str]:
    places = session.places
    for seq, (zone, side) in enumerate(places):
        at_ns = time_ns(session.begins_ms + seq * duration_ms // len(places), seq + 1)
        for quantity, unit, lower, upper in (("depth", "mm", 0.5, 2.0), ("pass_count", "", 1, 3)):
            placed = {"zone": zone, "laterality": side, "quantity": quantity}
            numbers = {"seq": seq, "generation": 0, "lower_value": lower, "upper_value": upper}
            yield point(
                LIMIT, at_ns, session.verdict_tags | placed, numbers, {"unit": unit or None}
            )


def _finding(session: PointSession, random: Random, number: int, at_ms: int) -> str:
    is_technical = random.random() < 0.4
    rule = random.choice(TECHNICAL_RULES if is_technical else TREATMENT_RULES)
    zone, side = random.choice(session.places)
    tags = session.verdict_tags | {
        "envelope": "none" if is_technical else "clinic_protocol",
        "laterality": side,
        "nature": "technical" if is_technical else "treatment",
        "priority": random.choice(("high", "medium", "low")),
        "rule": rule,
        "zone": zone,
    }
    numbers = {
        "occurrence_count": 1,
        "generation": 0,
        "finding_number": number,
        "first_seq": 10,
        "last_seq": 30,
        "measured_value": 2.25,
        "limit_value": 2.0,
        "extreme_value": 2.4,
        "is_cleared": number % 2,
        "ended_ms": at_ms + 20_000,
    }
    texts = {"sentence": "Set depth was 2.25 mm, above the 2 mm allowed.", "unit": "mm"}
    return point(FINDING, time_ns(at_ms, 10 + number), tags, numbers, texts)


def recorder_lines(until_ms: int, *, hours: int, seconds_apart: int) -> Iterator[str]:
    """Yield what recorder, judge and forwarder told of themselves in the last hours."""
    steps = hours * 3_600 // seconds_apart
    for step in range(steps + 1):
        at_ms = until_ms - (steps - step) * seconds_apart * 1_000
        for part, numbers in _samples(step).items():
            yield point(PIPELINE, time_ns(at_ms, 0), {"part": part}, numbers)
        if step % 50 == 0:
            seen = {"occurrence_count": 1, "entry_id": step}
            where = {"clinic": CLINICS[step % 3], "device": "pen-1"}
            code = "json.duplicate" if step % 100 else "conflict"
            tags = where | {"class": "session", "code": code}
            yield point(REJECTION, time_ns(at_ms, 1), tags, {**seen, "payload_bytes": 512})
            event = "lost" if step % 100 else "connected"
            texts = {"reason": "keepalive" if step % 100 else None}
            yield point(RECORD_EVENT, time_ns(at_ms, 2), {"event": event}, seen, texts)


def _samples(step: int) -> dict[str, dict[str, float | None]]:
    entries, behind = 1_000_000 + step * 50, step % 7
    points = entries * 12
    counts: dict[str, float | None] = {
        "points_journalled_count": points + behind,
        "points_forwarded_count": points - 30,
        "points_quarantined_count": 3,
        "points_expired_count": 12,
        "points_erased_count": 5,
        "points_superseded_count": 10,
        "points_pending_count": behind,
    }
    return {
        "ingest": {
            "is_up": 1,
            "is_connected": 1,
            "received_count": entries,
            "rejected_count": step // 50,
            "waiting_count": behind,
            "receipts_due_count": behind // 2,
        },
        "broker": {"is_up": 1, "broker_dropped_count": step // 500},
        "journal": {"journal_entries": entries},
        "judge": {"is_up": 1, "judged_entries": entries - behind, "behind_entries": behind},
        "forward": {
            "is_up": 1,
            "forwarded_entries": entries - behind,
            "behind_entries": behind,
            "behind_s": behind / 10,
            **counts,
        },
    }
