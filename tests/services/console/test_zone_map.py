"""Every published zone has its place, on its own side, with a label that can be read."""

from itertools import pairwise
from typing import get_args

import pytest

from dermatrace.console.zone_map import LABEL_GAP, WHICH, Amount, ZoneMap, drawing, maps_of
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.zones import ZONES

SIDES: tuple[Laterality, ...] = get_args(Laterality)


def _amount(zone: str, side: Laterality | None = None) -> Amount:
    return Amount(zone, side, zone, "2 of 3 passes", 3)


def _map(zone: str, side: Laterality | None) -> ZoneMap:
    (found,) = maps_of([_amount(zone, side)])
    return found


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.code)
def test_every_published_zone_is_drawn_on_one_drawing(zone: object) -> None:
    code = getattr(zone, "code", "")
    drawn = [which for which in WHICH if code in drawing(which).areas]
    assert len(drawn) == 1


def test_nothing_is_drawn_that_is_no_published_zone() -> None:
    codes = {zone.code for zone in ZONES}
    assert {code for which in WHICH for code in drawing(which).areas} == codes


def test_zone_that_is_not_drawn_is_left_to_the_table() -> None:
    assert maps_of([_amount("earlobe")]) == []


def test_left_of_the_person_is_right_on_the_page_seen_from_the_front() -> None:
    left, right = (_map("cheek", side).zones[0] for side in ("left", "right"))
    middle = drawing("face").areas["cheek"].middle
    assert left.at[0] > middle > right.at[0]
    assert (left.is_on_right, right.is_on_right) == (True, False)
    assert left.shapes[0].transform == ""
    assert "scale(-1 1)" in right.shapes[0].transform


def test_left_of_the_person_is_left_on_the_page_seen_from_behind() -> None:
    left, right = (_map("buttock", side).zones[0] for side in ("left", "right"))
    middle = drawing("body").areas["buttock"].middle
    assert left.at[0] < middle < right.at[0]


@pytest.mark.parametrize(
    ("side", "count"), [("left", 1), ("right", 1), ("bilateral", 2), (None, 2)]
)
def test_both_sides_are_filled_where_both_or_nobody_knows(
    side: Laterality | None, count: int
) -> None:
    assert len(_map("cheek", side).zones[0].shapes) == count


def test_half_of_what_lies_across_the_middle_is_cut_there() -> None:
    whole, left, right = (
        _map("forehead", side).zones[0].shapes[0] for side in ("midline", "left", "right")
    )
    middle = drawing("face").areas["forehead"].middle
    assert whole.clip_from is None
    assert (left.clip_from, right.clip_from) == (middle, middle)
    assert (left.transform, bool(right.transform)) == ("", True)


def test_labels_never_cover_one_another_and_stay_on_the_paper() -> None:
    face = [zone.code for zone in ZONES if zone.code in drawing("face").areas]
    (found,) = maps_of([_amount(code, "left") for code in face[:11]])
    for is_on_right in (True, False):
        heights = sorted(one.label[1] for one in found.zones if one.is_on_right is is_on_right)
        apart = [low - high for high, low in pairwise(heights)]
        assert all(gap >= LABEL_GAP for gap in apart)
        assert all(0 < height < found.height for height in heights)


def test_face_and_body_are_two_maps() -> None:
    assert [one.which for one in maps_of([_amount("thigh", "left"), _amount("nose")])] == [
        "face",
        "body",
    ]
