"""One judge of forwarding: what stands in InfluxDB against what the journal calls for.

Asks InfluxDB itself, in InfluxQL, and reads forward.db with its own queries. A point that InfluxDB
refused must stand in quarantine; every other one must stand in InfluxDB, once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from dermatrace import sqlite
from dermatrace.forward.measurements import MEASUREMENTS
from support.checker import SHOWN_MAX
from support.influx_org import InfluxOrg
from support.points_called_for import (
    WINDOW_VALUES,
    CalledFor,
    Group,
    Json,
    Point,
    points_called_for,
)

PointKey: TypeAlias = tuple[str, int]
"""What a point is about, and its place among those about the same."""
FATES: Final = ("forwarded", "quarantined", "expired", "erased", "superseded", "pending")


class Asked(NamedTuple):
    """How a measurement is asked for: what groups its points, what is compared."""

    grouping: tuple[str, ...]
    values: tuple[str, ...]
    """Some of them fields that every point has."""


_SESSION: Final = ("clinic", "device", "session")
_DOCUMENT: Final = (*_SESSION, "seq")
ASKED: Final = {
    "window": Asked(_DOCUMENT, ("zone", *WINDOW_VALUES)),
    "shot": Asked(_DOCUMENT, ("zone", "shot_number")),
    "sub_pulse": Asked(_DOCUMENT, ("depth_number", "sub_pulse_number", "impedance_start_ohm")),
    "channel": Asked(_DOCUMENT, ("depth_number", "sub_pulse_number", "channel")),
    "event": Asked(_DOCUMENT, ("event", "zone")),
    "device_state": Asked(
        ("clinic", "device", "source"),
        ("lifetime_session_number", "occurrence_count"),
    ),
    "record_event": Asked(("entry_id",), ("event",)),
    "rejection": Asked(("entry_id",), ("class",)),
    "session_state": Asked(_SESSION, ("generation", "state")),
    "finding": Asked(
        (*_SESSION, "finding_number"),
        ("generation", "rule", "priority", "envelope", "sentence", "is_cleared"),
    ),
    "session_summary": Asked(_SESSION, ("generation", "contact_ms", "adherence_fraction")),
    "zone_summary": Asked(
        (*_SESSION, "zone", "laterality"),
        ("generation", "contact_ms", "adherence_fraction"),
    ),
    "session_close": Asked(_SESSION, ("generation", "grade")),
    "limit": Asked(_DOCUMENT, ("generation", "quantity", "lower_value", "upper_value")),
}
POLICY_OF: Final = {one.name: one.bucket for one in MEASUREMENTS}
"""Where each lies, as docs/measurements.md says."""
LIMIT: Final = "limit"
"""The measurement that is outside the account."""


@dataclass(slots=True, repr=False)
class PointJudgement:
    """What the checker found in InfluxDB and in the account of points."""

    point_count: int = 0
    """Points that have to stand there."""
    lost: set[PointKey] = field(default_factory=set)
    """Called for by the journal, and neither in InfluxDB nor in quarantine."""
    doubled: set[PointKey] = field(default_factory=set)
    """In InfluxDB more than once, or though nothing calls for it."""
    different: set[PointKey] = field(default_factory=set)
    """At another time, or with other values, than the journal says."""
    quarantined_count: int = 0
    superseded_count: int = 0
    account_faults: list[str] = field(default_factory=list)
    """Where the account of points does not add up, or is not what stands in InfluxDB."""
    chain_faults: list[str] = field(default_factory=list)
    """What was wrong besides: with record, receipts, verdicts or processes."""

    @property
    def is_clean(self) -> bool:
        """Whether every point is there once, and everybody else went on undisturbed."""
        damage = self.lost or self.doubled or self.different
        return not (damage or self.account_faults or self.chain_faults)

    def __repr__(self) -> str:
        parts = [f"{self.point_count} points, {self.quarantined_count} in quarantine"]
        for name in ("lost", "doubled", "different"):
            keys = sorted(getattr(self, name))
            if keys:
                parts.append(f"{len(keys)} {name}, first {keys[:SHOWN_MAX]}")
        return "; ".join([*parts, *self.account_faults, *self.chain_faults[:SHOWN_MAX]])


def judge_points(
    journal: Path, forward_file: Path, org: InfluxOrg, shown: Mapping[str, int] | None = None
) -> PointJudgement:
    """Compare InfluxDB with a journal; `shown` is what forwarding's own page says of its points."""
    called = points_called_for(journal)
    found = PointJudgement(point_count=called.point_count)
    account = read_account(forward_file)
    excused = account.quarantined_by_entry()
    standing_count = 0
    for measurement, asked in ASKED.items():
        standing = _standing(org, measurement, asked)
        wanted = called.limits if measurement == LIMIT else called.points
        for group in standing.keys() | {g for g in wanted if g[0] == measurement}:
            _compare(found, group, wanted.get(group, []), standing.get(group, []), excused)
        if measurement != LIMIT:
            standing_count += sum(map(len, standing.values()))
    found.quarantined_count = account.counts["quarantined"]
    found.superseded_count = account.counts["superseded"]
    found.account_faults += _account_faults(account, called, standing_count)
    if shown is not None and dict(shown) != dict(account.whole()):
        found.account_faults.append(f"the page shows {dict(shown)}, forward.db {account.whole()}")
    return found


