"""Processes that are killed while messages flow: what was promised stays, and is there once."""

import pytest

from support.faults_stand import MakeStand, Stand
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RATE_PER_S = 500
MOMENT_MAX_S = 0.7
"""A fault strikes at a random moment up to this long after all is running again."""
TWIN_KILLS = 2


def _kill_broker(stand: Stand) -> None:
    stand.ingest.note_head()
    stand.broker.kill()
    stand.broker.start()


def test_killed_recorder_keeps_every_promise(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin([*stand.receipt_senders(4), *stand.trusting_senders(1)], RATE_PER_S)
    for _ in range(kills):
        stand.pause(most_s=MOMENT_MAX_S)
        stand.ingest.kill()
        stand.look()
        stand.ingest.start()
        if stand.random.random() < 0.75:  # else the next kill may come while it starts
            stand.ingest.wait_connected()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("recorder killed", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_acknowledging_before_the_commit_loses_documents(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    stand.ingest.start(recorder="acknowledges-first")
    stand.begin(stand.trusting_senders(4), RATE_PER_S)
    stand.pause(least_s=0.3, most_s=MOMENT_MAX_S)
    stand.ingest.kill()
    stand.ingest.start()
    found = stand.conclude()
    fault_table.broken(
        "recorder killed", "recorder acknowledges before the commit, senders trust PUBACK", found
    )
    assert found.lost, found


def test_killed_broker_without_persistence_loses_no_promised_document(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin(stand.receipt_senders(4), RATE_PER_S)
    for _ in range(kills):
        stand.pause(most_s=MOMENT_MAX_S)
        _kill_broker(stand)
        stand.ingest.wait_connected()
        stand.look()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("broker killed", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_killed_broker_loses_what_senders_gave_up_for_its_answer(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin(stand.trusting_senders(4, protocol="3.1.1"), RATE_PER_S)
    for _ in range(TWIN_KILLS):
        stand.pause(most_s=MOMENT_MAX_S)
        _kill_broker(stand)
        stand.wait_answered(100)
        stand.ingest.wait_connected()
    found = stand.conclude()
    fault_table.broken("broker killed", "receipts: senders trust PUBACK", found)
    assert found.lost, found


def test_killed_recorder_and_broker_keep_every_promise(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin(stand.receipt_senders(4), RATE_PER_S)
    for _ in range(kills):
        stand.pause(most_s=MOMENT_MAX_S)
        deaths = [stand.broker.kill, stand.ingest.kill]
        stand.random.shuffle(deaths)
        for die in deaths:
            die()
        stand.look()
        stand.broker.start()
        stand.ingest.start()
        stand.ingest.wait_connected()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("both killed", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_acknowledging_on_arrival_loses_documents_when_both_are_killed(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    stand.ingest.start(recorder="acknowledges-arrivals")
    stand.begin(stand.trusting_senders(4), RATE_PER_S)
    stand.pause(least_s=0.3, most_s=MOMENT_MAX_S)
    stand.ingest.kill()
    stand.broker.kill()
    stand.broker.start()
    stand.ingest.start()
    found = stand.conclude()
    fault_table.broken(
        "both killed", "recorder acknowledges on arrival, senders trust PUBACK", found
    )
    assert found.lost, found
