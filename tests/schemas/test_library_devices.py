"""The shipped devices and jurisdictions against their sources, which are typed here."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import pytest

from dermatrace_schemas.registry import (
    RegistryDeviceModel,
    RegistryJurisdiction,
    RegistryTipModel,
)
from dermatrace_schemas.treatment import Role
from support.library import all_of, library_folder, number

Span: TypeAlias = tuple[float | None, float | None]

NONE: Final[Span] = (None, None)
MODELS: Final = all_of(library_folder("device_models"), RegistryDeviceModel)
TIPS: Final = all_of(library_folder("device_models"), RegistryTipModel)
LAWS: Final = all_of(library_folder("jurisdictions"), RegistryJurisdiction)


@dataclass(frozen=True)
class Device:
    """What is on public record of a device."""

    submissions: tuple[str, ...]
    depth_mm: tuple[float | None, float | None, float | None] = (None, None, None)
    """Greatest, step, tolerance."""
    rate_hz: Span = (None, None)
    needle_count: int | None = None
    labels: tuple[tuple[str, str, str], ...] = ()
    """Indication, phototypes, one zone it covers; empty where the record names none."""
    age_min: int | None = 22
    regulation: str = "21 CFR 878.4430"


ACNE: Final = "facial-acne-scars"
RF: Final = "21 CFR 878.4400"
EXCEED_LABELS: Final = (("facial-wrinkles", "I II III", "glabella"), (ACNE, "I II III IV", "cheek"))
DEVICES: Final = {
    "skinpen-precision": Device(
        ("DEN160029", "K202243"),
        (2.5, 0.25, None),
        (116.67, 116.67),
        14,
        ((ACNE, "I II III IV V VI", "forehead"), ("neck-wrinkles", "II III IV", "neck")),
    ),
    "exceed": Device(
        ("K180778", "K182407"), (1.9, None, 0.15), (100, 150), 6, labels=EXCEED_LABELS
    ),
    "exceed-unlimited": Device(
        ("K233709",), (1.9, None, None), (100, 150), 6, labels=EXCEED_LABELS
    ),
    "rejuvapen-nxt": Device(
        ("K192138",),
        (2.5, None, None),
        needle_count=12,
        labels=(("periorbital-wrinkles", "I II III IV", "periorbital"),),
    ),
    "skinstylus-sterilock": Device(
        ("K200044",),
        (2.5, None, None),
        labels=(("abdominal-hypertrophic-scars", "", "abdomen"),),
    ),
    "dr-pen-k230420": Device(("K230420",), labels=((ACNE, "", "cheek"),)),
    "pro-pen": Device(("K243800",), needle_count=14, labels=((ACNE, "", "cheek"),)),
    "dermapen-4": Device((), (3.0, 0.1, None)),
    "dermapen-2012": Device((), (2.5, None, None), (None, 90), 11),
    "profound": Device(
        ("K161043",),
        labels=(("facial-wrinkles", "", "cheek"), ("cellulite", "I II III", "")),
        age_min=None,
        regulation=RF,
    ),
    "profound-matrix": Device(
        ("K211217", "K240070"),
        (3.5, None, None),
        needle_count=49,
        labels=(("facial-wrinkles", "I II III IV", "cheek"), ("electrocoagulation", "", "")),
        age_min=None,
        regulation=RF,
    ),
    "scarlet-srf": Device(
        ("K180872",), labels=(("electrocoagulation", "", ""),), age_min=None, regulation=RF
    ),
}

devices = pytest.mark.parametrize("name", sorted(DEVICES))


def test_library_holds_exactly_the_devices_and_states_with_a_source() -> None:
    assert set(MODELS) == set(DEVICES)
    assert set(LAWS) == {"us-arizona", "us-california", "us-illinois"}


@devices
def test_device_is_cleared_as_its_record_says(name: str) -> None:
    clearances = MODELS[name].content.clearances
    assert tuple(clearance.submission for clearance in clearances) == DEVICES[name].submissions
    for clearance in clearances:
        assert (clearance.device_class, clearance.regulation) == ("II", DEVICES[name].regulation)
        # The product codes of RF systems could not be verified.
        assert clearance.product_code == (None if clearance.regulation == RF else "QAI")


@devices
def test_device_is_rated_as_its_record_says(name: str) -> None:
    rated, truth = MODELS[name].content.rated, DEVICES[name]
    given = rated.ratings if rated else None
    depth_mm = (given.depth_max_mm, given.depth_step_mm, given.depth_tolerance_mm) if given else ()
    assert (depth_mm or (None, None, None)) == truth.depth_mm
    rate_hz = (given.stroke_rate_min_hz, given.stroke_rate_max_hz) if given else NONE
    assert rate_hz == truth.rate_hz
    tips = [TIPS[tip].content for tip in MODELS[name].content.tip_model_ids or ()]
    assert [tip.needle_count for tip in tips] == [truth.needle_count] * len(tips)
    assert bool(tips) == (truth.needle_count is not None)


@devices
def test_device_is_labelled_as_its_record_says(name: str) -> None:
    label, truth = MODELS[name].content.label, DEVICES[name]
    covered = label.indications if label else []
    assert [(use.indication, " ".join(use.phototypes or ())) for use in covered] == [
        (indication, phototypes) for indication, phototypes, _ in truth.labels
    ]
    for use, (_, _, zone) in zip(covered, truth.labels, strict=True):
        assert zone in (use.zones or [""])
        assert number(use.age_min) == truth.age_min


def test_only_the_skinpen_label_ends_above_a_depth() -> None:
    limited = {
        name: [(band.quantity, number(band.upper)) for band in model.content.label.limits]
        for name, model in MODELS.items()
        if model.content.label and model.content.label.limits
    }
    assert limited == {"skinpen-precision": [("depth", 1.5)]}


def test_exceed_cartridges_end_before_their_dials() -> None:
    lengths = {name: tip.content.needle_length_mm for name, tip in TIPS.items()}
    assert {name for name, length_mm in lengths.items() if length_mm == 1.5} == {
        "exceed-safety-cartridge",
        "exceed-unlimited-safety-cartridge",
    }


@pytest.mark.parametrize(
    ("law", "role", "depth_mm", "classification"),
    [
        ("us-arizona", "esthetician", 0.5, "not_medical"),
        ("us-arizona", "nurse", 0.51, "medical"),
        ("us-california", "esthetician", 0.1, "forbidden"),
        ("us-california", "nurse", 0.1, "medical"),
        ("us-illinois", "esthetician", 0.1, "medical"),
    ],
)
def test_pen_counts_as_reported_of_a_state(
    law: str, role: Role, depth_mm: float, classification: str
) -> None:
    speaking = [
        boundary
        for boundary in LAWS[law].content.boundaries
        if boundary.modality != "rf"
        and role in (boundary.roles or [role])
        and depth_mm > (number(boundary.depth_above) or 0.0)
        and depth_mm <= (number(boundary.depth_up_to) or depth_mm)
    ]
    assert [(boundary.classification, boundary.trust) for boundary in speaking] == [
        (classification, "S")
    ]
