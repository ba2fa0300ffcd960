"""`dermatrace forward`, as somebody types it: with a real InfluxDB."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import structlog

from dermatrace.forward.store import Store
from support.forward_bench import BUCKET_NAMES, counts_in
from support.forward_journal import OTHER, HandJournal
from support.influx_org import InfluxOrg
from support.manual_clock import NOON_MS
from support.ports import find_free_port
from support.program import Result, command
from support.waiting import wait_until

pytestmark = pytest.mark.influx
END_MAX_S = 20.0
"""After SIGTERM it ends within a second; after this the test fails."""


@pytest.fixture
def data(influx: InfluxOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder without a journal; the settings name the organisation."""
    folder = tmp_path / "data"
    folder.mkdir()
    token_file = tmp_path / "token"
    token_file.write_text(f"{influx.token}\n", encoding="utf-8")
    for name, value in {
        "influxdb_url": influx.url,
        "influxdb_org": influx.name,
        "influxdb_token_file": token_file,
        "influxdb_raw_bucket": BUCKET_NAMES["raw"],
        "influxdb_sessions_bucket": BUCKET_NAMES["sessions"],
        "forward_health_port": find_free_port(),
    }.items():
        monkeypatch.setenv(f"DERMATRACE_{name.upper()}", str(value))
    return folder


@pytest.fixture
def journal(data: Path) -> Iterator[HandJournal]:
    """Return a journal in it with one session, judged twice over."""
    with HandJournal(data) as made:
        made.limited_session()
        made.tell(2, "needling.windows")
        made.judge(0, "opened", 1)
        made.judge(1, "finding_raised", 1)
        yield made


@pytest.fixture(autouse=True)
def _signals_and_logs() -> Iterator[None]:
    """Give back what a command inside this process takes for itself."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    structlog.reset_defaults()


def _forward(data: Path, *arguments: str) -> Result:
    return command("forward", *arguments, "--data", data, columns=200)


def _counts(influx: InfluxOrg) -> dict[str, int]:
    return {name: count for name, count in counts_in(influx).items() if count}


STANDING = {"event": 2, "device_state": 1, "window": 3, "finding": 1}


def test_rebuild_fills_an_empty_influxdb_and_a_full_one_alike(
    journal: HandJournal, data: Path, influx: InfluxOrg
) -> None:
    told: list[Any] = []
    for _ in range(2):
        done = _forward(data, "rebuild", "--yes", "--json")
        assert done.exit_code == 0, done.errors
        told.append(done.json())
        assert _counts(influx) == STANDING
    assert told[0] == told[1]
    assert told[0]["difference_count"] == 0
    assert told[0]["entries"] == len(journal.bench.entries())
    assert (told[0]["journalled_count"], told[0]["forwarded_count"]) == (8, 7)
    assert told[0]["superseded_count"] == 1


def test_rebuild_leaves_nothing_that_is_not_on_record(
    journal: HandJournal, data: Path, influx: InfluxOrg
) -> None:
    assert journal.bench.entries()
    foreign = (
        "window,clinic=c,device=d,firmware=f,laterality=l,modality=m,model=o,session=x,zone=z"
        f" seq=1 {NOON_MS}000000"
    )
    assert influx.write(foreign).status == 204
    done = _forward(data, "rebuild", "--yes")
    assert done.exit_code == 0, done.errors
    assert "InfluxDB has everything up to entry" in done.output
    assert "8 points = 7 forwarded" in done.output
    assert _counts(influx) == STANDING


def test_rebuild_asks_first_and_does_nothing_without_a_yes(
    journal: HandJournal, data: Path
) -> None:
    assert journal.bench.entries()
    done = _forward(data, "rebuild")
    assert done.exit_code != 0
    assert "Delete all points" in done.output
    assert not (data / "forward.db").exists()


def test_quarantine_lists_what_was_refused_in_the_servers_words(
    journal: HandJournal, data: Path, influx: InfluxOrg
) -> None:
    assert journal.bench.entries()
    at_ns = NOON_MS * 1_000_000
    assert influx.write(f"window,a=b stroke_count=1i {at_ns}").status == 204
    # Emptying would take the cause away, so that it is forwarded as it comes.
    with _running(data) as process:
        wait_until(lambda: _page("healthz"), what="a healthy process")
        wait_until(lambda: _quarantined_count(data) == 2, what="two refused windows")
        assert process.poll() is None
    listed = _forward(data, "quarantine")
    assert listed.exit_code == 0
    assert "field type conflict" in listed.output
    told = _forward(data, "quarantine", "--json").json()
    assert [one["bucket"] for one in told] == ["raw"] * 2
    assert all(one["line"].startswith("window,clinic=north-clinic,") for one in told)
    assert all("field type conflict" in one["words"] for one in told)
    assert len({one["entry_id"] for one in told}) == 1
    assert _forward(data, "rebuild", "--yes").exit_code == 0
    assert _forward(data, "quarantine").output == "InfluxDB has refused nothing.\n"


def _quarantined_count(data: Path) -> int:
    with Store(data / "forward.db", read_only=True) as store:
        return len(list(store.quarantined()))


def test_quarantine_of_a_folder_without_forwarding_says_so(data: Path) -> None:
    done = _forward(data, "quarantine")
    assert done.exit_code == 3
    assert "there is no file" in done.errors


@contextmanager
def _running(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `dermatrace forward` in a process of its own, and end it by SIGTERM."""
    arguments = [sys.executable, "-m", "dermatrace", "forward", "--data", str(data)]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    try:
        yield process
        process.terminate()
        _, errors = process.communicate(timeout=END_MAX_S)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        process.kill()
        process.communicate()


