"""Who judges forwarding is judged first: it sees each kind of damage, and none where none is."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dermatrace import sqlite
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.simulator.fleet import on_a_bad_day
from support.checker_points import PointJudgement, judge_points, read_account
from support.forward_bench import ForwardBench, influx_of
from support.influx_org import InfluxOrg
from support.judge_bench import (
    JudgeBench,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)

pytestmark = [pytest.mark.influx, pytest.mark.slow]

PEN_SESSION = on_a_bad_day(session_of(0, minutes=1.0))
RF_SESSION = session_of(3, minutes=0.5)
FORWARDED = {
    "window",
    "shot",
    "sub_pulse",
    "event",
    "device_state",
    "session_state",
    "record_event",
    "rejection",
    "finding",
    "session_summary",
    "zone_summary",
    "session_close",
}
"""Measurements of which these sessions make points, limits aside."""


@dataclass
class Forwarded:
    """A folder with a journal, and an InfluxDB that has everything of it."""

    folder: Path
    way: ForwardBench
    org: InfluxOrg

    def judged(self, shown: dict[str, int] | None = None) -> PointJudgement:
        """Let the checker look."""
        return judge_points(self.folder / "journal.db", self.way.forward_file, self.org, shown)

    def one(self, measurement: str, bucket: Bucket = "raw") -> dict[str, Any]:
        """Return one of the points that stand there."""
        selected = f'SELECT * FROM "{bucket}"."{measurement}" LIMIT 1'  # noqa: S608  our own names
        (series,) = self.org.query(selected)
        return series.rows()[0]

    def take_one(self, measurement: str, bucket: Bucket = "raw") -> int:
        """Delete one of them, and return when it was."""
        at_ns = int(self.one(measurement, bucket)["time"])
        self.way.points.delete(bucket, f'_measurement="{measurement}"', at_ns)
        return at_ns

    def put(self, measurement: str, at_ns: int, fields: str, **tags: str) -> None:
        """Write a point by hand, with the tags of one that stands there, or others."""
        names = ("clinic", "device", "firmware", "laterality", "modality", "model", "session")
        known = {name: self.one(measurement)[name] for name in (*names, "zone")} | tags
        told = ",".join(f"{name}={str(known[name]).replace(' ', chr(92) + ' ')}" for name in known)
        answer = self.org.write(f"{measurement},{told} {fields} {at_ns}")
        assert answer.status == 204, answer

    def edit(self, *statements: str) -> None:
        """Change forward.db."""
        with closing(sqlite.open_writer(self.way.forward_file)) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture(scope="module")
def journal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a journal of two sessions, on devices of both kinds, one of them judged anew."""
    folder = tmp_path_factory.mktemp("checked")
    bench = JudgeBench(folder)
    bench.record([*registry_messages(), *chart_messages(RF_SESSION), *device_messages(RF_SESSION)])
    bench.record(device_messages(PEN_SESSION))
    bench.judge()
    bench.record(chart_messages(PEN_SESSION))
    bench.judge()
    bench.close()
    return folder


@pytest.fixture
def forwarded(influx: InfluxOrg, journal_folder: Path, tmp_path: Path) -> Iterator[Forwarded]:
    """Return a copy of that journal, all of it forwarded."""
    folder = shutil.copytree(journal_folder, tmp_path / "data")
    with influx_of(influx, tmp_path) as points:
        way = ForwardBench(folder, points)
        way.catch_up()
        yield Forwarded(folder, way, influx)


def test_everything_forwarded_is_clean(forwarded: Forwarded) -> None:
    account = read_account(forwarded.way.forward_file).whole()
    found = forwarded.judged(account)
    assert found.is_clean, found
    assert found.superseded_count
    assert not found.quarantined_count


def test_point_that_does_not_stand_there_is_lost_whatever_it_measures(
    forwarded: Forwarded,
) -> None:
    for measurement in MEASUREMENTS:
        if measurement.name in FORWARDED:
            forwarded.take_one(measurement.name, measurement.bucket)
    found = forwarded.judged()
    assert {name.partition("/")[0] for name, _ in found.lost} == FORWARDED
    assert not found.doubled
    assert not found.different
    assert found.account_faults


