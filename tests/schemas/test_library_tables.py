"""The shipped protocols against their sources. What is true is typed here, not read from them."""

from typing import Final, TypeAlias, cast

import pytest

from dermatrace.registry.references import FolderDocument
from dermatrace_schemas.quantities import Quantity
from dermatrace_schemas.registry import RegistryProtocol
from support.library import SHIPPED, all_of, library_folder, limits_of, number, parsed

Span: TypeAlias = tuple[float | None, float | None]

FOLDERS: Final = {name: library_folder(name) for name in SHIPPED}
PROTOCOLS: Final = all_of(FOLDERS["treatment_protocols"], RegistryProtocol)
LIMITS: Final = [limit for folder in FOLDERS.values() for limit in limits_of(folder)]
DOCUMENTS: Final = [document for folder in FOLDERS.values() for document in folder.documents]
SURFACE_PIN_MJ: Final = {62, 124}
"""Published for tips that do not pierce the skin."""


NONE: Final[Span] = (None, None)
SERIES: Final[dict[str, tuple[Span, Span]]] = {
    "example-nano-facial": (NONE, NONE),
    "example-cosmetic-in-clinic": (NONE, NONE),
    "example-cosmetic-weekly-home": (NONE, NONE),
    "example-medical-acne-scars": ((3, 3), (30, None)),
    "example-medical-facial-ageing": ((4, 4), (30, None)),
    "example-medical-striae": ((1, 3), (28, None)),
    "example-rf-acne-scars": ((4, 4), (42, None)),
    "example-rf-laxity": ((1, 1), NONE),
    "example-rf-melasma": ((5, 10), (14, 21)),
}
"""Sessions, and days between them: how a study went says nothing of how late is too late."""

DEPTHS_MM: Final[dict[str, dict[str, Span]]] = {
    "example-nano-facial": {"": (None, 0.25)},
    "example-cosmetic-in-clinic": {"": (None, 0.25)},
    "example-cosmetic-weekly-home": {"": (None, 0.25)},
    "example-medical-acne-scars": {"": (0.25, 2.0)},
    "example-medical-facial-ageing": {
        "forehead": (None, 0.75),
        "glabella": (None, 1.0),
        "periorbital": (None, 0.5),
        "nose": (None, 0.5),
        "malar-cheek": (None, 1.0),
        "cheek": (None, 2.0),
        "chin": (None, 2.0),
        "perioral": (None, 0.75),
        "upper-lip": (None, 0.75),
    },
    "example-medical-striae": {"": (None, 2.0)},
    "example-rf-acne-scars": {"forehead": (1.5, None), "temple": (1.5, None)}
    | {"nasal-sidewall": (None, 2.0)}
    | dict.fromkeys(("nose", "malar-cheek", "perioral", "upper-lip", "cheek", "chin"), NONE),
    "example-rf-laxity": {"": NONE},
    "example-rf-melasma": {"": NONE},
}
"""By zone; the empty name is every zone without a depth of its own."""

ASKED: Final = {
    "pregnancy",
    "breast_feeding",
    "isotretinoin",
    "recent_filler",
    "recent_neurotoxin",
    "active_infection",
    "herpes",
    "inflamed_acne",
    "eczema_or_psoriasis",
    "open_wound",
    "keloid_history",
    "bleeding_disorder",
    "anticoagulant",
    "immunosuppression",
    "uncontrolled_diabetes",
    "cancer_in_field",
    "epilepsy",
    "allergy_lidocaine",
    "allergy_metal",
    "photosensitising_drug",
    "recent_tan",
}
ASKED_FOR_RF: Final = {"active_implant", "metal_in_field", "silicone_in_field"}

protocols = pytest.mark.parametrize("name", sorted(PROTOCOLS))


def _spans(name: str, quantity: Quantity) -> dict[str, Span]:
    bands = [band for band in PROTOCOLS[name].content.bands if band.quantity == quantity]
    return {
        zone: (number(band.lower), number(band.upper))
        for band in bands
        for zone in band.zones or [""]
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: f"{d.kind}-{d.registry_id}")
def test_shipped_document_is_accepted_and_an_example_of_version_1(document: FolderDocument) -> None:
    parsed(document)
    assert (document.version, document.clinic) == ("1", None)
    if document.kind in {"protocol", "device_model"}:
        assert document.content["example"] is True


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_folder_names_nothing_that_is_not_in_it(name: str) -> None:
    assert FOLDERS[name].warnings == []
    assert {document.file for document in FOLDERS[name].documents} == {
        f"{document.registry_id}.yaml"
        for document in FOLDERS[name].documents
        if document.kind != "tip_model"
    }


