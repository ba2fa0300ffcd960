"""How numbers and codes are said."""

import pytest

from dermatrace.console.words import age_words, amount, day_words, percent, plain_words


@pytest.mark.parametrize(
    ("fraction", "said"),
    [(1.0, "100 %"), (0.9999, "99.9 %"), (0.5, "50 %"), (0.0, "0 %"), (None, "unknown")],
)
def test_share_is_rounded_down_so_that_only_all_of_it_is_all(
    fraction: float | None, said: str
) -> None:
    assert percent(fraction) == said


@pytest.mark.parametrize(
    ("age_ms", "said"),
    [
        (-5, "0.0 s"),
        (400, "0.4 s"),
        (12_000, "12 s"),
        (150_000, "2 min"),
        (7_200_000, "2 h"),
        (200_000_000, "2 days"),
    ],
)
def test_age_is_said_in_the_unit_that_fits(age_ms: int, said: str) -> None:
    assert age_words(age_ms) == said


def test_codes_are_said_as_people_say_them() -> None:
    assert plain_words("rf_needling") == "RF needling"
    assert plain_words("with_declared_losses") == "with declared losses"


def test_number_has_the_decimals_of_the_device() -> None:
    assert (amount(1.5), amount(61.0, 0), amount(None)) == ("1.50", "61", "unknown")
    assert (day_words(0), day_words(None)) == ("1970-01-01", "unknown")
