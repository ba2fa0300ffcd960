"""The published zones are valid, unique, and claim no code that nobody has seen."""

import re
from collections import Counter
from typing import get_args

import pytest

from dermatrace_schemas.identifiers import ZONE_PATTERN, Laterality
from dermatrace_schemas.zones import ZONE_BY_CODE, ZONES, Zone

CONFIRMED_SNOMED = {
    "cheek": "60819002",
    "nose": "45206002",
    "lip": "48477009",
    "perioral": "123851003",
    "face": "302549007",
    "neck": "45048000",
    "abdomen": "113345001",
}
CONFIRMED_ICD11 = {
    "face": "XA86S4",
    "forehead": "XA6TR8",
    "cheek": "XA7MK8",
    "nose": "XA3H13",
    "perioral": "XA5A87",
    "neck": "XA7AA6",
    "scalp": "XA6CW5",
}


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.code)
def test_zone_can_be_sent_and_shown(zone: Zone) -> None:
    assert re.fullmatch(ZONE_PATTERN, zone.code)
    assert zone.name
    assert zone.lateralities
    assert set(zone.lateralities) <= set(get_args(Laterality))


def test_no_zone_or_code_is_listed_twice() -> None:
    for codes in (
        [zone.code for zone in ZONES],
        [zone.snomed for zone in ZONES if zone.snomed],
        [zone.icd11 for zone in ZONES if zone.icd11],
    ):
        assert [code for code, count in Counter(codes).items() if count > 1] == []
    assert len(ZONE_BY_CODE) == len(ZONES)


def test_only_confirmed_codes_are_filled_in() -> None:
    assert {zone.code: zone.snomed for zone in ZONES if zone.snomed} == CONFIRMED_SNOMED
    assert {zone.code: zone.icd11 for zone in ZONES if zone.icd11} == CONFIRMED_ICD11


def test_zone_on_the_midline_only_has_no_sides() -> None:
    assert ZONE_BY_CODE["glabella"].lateralities == ("midline",)
    assert "midline" not in ZONE_BY_CODE["cheek"].lateralities