def test_limit_that_does_not_stand_there_is_lost_and_not_in_the_account(
    forwarded: Forwarded,
) -> None:
    forwarded.take_one("limit")
    found = forwarded.judged()
    assert found.lost, found
    assert not found.account_faults


def test_point_that_stands_there_once_more_is_doubled(forwarded: Forwarded) -> None:
    window = forwarded.one("window")
    forwarded.put("window", window["time"] + 1, f"seq={window['seq']}")
    found = forwarded.judged()
    assert len(found.doubled) == 1, found
    assert not found.lost
    assert found.account_faults


def test_point_of_which_the_journal_knows_nothing_is_doubled(forwarded: Forwarded) -> None:
    at_ns = forwarded.one("window")["time"]
    forwarded.put("window", at_ns, "seq=1", session="nobody")
    found = forwarded.judged()
    assert len(found.doubled) == 1, found
    assert "nobody" in str(found.doubled)


def test_point_with_other_values_is_different(forwarded: Forwarded) -> None:
    window = forwarded.one("window")
    forwarded.put("window", window["time"], "depth_commanded_mm=77")
    found = forwarded.judged()
    assert len(found.different) == 1, found
    assert not found.lost
    assert not found.doubled
    assert not found.account_faults


def test_point_at_another_time_is_different(forwarded: Forwarded) -> None:
    window = forwarded.one("window")
    at_ns = forwarded.take_one("window")
    values = [f"{name}={window[name]}" for name in ("seq", "stroke_count", "depth_commanded_mm")]
    forwarded.put("window", at_ns + 1_000, ",".join(values))
    found = forwarded.judged()
    assert len(found.different) == 1, found
    assert not found.lost
    assert not found.doubled


def test_point_in_quarantine_is_excused_and_no_other(forwarded: Forwarded) -> None:
    row = forwarded.one("record_event")
    forwarded.take_one("record_event")
    entry_id = int(row["entry_id"])
    forwarded.edit(
        f"INSERT INTO quarantine (entry_id, bucket, line, words, is_counted, at_ms)"  # noqa: S608  a number
        f" VALUES ({entry_id}, 'raw', 'x', 'no', 1, 1)",
        "UPDATE account SET point_count = point_count - 1 WHERE name = 'forwarded'",
        "INSERT INTO account VALUES ('quarantined', 1)",
    )
    found = forwarded.judged()
    assert found.is_clean, found
    assert found.quarantined_count == 1
    forwarded.take_one("record_event")
    assert len(forwarded.judged().lost) == 1


def test_account_that_does_not_add_up_is_reported(forwarded: Forwarded) -> None:
    forwarded.edit("UPDATE account SET point_count = point_count + 1 WHERE name = 'forwarded'")
    found = forwarded.judged()
    assert any("does not add up" in fault for fault in found.account_faults), found
    assert any("stand in InfluxDB" in fault for fault in found.account_faults), found
    assert not found.is_clean


def test_account_that_counts_other_points_than_the_journal_has_is_reported(
    forwarded: Forwarded,
) -> None:
    forwarded.edit("UPDATE account SET point_count = point_count + 1 WHERE name = 'journalled'")
    found = forwarded.judged()
    assert any("follow from the journal" in fault for fault in found.account_faults), found


def test_page_that_shows_other_numbers_is_reported(forwarded: Forwarded) -> None:
    shown = read_account(forwarded.way.forward_file).whole()
    found = forwarded.judged(shown | {"forwarded": shown["forwarded"] - 1})
    assert any("the page shows" in fault for fault in found.account_faults), found


def test_entries_that_nobody_has_forwarded_are_lost(forwarded: Forwarded) -> None:
    bench = JudgeBench(forwarded.folder)
    bench.record(device_messages(session_of(4, minutes=0.5)))
    bench.close()
    found = forwarded.judged()
    assert found.lost, found
    assert found.account_faults
