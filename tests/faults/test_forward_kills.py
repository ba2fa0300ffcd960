"""Forwarding or InfluxDB that is killed, before, during and after a request."""

import signal
from functools import partial
from typing import Final

import pytest

from dermatrace.simulator.fleet import FLEET
from support.faults_forward_gate import Moment
from support.faults_forward_stand import MakeForwardStand, MakeRecordedStand
from support.faults_table import FaultTable
from support.waiting import WAIT_MAX_S

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.slow]

MOMENT_MAX_S: Final = 0.6
"""A fault strikes at a random moment up to this long after all is running again."""
READY_SHARE: Final = 0.75
"""Of the kills, how many wait until forwarding follows again; the others may hit its start."""
MOMENTS: Final[tuple[Moment, ...]] = ("body half sent", "answer on its way")


def test_killed_forwarding_brings_every_point_once(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand(fleet=FLEET)
    stand.begin()
    for _ in range(kills):
        stand.pause(most_s=MOMENT_MAX_S)
        stand.forward.kill()
        stand.forward.start()
        if stand.random.random() < READY_SHARE:
            stand.forward.wait_following()
    stand.wait_judged_anew()
    found = stand.conclude()
    fault_table.held("forward killed", kills, found)
    assert found.is_clean, found
    assert found.superseded_count, "no session was judged anew, so nothing had to be deleted"


def test_moving_the_cursor_before_the_write_loses_points(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    stand.forward.start("moves-first")
    stand.forward.wait_for(stand.forward.cursor, "the cursor has moved", wait_max_s=WAIT_MAX_S)
    stand.forward.kill()
    found = stand.forward_all()
    fault_table.broken("forward killed", "points are written before the cursor moves", found)
    assert found.lost, found


def test_influxdb_away_is_waited_for_and_gets_everything(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(2, kills // 4)
    for number in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        leave = stand.server.stop if number % 2 else stand.server.kill
        leave()
        stand.forward.wait_problem("no answer from InfluxDB", "forwarding goes on by itself")
        stand.wait_others_go_on()
        told = stand.forward.told_by_doctor("InfluxDB")
        stand.server.start()
        stand.forward.wait_healthy()
    assert "no answer" in told
    assert "Nothing is lost meanwhile" in told
    words = stand.forward.words
    found = stand.conclude()
    fault_table.held("influxdb away", strikes, found)
    assert found.is_clean, found
    assert words.count("InfluxDB answers again") == strikes
    assert words.count("InfluxDB unavailable") < strikes * 10, "an outage is told again and again"


def test_taking_silence_for_a_yes_loses_points(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    stand.gate.strike("body half sent", stand.server.kill)
    stand.forward.start("no-answer-is-a-yes")
    stand.forward.wait_caught_up()
    stand.forward.stop()
    stand.server.start()
    found = stand.forward_all()
    fault_table.broken("influxdb away", "what got no answer is sent again", found)
    assert found.lost, found


def test_influxdb_killed_in_a_request_gets_it_again(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(2, kills // 4)
    for number in range(strikes):
        stand.gate.strike(MOMENTS[number % 2], stand.server.kill)
        assert stand.gate.struck.wait(WAIT_MAX_S), "there was no request to be struck"
        stand.wait_others_go_on()
        stand.server.start()
        stand.forward.wait_healthy()
    found = stand.conclude()
    fault_table.held("request cut", strikes, found)
    assert found.is_clean, found


def test_sending_points_again_at_other_times_doubles_them(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    forward = stand.forward
    stand.gate.strike("answer on its way", partial(forward.send, signal.SIGKILL))
    forward.start("own-clock")
    assert stand.gate.struck.wait(WAIT_MAX_S), "there was no request to be struck"
    forward.wait_end()
    found = stand.forward_all("own-clock")
    fault_table.broken("request cut", "a document always makes the same points", found)
    assert found.doubled, found
