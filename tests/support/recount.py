"""The numbers of a session, counted once more from its documents in plain Python.

Knows documents as JSON and bands as the treatment protocol lists them, and nothing of the judge.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.registry_protocols import ProtocolContent

Json: TypeAlias = dict[str, Any]
Where: TypeAlias = tuple[str | None, str | None]
EDGE: Final = 1e-9


@dataclass
class Counted:
    """What was delivered at one place; every stroke's and shot's depth is kept as it came."""

    passes: set[int] = field(default_factory=set)
    stroke_count: int = 0
    contact_stroke_count: int = 0
    contact_ms: float = 0.0
    in_band_ms: float = 0.0
    punctures: int = 0
    test_shot_count: int = 0
    treatment_shot_count: int = 0
    energy_mj: float = 0.0
    depths_mm: list[float] = field(default_factory=list)
    deepest_mm: list[float] = field(default_factory=list)
    set_mm: list[float] = field(default_factory=list)
    assessed: int = 0
    within: int = 0

    def not_exceeded_by(self, share_percent: int) -> float:
        """Return the depth that so many of a hundred do not exceed."""
        ordered = sorted(self.depths_mm)
        return ordered[-(-share_percent * len(ordered) // 100) - 1]


@dataclass(frozen=True)
class Judged:
    """By what a session is counted."""

    protocol: ProtocolContent
    tolerance_mm: float
    needle_count: int


def recount(documents: Iterable[StreamDocument], by: Judged) -> tuple[dict[Where, Counted], int]:
    """Return what was delivered where, and how many documents tell what they should."""
    found: dict[Where, Counted] = {}
    place: Json | None = None
    good = 0
    for document in documents:
        told = document.model_dump(mode="json")
        if told["kind"] == "zone.entered":
            place = told["place"]
        if told["kind"] not in {"needling.windows", "rf.shot"}:
            good += 1
            continue
        here = told["place"] or place or {}
        where = here.get("zone"), here.get("laterality")
        counted = found.setdefault(where, Counted())
        if told["kind"] == "rf.shot":
            good += _shot(counted, told, where, here.get("pass_number"), by)
        else:
            good += _windows(counted, told, where, here.get("pass_number"), by)
    return found, good


def _windows(counted: Counted, told: Json, where: Where, number: int | None, by: Judged) -> bool:
    is_told = touched = False
    contact = within = 0
    for place, strokes in enumerate(told["stroke_count"]):
        share = told["contact_fraction"][place]
        on_skin = round(strokes * share)
        counted.stroke_count += strokes
        counted.contact_stroke_count += on_skin
        if not on_skin:
            continue
        touched = True
        contact += on_skin
        counted.punctures += on_skin * by.needle_count
        values = {
            name: told[name][place]
            for name in ("depth_commanded_mm", "depth_measured_median_mm", "stroke_rate_hz")
        }
        counted.set_mm.append(values["depth_commanded_mm"])
        measured_mm = values["depth_measured_median_mm"]
        if measured_mm is not None:
            counted.depths_mm += [measured_mm] * on_skin
            counted.deepest_mm.append(told["depth_measured_max_mm"][place])
        is_told = True
        if where[0] is not None:
            counted.assessed += on_skin
            within += on_skin * _all_within(_of_window(values, where, by))
    counted.within += within
    if touched:
        contact_ms = sum(told["contact_fraction"]) * told["window_ms"]
        counted.contact_ms += contact_ms
        counted.in_band_ms += contact_ms * within / contact
        counted.passes |= {number} if number else set()
    return not touched or (is_told and where[0] is not None)


def _shot(counted: Counted, told: Json, where: Where, number: int | None, by: Judged) -> bool:
    set_mm = [depth["depth_commanded_mm"] for depth in told["depths"]]
    read_mm = [depth["depth_measured_mm"] for depth in told["depths"]]
    counted.set_mm += set_mm
    counted.deepest_mm += read_mm
    if told["purpose"] == "test":
        counted.test_shot_count += 1
        return where[0] is not None
    counted.treatment_shot_count += 1
    counted.passes |= {number} if number else set()
    counted.depths_mm += read_mm
    total = {"total": 1, "per_pin": by.needle_count}
    pulses = [pulse for depth in told["depths"] for pulse in depth["sub_pulses"]]
    counted.energy_mj += sum(p["energy_delivered_mj"] * total[p["energy_scope"]] for p in pulses)
    counted.assessed += 1
    counted.within += _all_within(_of_shot(told, pulses, where, by))
    return where[0] is not None


Asked: TypeAlias = Iterator[tuple[float | None, Band, float]]


def _of_window(values: Json, where: Where, by: Judged) -> Asked:
    for band in _bands(by, "depth", where):
        yield values["depth_commanded_mm"], band, 0.0
        yield values["depth_measured_median_mm"], band, by.tolerance_mm
    for band in _bands(by, "stroke_rate", where):
        yield values["stroke_rate_hz"], band, 0.0


def _of_shot(told: Json, pulses: Sequence[Json], where: Where, by: Judged) -> Asked:
    pins = by.needle_count
    for band in _bands(by, "depth", where):
        for depth in told["depths"]:
            yield depth["depth_commanded_mm"], band, 0.0
            yield depth["depth_measured_mm"], band, by.tolerance_mm
    for quantity, factors in (
        ("energy_total", {"total": 1.0, "per_pin": pins}),
        ("energy_per_pin", {"total": 1 / pins, "per_pin": 1.0}),
    ):
        for band in _bands(by, quantity, where):
            for name in ("energy_commanded_mj", "energy_delivered_mj"):
                yield sum(p[name] * factors[p["energy_scope"]] for p in pulses), band, 0.0
    for quantity, names in (
        ("power", ("power_w", "power_commanded_w")),
        ("temperature", ("temperature_max_celsius",)),
        ("impedance_before", ("impedance_before_ohm",)),
    ):
        for band in _bands(by, quantity, where):
            for name in names:
                yield from ((p[name], band, 0.0) for p in pulses)


def _bands(by: Judged, quantity: str, where: Where) -> list[Band]:
    bands = [band for band in by.protocol.bands if band.quantity == quantity]
    own = [band for band in bands if band.zones is not None and where[0] in band.zones]
    return own or [band for band in bands if band.zones is None]


def _all_within(asked: Asked) -> bool:
    for value, band, tolerance in asked:
        low, high = (None if x is None else x.value for x in (band.lower, band.upper))
        if value is None:
            continue
        if low is not None and value < low - tolerance - EDGE:
            return False
        if high is not None and value > high + tolerance + EDGE:
            return False
    return True
