"""The disk of InfluxDB is full while recorder and judge go on, and later there is room again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from support.faults_forward_stand import MakeForwardStand, MakeRecordedStand, Place
from support.faults_table import FaultTable
from support.influx import StartInflux
from support.small_disk import SmallDisk

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.slow]

MOMENT_MAX_S: Final = 0.6
DISK_MIB: Final = 64
"""Much more than InfluxDB needs here; what fills it is a file of ours."""
PIECE_BYTES: Final = 65_536
LEFT_BYTES: Final = 4_096
"""Room that is left: an entry of InfluxDB's log is begun, and not ended."""


class FullDisk:
    """A disk with an InfluxDB on it, filled up and emptied again at will."""

    def __init__(self, disk: SmallDisk, place: Place) -> None:
        self.place = place
        self._much = disk.folder / "much"

    def fill(self) -> None:
        """Leave next to no room."""
        with self._much.open("wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(PIECE_BYTES))
            file.truncate(file.tell() - LEFT_BYTES)

    def make_room(self) -> None:
        """Make room, and restart InfluxDB once."""
        self._much.unlink()
        self.place.server.restart()


@pytest.fixture
def full_disk(start_influx: StartInflux, tmp_path: Path) -> Iterator[FullDisk]:
    """Return such a disk; where nothing may be mounted the test is skipped."""
    with SmallDisk(tmp_path / "disk", DISK_MIB) as disk:
        server = start_influx(folder=disk.folder / "influxd")
        yield FullDisk(disk, Place(server, server.set_up()))
        server.close()


def test_full_disk_of_influxdb_is_waited_for_and_it_gets_everything(
    make_forward_stand: MakeForwardStand,
    full_disk: FullDisk,
    fault_table: FaultTable,
    kills: int,
) -> None:
    stand = make_forward_stand(full_disk.place)
    stand.begin()
    strikes = max(1, kills // 10)
    for _ in range(strikes):
        stand.pause(most_s=MOMENT_MAX_S)
        full_disk.fill()
        stand.forward.wait_problem("its disk failed", "restart InfluxDB twice")
        stand.wait_others_go_on()
        told = stand.forward.told_by_doctor("forwarding")
        full_disk.make_room()
        stand.forward.wait_problem("started once more", "Restart InfluxDB once more")
        stand.server.restart()
        stand.forward.wait_healthy()
    assert "restart InfluxDB twice" in told
    assert "no space left on device" in stand.forward.words
    stand.server.restart()  # what it has forgotten shows after its next start
    found = stand.conclude()
    fault_table.held("influxdb full", strikes, found)
    assert found.is_clean, found
    assert not found.quarantined_count, found


def test_believing_influxdb_after_one_restart_loses_points(
    make_recorded_stand: MakeRecordedStand, full_disk: FullDisk, fault_table: FaultTable
) -> None:
    stand = make_recorded_stand(full_disk.place)
    stand.gate.strike("answer on its way", full_disk.fill)
    stand.forward.start("believes-after-all")
    stand.forward.wait_words("answers 500")
    full_disk.make_room()
    stand.forward.wait_caught_up()
    stand.forward.stop()
    stand.server.restart()
    found = stand.look()
    fault_table.broken("influxdb full", "its yes counts from its second start on", found)
    assert found.lost, found
