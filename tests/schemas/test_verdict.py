"""A verdict says what it rests on, and never claims more than it assessed."""

from typing import Any

import pytest

from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.verdict import PINS_PER_VERDICT_MAX
from support.vectors import example, example_bytes, with_changes

ASSESSED = {"fraction": 1.0, "why_not": None, "assessed_count": 44, "within_count": 44}
PIN: dict[str, Any] = example("verdict.opened")["pins"][0]


@pytest.mark.parametrize(
    ("adherence", "complaint"),
    [
        ({"fraction": None, "why_not": None}, "either fraction or why_not"),
        ({"fraction": 0.5, "why_not": "data_coverage"}, "either fraction or why_not"),
        ({"within_count": 45}, "45 within of 44"),
        ({"fraction": 1.5}, "less than or equal to 1"),
    ],
)
def test_adherence_that_contradicts_itself_is_refused(
    adherence: dict[str, Any], complaint: str
) -> None:
    payload = with_changes("verdict.summary", adherence=ASSESSED | adherence)
    with pytest.raises(Unreadable, match=complaint):
        parse("verdict", payload)


def test_word_adherent_needs_closed_gates_and_an_assessment() -> None:
    assert parse(
        "verdict",
        with_changes("verdict.summary", adherence=ASSESSED, open_gates=[], adherent=True),
    )
    with pytest.raises(Unreadable, match="no open gate"):
        parse("verdict", with_changes("verdict.summary", adherence=ASSESSED, adherent=True))
    with pytest.raises(Unreadable, match="assessed fraction"):
        parse("verdict", with_changes("verdict.summary", open_gates=[], adherent=True))


@pytest.mark.parametrize(
    ("scope", "zone", "fits"),
    [
        ("session", None, True),
        ("unknown_zone", None, True),
        ("zone", "cheek", True),
        ("zone", None, False),
        ("session", "cheek", False),
        ("unknown_zone", "cheek", False),
    ],
)
def test_summary_of_a_zone_names_it_and_others_do_not(
    scope: str, zone: str | None, *, fits: bool
) -> None:
    payload = with_changes("verdict.summary", scope=scope, zone=zone)
    if fits:
        assert parse("verdict", payload)
        return
    with pytest.raises(Unreadable, match="do not go together"):
        parse("verdict", payload)


def test_extreme_value_needs_a_unit() -> None:
    with pytest.raises(Unreadable, match="needs a unit"):
        parse("verdict", with_changes("verdict.finding_cleared", unit=None))


@pytest.mark.parametrize(("count", "fits"), [(0, True), (64, True), (65, False)])
def test_pins_are_bounded_and_fit_into_a_document(count: int, *, fits: bool) -> None:
    assert PINS_PER_VERDICT_MAX == 64
    payload = with_changes("verdict.opened", pins=[PIN] * count)
    if fits:
        assert parse("verdict", payload)
        return
    with pytest.raises(Unreadable) as caught:
        parse("verdict", payload)
    assert caught.value.path == "pins"


def test_same_verdict_is_the_same_bytes() -> None:
    def once() -> str:
        document = parse("verdict", example_bytes("verdict.opened"))
        return document.model_dump_json(exclude_unset=True)

    assert once() == once()
