"""What forwarding remembers is gone, or belongs to a journal that no longer is."""

import signal
from pathlib import Path
from typing import Final

import pytest

from dermatrace.journal.backup import back_up, restore
from support.faults_forward_journals import record_journal
from support.faults_forward_process import SETTLE_WAIT_MAX_S
from support.faults_forward_stand import (
    ForwardStand,
    MakeForwardStand,
    MakeRecordedStand,
)
from support.faults_process import wait_until
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.slow]

MOMENT_MAX_S: Final = 0.6
OTHER_SESSIONS: Final = 2
"""More than the recorded journal has, so that a cursor of the one lies within the other."""


def test_forgetting_everything_writes_the_same_points_over_themselves(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(1, kills // 4)
    for number in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        stand.forward.send(signal.SIGTERM if number % 2 else signal.SIGKILL)
        stand.forward.wait_end()
        stand.forward.forget()
        stand.wait_others_go_on()
        stand.forward.start()
        stand.forward.wait_following()
    found = stand.conclude()
    fault_table.held("forgotten", strikes, found)
    assert found.is_clean, found


def test_points_at_times_of_their_own_are_doubled_when_all_is_forgotten(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand()
    stand.forward_all("own-clock")
    stand.forward.forget()
    found = stand.forward_all("own-clock")
    fault_table.broken("forgotten", "points have the times of their documents", found)
    assert found.doubled, found


def _go_back(stand: ForwardStand, backup: Path) -> None:
    """Restore a backup under a running forwarder; the others are stopped and started for it."""
    assert back_up(stand.ingest.journal, backup).is_intact
    stand.wait_others_go_on()
    stand.judge.stop()
    stand.judged.stand.wait_drained()  # what it has said of the journal that is to go
    stand.forward.wait_forwarded(stand.forward.head_entry_id())
    stand.ingest.stop()
    restore(backup, stand.ingest.journal)
    assert stand.forward.wait_end() == 1
    assert "is another file than the one that is being read" in stand.forward.words
    stand.ingest.start()
    stand.ingest.wait_connected()
    stand.judge.forget(stand.judge.index, *stand.judge.outboxes)
    stand.judge.start()
    stand.judge.wait_following()


def test_older_journal_is_noticed_and_one_command_makes_influxdb_follow_it(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_forward_stand()
    stand.begin()
    strikes = max(1, kills // 10)
    for number in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        _go_back(stand, stand.ingest.data / f"backup-{number}.db")
        stand.forward.start()
        assert stand.forward.wait_end() == 3
        assert "is not the journal this follower was reading" in stand.forward.words
        assert "Run `dermatrace forward rebuild`" in stand.forward.words
        stand.rebuild()
        stand.forward.start()
        stand.forward.wait_following()
    stand.note_processes()
    found = stand.conclude()
    fault_table.held("journal restored", strikes, found)
    assert found.is_clean, found


def test_believing_that_the_journal_is_the_same_loses_and_keeps_the_wrong_points(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable, tmp_path: Path
) -> None:
    stand = make_recorded_stand()
    stand.forward_all()
    other = record_journal(tmp_path / "other", sessions=OTHER_SESSIONS, run="other")
    backup = tmp_path / "backup.db"
    assert back_up(other, backup).is_intact
    restore(backup, stand.forward.journal)
    forward, head_entry_id = stand.forward, stand.forward.head_entry_id()
    forward.start("trusts-the-journal")
    wait_until(  # what it remembers makes no sense here: it may end of that
        lambda: not forward.is_running or forward.cursor() >= head_entry_id,
        "it has done what it can",
        wait_max_s=SETTLE_WAIT_MAX_S,
    )
    forward.close()
    found = stand.look()
    fault_table.broken("journal restored", "the cursor's entry is looked for", found)
    assert found.lost, found
    assert found.doubled, found
