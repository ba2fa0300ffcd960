"""Which points a journal calls for in InfluxDB, counted once more in plain Python.

Knows documents as JSON, and nothing of the code that renders them.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader

Json: TypeAlias = dict[str, Any]
Group: TypeAlias = tuple[str | int, ...]
"""What points are about: measurement, then clinic, device, session, then number or name. Several
points may be about the same: the windows of one document."""
Session: TypeAlias = tuple[str, str, str]
"""Clinic, device, session."""
JUDGE: Final = "judge"
CLOCK_AGREES_MS: Final = 1_000
"""As far as the wall clock may go apart from the uptime for a boot's times to be sure."""
WINDOW_VALUES: Final = ("stroke_count", "depth_commanded_mm", "depth_measured_median_mm")
_NOT_LIMITED_BY_PLACE: Final = frozenset({"age", "interval", "session_count", "persistence"})
_OLDER_GO: Final = frozenset(
    {
        "verdict.finding_raised",
        "verdict.finding_cleared",
        "verdict.summary",
        "verdict.closed",
    }
)


@dataclass(frozen=True, slots=True)
class Point:
    """One point that has to stand in InfluxDB."""

    entry_id: int
    at_ns: int | None
    """None: the device's clock is in doubt, and any time will do."""
    values: Json
    """Some of its tags and fields."""


@dataclass(slots=True)
class CalledFor:
    """Everything a journal calls for."""

    points: dict[Group, list[Point]] = field(default_factory=lambda: defaultdict(list))
    limits: dict[Group, list[Point]] = field(default_factory=lambda: defaultdict(list))
    """What is drawn beside readings, outside the account."""
    journalled_count: int = 0
    superseded_count: int = 0
    """Of these, replaced by a newer judgement, or by a finding's end."""

    @property
    def point_count(self) -> int:
        """How many points have to stand there, limits included."""
        return sum(len(points) for of in (self.points, self.limits) for points in of.values())

    def add(self, group: Group, *points: Point) -> None:
        """Call for points."""
        self.points[group] += points
        self.journalled_count += len(points)


def points_called_for(journal: Path) -> CalledFor:
    """Read a whole journal."""
    called = CalledFor()
    sessions: dict[Session, list[tuple[Entry, Json]]] = defaultdict(list)
    verdicts: dict[tuple[str, str], list[tuple[Entry, Json]]] = defaultdict(list)
    bands: dict[tuple[str, str], list[Json]] = {}
    for entry in _entries(journal):
        document: Json = {} if entry.outcome in _UNREAD else json.loads(entry.payload or b"{}")
        clinic, sender, sort, name = (*entry.topic.split("/"), "", "", "", "")[2:6]
        if entry.outcome == "system":
            _system(called, entry, document)
        elif entry.outcome in _UNREAD:
            point = Point(entry.entry_id, _received_ns(entry), {"class": sort})
            called.add(("rejection", entry.entry_id), point)
        elif sort == "session" and document:
            sessions[clinic, sender, name].append((entry, document))
        elif sort == "verdict" and sender == JUDGE and document:
            verdicts[clinic, name].append((entry, document))
        elif document.get("kind") == "registry.protocol":
            bands[clinic, document["digest"]] = document["content"]["bands"]
        elif sort in {"announcement", "status"}:
            point = Point(entry.entry_id, _received_ns(entry), {})
            called.add(("device_state", clinic, sender, sort), point)
    clocks = {session: _Clock(told) for session, told in sessions.items()}
    for session, told in sessions.items():
        for entry, document in sorted(told, key=lambda pair: pair[1]["seq"]):
            _session_document(called, session, entry, document, clocks[session])
    _judgements(called, verdicts, sessions, clocks, bands)
    return called


_UNREAD: Final = frozenset({"rejected", "conflict"})


class _Clock:
    """When the documents of one session happened, where its device's clock leaves no doubt."""

    def __init__(self, told: Iterable[tuple[Entry, Json]]) -> None:
        self._offsets: dict[str, set[int]] = defaultdict(set)
        self._times: dict[int, int | None] = {}
        documents = [document for _, document in told]
        for document in documents:
            if document["wall_time_ms"] is not None:
                offset_ms = document["wall_time_ms"] - document["uptime_ms"]
                self._offsets[document["boot_id"]].add(offset_ms)
        for document in documents:
            self._times[document["seq"]] = self._at_ms(document)

    def _at_ms(self, document: Json) -> int | None:
        offsets = self._offsets[document["boot_id"]]
        if not offsets or max(offsets) - min(offsets) > CLOCK_AGREES_MS or min(offsets) < 0:
            return None
        if document["wall_time_ms"] is None:
            return None if len(offsets) > 1 else int(document["uptime_ms"] + min(offsets))
        return int(document["wall_time_ms"])

    def at_ms(self, seq: int | None) -> int | None:
        """Return when a document happened; None if nobody can be sure."""
        return None if seq is None else self._times.get(seq)

    def began_ms(self) -> int | None:
        """Return when the earliest document happened; None if nobody can be sure."""
        times = list(self._times.values())
        sure = [at_ms for at_ms in times if at_ms is not None]
        return min(sure) if sure and len(sure) == len(times) else None


