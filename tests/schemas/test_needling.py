"""Windows of needling are columns of equal length."""

import pytest

from dermatrace_schemas.limits import WINDOWS_PER_DOCUMENT_MAX
from dermatrace_schemas.needling import COLUMNS, NeedlingWindows
from dermatrace_schemas.parse import Unreadable, parse
from support.vectors import example, with_changes

KIND = "needling.windows"


def test_columns_are_every_list_of_the_document_but_the_offsets() -> None:
    lists = {name for name, value in example(KIND).items() if isinstance(value, list)}
    assert lists == {*COLUMNS, "offset_ms"}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("values", [[1], [1, 1, 1, 1], []])
def test_column_of_another_length_is_refused_by_name(column: str, values: list[int]) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("session", with_changes(KIND, **{column: values}))
    assert column in caught.value.detail or caught.value.path == column


@pytest.mark.parametrize("column", COLUMNS)
def test_column_may_be_absent_or_hold_nothing_valid(column: str) -> None:
    absent = parse("session", with_changes(KIND, **{column: None}))
    silent = parse("session", with_changes(KIND, **{column: [None, None, None]}))
    assert getattr(absent, column) is None
    assert getattr(silent, column) == [None, None, None]


@pytest.mark.parametrize("offsets", [[0, 0, 1], [2, 1, 3], [0, 200, 199]])
def test_offsets_that_do_not_rise_are_refused(offsets: list[int]) -> None:
    with pytest.raises(Unreadable, match="must rise"):
        parse("session", with_changes(KIND, offset_ms=offsets))


def test_as_many_windows_as_allowed_are_read_and_one_more_is_refused() -> None:
    def windows(count: int) -> bytes:
        columns = {name: [1] * count for name in COLUMNS}
        return with_changes(KIND, offset_ms=[200 * number for number in range(count)], **columns)

    document = parse("session", windows(WINDOWS_PER_DOCUMENT_MAX))
    assert isinstance(document, NeedlingWindows)
    assert len(document.offset_ms) == WINDOWS_PER_DOCUMENT_MAX
    with pytest.raises(Unreadable, match="at most 20"):
        parse("session", windows(WINDOWS_PER_DOCUMENT_MAX + 1))


def test_implausible_depth_is_recorded_as_it_came() -> None:
    document = parse("session", with_changes(KIND, depth_commanded_mm=[40, -1.5, 0]))
    assert isinstance(document, NeedlingWindows)
    assert document.depth_commanded_mm == [40, -1.5, 0]


def test_zero_and_no_reading_stay_apart() -> None:
    document = parse("session", with_changes(KIND, stroke_rate_hz=[0, None, 0.0]))
    assert isinstance(document, NeedlingWindows)
    assert document.stroke_rate_hz == [0, None, 0]
    assert document.stroke_rate_hz[1] is None
