"""The floor over a real record: each room's tile, what is old, who is told what."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dermatrace.console.floor import UNSENT_MAX, Floor, Following, Shown, ShownTile
from dermatrace.console.floor_state import FloorState
from dermatrace.console.records import Records
from dermatrace.journal.reader import JournalReader
from support.console_bench import NORTH, SOUTH, ConsoleBench, csrf_of
from support.floor_scenes import BUSY, NOW_MS, TROUBLED, fill_floor
from support.judge_runs import CutReader
from support.manual_clock import ManualClock
from support.own_loop import run_in_own_loop

SECOND_MS = 1_000


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("busy") / "data"
    fill_floor(folder, BUSY)
    return folder


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("troubled") / "data"
    fill_floor(folder, TROUBLED)
    return folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def floor(busy: Path, clock: ManualClock) -> Iterator[ConsoleBench]:
    with ConsoleBench(busy, clock) as bench:
        yield bench


def _tiles(bench: ConsoleBench, *clinics: str) -> dict[str, dict[str, Any]]:
    answer = bench.signed_in("director", *clinics).get("/api/v1/floor")
    assert answer.status_code == 200
    return {tile["key"]: tile for tile in answer.json()["tiles"]}


def test_rooms_keep_their_place_whatever_happens_in_them(
    busy: Path, troubled: Path, clock: ManualClock
) -> None:
    with ConsoleBench(busy, clock) as one, ConsoleBench(troubled, clock) as other:
        assert list(_tiles(one, NORTH)) == list(_tiles(other, NORTH))


def test_running_session_shows_what_is_set_reported_and_allowed(floor: ConsoleBench) -> None:
    tile = _tiles(floor)[f"{NORTH}/room/north-room-1"]
    session = tile["session"]
    assert (tile["state"], tile["protocol_version"]) == ("running", "1")
    assert session["depth"]["set_mm"] == 1.0
    assert 0.8 < session["depth"]["reported_mm"] < 1.2
    assert session["depth"]["upper_mm"] == 2.0
    assert session["depth"]["lower_mm"] is None
    assert session["zone"] == "right cheek"
    assert session["recorded_to"] > 60
    assert session["missing_count"] == 0


def test_rf_shows_energy_impedance_and_temperature(floor: ConsoleBench) -> None:
    session = _tiles(floor)[f"{NORTH}/room/north-room-2"]["session"]
    assert session["modality"] == "rf"
    assert session["energy_delivered_mj"] > 0
    assert session["impedance_ohm"] > 0
    assert session["temperature_celsius"] > 30
    assert session["shot_count"] > 0


def test_high_finding_raises_the_border_and_open_gates_are_named(floor: ConsoleBench) -> None:
    tiles = _tiles(floor)
    high = tiles[f"{NORTH}/room/north-room-3"]
    assert high["raised"] == "high"
    assert "above" in high["session"]["findings"][0]["sentence"]
    assert tiles[f"{NORTH}/room/north-room-1"]["raised"] is None
    session = tiles[f"{NORTH}/room/north-room-4"]["session"]
    assert {"consent", "exam", *session["later_gates"]} == set(session["open_gates"])
    assert set(session["later_gates"]) == {"photo_after", "endpoint", "aftercare"}


def test_session_that_nobody_planned_asks_whose_it_is(floor: ConsoleBench) -> None:
    session = _tiles(floor)[f"{NORTH}/room/north-room-7"]["session"]
    assert session["needs_plan"]
    page = floor.signed_in("operator", NORTH).get("/").text
    assert "Whose session? Assign a visit" in page


def test_old_interrupted_ended_planned_and_without_telemetry_are_told_apart(
    troubled: Path, clock: ManualClock
) -> None:
    with ConsoleBench(troubled, clock) as bench:
        tiles = _tiles(bench, NORTH)
        states = [tile["state"] for tile in tiles.values()]
        page = bench.signed_in("director", NORTH).get("/").text
    expected = ["running", "stale", "interrupted", "without_telemetry", "ended", "planned"]
    assert states == [*expected, "idle", "idle"]
    planned = tiles[f"{NORTH}/room/north-room-6"]["treatment"]
    assert planned == "Medical needling of facial acne scars (example)"
    assert "nothing of it is being recorded" in page


def test_everything_grows_old_when_nothing_comes(floor: ConsoleBench, clock: ManualClock) -> None:
    assert _tiles(floor)[f"{NORTH}/room/north-room-1"]["state"] == "running"
    clock.advance(11 * SECOND_MS)
    assert {tile["state"] for tile in _tiles(floor, NORTH).values()} == {"stale"}
    clock.advance(60 * SECOND_MS)
    assert {tile["state"] for tile in _tiles(floor, NORTH).values()} == {"interrupted"}
    clock.advance(12 * 3_600 * SECOND_MS)
    # By then nobody is signed in any more either.
    assert {one.tile.session for one in floor.installation.floor.shown().tiles} == {None}


def test_judge_that_does_not_get_on_is_told_of(busy: Path, clock: ManualClock) -> None:
    with ConsoleBench(busy, clock) as bench:
        client = bench.signed_in("director", NORTH)
        first = client.get("/api/v1/floor").json()
        clock.advance(10 * SECOND_MS)
        later = client.get("/api/v1/floor").json()
    assert not first["lacks_findings"]
    assert later["judge_behind_ms"] == 10 * SECOND_MS
    assert later["lacks_findings"], "its verdicts on record are not read by itself yet"


@pytest.mark.parametrize("step", [1, 7, 100])
def test_console_started_again_shows_the_same_tiles(busy: Path, step: int) -> None:
    records = Records(busy / "journal.db", busy / "index.db")
    with JournalReader(busy / "journal.db") as reader:
        head = reader.head().entry_id
    following = FloorState()
    for last in range(head - 10 * step, head + 1, step):
        with records.open() as record, CutReader(busy / "journal.db", last) as cut:
            record.journal = cut
            following.look(record, NOW_MS)
    with records.open() as record:
        followed = following.look(record, NOW_MS)
        assert followed == FloorState().look(record, NOW_MS)
    assert len(followed) > 8


def test_follower_of_a_clinic_is_told_of_that_clinic_only(floor: ConsoleBench) -> None:
    told = floor.signed_in("operator", SOUTH).get("/floor/live?events=1").text
    assert "event: floor" in told
    assert NORTH not in told
    assert NORTH in floor.signed_in("operator", NORTH).get("/floor/live?events=1").text


def test_unchanged_tiles_are_told_once(floor: ConsoleBench) -> None:
    text = floor.signed_in("operator", NORTH).get("/floor/live?events=2").text
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith('data: {"now')]
    assert len(events) == 2
    assert len(events[0]["tiles"]) == 8
    assert events[1]["tiles"] == {}
    assert "event: again" in text


@pytest.mark.parametrize("is_on_skin", [True, False])
def test_changed_tile_is_told_by_its_pieces_once_for_all(
    floor: ConsoleBench, *, is_on_skin: bool
) -> None:
    before = floor.installation.floor.shown().tiles[0]
    session = before.tile.session
    assert session is not None
    assert session.is_on_skin
    changes = {"stroke_count": 123_456, "told_ms": NOW_MS, "is_on_skin": is_on_skin}
    moved = session.model_copy(update=changes)
    after = ShownTile.of(before.tile.model_copy(update={"session": moved}))
    told = json.loads(after.told(before))
    lines = [list(line) for line in before.lines]
    for at, *place, new in told:
        if place:
            lines[at][place[0]] = new
        else:
            lines[at] = [new]
    assert "\n".join("".join(line) for line in lines) == after.html
    assert any("123,456" in one for one in told)
    assert 5 * len(after.told(before)) < len(after.html)
    assert after.told(before) is after.told(before)


def test_tile_of_another_shape_is_told_whole(floor: ConsoleBench) -> None:
    before = floor.installation.floor.shown().tiles[0]
    after = ShownTile.of(before.tile.model_copy(update={"session": None, "state": "idle"}))
    assert json.loads(after.told(before)) == json.loads(after.told(None)) == after.html


def test_vendor_is_led_elsewhere_and_told_nothing(floor: ConsoleBench) -> None:
    vendor = floor.signed_in("vendor")
    came = vendor.get("/")
    assert (came.status_code, came.headers["location"]) == (303, "/devices")
    assert vendor.get("/api/v1/floor").status_code == 403
    assert vendor.get("/floor/live?events=1").status_code == 403


def test_slow_follower_is_let_go_and_holds_no_more_than_a_few_looks() -> None:
    async def follow() -> None:
        following = Following(asyncio.get_running_loop())
        for _ in range(100):
            following.offer(Shown(NOW_MS))
        assert following.looks.qsize() == UNSENT_MAX + 1
        told = [await following.looks.get() for _ in range(UNSENT_MAX + 1)]
        assert told[-1] is None
        assert all(told[:-1])

    run_in_own_loop(follow)


def test_finding_is_seen_because_and_says_that_nobody_has_recorded_it_yet(
    floor: ConsoleBench,
) -> None:
    client = floor.signed_in("operator", NORTH)
    answer = client.post(
        f"/api/v1/chart/{NORTH}/sessions/pen-north-3/run-pen-north-3-1/seen",
        json={"numbers": [0], "detail": "set back"},
        headers={"x-csrf-token": csrf_of(client)},
    )
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["told"]
    assert (told["kind"], told["state"]) == ("chart.acknowledgement", "waiting")
    assert "no connection" in told["reason"]


def test_empty_floor_teaches(empty_bench: ConsoleBench) -> None:
    assert "dermatrace up" in empty_bench.signed_in("director").get("/").text
    assert isinstance(empty_bench.installation.floor, Floor)
