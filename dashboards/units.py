"""The unit of a field, read from the end of its name as the measurements' table promises."""

from collections.abc import Iterable
from typing import Final

from dermatrace.forward.measurements import MEASUREMENTS

MILLIMETRES: Final = "suffix:mm"
"""Grafana's own `lengthmm` shows 0.25 mm as 250 µm, beside 1.5 mm on the same axis."""
COUNT: Final = "locale"
"""Every digit, with separators: `short` makes 1,234 sessions 1.23 K."""
YES_NO: Final = "bool_yes_no"
SHARE: Final = "percentunit"
PLAIN: Final = "none"
TEXT: Final = "string"
MOMENT: Final = "dateTimeAsSystem"
AGE: Final = "dateTimeFromNow"
JOULE: Final = "joule"
"""Of millijoules divided by 1,000: Grafana then chooses mJ or J by itself."""

_BY_END: Final = {
    "_mm": MILLIMETRES,
    "_hz": "hertz",
    "_ohm": "ohm",
    "_celsius": "celsius",
    "_w": "watt",
    "_mj": JOULE,
    "_ma": "mamp",
    "_fraction": SHARE,
    "_ms": "ms",
    "_s": "s",
    "_count": COUNT,
    "_entries": COUNT,
    "_bytes": "bytes",
    "_number": PLAIN,
    "_value": PLAIN,
    "_seq": PLAIN,
}
_BY_NAME: Final = {
    "seq": PLAIN,
    "generation": PLAIN,
    "entry_id": PLAIN,
    "chain_matches": YES_NO,
    "clock_is_doubtful": YES_NO,
}
_MOMENTS: Final = frozenset(
    name
    for one in MEASUREMENTS
    for name, meaning in one.numbers.items()
    if meaning.endswith("milliseconds since 1970")
)


class UnitUnknownError(Exception):
    """Nobody can tell the unit of a field or of an expression."""


def unit_of_field(name: str) -> str:
    """Return Grafana's word for the unit of a number. Raises UnitUnknownError if there is none."""
    if name in _MOMENTS:
        return MOMENT
    if name.startswith("is_"):
        return YES_NO
    if name in _BY_NAME:
        return _BY_NAME[name]
    for end, unit in _BY_END.items():
        if name.endswith(end):
            return unit
    raise UnitUnknownError(f"{name}: add the end of its name to dashboards/units.py")


def unit_of_expression(expression: str, units: Iterable[str]) -> str:
    """Return the unit of an InfluxQL expression over fields of these units.

    Raises UnitUnknownError where arithmetic may have made another one of it: then say which.
    """
    known = set(units)
    if expression.startswith("count("):
        return COUNT
    is_in_joules = known == {JOULE}
    plain = expression.replace("/ 1000", "") if is_in_joules else expression
    if is_in_joules and plain == expression:
        raise UnitUnknownError(f"{expression}: divide millijoules by 1000")
    changes = any(sign in plain for sign in "*/") or plain.startswith(("elapsed(", "integral("))
    if changes or "derivative(" in plain or len(known) != 1:
        raise UnitUnknownError(f"{expression}: say its unit, it is made of {sorted(known)}")
    return known.pop()
