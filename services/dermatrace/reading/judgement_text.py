"""How the numbers of a judgement are said in words."""

from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

_FIRST_DAY: Final = date(1970, 1, 1)
_HUNDREDTH: Final = Decimal("0.01")
_WHY_NOT: Final = {
    "no_protocol": "no protocol",
    "not_approved": "protocol not approved",
    "limits_unset": "limits not entered",
    "data_coverage": "too little data",
    "no_contact": "no contact",
    "zone_unknown": "zone unknown",
    "unknown_clock": "clock not set",
    "erased": "erased",
}
NOT_YET: Final = "not yet"
"""Of a session that goes on."""
UNKNOWN: Final = "unknown"


def share(fraction: float | None) -> str:
    """Return a share with two decimals, rounded down: only all of it reads 1.00."""
    if fraction is None:
        return UNKNOWN
    return str(Decimal(str(fraction)).quantize(_HUNDREDTH, ROUND_DOWN))


def adherence_words(fraction: float | None, why_not: str | None) -> str:
    """Return adherence, or why it cannot be assessed."""
    if fraction is not None:
        return share(fraction)
    return NOT_YET if why_not is None else _WHY_NOT.get(why_not, why_not.replace("_", " "))


def day_text(clinic_day: int | None) -> str:
    """Return a day of the clinic's calendar."""
    if clinic_day is None:
        return UNKNOWN
    return (_FIRST_DAY + timedelta(days=clinic_day)).isoformat()


def day_of(text: str) -> int:
    """Return the day a date names, since 1970. Raises ValueError if it is none."""
    return (date.fromisoformat(text) - _FIRST_DAY).days
