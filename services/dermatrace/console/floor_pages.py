"""The floor: a tile a room, live; the first thing people see."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from dermatrace.console.access import CLINICAL, EVERYBODY, Access, Visitor
from dermatrace.console.desk import AtDesk, Here
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.floor import Floor, Shown, ShownTile
from dermatrace.console.floor_facts import FloorTile
from dermatrace.console.guard import Admitted
from dermatrace.console.navigation import first_place

doors = Doors()
EVENTS_MAX: Final = 300
"""Then a stream ends: the browser comes back by itself, and is asked again who it is."""
_FLOOR: Final = Access(CLINICAL, "clinics", reads="floor")
Events = Annotated[int, Query(ge=1, le=EVENTS_MAX, description="End after so many, for programs.")]


class FloorFacts(Facts):
    """Everything on the floor of the visitor's clinics."""

    now_ms: int
    """The console's clock: ages are counted from here."""
    judge_behind_ms: int | None
    """For how long the judge has not got on although it should; null: nothing is judged."""
    lacks_findings: bool
    """Whether findings may be missing because the judge is behind or has never been started."""
    tiles: tuple[FloorTile, ...]


@doors.page("/", Access(EVERYBODY, "clinics", reads="floor"))
def floor_page(desk: AtDesk) -> Response:
    """Show the floor, or lead those it is not for to what is for them."""
    if not desk.visitor.is_clinical:
        return desk.to(first_place(desk.visitor))
    shown = desk.installation.floor.shown()
    tiles = _visible(desk.visitor, shown)
    return desk.page(
        "floor.html", tiles=tiles, shown=shown, is_recording=desk.record.journal is not None
    )


@doors.json("/floor", _FLOOR)
def floor(desk: AtDesk) -> FloorFacts:
    """Tell what takes place in every room right now."""
    shown = desk.installation.floor.shown()
    return FloorFacts(
        now_ms=shown.now_ms,
        judge_behind_ms=shown.judge_behind_ms,
        lacks_findings=shown.lacks_findings,
        tiles=tuple(one.tile for one in _visible(desk.visitor, shown)),
    )


@doors.other("/floor/live", _FLOOR)
def floor_live(visitor: Admitted, here: Here, events: Events = EVENTS_MAX) -> StreamingResponse:
    """Tell every second which tiles have changed, as a page shows them."""
    assert visitor is not None  # noqa: S101  the guard lets nobody unknown in
    told = _told(here.floor, visitor, events)
    return StreamingResponse(told, media_type="text/event-stream")


async def _told(floor: Floor, visitor: Visitor, events: int) -> AsyncIterator[str]:
    following = floor.follow(asyncio.get_running_loop())
    known: dict[str, ShownTile] = {}
    yield "retry: 1000\n\n"
    try:
        for _ in range(events):
            shown = await following.looks.get()
            if shown is None:
                return
            tiles = _visible(visitor, shown)
            yield f"event: floor\ndata: {_changes(shown, tiles, known)}\n\n"
            known = {one.tile.key: one for one in tiles}
        yield "event: again\ndata: {}\n\n"
    finally:
        floor.leave(following)


def _changes(shown: Shown, tiles: list[ShownTile], known: dict[str, ShownTile]) -> str:
    changed = (
        f"{json.dumps(one.tile.key)}:{one.told(before)}"
        for one in tiles
        if (before := known.get(one.tile.key)) is not one
    )
    told: dict[str, object] = {"now_ms": shown.now_ms, "lacks_findings": shown.lacks_findings}
    order = [one.tile.key for one in tiles]
    if order != list(known):
        told["order"] = order
    return f'{json.dumps(told, separators=(",", ":"))[:-1]},"tiles":{{{",".join(changed)}}}}}'


def _visible(visitor: Visitor, shown: Shown) -> list[ShownTile]:
    return [one for one in shown.tiles if visitor.may_see(one.tile.clinic)]