def _entries(journal: Path) -> Iterator[Entry]:
    seen = 0
    with JournalReader(journal) as reader:
        while entries := reader.read_after(seen):
            seen = entries[-1].entry_id
            yield from entries


def _at_ns(at_ms: int | None, number: int) -> int | None:
    """Return a point's time: below the millisecond stands a number of three digits."""
    return None if at_ms is None else at_ms * 1_000_000 + number % 1_000 * 1_000


def _received_ns(entry: Entry) -> int | None:
    return _at_ns(entry.received_ms, entry.entry_id)


def _system(called: CalledFor, entry: Entry, document: Json) -> None:
    values = {"event": document["kind"].removeprefix("system.")}
    point = Point(entry.entry_id, _received_ns(entry), values)
    called.add(("record_event", entry.entry_id), point)


def _session_document(
    called: CalledFor, session: Session, entry: Entry, document: Json, clock: _Clock
) -> None:
    seq, entry_id = document["seq"], entry.entry_id
    at_ms = clock.at_ms(seq)
    at_ns = _at_ns(at_ms, seq)
    zone = (document.get("place") or {}).get("zone")
    place = {"zone": zone} if zone else {}
    match document["kind"]:
        case "needling.windows":
            columns = {name: document.get(name) for name in WINDOW_VALUES}
            windows = [
                Point(
                    entry_id,
                    None if at_ns is None else at_ns + offset_ms * 1_000_000 + index,
                    place | {name: column[index] for name, column in columns.items() if column},
                )
                for index, offset_ms in enumerate(document["offset_ms"])
            ]
            called.add(("window", *session, seq), *windows)
        case "rf.shot":
            values = place | {"shot_number": document.get("shot_number")}
            called.add(("shot", *session, seq), Point(entry_id, at_ns, values))
            _pulses(called, session, entry, document, at_ns)
        case kind:
            name = {"zone.entered": "zone_entered", "device.event": document.get("event")}
            event = name.get(kind, kind.partition(".")[2])
            called.add(("event", *session, seq), Point(entry_id, at_ns, {"event": event} | place))
            if kind == "session.started":
                number = document.get("lifetime_session_number")
                values = {"lifetime_session_number": number}
                point = Point(entry_id, _at_ns(at_ms, entry_id), values)
                called.add(("device_state", session[0], session[1], "session"), point)


def _pulses(
    called: CalledFor, session: Session, entry: Entry, document: Json, at_ns: int | None
) -> None:
    seq, place = document["seq"], 0
    for depth_number, depth in enumerate(document["depths"], start=1):
        for pulse_number, pulse in enumerate(depth["sub_pulses"], start=1):
            offset_ns = int(pulse.get("offset_ms") or 0) * 1_000_000
            where = {"depth_number": depth_number, "sub_pulse_number": pulse_number}
            told = [("sub_pulse", {"impedance_start_ohm": pulse.get("impedance_start_ohm")})]
            told += [
                ("channel", {"channel": str(channel["channel_number"])})
                for channel in pulse.get("channels") or ()
            ]
            for name, values in told:
                at = None if at_ns is None else at_ns + offset_ns + place
                called.add((name, *session, seq), Point(entry.entry_id, at, where | values))
                place += 1


def _judgements(
    called: CalledFor,
    verdicts: dict[tuple[str, str], list[tuple[Entry, Json]]],
    sessions: dict[Session, list[tuple[Entry, Json]]],
    clocks: dict[Session, _Clock],
    bands: dict[tuple[str, str], list[Json]],
) -> None:
    """Call for what the newest judgement of each session says; of older ones, what was live."""
    opened: dict[tuple[str, str], tuple[Session, Json]] = {}
    newest: Counter[Session] = Counter()
    for (clinic, name), told in verdicts.items():
        for _, document in told:
            if document["kind"] == "verdict.opened":
                judged = document["session"]
                session = clinic, judged["sender"], judged["stream_id"]
                opened[clinic, name] = session, document
                newest[session] = max(newest[session], document["generation"])
    for stream, told in verdicts.items():
        session, first = opened[stream]
        is_newest = first["generation"] == newest[session]
        if is_newest:
            _limits(called, session, first, sessions.get(session, []), clocks[session], bands)
        for entry, document in sorted(told, key=lambda pair: pair[1]["seq"]):
            document["generation"] = first["generation"]
            if is_newest or document["kind"] not in _OLDER_GO:
                _verdict(called, session, entry, document, clocks[session])
            else:
                called.journalled_count += 1
                called.superseded_count += 1


