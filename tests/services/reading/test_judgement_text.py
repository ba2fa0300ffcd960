"""Numbers of a judgement in words."""

import pytest

from dermatrace.reading.judgement_text import adherence_words, day_of, day_text, share


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (1.0, "1.00"),
        (0.999999, "0.99"),
        (0.98, "0.98"),
        (0.29, "0.29"),
        (0.000001, "0.00"),
        (0.0, "0.00"),
        (None, "unknown"),
    ],
)
def test_only_all_of_it_reads_as_all(fraction: float | None, expected: str) -> None:
    assert share(fraction) == expected


@pytest.mark.parametrize(
    ("fraction", "why_not", "expected"),
    [
        (0.5, None, "0.50"),
        (None, "data_coverage", "too little data"),
        (None, "some_newer_reason", "some newer reason"),
        (None, None, "not yet"),
    ],
)
def test_adherence_is_a_share_or_says_why_not(
    fraction: float | None, why_not: str | None, expected: str
) -> None:
    assert adherence_words(fraction, why_not) == expected


def test_days_read_as_dates() -> None:
    assert (day_text(0), day_text(20_601), day_text(None)) == (
        "1970-01-01",
        "2026-05-28",
        "unknown",
    )
    assert day_of("2026-05-28") == 20_601
