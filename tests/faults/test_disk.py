"""Disks that lose power, fill up or fail: what was acknowledged is there, what failed was not."""

from pathlib import Path

import pytest

from dermatrace.journal.verify import verify
from support.checker import Judgement
from support.faults_disk import CUT_EXIT_CODE, CUT_SIGNAL, DiskFault
from support.faults_stand import MakeStand, Stand
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RATE_PER_S = 300
MOMENT_MAX_S = 0.6
CREATION_WRITES = 50
"""Writes of a first start until it is connected; in truth a few more."""
START_WRITES = 15
RUNNING_WRITES = 150
"""Writes of a start, and of the first moments after it."""
ROOM_MIN_BYTES, ROOM_MAX_BYTES = 60_000, 300_000
"""A start alone takes the least of it; the most is gone within a second or two."""
SYNCS_MAX = 40
TORN_SECTOR_BYTES = (0, 512, 4_096)


def _cut_at_a_random_moment(stand: Stand, number: int, recorder: str = "") -> None:
    fault = DiskFault(
        "power", seed=number, torn_sector_bytes=TORN_SECTOR_BYTES[number % len(TORN_SECTOR_BYTES)]
    )
    stand.ingest.start(recorder, fault)
    if number == 0:
        stand.begin([*stand.receipt_senders(3), *stand.trusting_senders(1)], RATE_PER_S)
    stand.ingest.wait_connected()
    stand.pause(most_s=MOMENT_MAX_S)
    stand.ingest.send(CUT_SIGNAL)


def _cut_in_the_middle_of_a_write(stand: Stand, number: int) -> None:
    fault = DiskFault(
        "power",
        seed=number,
        torn_sector_bytes=TORN_SECTOR_BYTES[number % len(TORN_SECTOR_BYTES)],
        cut_at_write=stand.random.randint(1, START_WRITES + RUNNING_WRITES),
    )
    stand.ingest.start(disk=fault)


def test_power_cut_takes_nothing_that_a_receipt_covers(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    for number in range(kills):
        if number % 2 == 0:
            _cut_at_a_random_moment(stand, number)
        else:
            _cut_in_the_middle_of_a_write(stand, number)
        assert stand.ingest.wait_end() == CUT_EXIT_CODE, stand.ingest.words
        stand.look()
    stand.ingest.start()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("power cut", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_power_cut_while_the_journal_is_made_leaves_one_that_opens(
    make_stand: MakeStand, kills: int, tmp_path: Path
) -> None:
    stand = make_stand()
    step = max(1, CREATION_WRITES // kills)
    for cut_at in range(1, CREATION_WRITES + 1, step):
        torn_bytes = TORN_SECTOR_BYTES[cut_at % len(TORN_SECTOR_BYTES)]
        fault = DiskFault("power", cut_at, torn_bytes, cut_at_write=cut_at)
        ingest = stand.another_ingest(tmp_path / f"data-{cut_at}")
        ingest.start(disk=fault)
        assert ingest.wait_end() == CUT_EXIT_CODE, ingest.words
        ingest.start()
        ingest.wait_connected()
        ingest.stop()
        assert verify(ingest.journal).is_intact


def test_power_cut_takes_receipted_documents_if_commits_are_not_synced(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    stand.ingest.start("syncs-seldom", DiskFault("power"))
    stand.begin(stand.receipt_senders(4), RATE_PER_S)
    stand.wait_receipts(8)
    stand.ingest.send(CUT_SIGNAL)
    assert stand.ingest.wait_end() == CUT_EXIT_CODE, stand.ingest.words
    stand.look()
    fault_table.broken("power cut", "synchronous=FULL (runs with NORMAL)", stand.found)
    assert stand.found.lost, stand.found


def _assert_ended_for_the_disk(stand: Stand, said: str) -> None:
    code, words = stand.ingest.wait_end(), stand.ingest.words
    assert code == 1, words
    assert str(stand.ingest.journal) in words
    assert said in words, words
    assert "Traceback" not in words, words


def test_full_disk_ends_the_recorder_and_room_heals_it(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin([*stand.receipt_senders(2), *stand.trusting_senders(2)], RATE_PER_S)
    stand.ingest.stop()
    for _ in range(kills):
        room_bytes = stand.random.randint(ROOM_MIN_BYTES, ROOM_MAX_BYTES)
        stand.ingest.start(disk=DiskFault("full", room_bytes=room_bytes))
        _assert_ended_for_the_disk(stand, "Free space on that disk")
        stand.look()
    stand.ingest.start()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("disk full", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_recorder_that_does_not_start_on_a_full_disk_says_so(make_stand: MakeStand) -> None:
    stand = make_stand()
    stand.ingest.start(disk=DiskFault("full", room_bytes=0))
    _assert_ended_for_the_disk(stand, "Free space on that disk")


def test_swallowing_a_full_disk_loses_documents(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    found = _swallow(make_stand(), DiskFault("full", room_bytes=ROOM_MAX_BYTES))
    fault_table.broken("disk full", "recorder ends on a storage error (swallows it)", found)
    assert found.lost, found


def test_failed_sync_ends_the_recorder_before_it_acknowledges(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    stand.ingest.start()
    stand.begin([*stand.receipt_senders(2), *stand.trusting_senders(2)], RATE_PER_S)
    step = max(1, SYNCS_MAX // kills)
    stand.ingest.stop()
    for number in range(1, kills * step + 1, step):
        stand.ingest.start(disk=DiskFault("sync", fail_at_sync=number))
        _assert_ended_for_the_disk(stand, "Check the disk")
        stand.look()
    stand.ingest.start()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("sync failed", kills, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_swallowing_a_failed_sync_loses_documents(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    # Not later: a busy machine brings much at once, and so needs few syncs.
    found = _swallow(make_stand(), DiskFault("sync", fail_at_sync=SYNCS_MAX // 2))
    fault_table.broken("sync failed", "recorder ends on a storage error (swallows it)", found)
    assert found.lost, found


def _swallow(stand: Stand, disk: DiskFault) -> Judgement:
    stand.ingest.start("swallows-storage-errors", disk)
    stand.begin(stand.trusting_senders(4), 2 * RATE_PER_S)
    stand.wait_answered(600)
    stand.stop_load()
    stand.wait_done()
    stand.ingest.kill()
    stand.ingest.start()
    return stand.conclude()
