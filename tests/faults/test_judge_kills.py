"""A judge that is killed while sessions run: its verdicts are there, once, as if it never was."""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from dermatrace.simulator.fleet import PEN_NORTH
from support.faults_clinics import FEW_DEVICES
from support.faults_judge_stand import JudgeStand, MakeJudgeStand
from support.faults_table import FaultTable

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

MOMENT_MAX_S = 1.2
"""A fault strikes at a random moment up to this long after all is running again: sometimes the
judge has written down by then how far it has got, sometimes not."""
READY_SHARE = 0.75
"""Of the strikes, how many wait until the judge follows again; the others may hit its start."""


def _kill_at_a_random_moment(stand: JudgeStand) -> None:
    stand.stand.pause(most_s=MOMENT_MAX_S)
    stand.judge.kill()
    stand.judge.start()
    if stand.random.random() < READY_SHARE:
        stand.judge.wait_following()


def test_killed_judge_says_everything_once_and_nothing_else(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_judge_stand()
    stand.judge.start()
    stand.clinics.begin()
    stand.judge.wait_following()
    for _ in range(kills):
        _kill_at_a_random_moment(stand)
    found = stand.conclude()
    fault_table.held("judge killed", kills, found)
    assert found.session_count, found
    assert found.is_clean, found


def test_moving_the_cursor_before_verdicts_are_stored_loses_them(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable
) -> None:
    stand = make_judge_stand(FEW_DEVICES)
    stand.clinics.begin()
    stand.clinics.finish()
    stand.judge.start("moves-first")
    stand.judge.wait_judged(1)
    stand.judge.kill()
    stand.judge.start("sound")
    found = stand.conclude()
    fault_table.broken("judge killed", "verdicts are stored before the cursor moves", found)
    assert found.lost, found


def test_verdicts_that_a_killed_judge_has_stored_go_out_though_nothing_new_is_said(
    make_judge_stand: MakeJudgeStand,
) -> None:
    stand = make_judge_stand((PEN_NORTH,))
    stand.clinics.begin()
    stand.clinics.finish()
    stand.stand.ingest.note_head()
    stand.stand.broker.kill()
    stand.judge.start("sound")
    stand.judge.wait_judged(stand.judge.head_entry_id())
    stand.judge.kill()
    assert stand.judge.held()
    assert not stand.judge.recorded()
    stand.stand.broker.start()
    stand.stand.ingest.wait_connected()
    stand.judge.start("sound")
    found = stand.conclude()
    assert found.is_clean, found


def test_killed_judge_recorder_and_broker_say_and_keep_everything_once(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_judge_stand()
    broker, ingest, judge = stand.stand.broker, stand.stand.ingest, stand.judge
    judge.start("sound")
    stand.clinics.begin()
    judge.wait_following()
    strike_count = max(1, kills // 2)
    for _ in range(strike_count):
        stand.stand.pause(most_s=MOMENT_MAX_S)
        deaths = [broker.kill, ingest.kill, judge.kill]
        stand.random.shuffle(deaths)
        for die in deaths:
            die()
        broker.start()
        births: list[Callable[[], None]] = [ingest.start, partial(judge.start, "sound")]
        stand.random.shuffle(births)
        for start in births:
            start()
        ingest.wait_connected()
        if stand.random.random() < READY_SHARE:
            judge.wait_following()
    found = stand.conclude()
    fault_table.held("all killed", strike_count, found)
    assert found.session_count, found
    assert found.is_clean, found


def test_keeping_verdicts_in_memory_loses_them_when_all_are_killed(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable
) -> None:
    stand = make_judge_stand(FEW_DEVICES)
    broker, ingest, judge = stand.stand.broker, stand.stand.ingest, stand.judge
    stand.clinics.begin()
    stand.clinics.finish()
    ingest.kill()
    judge.start("forgets")
    judge.wait_judged(judge.head_entry_id())
    broker.kill()
    judge.kill()
    broker.start()
    ingest.start()
    ingest.wait_connected()
    judge.start("sound")
    found = stand.conclude()
    fault_table.broken("all killed", "verdicts wait in an outbox on disk", found)
    assert found.lost, found
