"""The sample clinic as plain values: by which numbers a simulated session is judged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from dermatrace.registry.load import Folder, load_folder
from dermatrace.registry.references import FolderDocument
from dermatrace.simulator.crossings import DepthLimit, Limits
from dermatrace.simulator.devices import DeviceProfile
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.practices import practice_of
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.parse import parse
from dermatrace_schemas.quantities import Band, Limit, Quantity
from dermatrace_schemas.registry import (
    RegistryDeviceModel,
    RegistryOperator,
    RegistryProtocol,
    RegistryRoom,
)
from dermatrace_schemas.registry_devices import DeviceModelContent
from dermatrace_schemas.registry_models import OperatorContent
from dermatrace_schemas.registry_protocols import ProtocolContent

D = TypeVar("D", RegistryProtocol, RegistryOperator, RegistryDeviceModel, RegistryRoom)

TOLERANCE_DEFAULT_MM: Final = 0.15
"""Where a device model states none."""
PERSISTENCE_DEFAULT: Final = 120.0
"""Strokes, where a treatment protocol states none."""


@dataclass(frozen=True, slots=True)
class SampleClinic:
    """What both sample clinics have on file, by registry id."""

    protocols: Mapping[str, ProtocolContent]
    operators: Mapping[str, OperatorContent]
    models: Mapping[str, DeviceModelContent]
    """By the name the maker gives them."""
    rooms: frozenset[str]

    def protocol_of(self, session: FleetSession) -> ProtocolContent:
        """Return the treatment protocol that the visit's plan names."""
        return self.protocols[practice_of(session.script.treatment).protocol_id]

    def limits_of(self, session: FleetSession) -> Limits:
        """Return everything a session of the fleet is judged by."""
        protocol, model = self.protocol_of(session), self.models[session.device.profile.model]
        clinic = session.device.clinic.removesuffix("-clinic")
        operator = self.operators[f"{clinic}-{practice_of(session.script.treatment).operator}"]
        depths = _depth_limits(protocol.bands, "clinic_protocol")
        depths += _depth_limits(model.label.limits if model.label else [], "cleared_label")
        depths += _rated(model, session.device.profile)
        if operator.depth_max_mm is not None:
            depths.append(DepthLimit("operator_scope", operator.depth_max_mm))
        ratings = model.rated.ratings if model.rated else None
        rated_mm = ratings.depth_tolerance_mm if ratings else None
        return Limits(
            depths=tuple(depths),
            depth_tolerance_mm=TOLERANCE_DEFAULT_MM if rated_mm is None else rated_mm,
            persistence_strokes=round(_number(protocol.depth_persistence) or PERSISTENCE_DEFAULT),
            energy_total_upper_mj=_upper(protocol, "energy_total"),
            energy_per_pin_upper_mj=_upper(protocol, "energy_per_pin"),
            test_shot_min=round(_lower(protocol, "test_shot_count") or 0),
        )


def read_sample_clinic() -> SampleClinic:
    """Read the sample clinics from their YAML, as an import would."""
    folder = load_folder(sample_clinic())
    protocols = _all_of(folder, RegistryProtocol)
    operators = _all_of(folder, RegistryOperator)
    models = [document.content for document in _all_of(folder, RegistryDeviceModel).values()]
    return SampleClinic(
        protocols={name: document.content for name, document in protocols.items()},
        operators={name: document.content for name, document in operators.items()},
        models={model.model: model for model in models},
        rooms=frozenset(_all_of(folder, RegistryRoom)),
    )


def _all_of(folder: Folder, sort: type[D]) -> dict[str, D]:
    found = ((document.registry_id, _parsed(document)) for document in folder.documents)
    return {name: document for name, document in found if isinstance(document, sort)}


def _parsed(document: FolderDocument) -> object:
    """Return what the contract makes of a document, as if it had been sent."""
    head: dict[str, object] = {"seq": 0, "boot_id": "b", "uptime_ms": 0, "wall_time_ms": None}
    whole = {**head, "kind": f"registry.{document.kind}", **document.facts}
    return parse("registry", json.dumps(whole).encode())


def _depth_limits(bands: list[Band], envelope: Envelope) -> list[DepthLimit]:
    return [
        DepthLimit(envelope, upper_mm, None if band.zones is None else frozenset(band.zones))
        for band in bands
        if band.quantity == "depth" and (upper_mm := _number(band.upper)) is not None
    ]


def _rated(model: DeviceModelContent, profile: DeviceProfile) -> list[DepthLimit]:
    """Return what the device lets its needles protrude by, and how long those are."""
    rated_mm = model.rated.ratings.depth_max_mm if model.rated else None
    uppers_mm = [mm for mm in (rated_mm, profile.needle_length_mm) if mm is not None]
    return [DepthLimit("device_rating", min(uppers_mm))] if uppers_mm else []


def _upper(protocol: ProtocolContent, quantity: Quantity) -> float | None:
    found = [_number(band.upper) for band in protocol.bands if band.quantity == quantity]
    return next(iter(found), None)


def _lower(protocol: ProtocolContent, quantity: Quantity) -> float | None:
    found = [_number(band.lower) for band in protocol.bands if band.quantity == quantity]
    return next(iter(found), None)


def _number(limit: Limit | None) -> float | None:
    """Return a limit's number; None if there is no limit, or nobody has entered it."""
    return None if limit is None else limit.value
