"""A content as it is read by people: like its file, limits in one line."""

from pydantic import JsonValue

from dermatrace.reading.registry_text import lines_of_content, moment
from dermatrace.registry.load import load_folder
from dermatrace_schemas.library import sample_clinic
from support.registry_shelf import UNSET


def _lines(**content: JsonValue) -> list[str]:
    return list(lines_of_content(content))


def test_limit_is_one_line_with_unit_source_and_trust() -> None:
    limit: JsonValue = {**UNSET, "value": 0.25, "source": "a page"}
    assert _lines(upper=limit) == ["upper: depth 0.25 mm — a page [U]"]


def test_number_is_shown_as_it_was_written_and_without_a_unit_if_it_has_none() -> None:
    limit: JsonValue = {**UNSET, "quantity": "persistence", "unit": "1", "value": 1.0000000001}
    assert _lines(upper=limit) == ["upper: persistence 1.0000000001 — none [U]"]


def test_unset_limit_says_who_must_enter_it() -> None:
    line = "upper: depth unset, the director must enter it — none [U]"
    assert _lines(upper=UNSET) == [line]


def test_moment_of_a_content_is_shown_as_a_time_and_a_duration_inside_is_not() -> None:
    assert _lines(valid_from_ms=1_772_323_200_000, valid_until_ms=None, rated={"hold_ms": 5}) == [
        "valid_from: 2026-03-01 00:00:00Z",
        "valid_until_ms: null",
        "rated:",
        "  hold_ms: 5",
    ]


def test_latest_possible_moment_can_be_shown() -> None:
    assert moment(253_402_300_799_999) == "9999-12-31 23:59:59Z"


def test_lists_are_written_as_in_a_file() -> None:
    assert _lines(zones=["face", "nose"], bands=[{"zones": ["face"], "upper": UNSET}], a=[]) == [
        "zones: [face, nose]",
        "bands:",
        "  - zones: [face]",
        "    upper: depth unset, the director must enter it — none [U]",
        "a: []",
    ]


def test_every_content_of_the_sample_shows_each_of_its_members() -> None:
    for document in load_folder(sample_clinic()).documents:
        lines = list(lines_of_content(document.content))
        names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
        assert names == [name.removesuffix("_ms") for name in document.content]
