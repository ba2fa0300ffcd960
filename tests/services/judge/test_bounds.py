"""Each envelope's limits are looked up apart, and what nobody has entered bounds nothing."""

from dataclasses import replace
from typing import Any, Final

import pytest

from dermatrace.judge.bounds import Bound, bounds_of
from dermatrace.judge.case import Case
from dermatrace.judge.context import SessionContext
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import SPOTS_MAX, SessionState
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.quantities import UNIT_OF, Quantity, bands_at
from dermatrace_schemas.session import Ratings, Tip
from support.cases import band, limited
from support.visit_cases import depth, version, with_plan, with_registry

CHEEK: Final = Spot("cheek", "left")
NOTHING: Final = limited()


def rated(**ratings: float) -> dict[str, object]:
    """Return what a maker says, with its source."""
    return {"ratings": ratings, "source": "a page", "trust": "S"}


def modelled(**changes: object) -> SessionContext:
    """Return a visit with a device model and no other limit."""
    model = version("device_model", **changes)
    return replace(NOTHING, registry=replace(NOTHING.registry, device_model=model))


def ends(context: SessionContext, quantity: Quantity, **facts: Any) -> list[tuple[object, ...]]:  # noqa: ANN401  of any argument
    """Return envelope, lower and upper limit of each bound on the cheek."""
    spot = facts.pop("spot", CHEEK)
    found = bounds_of(context, quantity, spot, **facts)
    assert all(bound.unit == UNIT_OF[quantity] for bound in found)
    return [(bound.envelope, bound.lower, bound.upper) for bound in found]


# --- what the device is made for -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "ratings", "expected"),
    [
        ("depth", {"depth_min_mm": 0.1, "depth_max_mm": 2.0}, (0.1, 2.0)),
        ("stroke_rate", {"stroke_rate_min_hz": 90.0, "stroke_rate_max_hz": 150.0}, (90.0, 150.0)),
        ("power", {"power_max_w": 50.0}, (None, 50.0)),
        ("energy_total", {"energy_max_mj": 9.0}, (None, 9.0)),
    ],
)
def test_rating_bounds_what_the_device_can_do(
    quantity: Quantity, ratings: dict[str, float], expected: tuple[float | None, float | None]
) -> None:
    context = modelled(rated=rated(**ratings))
    assert ends(context, quantity) == [("device_rating", *expected)]
    (found,) = bounds_of(context, quantity, CHEEK)
    assert (found.whose, found.digest) == ("rating of Maker Pen", version("device_model").digest)
    assert ends(context, "temperature") == []


def test_device_is_believed_only_where_the_registry_has_no_rating() -> None:
    own = Ratings(depth_max_mm=3.0, power_max_w=9.0)
    context = modelled(rated=rated(depth_max_mm=2.0))
    assert ends(context, "depth", own=own) == [("device_rating", None, 2.0)]
    assert ends(context, "power", own=own) == [("device_rating", None, 9.0)]
    (found,) = bounds_of(context, "power", CHEEK, own=own)
    assert (found.whose, found.digest) == ("what the device says of itself", None)
    assert ends(NOTHING, "depth", own=Ratings()) == []


def test_needles_of_a_tip_on_record_count_before_what_the_tip_says() -> None:
    tip = Tip(model="Tip", needle_length_mm=2.5)
    known = version("tip_model", needle_length_mm=1.5, limits=[])
    context = replace(NOTHING, registry=replace(NOTHING.registry, tip_models=(known,)))
    assert ends(context, "depth", tip=tip) == [("device_rating", None, 1.5)]
    assert ends(NOTHING, "depth", tip=tip) == [("device_rating", None, 2.5)]
    silent = version("tip_model", limits=[])
    context = replace(NOTHING, registry=replace(NOTHING.registry, tip_models=(silent,)))
    (found,) = bounds_of(context, "depth", CHEEK, tip=tip)
    assert (found.upper, found.digest) == (2.5, None)
    assert ends(context, "depth", tip=Tip(model="Tip")) == []


def test_limits_of_a_tip_model_are_the_devices() -> None:
    limits = [band("shot_count", upper=800.0).model_dump()]
    known = version("tip_model", limits=limits)
    context = replace(NOTHING, registry=replace(NOTHING.registry, tip_models=(known,)))
    assert ends(context, "shot_count", tip=Tip(model="Tip")) == [("device_rating", None, 800.0)]
    assert ends(context, "shot_count", tip=Tip(model="other")) == []
    assert ends(context, "shot_count", tip=Tip()) == []


# --- label and treatment protocol ----------------------------------------------------------------


@pytest.mark.parametrize("envelope", ["cleared_label", "clinic_protocol"])
def test_band_bounds_both_sides_and_one_that_nobody_has_entered_neither(envelope: Envelope) -> None:
    def context(*bands: object) -> SessionContext:
        if envelope == "clinic_protocol":
            return limited(*bands)  # type: ignore[arg-type]
        limits = [one.model_dump() for one in bands]  # type: ignore[attr-defined]
        return modelled(label={"indications": [], "limits": limits})

    assert ends(context(band("power", 1.0, 2.0)), "power") == [(envelope, 1.0, 2.0)]
    assert ends(context(band("power", None, 2.0)), "power") == [(envelope, None, 2.0)]
    assert ends(context(band("power")), "power") == []
    (found,) = bounds_of(context(band("power", 1.0, 2.0)), "power", CHEEK)
    assert found.digest is not None