def _page(path: str) -> str | None:
    try:
        port = os.environ["DERMATRACE_FORWARD_HEALTH_PORT"]
        with urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def test_forwarding_tells_how_it_is_and_ends_cleanly_on_sigterm(
    journal: HandJournal, data: Path, influx: InfluxOrg
) -> None:
    with _running(data):
        wait_until(lambda: _page("healthz"), what="a healthy process")
        wait_until(lambda: 'points{fate="journalled"} 8.0' in (_page("metrics") or ""))
        metrics = _page("metrics") or ""
        assert "dermatrace_forward_difference_points 0.0" in metrics
        assert 'dermatrace_forward_points{fate="forwarded"} 7.0' in metrics
        told = json.loads(_page("healthz") or "{}")
        assert told == {"healthy": True, "ready": True, "connected": True, "problems": []}
        second = _forward(data)
        assert second.exit_code == 3
        assert "in use by process" in second.errors
        rebuild = _forward(data, "rebuild", "--yes")
        assert rebuild.exit_code == 3, "not under a running process"
        journal.tell(0, "session.started", key=OTHER)
        wait_until(lambda: _counts(influx)["device_state"] == 2, what="what came meanwhile")
    assert {name: count for name, count in _counts(influx).items() if name != "pipeline"} == {
        **STANDING,
        "event": 3,
        "device_state": 2,
    }


def test_another_journal_ends_it_with_3_and_the_command_that_helps(
    journal: HandJournal, data: Path, influx: InfluxOrg
) -> None:
    assert _forward(data, "rebuild", "--yes").exit_code == 0
    journal.bench.journal.close()
    for file in data.glob("journal.db*"):
        file.unlink()
    with HandJournal(data) as another:
        for seq in range(len(STANDING) + 10):
            another.tell(seq, "session.started" if seq == 0 else "device.event", key=OTHER)
        done = _forward(data)
        assert done.exit_code == 3
        assert "is not the journal this follower was reading" in done.errors
        assert "`dermatrace forward rebuild`" in done.errors
        assert _forward(data, "rebuild", "--yes").exit_code == 0
    assert _counts(influx) == {"event": 14, "device_state": 1}
