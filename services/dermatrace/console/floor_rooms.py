"""Which tile stands where: rooms keep their place, whatever happens in them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dermatrace.console.floor_facts import FloorTile
from dermatrace.console.floor_tiles import (
    DUE_SHOWN_MS,
    LiveSession,
    due_ms_of,
    tile_of_session,
    tile_visit,
    tile_without_session,
)
from dermatrace.reading.visit_chart import Visit

DAY_AHEAD_MS: Final = 12 * 3_600_000
"""A visit planned for later than this is not shown as a room's next one."""


class Room(NamedTuple):
    """A room of the registry."""

    clinic: str
    room_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of every clinic in the order in which they are shown, and which device is where."""

    rooms: tuple[Room, ...] = ()
    of_device: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Clinic and sender to the room in which the registry says the device stands."""

    zones: Mapping[str, str] = field(default_factory=dict)
    """Clinic to time zone."""

    titles: Mapping[tuple[str, str | None, str | None], str] = field(default_factory=dict)
    """Clinic, protocol id and version to the title of the treatment protocol."""

    def zone(self, clinic: str) -> str:
        """Return the time zone of a clinic."""
        return self.zones.get(clinic, "UTC")

    def treatment_of(self, visit: Visit | None) -> str | None:
        """Return the title of the planned treatment protocol; its id if it is not on record."""
        if visit is None:
            return None
        plan = visit.chart.plan
        key = visit.clinic, plan.protocol_id, plan.protocol_version
        return self.titles.get(key, plan.protocol_id)

    def room_of(self, live: LiveSession) -> Room | None:
        """Return where a session takes place: as planned, else where its device stands."""
        plan = None if live.context is None else live.context.chart.plan
        key = live.stream.key
        told = None if plan is None else plan.room_id
        return self._find(key.clinic, told or self.of_device.get((key.clinic, key.sender)))

    def room_of_visit(self, visit: Visit) -> Room | None:
        """Return where a visit is to take place, likewise."""
        sender = None if visit.planned is None else visit.planned.device_sender
        told = visit.chart.plan.room_id or self.of_device.get((visit.clinic, sender or ""))
        return self._find(visit.clinic, told)

    def _find(self, clinic: str, room_id: str | None) -> Room | None:
        named = (room for room in self.rooms if (room.clinic, room.room_id) == (clinic, room_id))
        return next(named, None)


def lay_out(
    rooms: Rooms, sessions: Iterable[LiveSession], visits: Iterable[Visit], now_ms: int
) -> list[FloorTile]:
    """Return all tiles: the rooms in their order, then what takes place in none of them."""
    in_rooms, elsewhere = _placed(rooms, sessions, now_ms)
    waiting, homeless = _waiting(rooms, visits, now_ms)
    tiles = []
    for room in rooms.rooms:
        key, live, visit = f"{room.clinic}/room/{room.room_id}", in_rooms.get(room), None
        visit = next(iter(waiting.get(room, ())), None)
        if live is not None and not (live.has_ended and visit is not None):
            then = None if visit is None else tile_visit(visit, rooms.zone(room.clinic))
            tiles.append(tile_of_session(key, room.name, live, now_ms, then))
        else:
            zone, treatment = rooms.zone(room.clinic), rooms.treatment_of(visit)
            tile = tile_without_session(
                key, room.clinic, room.name, visit, now_ms, zone, treatment=treatment
            )
            tiles.append(tile)
    for live in elsewhere:
        at = rooms.room_of(live)
        title = live.stream.key.sender if at is None else f"{at.name} · {live.stream.key.sender}"
        key = f"{live.clinic}/device/{live.stream.key.sender}"
        tiles.append(tile_of_session(key, title, live, now_ms))
    for visit in homeless:
        key, title = f"{visit.clinic}/visit/{visit.visit_id}", "No room"
        zone, treatment = rooms.zone(visit.clinic), rooms.treatment_of(visit)
        tile = tile_without_session(
            key, visit.clinic, title, visit, now_ms, zone, treatment=treatment
        )
        tiles.append(tile)
    return tiles


def _placed(
    rooms: Rooms, sessions: Iterable[LiveSession], now_ms: int
) -> tuple[dict[Room, LiveSession], list[LiveSession]]:
    """Return the session of each room, and those for which there is none; one a device.

    Of two in one room the one that still runs has the tile, else the later one.
    """
    newest: dict[tuple[str, str], LiveSession] = {}
    for live in sorted(sessions, key=lambda one: one.stream.first_entry_id or 0):
        if live.is_shown(now_ms):
            newest[live.clinic, live.stream.key.sender] = live
    by_rank = sorted(newest.values(), key=lambda one: _rank(one, now_ms))
    in_rooms: dict[Room, LiveSession] = {}
    elsewhere: list[LiveSession] = []
    for live in by_rank:
        room = rooms.room_of(live)
        if room is None or room in in_rooms:
            elsewhere.append(live)
        else:
            in_rooms[room] = live
    return in_rooms, sorted(elsewhere, key=lambda one: one.stream.key)


def _rank(live: LiveSession, now_ms: int) -> tuple[int, int]:
    lively: Sequence[str] = ("running", "paused", "stale", "interrupted", "ended")
    return lively.index(live.state(now_ms)), -(live.stream.first_entry_id or 0)


def _waiting(
    rooms: Rooms, visits: Iterable[Visit], now_ms: int
) -> tuple[dict[Room, list[Visit]], list[Visit]]:
    """Return the visits without any session by room, the earliest first, and those due in none."""
    in_rooms: dict[Room, list[Visit]] = {}
    homeless: list[Visit] = []
    for visit in sorted(visits, key=lambda one: (due_ms_of(one) or 0, one.visit_id)):
        due_ms = due_ms_of(visit)
        if due_ms is None or visit.sessions:
            continue
        if not now_ms - DUE_SHOWN_MS < due_ms < now_ms + DAY_AHEAD_MS:
            continue
        room = rooms.room_of_visit(visit)
        if room is not None:
            in_rooms.setdefault(room, []).append(visit)
        elif due_ms <= now_ms:
            homeless.append(visit)
    return in_rooms, homeless