def _verdict(
    called: CalledFor, session: Session, entry: Entry, document: Json, clock: _Clock
) -> None:
    generation = {"generation": document["generation"]}
    began_ns = _once_ns(clock.began_ms(), session)
    match document["kind"]:
        case "verdict.state":
            at_ns = document["wall_time_ms"] * 1_000_000 + document["seq"] % 1_000 * 1_000
            at_ns += document["generation"] % 1_000
            point = Point(entry.entry_id, at_ns, generation | {"state": document["state"]})
            called.add(("session_state", *session), point)
        case "verdict.finding_raised":
            found, number = document["finding"], document["finding_number"]
            seqs = found.get("seq_range")
            at_ms = clock.began_ms() if seqs is None else clock.at_ms(seqs["first_seq"])
            names = ("rule", "priority", "envelope", "sentence")
            values = generation | {name: found[name] for name in names} | {"is_cleared": 0}
            point = Point(entry.entry_id, _at_ns(at_ms, number), values)
            called.add(("finding", *session, number), point)
        case "verdict.finding_cleared":
            called.journalled_count += 1
            called.superseded_count += 1
            group: Group = ("finding", *session, document["finding_number"])
            called.points[group][0].values["is_cleared"] = 1
        case "verdict.summary":
            totals, adherence = document["totals"], document["adherence"]
            values = generation | {"contact_ms": totals.get("contact_ms")}
            values["adherence_fraction"] = adherence["fraction"]
            aside_ns = int(document["scope"] == "unknown_zone")
            at_ns = None if began_ns is None else began_ns + aside_ns
            point = Point(entry.entry_id, at_ns, values)
            if document["scope"] == "session":
                called.add(("session_summary", *session), point)
            else:
                where = document.get("zone") or "unknown", document.get("laterality") or "unknown"
                called.add(("zone_summary", *session, *where), point)
        case "verdict.closed":
            values = generation | {"grade": document["grade"]}
            called.add(("session_close", *session), Point(entry.entry_id, began_ns, values))


def _once_ns(began_ms: int | None, session: Session) -> int | None:
    """Return the time of what stands once a session, as docs/measurements.md gives it."""
    _, device, name = session
    digest = hashlib.blake2b(f"{device} {name}".encode(), digest_size=4).hexdigest()
    return None if began_ms is None else began_ms * 1_000_000 + int(digest, 16) % 500_000 * 2


def _limits(
    called: CalledFor,
    session: Session,
    opened: Json,
    told: Iterable[tuple[Entry, Json]],
    clock: _Clock,
    bands: dict[tuple[str, str], list[Json]],
) -> None:
    """Call for what the treatment protocol allows wherever the session worked."""
    pins = [pin for pin in opened["pins"] if pin["registry_kind"] == "protocol"]
    known = bands.get((session[0], pins[-1]["digest"]), []) if pins else []
    for entry, document in told:
        if document["kind"] != "zone.entered":
            continue
        zone, seq = document["place"].get("zone"), document["seq"]
        at_ns = _at_ns(clock.at_ms(seq), seq)
        for quantity in {_quantity(band) for band in known} - _NOT_LIMITED_BY_PLACE:
            here = _bands_at(known, quantity, zone)
            lowers, uppers = (
                [band[side]["value"] for band in here if _is_limited(band, side)]
                for side in ("lower", "upper")
            )
            if lowers or uppers:
                values = {"quantity": quantity, "generation": opened["generation"]}
                values["lower_value"] = max(lowers, default=None)
                values["upper_value"] = min(uppers, default=None)
                called.limits["limit", *session, seq].append(Point(entry.entry_id, at_ns, values))


def _quantity(band: Json) -> str:
    return str((band.get("lower") or band["upper"])["quantity"])


def _is_limited(band: Json, side: str) -> bool:
    return (band.get(side) or {}).get("value") is not None


def _bands_at(bands: Iterable[Json], quantity: str, zone: str | None) -> list[Json]:
    """Return the bands that speak of a place: its own, else those of every place."""
    all_of_it = [band for band in bands if _quantity(band) == quantity]
    fitting = [band for band in all_of_it if not band.get("phototypes")]
    own = [band for band in fitting if zone in (band.get("zones") or ())]
    return own or [band for band in fitting if band.get("zones") is None]
