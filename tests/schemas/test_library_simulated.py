"""The sample clinic's limits: every plain simulated session keeps to them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, cast

import pytest

from dermatrace.simulator.fleet import FLEET, FleetDevice
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.timeline import ScriptedDocument, depths_of
from dermatrace.simulator.treatments import TREATMENTS, Treatment
from dermatrace_schemas.quantities import Quantity
from dermatrace_schemas.registry import RegistryJurisdiction, RegistryProtocol
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.treatment import Role
from support.library import all_of, library_folder, number

Told: TypeAlias = tuple[Quantity, str, float]
"""What is measured, in which zone, and how much."""

FOLDER: Final = library_folder("sample_clinic")
PROTOCOLS: Final = all_of(FOLDER, RegistryProtocol)
(LAW,) = all_of(FOLDER, RegistryJurisdiction).values()
PROTOCOL_OF: Final = {
    "nano-needling": "example-nano-needling",
    "cosmetic needling": "example-cosmetic-needling",
    "cosmetic needling at home": "example-cosmetic-needling",
    "medical needling": "example-medical-needling",
    "medical RF needling": "example-rf-needling",
}
MEDICAL_STAFF: Final[tuple[Role, ...]] = (
    "physician",
    "nurse_practitioner",
    "physician_assistant",
    "nurse",
)
PLAYED: Final = [(device, treatment) for device in FLEET for treatment in device.treatments]


def _place(document: ScriptedDocument) -> tuple[str, str, int]:
    place = cast("dict[str, object]", document.facts["place"])
    return str(place["zone"]), str(place["laterality"]), cast("int", place["pass_number"])


def _told_by_pen(document: ScriptedDocument) -> Iterator[Told]:
    zone, _, _ = _place(document)
    for depth_mm in cast("Sequence[float]", document.facts["depth_commanded_mm"]):
        yield "depth", zone, depth_mm


def _told_by_shot(document: ScriptedDocument, needle_count: int) -> Iterator[Told]:
    zone, _, _ = _place(document)
    whole_mj = 0.0
    for depth in depths_of(document):
        assert depth.depth_commanded_mm is not None
        yield "depth", zone, depth.depth_commanded_mm
        for pulse in depth.sub_pulses:
            share = 1 if pulse.energy_scope == "total" else needle_count
            whole_mj += (pulse.energy_delivered_mj or 0.0) * share
            yield "power", zone, pulse.power_commanded_w or 0.0
            yield "temperature", zone, pulse.temperature_max_celsius or 0.0
            if pulse.impedance_before_ohm is not None:
                yield "impedance_before", zone, pulse.impedance_before_ohm
    # Over one insertion: the skin gets what all its depths deliver.
    yield "energy_total", zone, whole_mj
    yield "energy_per_pin", zone, whole_mj / needle_count


def _told(script: ScriptedSession, needle_count: int) -> Iterator[Told]:
    """Yield everything a session says that its treatment protocol may limit."""
    dose_mj: defaultdict[str, float] = defaultdict(float)
    last_ms: dict[tuple[str, str, str], int] = {}
    tests: Counter[str] = Counter()
    for document in script:
        if document.kind == "zone.entered":
            zone, _, number_of_pass = _place(document)
            yield "pass_count", zone, number_of_pass
        elif document.kind == "needling.windows":
            yield from _told_by_pen(document)
        elif document.kind == "rf.shot":
            zone, side, _ = _place(document)
            told = list(_told_by_shot(document, needle_count))
            yield from told
            dose_mj[zone] += sum(value for what, _, value in told if what == "energy_total")
            cell = str(cast("dict[str, object]", document.facts["position"])["cell"])
            before_ms = last_ms.get((zone, side, cell))
            if before_ms is not None:
                yield "pulse_stacking_interval", zone, (document.at_ms - before_ms) / 1_000
            last_ms[zone, side, cell] = document.at_ms
            tests[zone] += document.facts["purpose"] == "test"
    for zone, whole_mj in dose_mj.items():
        yield "dose_per_zone", zone, whole_mj / 1_000
    for zone, test_count in tests.items():
        yield "test_shot_count", zone, test_count


def _beyond(content: ProtocolContent, told: Told) -> list[tuple[Told, float | None, float | None]]:
    """Return the bands a value does not keep to; those of its zone come before those of all."""
    quantity, zone, value = told
    bands = [band for band in content.bands if band.quantity == quantity]
    own = [band for band in bands if zone in (band.zones or ())]
    spans = [
        (number(band.lower), number(band.upper))
        for band in own or [band for band in bands if band.zones is None]
    ]
    return [
        (told, lower, upper)
        for lower, upper in spans
        if (lower is not None and value < lower) or (upper is not None and value > upper)
    ]


def _script(device: FleetDevice, treatment: Treatment, seed: int) -> ScriptedSession:
    # An RF dose adds up over the whole session: twenty minutes is the longest one played live.
    minutes = 20.0 if treatment.rf else 2.0
    return ScriptedSession(seed, treatment, device.profile, minutes)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("device", "treatment"), PLAYED, ids=[f"{d.sender_id}-{t.name}" for d, t in PLAYED]
)
def test_plain_session_keeps_to_every_limit_of_its_protocol(
    device: FleetDevice, treatment: Treatment, seed: int
) -> None:
    content = PROTOCOLS[PROTOCOL_OF[treatment.name]].content
    assert treatment.setting in content.settings
    told = list(_told(_script(device, treatment, seed), device.profile.needle_count))
    assert {zone for _, zone, _ in told} <= set(content.zones or ())
    assert {"depth", "pass_count"} <= {quantity for quantity, _, _ in told}
    assert not [beyond for one in told for beyond in _beyond(content, one)]


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("depth", 0.4),
        ("depth", 1.6),
        ("energy_per_pin", 140.0),
        ("energy_total", 6_600.0),
        ("dose_per_zone", 2_000.0),
        ("temperature", 70.0),
        ("power", 25.0),
        ("pass_count", 4.0),
        ("pulse_stacking_interval", 0.5),
        ("impedance_before", 900.0),
    ],
)
def test_rf_beyond_a_limit_of_the_sample_is_beyond_it(quantity: Quantity, value: float) -> None:
    content = PROTOCOLS["example-rf-needling"].content
    assert _beyond(content, (quantity, "forehead", value))


@pytest.mark.parametrize("treatment", TREATMENTS, ids=lambda treatment: treatment.name)
@pytest.mark.parametrize("role", MEDICAL_STAFF)
def test_what_the_sample_clinics_do_is_classified_once(treatment: Treatment, role: Role) -> None:
    depths_mm = {depth_mm for zone in treatment.zones for depth_mm in zone.pass_depths_mm}
    for depth_mm in depths_mm:
        (boundary,) = [
            boundary
            for boundary in LAW.content.boundaries
            if treatment.modality == (boundary.modality or treatment.modality)
            and treatment.setting == (boundary.setting or treatment.setting)
            and role in (boundary.roles or [role])
            and depth_mm > (number(boundary.depth_above) or 0.0)
            and depth_mm <= (number(boundary.depth_up_to) or depth_mm)
        ]
        is_medical = treatment.name.startswith("medical")
        assert boundary.classification == ("medical" if is_medical else "not_medical")