def _standing(org: InfluxOrg, measurement: str, asked: Asked) -> dict[Group, list[Json]]:
    """Return what stands in InfluxDB of a measurement, by what it is about."""
    names = ", ".join(f'"{name}"' for name in dict.fromkeys((*asked.grouping, *asked.values)))
    selected = f'SELECT {names} FROM "{POLICY_OF[measurement]}"."{measurement}"'  # noqa: S608  our own
    standing: dict[Group, list[Json]] = defaultdict(list)
    for series in org.query(selected):
        for row in series.rows():
            about = (row[name] for name in asked.grouping)
            standing[measurement, *map(_key, about)].append(row)
    return standing


def _key(told: str | float | None) -> str | int:
    """Return what groups points as documents tell it; nothing where a point does not say."""
    return int(told) if isinstance(told, int | float) else told or ""


def _compare(
    found: PointJudgement,
    group: Group,
    wanted: Iterable[Point],
    standing: Iterable[Json],
    excused: Counter[int],
) -> None:
    """Pair what is wanted with what stands there, first by time; note what is left over."""
    name = "/".join(map(str, group))
    by_time: dict[int, list[Json]] = defaultdict(list)
    for row in standing:
        by_time[row["time"]].append(row)
    unpaired: list[tuple[int, Point]] = []
    for place, point in enumerate(wanted):
        rows = [] if point.at_ns is None else by_time.get(point.at_ns, [])
        best = _best(point, rows)
        if best is None:
            unpaired.append((place, point))
            continue
        rows.remove(best)
        if not _agrees(point, best):
            found.different.add((name, place))
    others = [row for at_ns in sorted(by_time) for row in by_time[at_ns]]
    for place, point in unpaired:
        best = _best(point, others)
        if best is not None:
            others.remove(best)
            if point.at_ns is not None or not _agrees(point, best):
                found.different.add((name, place))
        elif excused[point.entry_id]:
            excused[point.entry_id] -= 1
        else:
            found.lost.add((name, place))
    found.doubled |= {(name, place) for place in range(len(others))}


def _best(point: Point, rows: list[Json]) -> Json | None:
    """Return the row that is the point, else one that may be meant, or None if there is none."""
    return next((row for row in rows if _agrees(point, row)), rows[0] if rows else None)


def _agrees(point: Point, row: Json) -> bool:
    return all(row[name] == value for name, value in point.values.items())


@dataclass(frozen=True, slots=True)
class AccountRead:
    """What forward.db says."""

    counts: Counter[str]
    quarantine: list[tuple[int, int]]
    """Entry, and 1 if the account counts the point; limits stand outside."""

    def quarantined_by_entry(self) -> Counter[int]:
        """Return how many points of each entry are in quarantine."""
        return Counter(entry_id for entry_id, _ in self.quarantine)

    def whole(self) -> dict[str, int]:
        """Return the numbers by name, those that are 0 too."""
        return {name: self.counts[name] for name in ("journalled", *FATES)}


def read_account(forward_file: Path) -> AccountRead:
    """Read the account of points and the quarantine."""
    with closing(sqlite.open_reader(forward_file)) as connection:
        counts = Counter(dict(connection.execute("SELECT name, point_count FROM account")))
        counts["pending"] = connection.execute("SELECT sum(pending_count) FROM streams").get or 0
        rows = connection.execute("SELECT entry_id, is_counted FROM quarantine")
        return AccountRead(counts, list(rows))


def _account_faults(account: AccountRead, called: CalledFor, standing_count: int) -> Iterable[str]:
    counts = account.counts
    if counts["journalled"] != sum(counts[fate] for fate in FATES):
        yield f"the account does not add up: {account.whole()}"
    if counts["journalled"] != called.journalled_count:
        yield f"{called.journalled_count} points follow from the journal: {account.whole()}"
    if counts["forwarded"] != standing_count:
        yield f"{standing_count} points stand in InfluxDB: {account.whole()}"
    if counts["quarantined"] != sum(is_counted for _, is_counted in account.quarantine):
        yield f"{len(account.quarantine)} points are in quarantine: {account.whole()}"
    if counts["pending"]:
        yield f"points are still pending: {account.whole()}"
