"""InfluxDB as far as forwarding sees it, in memory: points by measurement, tags and time."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from line_protocol_parser import parse_line

from dermatrace.errors import PointsRefused
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.forward.point_store import BucketFacts

NS_PER_S: Final = 1_000_000_000
_LINE: Final = re.compile(
    r"(?:[^ \n\\]|\\.)+"  # name and tags: a quote is a letter like any other
    r' (?:[^"\n]|"(?:[^"\\]|\\.)*")+',  # fields and time: a quoted text may hold line ends
    re.DOTALL,
)
_CONDITION: Final = re.compile(r'(\w+)="([^"\\]*)"')
Value = float | str
Judge = Callable[[str], str | None]
"""Says of one line why it is refused, or None."""


class PointKey(NamedTuple):
    """What makes a point one point: written again, it is the same one."""

    bucket: Bucket
    measurement: str
    tags: tuple[tuple[str, str], ...]
    at_ns: int

    @property
    def tag(self) -> dict[str, str]:
        """The tags by name."""
        return dict(self.tags)


class Asked(NamedTuple):
    """One request."""

    what: Literal["write", "delete", "facts"]
    bucket: Bucket
    lines: tuple[str, ...] = ()
    predicate: str = ""


@dataclass
class PointShelf:
    """Keeps points as InfluxDB does, refuses as it does, and notes what it was asked."""

    now_ms: Callable[[], int] = lambda: 0
    """For retention; without it nothing is too old."""
    refuse: Judge = lambda _: None
    status: int = 422
    """With which lines are refused. With 400 and 413 the others are not taken either."""
    points: dict[PointKey, dict[str, Value]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    written_over: list[PointKey] = field(default_factory=list)
    """Points that stood there and were told anew; a finding that clears is meant to."""
    retention_s: dict[Bucket, int] = field(default_factory=lambda: {"raw": 0, "sessions": 0})
    bucket_ids: dict[Bucket, str] = field(default_factory=lambda: {"raw": "b1", "sessions": "b2"})
    before: Callable[[Asked], None] = lambda _: None
    """Called with each request before it is looked at; may raise."""
    after: Callable[[Asked], None] = lambda _: None
    """Called with each request once it is done, before it is answered; may raise."""

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Keep these points; raises PointsRefused as InfluxDB would."""
        lines = tuple(split_lines(body.decode()))
        asked = self._ask(Asked("write", bucket, lines))
        words = {line: said for line in lines if (said := self._refused(bucket, line))}
        if not words or self.status == 422:
            for line in lines:
                if line not in words:
                    self._keep(bucket, line)
        self.after(asked)
        if words:
            raise PointsRefused(self.status, next(iter(words.values())))

    def delete(self, bucket: Bucket, predicate: str, at_ns: int | None = None) -> None:
        """Forget the points that a predicate fits."""
        asked = self._ask(Asked("delete", bucket, predicate=predicate))
        conditions = dict(_conditions(predicate))
        name = conditions.pop("_measurement", None)
        for key in list(self.points):
            if (
                key.bucket == bucket
                and name in {None, key.measurement}
                and at_ns in {None, key.at_ns}
                and conditions.items() <= key.tag.items()
            ):
                del self.points[key]
        self.after(asked)

    def facts(self, bucket: Bucket) -> BucketFacts:
        """Return what is to be known of a bucket."""
        self._ask(Asked("facts", bucket))
        return BucketFacts(self.bucket_ids[bucket], self.retention_s[bucket])

    def named(self, measurement: str) -> dict[PointKey, dict[str, Value]]:
        """Return the points of one measurement."""
        return {key: told for key, told in self.points.items() if key.measurement == measurement}

    def fields(self, measurement: str) -> list[dict[str, Value]]:
        """Return the fields of its points, by time."""
        found = self.named(measurement)
        return [found[key] for key in sorted(found, key=lambda key: (key.at_ns, key.tags))]

    def counted(self) -> int:
        """Return how many points stand here that the account calls forwarded."""
        uncounted = {"limit", "pipeline"}
        return sum(key.measurement not in uncounted for key in self.points)

    def _ask(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        self.before(asked)
        return asked

    def _refused(self, bucket: Bucket, line: str) -> str | None:
        kept_s, at_ns = self.retention_s[bucket], int(line.rpartition(" ")[2])
        if kept_s and at_ns < self.now_ms() * 1_000_000 - kept_s * NS_PER_S:
            return "partial write: dropped 1 points outside retention policy of duration 1h0m0s"
        return self.refuse(line)

    def _keep(self, bucket: Bucket, line: str) -> None:
        told = parse_line(line)
        for name, value in told["fields"].items():
            assert isinstance(value, float | str), f"{name} is {value!r}: no float and no text"
        tags = tuple(sorted(told["tags"].items()))
        key = PointKey(bucket, told["measurement"], tags, told["time"])
        if key in self.points and told["fields"].get("is_cleared") != 1.0:
            self.written_over.append(key)
        self.points.setdefault(key, {}).update(told["fields"])


BUCKET_OF: Final = {one.name: one.bucket for one in MEASUREMENTS}


def split_lines(text: str) -> Iterator[str]:
    """Yield the lines of a request; a text within quotes may go over several."""
    at = 0
    while at < len(text):
        found = _LINE.match(text, at)
        assert found is not None, f"no line protocol from here: {text[at : at + 200]!r}"
        yield found[0]
        at = found.end() + 1
        assert text[at - 1 : at] in {"", "\n"}, f"not the end of a line: {text[at - 20 : at]!r}"


def _conditions(predicate: str) -> Iterator[tuple[str, str]]:
    for condition in predicate.split(" AND "):
        found = _CONDITION.fullmatch(condition)
        assert found is not None, f"not a condition that InfluxDB takes: {condition!r}"
        yield found[1], found[2]