def test_library_holds_exactly_the_protocols_with_a_source() -> None:
    assert set(PROTOCOLS) == set(SERIES) == set(DEPTHS_MM)


@protocols
def test_series_is_as_it_was_studied(name: str) -> None:
    sessions, interval_d = SERIES[name]
    assert _spans(name, "session_count") == {"": sessions}
    assert _spans(name, "interval").get("", NONE) == interval_d


@protocols
def test_depths_are_those_of_the_sources_and_no_others(name: str) -> None:
    assert _spans(name, "depth") == DEPTHS_MM[name]
    zones = set(PROTOCOLS[name].content.zones or ())
    assert set(DEPTHS_MM[name]) - {""} <= zones
    assert "" in DEPTHS_MM[name] or set(DEPTHS_MM[name]) == zones


@protocols
def test_protocol_asks_what_speaks_against_treatment(name: str) -> None:
    content = PROTOCOLS[name].content
    rows = {row.question: row for row in content.contraindications}
    is_rf = content.treatment == "rf_needling"
    assert set(rows) == (ASKED | ASKED_FOR_RF if is_rf else ASKED)
    assert all("yes" in row.answers for row in rows.values())
    # An answer that nobody gave is no answer: these two are asked before any needling.
    assert all("unknown" in rows[name].answers for name in ("pregnancy", "isotretinoin"))
    absolute = {row.question for row in rows.values() if row.strength == "absolute"}
    assert absolute == ({"active_implant"} if is_rf else set())
    if is_rf:
        assert set(rows["active_implant"].answers) == {"yes", "unknown"}


@protocols
def test_protocol_demands_what_its_treatment_does(name: str) -> None:
    content = PROTOCOLS[name].content
    assert content.device is not None
    modality, family = (
        ("rf", ["21 CFR 878.4400"]) if "-rf-" in name else ("pen", ["21 CFR 878.4430"])
    )
    medical = "-rf-" in name or "-medical-" in name
    assert content.device.modality == modality
    assert content.device.regulations == (family if medical else None)
    assert content.device.device_classes == (["II"] if medical else None)
    assert content.settings == (["home"] if name.endswith("-home") else ["clinic"])
    assert ({"director", "approval", "device_clearance"} <= set(content.gates)) == medical
    assert ("test_spot" in content.gates) == (modality == "rf")
    bleeding = None if medical else {"bleeding", "pinpoint_bleeding"}
    forbidden = content.endpoints_forbidden
    assert (None if forbidden is None else set(forbidden)) == bleeding


def test_only_the_temperature_controlled_protocol_has_a_temperature_and_a_hold() -> None:
    numbers = {
        name: [*_spans(name, "temperature").values(), *_spans(name, "temperature_hold").values()]
        for name in PROTOCOLS
    }
    set_ones = {name: spans for name, spans in numbers.items() if set(spans) - {NONE}}
    assert set_ones == {"example-rf-laxity": [(None, 72), (None, 5000)]}


def test_rf_starts_with_four_test_shots_at_the_temple_and_ends_at_pain_3() -> None:
    for name in PROTOCOLS:
        is_rf = "-rf-" in name
        assert _spans(name, "test_shot_count") == ({"temple": (4, None)} if is_rf else {})
        # At most 3 on a scale of 0 to 5; pain is recorded from 0 to 10.
        assert _spans(name, "pain_score") == ({"": (None, 2 * 3)} if is_rf else {})


def test_no_energy_is_given_and_none_is_that_of_surface_pins() -> None:
    sample = limits_of(library_folder("sample_clinic"))
    energies = [x for x in [*LIMITS, *sample] if str(x["quantity"]).startswith("energy")]
    assert energies
    assert not [x for x in energies if x["value"] in SURFACE_PIN_MJ]
    assert {x["value"] for x in energies if x in LIMITS} == {None}


def test_unset_limit_says_that_the_director_must_enter_it_and_set_one_has_a_source() -> None:
    unset = [limit for limit in LIMITS if limit["value"] is None]
    assert unset
    assert all("the director must enter it" in cast("str", limit["source"]) for limit in unset)
    assert not [limit for limit in LIMITS if (limit["value"] is None) != (limit["trust"] == "U")]
