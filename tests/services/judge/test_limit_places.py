"""Where a limit stands, found by its number in what was pinned."""

from typing import Any

import pytest

from dermatrace.judge.defaults import DEPTH_PLAUSIBLE
from dermatrace.judge.limit_places import LimitPlace, find_place, wanted_of
from dermatrace.judge.rule_set import RULE_SET
from dermatrace_schemas.finding import Finding
from dermatrace_schemas.references import SessionKey
from dermatrace_schemas.session import Tip
from support.visit_cases import depth, started, version

PROTOCOL = version(
    "protocol",
    bands=[
        {"upper": depth(1.5)},
        {"zones": ["cheek"], "upper": depth(1.5)},
        {"zones": ["cheek"], "phototypes": ["V"], "upper": depth(1.0)},
        {"upper": {**depth(3.0), "quantity": "pass_count", "unit": "1"}},
        {"lower": {**depth(3.0), "quantity": "session_count", "unit": "1"}},
    ],
)
MODEL = version(
    "device_model",
    rated={"ratings": {"depth_max_mm": 2.5}, "source": "a leaflet", "trust": "S"},
    label={
        "indications": [
            {
                "indication": "scars",
                "age_min": {**depth(22.0), "quantity": "age", "unit": "a"},
                "source": "a summary",
                "trust": "V",
            }
        ],
        "limits": [{"upper": depth(1.25)}],
    },
)
TIP = version("tip_model", needle_length_mm=1.75, source="a box")
OPERATOR = version("operator", depth_max_mm=0.5, source="a letter")
LAW = version(
    "jurisdiction",
    boundaries=[
        {"classification": "forbidden", "depth_above": depth(0.3), "source": "law", "trust": "V"}
    ],
)
EVERYTHING = (PROTOCOL, MODEL, TIP, OPERATOR, LAW)


def _finding(rule: str, limit: float | None, unit: str = "mm", **changes: Any) -> Finding:  # noqa: ANN401
    told = {
        "session": SessionKey(sender="pen-1", stream_id="s-1"),
        "rule": rule,
        "envelope": "clinic_protocol",
        "zone": "cheek",
        "priority": "high",
        "nature": "treatment",
        "limit_value": limit,
        "unit": unit,
        "digests": [],
        "sentence": "It was.",
    }
    return Finding.model_validate(told | changes)


def _place(finding: Finding, phototype: str | None = "III", **own: Any) -> LimitPlace | None:  # noqa: ANN401
    wanted = wanted_of(finding, RULE_SET.by_id.get(finding.rule), phototype)
    assert wanted is not None
    return find_place(wanted, EVERYTHING, own.get("started"), own.get("tips", ()))


@pytest.mark.parametrize(
    ("rule", "limit", "unit", "path", "stands_in"),
    [
        ("depth.set_above", 1.5, "mm", "content.bands.1.upper", "protocol protocol-1 version 1"),
        ("depth.set_above", 1.25, "mm", "content.label.limits.0.upper", "device model"),
        ("depth.set_above", 2.5, "mm", "content.rated.ratings.depth_max_mm", "device model"),
        ("depth.set_above", 1.75, "mm", "content.needle_length_mm", "tip model"),
        ("depth.set_above", 0.5, "mm", "content.depth_max_mm", "operator operator-1"),
        ("depth.set_above", 0.3, "mm", "content.boundaries.0.depth_above", "jurisdiction"),
        ("exposure.passes", 3.0, "1", "content.bands.3.upper", "protocol"),
        ("label.age", 22.0, "a", "content.label.indications.0.age_min", "device model"),
    ],
)
def test_limit_is_found_where_it_stands(
    rule: str, limit: float, unit: str, path: str, stands_in: str
) -> None:
    place = _place(_finding(rule, limit, unit))
    assert place is not None
    assert place.path == path
    assert place.stands_in.startswith(stands_in)


def test_general_limit_is_meant_where_no_band_names_the_zone() -> None:
    place = _place(_finding("depth.set_above", 1.5, zone="chin"))
    assert place is not None
    assert (place.path, place.zones) == ("content.bands.0.upper", None)


def test_band_for_a_phototype_is_meant_only_if_the_phototype_is_known_to_be_that() -> None:
    finding = _finding("depth.set_above", 1.0)
    found = [_place(finding, phototype) for phototype in ("V", "III", None)]
    assert [None if place is None else place.path for place in found] == [
        "content.bands.2.upper",
        None,
        None,
    ]


def test_side_that_was_not_crossed_is_not_meant() -> None:
    assert _place(_finding("depth.set_below", 1.5)) is None


def test_what_the_device_says_of_itself_is_named_as_such() -> None:
    device = {"vendor": "Maker", "model": "Pen", "serial": "S-1", "ratings": {"depth_max_mm": 3.0}}
    rated = _place(_finding("depth.set_above", 3.0), started=started(device=device))
    needle = _place(_finding("depth.set_above", 3.5), tips=[Tip(needle_length_mm=3.5)])
    assert rated is not None
    assert needle is not None
    assert (rated.path, needle.path) == ("device.ratings.depth_max_mm", "tip.needle_length_mm")
    assert {rated.stands_in, needle.stands_in} == {"what the device says of itself"}


def test_default_of_the_judge_is_named_as_such() -> None:
    upper = DEPTH_PLAUSIBLE[1]
    place = _place(_finding("data.implausible", upper.value, envelope="none", zone=None))
    assert place is not None
    assert (place.path, place.source) == (f"default {upper.name}", upper.source)


def test_number_that_stands_nowhere_is_not_found() -> None:
    assert _place(_finding("depth.set_above", 9.75)) is None


def test_finding_without_a_number_asks_for_no_place() -> None:
    finding = _finding("gate.consent", None).model_copy(update={"unit": None})
    assert wanted_of(finding, RULE_SET.by_id.get(finding.rule), None) is None
