"""The page is its results: every row, every circumstance, each ratio by its rounds."""

import pytest
from benchmarks.page import Circumstances, number, render
from benchmarks.rounds import Result, Row

CIRCUMSTANCES = Circumstances("2026-03-01", "python -m benchmarks", [("cores", "2 of 2")])
SPEEDS = Result(
    "speeds",
    "Things a second.\n\nIt is not distance.",
    (
        Row("walking", "m/s", (1.0, 2.0, 4.0), "walking"),
        Row("running", "m/s", (3.0, 4.0, 6.0), "walking"),
        Row("weight", "kg", (70.0,)),
    ),
)
SIZES = Result("sizes", "How big.", (Row("file", "MiB", (1234.5,)),))


def test_page_tells_when_how_and_on_what() -> None:
    page = render([SPEEDS], CIRCUMSTANCES)
    assert "`python -m benchmarks` on 2026-03-01" in page
    assert "| cores | 2 of 2 |" in page


def test_page_has_every_benchmark_with_its_words_and_every_row() -> None:
    page = render([SPEEDS, SIZES], CIRCUMSTANCES)
    assert "## speeds\n\nThings a second.\n\nIt is not distance.\n" in page
    for result in (SPEEDS, SIZES):
        for row in result.rows:
            assert f"| {row.name} | {number(row.median)} |" in page


def test_row_shows_median_span_and_ratio_of_its_rounds() -> None:
    page = render([SPEEDS, SIZES], CIRCUMSTANCES)
    assert "| walking | 2 | 1 to 4 | m/s | baseline |" in page
    assert "| running | 4 | 3 to 6 | m/s | 2.00 |" in page
    assert "| file | 1,234 | - | MiB | - |" in page


def test_ratio_is_taken_round_by_round_so_that_a_drift_cancels_out() -> None:
    drifting = Result(
        "drift",
        "",
        (
            Row("base", "1/s", (100.0, 50.0, 10.0), "base"),
            Row("half", "1/s", (50.0, 25.0, 5.0), "base"),
        ),
    )
    assert drifting.ratio(drifting.rows[1]) == 0.5


def test_rounds_of_unequal_number_are_refused() -> None:
    uneven = Result("uneven", "", (Row("a", "s", (1.0, 2.0), "a"), Row("b", "s", (1.0,), "a")))
    with pytest.raises(ValueError, match="argument 2"):
        uneven.ratio(uneven.rows[1])


@pytest.mark.parametrize(
    ("value", "written"),
    [(12345.6, "12,346"), (99.94, "99.9"), (1.2345, "1.23"), (0.0123, "0.0123")],
)
def test_number_has_about_three_digits(value: float, written: str) -> None:
    assert number(value) == written
