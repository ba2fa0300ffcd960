"""How numbers and codes are said on a page."""

from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

UNKNOWN: Final = "unknown"
_SECOND_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
_TENTH: Final = Decimal("0.1")


class Mark(NamedTuple):
    """How a priority looks when colour is not seen."""

    shape: str
    word: str


PRIORITY_MARKS: Final = {
    "high": Mark("▲", "high"),
    "medium": Mark("◆", "medium"),
    "low": Mark("●", "low"),
    "technical": Mark("▢", "technical"),
}


_SPELLED: Final = {"rf": "RF", "id": "ID", "json": "JSON"}


def plain_words(code: str) -> str:
    """Return a code of ours as people say it: `with_declared_losses`, `gate.consent`."""
    return " ".join(_SPELLED.get(part, part) for part in code.split("_"))


def sentence_case(text: str) -> str:
    """Return words with their first letter large; names in them stay as they are."""
    return text[:1].upper() + text[1:]


def percent(fraction: float | None) -> str:
    """Return a share in percent, rounded down: only all of it reads 100 %."""
    if fraction is None:
        return UNKNOWN
    told = (Decimal(str(fraction)) * 100).quantize(_TENTH, ROUND_DOWN)
    return f"{told.normalize():f} %"


def amount(value: float | None, digits: int = 2) -> str:
    """Return a number with as many decimals as the device has."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def day_words(clinic_day: int | None) -> str:
    """Return a day of the clinic's calendar."""
    if clinic_day is None:
        return UNKNOWN
    return (date(1970, 1, 1) + timedelta(days=clinic_day)).isoformat()


def age_words(age_ms: int) -> str:
    """Return how long ago something was, in the unit that fits."""
    if age_ms < 10 * _SECOND_MS:
        return f"{max(0, age_ms) / _SECOND_MS:.1f} s"
    for unit_ms, unit, until_ms in (
        (_SECOND_MS, "s", 2 * _MINUTE_MS),
        (_MINUTE_MS, "min", 2 * _HOUR_MS),
        (_HOUR_MS, "h", 2 * _DAY_MS),
    ):
        if age_ms < until_ms:
            return f"{age_ms // unit_ms} {unit}"
    return f"{age_ms // _DAY_MS} days"
