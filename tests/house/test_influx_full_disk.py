"""A real InfluxDB on a full disk: what it says, what it keeps, and what brings it back."""

import time
from http import HTTPStatus
from pathlib import Path

import pytest

from support.influx import StartInflux
from support.influx_http import Answer
from support.influx_org import InfluxOrg
from support.small_disk import MIB, SmallDisk

pytestmark = [pytest.mark.influx, pytest.mark.slow]

BEGIN_NS = time.time_ns()
DISK_MIB = 24
ROOM_MIB = 200
POINTS_A_BATCH = 2_000
BATCHES_MAX = 2_000
"""Far more than fit; then the disk did not fill up, and the test fails."""


def test_small_disk_is_full_when_it_says_so_and_has_room_again_after_resize(
    tmp_path: Path,
) -> None:
    with SmallDisk(tmp_path / "disk", 1) as disk:
        with pytest.raises(OSError, match="No space left"):
            (disk.folder / "much").write_bytes(bytes(2 * MIB))
        disk.resize(4)
        (disk.folder / "much").write_bytes(bytes(2 * MIB))
        assert disk.free_bytes <= 2 * MIB
    assert not (disk.folder / "much").exists()


def test_influxdb_on_a_full_disk_keeps_what_it_took_and_writes_again_after_a_restart_only(
    start_influx: StartInflux, tmp_path: Path
) -> None:
    with SmallDisk(tmp_path / "disk", DISK_MIB) as disk:
        server = start_influx(folder=disk.folder / "influxd")
        org = server.set_up()
        org.make_buckets()
        taken, refusal = _write_until_refused(org)
        assert refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR
        assert "no space left on device" in refusal.message
        assert "retry-after" not in refusal.headers
        assert server.http.ask("GET", "/health").status == HTTPStatus.OK

        disk.resize(ROOM_MIB)
        # Room alone does not help: a log that once could not be written fails for good.
        assert org.write(_batch(taken)).status == HTTPStatus.INTERNAL_SERVER_ERROR
        server.restart()
        assert _points(org) == taken * POINTS_A_BATCH
        assert org.write(_batch(taken)).status == HTTPStatus.NO_CONTENT
        assert _points(org) == (taken + 1) * POINTS_A_BATCH
        server.stop()


def _batch(number: int) -> str:
    first = number * POINTS_A_BATCH
    return "".join(
        f"window,device=a depth_mm={index * 0.3:.6f},rate_hz={index * 1.9:.6f} {BEGIN_NS + index}\n"
        for index in range(first, first + POINTS_A_BATCH)
    )


def _points(org: InfluxOrg) -> int:
    (series,) = org.query('SELECT COUNT("depth_mm") FROM "window"')
    return int(series.values[0][1])


def _write_until_refused(org: InfluxOrg) -> tuple[int, Answer]:
    """Return how many batches the server took, and its first refusal."""
    for number in range(BATCHES_MAX):
        answer = org.write(_batch(number))
        if answer.status != HTTPStatus.NO_CONTENT:
            return number, answer
    raise AssertionError("the disk did not fill up")
