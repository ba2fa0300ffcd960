"""What a session's documents add up to, in whatever order they come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.console.floor_readings import LiveReadings
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from support.floor_scenes import ARRIVES_AFTER_MS, BEGINS_MS, Played
from support.judge_bench import device_messages
from support.telling_twins import CredulousReadings

ARRIVALS_MS = 1_000


def _documents(scene: Played) -> list[StreamDocument]:
    messages = device_messages(scene.session(), BEGINS_MS)
    told = [parse("session", one.payload) for one in messages if "/session/" in one.topic]
    return [one for one in told if isinstance(one, StreamDocument)]


PEN, RF = _documents(Played(1)), _documents(Played(2, is_rf=True))


def _readings(
    documents: list[StreamDocument], made: type[LiveReadings] = LiveReadings
) -> LiveReadings:
    readings = made()
    for document in documents:
        readings.take(document, (document.wall_time_ms or 0) + ARRIVES_AFTER_MS)
    return readings


@given(st.sampled_from([PEN, RF]), st.randoms(use_true_random=False), st.integers(1, 60))
def test_order_of_arrival_plays_no_part(
    documents: list[StreamDocument], random: object, count: int
) -> None:
    some = documents[:count]
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _readings(shuffled) == _readings(some)


def test_counts_are_those_of_the_documents_added_up_apart() -> None:
    contact = 0
    for one in PEN:
        told = json.loads(one.model_dump_json())
        if told["kind"] == "needling.windows":
            shares = told["contact_fraction"] or [1.0] * len(told["stroke_count"])
            contact += sum(round(n * s) for n, s in zip(told["stroke_count"], shares, strict=True))
    assert _readings(PEN).stroke_count == contact > 0
    shots = [one for one in RF if getattr(one, "kind", "") == "rf.shot"]
    tests = sum(getattr(one, "purpose", None) == "test" for one in shots)
    readings = _readings(RF)
    assert (readings.shot_count, readings.test_shot_count) == (len(shots) - tests, tests)


@pytest.mark.parametrize(("made", "is_honest"), [(LiveReadings, True), (CredulousReadings, False)])
def test_what_arrives_late_is_as_old_as_it_is(made: type[LiveReadings], *, is_honest: bool) -> None:
    readings = _readings(PEN[:20], made)
    late = PEN[20]
    readings.take(late, (late.wall_time_ms or 0) + 600_000)
    age_ms = readings.last_received_ms - (readings.told_ms or 0)
    assert (age_ms > 590_000) is is_honest, "ten minutes late is ten minutes old"


def test_clock_that_is_behind_is_noticed() -> None:
    readings = LiveReadings()
    for document in PEN[:5]:
        readings.take(document, (document.wall_time_ms or 0) + 7_200_000)
    assert 7_100_000 < readings.clock_behind_ms < 7_300_000
    assert _readings(PEN[:5]).clock_behind_ms < ARRIVALS_MS


def test_shot_shows_energy_for_a_pin_where_the_tip_tells_how_many_there_are() -> None:
    reading = _readings(RF).reading
    assert reading is not None
    assert reading.energy_per == "pin"
    assert reading.energy_delivered_mj is not None
    assert reading.temperature_celsius is not None
    assert reading.impedance_ohm is not None


def test_running_time_counts_what_the_device_was_on_for() -> None:
    readings = _readings(PEN)
    assert abs(readings.elapsed_ms - 120_000) < 2_000
    again = [one.model_copy(update={"boot_id": "boot-2", "seq": one.seq + 1_000}) for one in PEN]
    for one in again:
        readings.take(one, (one.wall_time_ms or 0) + ARRIVES_AFTER_MS)
    assert abs(readings.elapsed_ms - 240_000) < 4_000
