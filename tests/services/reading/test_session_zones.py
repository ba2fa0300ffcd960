"""How far a zone's budget is used up."""

import pytest

from dermatrace.reading.session_zones import STEPS, Budget


@pytest.mark.parametrize(
    ("used", "step"),
    [(0, 0), (1, 1), (19, 1), (20, 2), (59, 3), (60, 4), (99, 5), (100, STEPS), (101, STEPS + 1)],
)
def test_zone_is_filled_in_five_steps_and_beyond_its_budget_in_a_sixth(
    used: float, step: int
) -> None:
    assert Budget("pass_count", used, 100, "1").step == step
