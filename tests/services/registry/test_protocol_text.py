"""How limits, demands and contraindications read."""

import pytest

from dermatrace.registry.protocol_text import (
    Sources,
    amount,
    band_rows,
    contraindication_lines,
    demand_lines,
    number,
)
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, Quantity
from dermatrace_schemas.registry_protocols import Contraindication, DeviceDemand


def _limit(quantity: Quantity, value: float | None, source: str = "a page") -> Limit:
    return Limit(quantity=quantity, unit=UNIT_OF[quantity], value=value, source=source, trust="S")


@pytest.mark.parametrize(
    ("quantity", "value", "expected"),
    [
        ("depth", 1.0, "1 mm"),
        ("depth", 0.25, "0.25 mm"),
        ("temperature", 67.5, "67.5 °C"),
        ("impedance_before", 400.0, "400 ohm"),
        ("pass_count", 3.0, "3"),
        ("energy_total", 1_234_567.0, "1234567 mJ"),
        ("power", None, "to be entered"),
    ],
)
def test_amount_has_its_unit_and_all_its_digits(
    quantity: Quantity, value: float | None, expected: str
) -> None:
    assert amount(_limit(quantity, value)) == expected


def test_numbers_that_differ_read_differently() -> None:
    assert number(0.1) != number(0.1 + 1e-15)


def test_band_is_a_row_and_a_source_that_serves_many_is_written_once() -> None:
    sources = Sources()
    bands = [
        Band(zones=["cheek", "chin"], upper=_limit("depth", 1.5)),
        Band(phototypes=["V"], lower=_limit("depth", None, "none"), upper=_limit("depth", 1.0)),
        Band(lower=_limit("pass_count", 1), upper=_limit("pass_count", 2)),
    ]
    assert list(band_rows(bands, sources)) == [
        ("depth", "cheek, chin", "all", "", "1.5", "mm", "S", "1"),
        ("depth", "every zone", "V", "to be entered", "1", "mm", "S, S", "2, 1"),
        ("pass count", "every zone", "all", "1", "2", "", "S", "1"),
    ]
    assert list(sources.lines()) == ["1 a page", "2 none"]


def test_questions_whose_answers_count_alike_are_told_together() -> None:
    items = [
        Contraindication(question="herpes", answers=["yes"], strength="relative"),
        Contraindication(question="pregnancy", answers=["yes"], strength="relative"),
        Contraindication(question="epilepsy", answers=["yes", "unknown"], strength="absolute"),
    ]
    assert list(contraindication_lines(items)) == [
        "absolute, if yes or unknown: epilepsy",
        "relative, if yes: herpes, pregnancy",
    ]


def test_demand_tells_only_what_it_demands() -> None:
    demand = DeviceDemand(modality="pen", device_classes=["II", "III"])
    assert list(demand_lines(demand)) == ["modality pen", "device classes II, III"]
    assert list(demand_lines(None)) == []
