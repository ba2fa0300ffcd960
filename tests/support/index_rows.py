"""Rows of an index, written by hand or by chance, without any session behind them."""

import json
import random
from typing import Any, Final

from dermatrace.judge.index import Row
from dermatrace_schemas.treatment import GATES

CLINICS: Final = ("north-clinic", "south-clinic")
RULES: Final = ("gate.consent", "gate.exam", "gate", "gateway.open", "depth.set_above")
ZONES: Final = ("periorbital", "cheek", "")
SIDES: Final = ("left", "right", "")
SHARES: Final = (0.0, 0.5, 0.9, 1.0)
DEPTHS_MM: Final = (0.25, 0.5, 1.0, 1.5)
ENERGIES_MJ: Final = (10.0, 200.0)
DAY_MS: Final = 86_400_000
DAYS: Final = (20_000, 20_001, 20_007)


def index_row(
    stream_row: int,
    *,
    zones: tuple[dict[str, Any], ...] = (),
    findings: tuple[dict[str, Any], ...] = (),
    **columns: object,
) -> Row:
    """Return what the index holds of a closed session of which nothing else is known."""
    known: dict[str, Any] = {
        "stream_row": stream_row,
        "clinic": "north-clinic",
        "sender": "pen-1",
        "stream_id": f"s-{stream_row}",
        "is_open": 0,
        "status": "closed",
        "first_received_ms": DAYS[0] * DAY_MS + stream_row,
        "generation": 0,
        "cause": "live",
        "grade": "complete",
        "adherent": 0,
        "asked_gates": "[]",
        "open_gates": "[]",
        "file": "{}",
    }
    numbered = [_finding(number, facts) for number, facts in enumerate(findings)]
    return Row(known | columns, [_zone(facts) for facts in zones], numbered)


def rows_by_chance(seed: int, count: int) -> list[Row]:
    """Return sessions of all sorts, from few enough values that many have one in common."""
    rng = random.Random(seed)
    return [_by_chance(rng, number) for number in range(1, count + 1)]


def _by_chance(rng: random.Random, stream_row: int) -> Row:
    status = rng.choice(("closed", "closed", "running", "paused", "stopped", "erased"))
    day = rng.choice((*DAYS, None))
    started_ms = None if day is None else day * DAY_MS + rng.choice((0, 1, DAY_MS // 2))
    spots = rng.sample([(zone, side) for zone in ZONES for side in SIDES], rng.randrange(3))
    return index_row(
        stream_row,
        zones=tuple(_zone_by_chance(rng, *spot) for spot in spots),
        findings=tuple(_finding_by_chance(rng) for _ in range(rng.randrange(4))),
        clinic=rng.choice(CLINICS),
        sender=rng.choice(("pen-1", "rf-1")),
        is_open=int(status not in {"closed", "erased"}),
        status=status,
        visit_id=rng.choice(("v-1", "v-2", None)),
        subject_id=rng.choice(("s-00001", "s-00002", None)),
        operator_id=rng.choice(("nurse", "physician", None)),
        protocol_id=rng.choice(("deep", "shallow", None)),
        protocol_version=rng.choice(("1", "2", None)),
        treatment=rng.choice(("medical_needling", "rf_needling", None)),
        modality=rng.choice(("pen", "rf", None)),
        setting=rng.choice(("clinic", "home", None)),
        started_ms=started_ms,
        # Of a clinic whose time zone nobody knows the moment is known, but no day.
        clinic_day=rng.choice((day, day, None)),
        generation=rng.choice((-1, 0, 3)),
        grade=rng.choice(("complete", "incomplete", "disputed", "open")),
        adherence=rng.choice((*SHARES, None)),
        data_coverage=rng.choice((*SHARES, None)),
        open_gates=json.dumps(rng.sample(GATES, rng.randrange(4))),
    )


def _zone_by_chance(rng: random.Random, zone: str, side: str) -> dict[str, Any]:
    depths_mm = (rng.choice((*DEPTHS_MM, None)) for _ in range(3))
    names = ("depth_median_mm", "depth_high_mm", "depth_max_mm")
    energy_mj = rng.choice((*ENERGIES_MJ, None))
    return {"zone": zone, "laterality": side, **dict(zip(names, depths_mm, strict=True))} | {
        "energy_mj": energy_mj
    }


def _finding_by_chance(rng: random.Random) -> dict[str, Any]:
    return {
        "rule": rng.choice(RULES),
        "envelope": rng.choice(("clinic_protocol", "cleared_label", "none")),
        "priority": rng.choice(("high", "medium", "low")),
        "nature": rng.choice(("technical", "treatment")),
        "justified": rng.randrange(2),
    }


def _zone(facts: dict[str, Any]) -> dict[str, Any]:
    return {"laterality": "", "totals": "{}"} | facts


def _finding(number: int, facts: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "number": number,
        "envelope": "clinic_protocol",
        "priority": "medium",
        "nature": "treatment",
        "cleared": 0,
        "justified": 0,
        "sentence": "Something was crossed.",
    }
    return known | facts
