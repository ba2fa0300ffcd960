"""Device and tip models: clearance, ratings and label are kept apart, each with its source."""

import pytest
from pydantic import ValidationError

from dermatrace_schemas.registry_devices import (
    Clearance,
    DeviceModelContent,
    LabelIndication,
    SourcedRatings,
)
from support.vectors import example

CONTENT = example("registry.device_model")["content"]


def test_model_without_clearance_is_not_taken_for_cleared() -> None:
    content = {name: CONTENT[name] for name in ("vendor", "model", "modality", "example")}
    with pytest.raises(ValidationError, match="clearances"):
        DeviceModelContent.model_validate(content)
    assert DeviceModelContent.model_validate(content | {"clearances": []}).label is None


@pytest.mark.parametrize(
    ("model", "members"),
    [
        (Clearance, {"authority": "FDA"}),
        (LabelIndication, {"indication": "acne-scars"}),
        (SourcedRatings, {"ratings": {"depth_max_mm": 2.5}}),
    ],
)
def test_statement_about_a_model_needs_a_source(
    model: type[Clearance | LabelIndication | SourcedRatings], members: dict[str, object]
) -> None:
    assert model.model_validate(members | {"source": "manual", "trust": "S"})
    with pytest.raises(ValidationError, match="source"):
        model.model_validate(members)


def test_energy_limit_can_be_bound_to_phototypes() -> None:
    energy = {"quantity": "energy_per_pin", "unit": "mJ", "value": 62, "source": "x", "trust": "V"}
    limits = [{"phototypes": ["V", "VI"], "upper": energy}]
    content = DeviceModelContent.model_validate(
        CONTENT | {"label": {"indications": [], "limits": limits}}
    )
    assert content.label is not None
    assert content.label.limits[0].phototypes == ["V", "VI"]
