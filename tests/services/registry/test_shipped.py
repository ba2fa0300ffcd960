"""The library that ships with the contract, as a clinic takes it over."""

from dermatrace.registry.load import load_folders
from dermatrace.registry.shipped import shipped_folders


def test_library_is_there_and_belongs_to_no_clinic() -> None:
    folder = load_folders(shipped_folders())
    assert folder.clinics == []
    kinds = {document.kind for document in folder.documents}
    assert {"device_model", "protocol", "jurisdiction"} <= kinds
