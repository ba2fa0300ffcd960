"""The sample clinic: correct document by document, whole, and the simulator's own devices."""

import json
from typing import get_args

import pytest

from dermatrace.registry.references import FolderDocument
from dermatrace.simulator.devices import PROFILES, VENDOR, DeviceProfile
from dermatrace.simulator.fleet import FLEET, FleetDevice
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry import (
    RegistryDevice,
    RegistryDeviceModel,
    RegistryProtocol,
    RegistryTipModel,
)
from dermatrace_schemas.treatment import Treatment
from support.library import library_folder, limits_of, parsed

FOLDER = library_folder("sample_clinic")
DOCUMENTS = FOLDER.documents
LIMITS = limits_of(FOLDER)
ENTERED = "Entered by the director of the pretend clinic for demonstration: "


def _only(kind: str, registry_id: str) -> object:
    (found,) = [d for d in DOCUMENTS if (d.kind, d.registry_id) == (kind, registry_id)]
    return parsed(found)


def _id_of(profile: DeviceProfile) -> str:
    return profile.model.lower().replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: f"{d.kind}-{d.registry_id}")
def test_sample_document_is_accepted_by_the_contract(document: FolderDocument) -> None:
    parsed(document)


def test_sample_clinic_has_no_warnings() -> None:
    assert FOLDER.warnings == []


def test_sample_clinic_has_two_clinics_and_every_kind() -> None:
    assert FOLDER.clinics == ["north-clinic", "south-clinic"]
    assert {document.kind for document in DOCUMENTS} == set(get_args(RegistryKind))


def test_each_treatment_has_one_example_protocol_approved_at_both_clinics() -> None:
    protocols = [parsed(document) for document in DOCUMENTS if document.kind == "protocol"]
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


def test_no_limit_of_a_sample_protocol_is_left_unset() -> None:
    assert LIMITS
    assert not [limit for limit in LIMITS if limit["value"] is None]


def test_number_without_a_source_is_entered_by_the_director_who_says_why() -> None:
    entered = [limit for limit in LIMITS if str(limit["source"]).startswith(ENTERED)]
    assert entered
    assert entered == [limit for limit in LIMITS if limit["trust"] == "U"]
    assert not [limit for limit in entered if str(limit["source"]) == ENTERED.strip()]
