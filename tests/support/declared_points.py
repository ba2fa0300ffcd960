"""Points against the table of measurements: exactly its tags, and no field it does not name."""

from collections.abc import Iterable, Mapping
from typing import Final

from dermatrace.forward.measurements import MEASUREMENTS
from support.point_shelf import PointKey, Value

DECLARED: Final = {one.name: one for one in MEASUREMENTS}
Field = tuple[str, str]
"""Measurement and field."""
JOURNALLED_FIELDS: Final = {
    (one.name, field)
    for one in MEASUREMENTS
    if one.is_journalled
    for field in (*one.numbers, *one.texts)
}


def undeclared(points: Mapping[PointKey, Mapping[str, Value]]) -> list[str]:
    """Return what stands there and should not, in words; nothing if all is well."""
    return [words for key, told in points.items() for words in _offences(key, told)]


def fields_seen(points: Mapping[PointKey, Mapping[str, Value]]) -> set[Field]:
    """Return every field that some point has."""
    return {(key.measurement, name) for key, told in points.items() for name in told}


def _offences(key: PointKey, told: Mapping[str, Value]) -> Iterable[str]:
    one = DECLARED.get(key.measurement)
    if one is None or one.bucket != key.bucket:
        yield f"{key.measurement} does not belong into {key.bucket}"
        return
    if tuple(sorted(one.tags)) != tuple(name for name, _ in key.tags):
        yield f"{one.name} has the tags {', '.join(key.tag)}"
    if "" in key.tag.values():
        yield f"{one.name} has an empty tag"
    for name, value in told.items():
        kind = {float: one.numbers, str: one.texts}[type(value)]
        if name not in kind:
            yield f"{one.name}.{name} is {value!r}"
