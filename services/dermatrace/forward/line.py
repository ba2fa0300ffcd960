"""Line protocol: one point as one line of text.

measurement,tag=value,tag=value field=1.0,field="text" 1767225600000000000
"""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from dermatrace.forward.measurement import UNKNOWN, Measurement

NS_PER_MS: Final = 1_000_000
NS_PER_SEQ: Final = 1_000
SEQ_CYCLE: Final = 1_000
"""Documents told apart within one millisecond: a sender has at most 200 in flight."""

_SPECIAL: Final = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})


def tag(value: str | None) -> str:
    """Return a tag's value as it stands in a line; nothing becomes `unknown`.

    A backslash cannot be escaped in a tag, and a control character could end the line: both are
    written as `_`. The record keeps the text as it came.
    """
    if not value:
        return UNKNOWN
    if not value.isprintable() or "\\" in value:
        value = "".join(c if c.isprintable() and c != "\\" else "_" for c in value)
    return value.translate(_SPECIAL)


def text(value: str) -> str:
    """Return a text field's value as it stands in a line."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def prefix(measurement: Measurement, tags: Mapping[str, str]) -> str:
    """Return name and tags, which many points share; `tags` holds values made by `tag`.

    Sorted by name, as InfluxDB wants them. Raises KeyError if one is missing.
    """
    pairs = ",".join(f"{name}={tags[name]}" for name in sorted(measurement.tags))
    return f"{measurement.name},{pairs}"


def line(
    start: str,
    at_ns: int,
    numbers: Mapping[str, float | None],
    texts: Mapping[str, str | None] | None = None,
) -> str:
    """Return one point; what is None is left out. At least one field must be given.

    So is what is beyond a float, as a sum of readings can be: InfluxDB has no word for it and would
    refuse the whole point.
    """
    fields = [
        f"{name}={value}"
        for name, value in numbers.items()
        if value is not None and isfinite(value)
    ]
    if texts:
        fields += [f"{name}={text(value)}" for name, value in texts.items() if value is not None]
    return f"{start} {','.join(fields)} {at_ns}"


def time_ns(at_ms: float, seq: int, place: int = 0) -> int:
    """Return a point's time: what lies below the millisecond tells documents and places apart."""
    return int(at_ms) * NS_PER_MS + seq % SEQ_CYCLE * NS_PER_SEQ + place
