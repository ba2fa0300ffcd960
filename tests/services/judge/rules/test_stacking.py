"""Two shots on one spot are told by cell or by distance; without a position nobody can tell."""

import pytest

from dermatrace.judge.case import Case
from dermatrace.judge.defaults import STACKING_DISTANCE
from dermatrace.judge.rules.row import Hit
from dermatrace.judge.rules.stacking import RULES, SHOTS_KEPT_MAX
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace_schemas.rf import Position
from support.limited_cases import (
    CHIN,
    LEFT_CHEEK,
    MODEL_DIGEST,
    PROTOCOL_DIGEST,
    band,
    case_of,
    fire,
    look,
    pulse,
)

TWO_SECONDS = band("pulse_stacking_interval", lower=2.0)
CELL = Position(cell="r1c1")


def _shoot(
    case: Case,
    at_ms: int,
    position: Position | None = CELL,
    *,
    spot: Spot = LEFT_CHEEK,
    boot_id: str = "boot-1",
) -> list[Hit]:
    fire(case, pulse(900.0), spot=spot, at_ms=at_ms, position=position, boot_id=boot_id)
    return look(case, RULES, "exposure.stacking")


def test_same_cell_again_too_soon_names_the_time_between() -> None:
    case = case_of(TWO_SECONDS)
    assert _shoot(case, 10_000) == []
    (hit,) = _shoot(case, 11_200)  # 11.2 s - 10 s = 1.2 s
    assert (hit.measured_value, hit.limit_value, hit.unit) == (1.2, 2.0, "s")
    assert (hit.envelope, hit.digests) == ("clinic_protocol", (PROTOCOL_DIGEST,))
    assert "at left cheek landed on one spot within 1.2 s, less than the 2 s" in hit.sentence


def test_same_cell_after_the_interval_is_no_hit() -> None:
    case = case_of(TWO_SECONDS)
    assert _shoot(case, 10_000) == []
    assert _shoot(case, 12_000) == []


def test_another_cell_or_the_same_cell_elsewhere_is_another_spot() -> None:
    case = case_of(TWO_SECONDS)
    assert _shoot(case, 10_000) == []
    assert _shoot(case, 10_500, Position(cell="r1c2")) == []
    assert _shoot(case, 11_000, spot=CHIN) == []
    assert _shoot(case, 11_500, spot=Spot("cheek", "right")) == []


@pytest.mark.parametrize(
    ("x_mm", "y_mm", "hits"),
    [
        (3.0, 3.9, 1),  # 3^2 + 3.9^2 = 24.21 < 25: nearer than 5 mm
        (3.0, 4.0, 0),  # 3^2 + 4^2 = 25: exactly 5 mm
        (10.0, 0.0, 0),
    ],
)
def test_shots_nearer_than_the_distance_are_on_one_spot(
    x_mm: float, y_mm: float, hits: int
) -> None:
    assert STACKING_DISTANCE.value == 5.0
    case = case_of(TWO_SECONDS)
    assert _shoot(case, 0, Position(x_mm=0.0, y_mm=0.0)) == []
    assert len(_shoot(case, 700, Position(x_mm=x_mm, y_mm=y_mm))) == hits


def test_latest_of_several_shots_on_the_spot_counts() -> None:
    case = case_of(TWO_SECONDS)
    for at_ms in (0, 500, 900):
        _shoot(case, at_ms)
    assert [hit.measured_value for hit in _shoot(case, 1_200)] == [0.3]  # 1.2 s - 0.9 s


def test_insertion_without_energy_stacks_nothing() -> None:
    case = case_of(TWO_SECONDS)
    fire(case, at_ms=0, position=CELL)
    assert look(case, RULES, "exposure.stacking") == []
    assert _shoot(case, 500) == []


def test_another_start_of_the_device_begins_to_count_anew() -> None:
    case = case_of(TWO_SECONDS)
    assert _shoot(case, 10_000) == []
    assert _shoot(case, 10_500, boot_id="boot-2") == []
    assert len(_shoot(case, 11_000, boot_id="boot-2")) == 1


def test_shots_remembered_are_bounded() -> None:
    case = case_of(TWO_SECONDS)
    for number in range(SHOTS_KEPT_MAX + 10):
        place = Position(x_mm=10.0 * number, y_mm=0.0, cell=f"c{number}")
        assert _shoot(case, 300 * number, place) == []
    # Four numbers a point, two a cell.
    sizes = [len(kept) for kept in case.state.lists.values()]
    assert sorted(sizes) == [2 * SHOTS_KEPT_MAX, 4 * SHOTS_KEPT_MAX]


def test_outside_the_label_alone_is_no_fault() -> None:
    case = case_of(label=[TWO_SECONDS])
    _shoot(case, 0)
    (hit,) = _shoot(case, 500)
    assert (hit.envelope, hit.priority, hit.digests) == (
        "cleared_label",
        "medium",
        (MODEL_DIGEST,),
    )


@pytest.mark.parametrize(
    ("position", "spot", "about"),
    [
        (None, LEFT_CHEEK, "position"),
        (Position(), LEFT_CHEEK, "position"),
        (Position(x_mm=1.0), LEFT_CHEEK, "position"),
        (CELL, NOWHERE, "zone"),
    ],
)
def test_limit_without_a_place_cannot_be_assessed(
    position: Position | None, spot: Spot, about: str
) -> None:
    case = case_of(TWO_SECONDS)
    for at_ms in (0, 500):
        assert _shoot(case, at_ms, position, spot=spot) == []
        (hit,) = look(case, RULES, "exposure.stacking_unknown")
        assert (hit.about, hit.digests) == (about, (PROTOCOL_DIGEST,))
        assert "cannot be assessed" in hit.sentence


@pytest.mark.parametrize("position", [CELL, Position(x_mm=0.0, y_mm=0.0)])
def test_known_place_leaves_nothing_unknown(position: Position) -> None:
    case = case_of(TWO_SECONDS)
    _shoot(case, 0, position)
    assert look(case, RULES, "exposure.stacking_unknown") == []


def test_without_a_limit_no_place_is_asked_for_and_nothing_is_remembered() -> None:
    case = case_of(band("pulse_stacking_interval"))
    assert _shoot(case, 0) == []
    assert _shoot(case, 1, None) == []
    assert look(case, RULES, "exposure.stacking_unknown") == []
    assert case.state.lists == {}
