"""The sample clinic: correct document by document, whole, and the simulator's own devices."""

import json
from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import JsonValue

from dermatrace.registry.load import load_folder
from dermatrace.registry.references import FolderDocument
from dermatrace.simulator.devices import PROFILES, VENDOR, DeviceProfile
from dermatrace.simulator.fleet import FLEET, FleetDevice
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry import (
    RegistryDevice,
    RegistryDeviceModel,
    RegistryProtocol,
    RegistryTipModel,
)
from dermatrace_schemas.treatment import Treatment

FOLDER = load_folder(sample_clinic())
DOCUMENTS = FOLDER.documents


def _envelope(document: FolderDocument) -> dict[str, JsonValue]:
    return {
        "seq": 0,
        "kind": f"registry.{document.kind}",
        "boot_id": "b",
        "uptime_ms": 0,
        "wall_time_ms": None,
        **document.facts,
    }


def _parsed(document: FolderDocument) -> object:
    return parse("registry", json.dumps(_envelope(document)).encode())


def _only(kind: str, registry_id: str) -> object:
    (found,) = [d for d in DOCUMENTS if (d.kind, d.registry_id) == (kind, registry_id)]
    return _parsed(found)


def _limits(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    if isinstance(value, dict):
        if "quantity" in value:
            yield value
        for inner in value.values():
            yield from _limits(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _limits(inner)


def _id_of(profile: DeviceProfile) -> str:
    return profile.model.lower().replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: f"{d.kind}-{d.registry_id}")
def test_sample_document_is_accepted_by_the_contract(document: FolderDocument) -> None:
    _parsed(document)


def test_sample_clinic_has_no_warnings() -> None:
    assert FOLDER.warnings == []


def test_sample_clinic_has_two_clinics_and_every_kind() -> None:
    assert FOLDER.clinics == ["north-clinic", "south-clinic"]
    assert {document.kind for document in DOCUMENTS} == set(get_args(RegistryKind))


def test_each_treatment_has_one_example_protocol_approved_at_both_clinics() -> None:
    protocols = [_parsed(document) for document in DOCUMENTS if document.kind == "protocol"]
    contents = [found.content for found in protocols if isinstance(found, RegistryProtocol)]
    assert sorted(content.treatment for content in contents) == sorted(get_args(Treatment))
    assert all(content.example for content in contents)
    approved = [
        (document.clinic, document.content["protocol_digest"])
        for document in DOCUMENTS
        if document.kind == "approval"
    ]
    digests = [document.digest for document in DOCUMENTS if document.kind == "protocol"]
    assert sorted(approved) == sorted((c, d) for c in FOLDER.clinics for d in digests)


@pytest.mark.parametrize("profile", PROFILES, ids=_id_of)
def test_simulated_model_is_registered_as_the_simulator_has_it(profile: DeviceProfile) -> None:
    model, tip = (
        _only("device_model", _id_of(profile)),
        _only("tip_model", f"{_id_of(profile)}-tip"),
    )
    assert isinstance(model, RegistryDeviceModel)
    assert isinstance(tip, RegistryTipModel)
    content, cartridge = model.content, tip.content
    assert (content.vendor, content.model) == (VENDOR, profile.model)
    assert content.modality == profile.modality
    assert content.example
    assert content.rated is not None
    assert content.rated.ratings == profile.ratings
    assert content.rated.source == profile.source
    assert (cartridge.vendor, cartridge.model) == (VENDOR, f"{profile.model} tip")
    assert cartridge.needle_count == profile.needle_count
    assert cartridge.needle_length_mm == profile.needle_length_mm
    assert cartridge.insulation == profile.insulation


@pytest.mark.parametrize("device", FLEET, ids=lambda device: device.sender_id)
def test_simulated_device_is_registered_at_its_clinic(device: FleetDevice) -> None:
    found = _only("device", device.sender_id)
    assert isinstance(found, RegistryDevice)
    assert found.content.sender == device.sender_id
    assert found.content.serial == device.serial
    assert found.content.device_model_id == _id_of(device.profile)
    (source,) = [d for d in DOCUMENTS if d.registry_id == device.sender_id]
    assert source.clinic == device.clinic


def test_simulated_device_claims_no_submission() -> None:
    models = [document.content for document in DOCUMENTS if document.kind == "device_model"]
    assert models
    assert not [model for model in models if "submission" in json.dumps(model["clearances"])]


def test_people_are_roles_without_names() -> None:
    people = [document for document in DOCUMENTS if document.kind in {"operator", "director"}]
    assert people
    assert not [document for document in people if "name" in document.content]


def test_unset_limit_says_that_it_waits_for_the_director() -> None:
    unset = [
        limit
        for document in DOCUMENTS
        for limit in _limits(document.content)
        if limit["value"] is None
    ]
    assert unset
    assert not [
        limit for limit in unset if "the director must enter it" not in str(limit["source"])
    ]


def test_set_limit_is_never_unverified() -> None:
    limits = [limit for document in DOCUMENTS for limit in _limits(document.content)]
    assert not [limit for limit in limits if limit["value"] is not None and limit["trust"] == "U"]


def test_surface_pin_energy_is_not_a_needle_limit() -> None:
    limits = [limit for document in DOCUMENTS for limit in _limits(document.content)]
    energies = [limit["value"] for limit in limits if str(limit["quantity"]).startswith("energy")]
    assert energies
    assert set(energies) == {None}