@pytest.mark.parametrize(
    ("spot", "phototype", "upper"),
    [
        (CHEEK, "II", [1.0]),
        (CHEEK, "VI", [1.0, 0.5]),
        (CHEEK, None, [1.0]),
        (Spot("neck"), "VI", [3.0, 2.0]),
        (NOWHERE, "VI", [3.0, 2.0]),
        (Spot("neck"), None, [3.0]),
    ],
)
def test_bands_of_the_zone_come_before_those_of_every_zone_and_phototypes_must_be_known(
    spot: Spot, phototype: str | None, upper: list[float]
) -> None:
    bands = [
        band("depth", upper=3.0),
        band("depth", upper=2.0, phototypes=["VI"]),
        band("depth", upper=1.0, zones=["cheek"]),
        band("depth", upper=0.5, zones=["chin", "cheek"], phototypes=["V", "VI"]),
        band("power", upper=9.0),
    ]
    found = bands_at(bands, "depth", spot.zone, phototype)
    assert [one.upper.value for one in found if one.upper is not None] == upper
    context = with_plan(limited(*bands), phototype=phototype)
    assert [end for _, _, end in ends(context, "depth", spot=spot)] == upper


def test_bounds_of_all_envelopes_stand_side_by_side() -> None:
    context = with_registry(
        protocol=limited(band("depth", upper=1.0)).registry.protocol,
        device_model=version(
            "device_model",
            rated=rated(depth_max_mm=3.0),
            label={"indications": [], "limits": [band("depth", upper=2.0).model_dump()]},
        ),
        operator=version("operator", depth_max_mm=0.5),
    )
    tip = Tip(needle_length_mm=2.5)
    assert ends(context, "depth", tip=tip) == [
        ("device_rating", None, 3.0),
        ("device_rating", None, 2.5),
        ("cleared_label", None, 2.0),
        ("clinic_protocol", None, 1.0),
        ("operator_scope", None, 0.5),
    ]


# --- operator and law ----------------------------------------------------------------------------


def ruled(
    *boundaries: dict[str, object],
    operator: object = "nurse",
    **context: Any,  # noqa: ANN401  of any member
) -> SessionContext:
    """Return a visit under a law, by an operator of a role without a ceiling of their own."""
    told = [
        {"source": "a page", "trust": "S", "classification": "forbidden"} | b for b in boundaries
    ]
    law = version("jurisdiction", boundaries=told)
    person = None if operator is None else version("operator", role=operator)
    registry = replace(NOTHING.registry, jurisdiction=law, operator=person)
    return replace(NOTHING, registry=registry, **context)


def test_operator_without_a_ceiling_and_a_law_without_one_bound_nothing() -> None:
    assert ends(ruled(), "depth") == []
    assert ends(ruled({"classification": "medical", "depth_above": depth(0.3)}), "depth") == []


def test_law_forbids_deeper_needling_to_those_it_names() -> None:
    context = ruled({"depth_above": depth(0.3), "roles": ["esthetician"]}, operator="esthetician")
    (found,) = bounds_of(context, "depth", CHEEK)
    assert found == Bound(
        "operator_scope",
        None,
        0.3,
        "mm",
        "law jurisdiction-1, as it binds the role esthetician",
        version("jurisdiction").digest,
    )
    other = ruled({"depth_above": depth(0.3), "roles": ["esthetician"]}, operator="physician")
    assert ends(other, "depth") == []
    assert ends(context, "power") == []


def test_law_that_binds_everybody_binds_an_operator_nobody_has_named() -> None:
    assert ends(ruled({"depth_above": depth(0.3)}, operator=None), "depth") == [
        ("operator_scope", None, 0.3)
    ]
    named = ruled({"depth_above": depth(0.3), "roles": ["nurse"]}, operator=None)
    assert ends(named, "depth") == []


def test_law_that_forbids_from_nought_allows_no_depth_and_one_not_entered_says_nothing() -> None:
    assert ends(ruled({}), "depth") == [("operator_scope", None, 0.0)]
    assert ends(ruled({"depth_above": depth(None)}), "depth") == []


@pytest.mark.parametrize(
    ("boundary", "modality", "setting", "counts"),
    [
        ({"modality": "rf"}, "rf", "clinic", True),
        ({"modality": "rf"}, "pen", "clinic", False),
        ({"modality": "rf"}, None, "clinic", False),
        ({"setting": "home"}, "pen", "home", True),
        ({"setting": "home"}, "pen", "clinic", False),
        ({"setting": "home"}, "pen", None, False),
    ],
)
def test_law_for_some_devices_or_settings_speaks_of_those_known_to_be_meant(
    boundary: dict[str, object], modality: str | None, setting: str | None, *, counts: bool
) -> None:
    context = ruled({"depth_above": depth(0.3), **boundary}, setting=setting)
    assert (ends(context, "depth", modality=modality) != []) is counts


# --- as a rule asks ------------------------------------------------------------------------------


def test_case_looks_limits_up_once_and_anew_with_another_tip() -> None:
    state = SessionState(tip=Tip(needle_length_mm=1.0))
    case = Case(limited(band("depth", upper=0.5)), state)
    first = case.bounds("depth", CHEEK)
    assert case.bounds("depth", CHEEK) is first
    state.tip = Tip(needle_length_mm=2.0)
    assert [bound.upper for bound in case.bounds("depth", CHEEK)] == [2.0, 0.5]
    for number in range(3 * SPOTS_MAX):
        case.bounds("depth", Spot(f"z{number}"))
    assert [bound.upper for bound in case.bounds("depth", CHEEK)] == [2.0, 0.5]
