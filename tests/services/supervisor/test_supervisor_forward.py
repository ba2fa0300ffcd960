"""Forwarding as a process the others do without: it comes and goes, and they notice nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import ServerUnavailable
from dermatrace.forward.store import Store
from dermatrace.health import State, ask_health
from dermatrace.journal.reader import JournalReader
from dermatrace.settings import load_settings
from dermatrace.sqlite import FileLock
from dermatrace.supervisor.supervisor import Supervisor
from support.broker import find_mosquitto
from support.influx_org import InfluxOrg
from support.log_lines import log_lines
from support.mqtt_ends import publish_all
from support.ports import find_free_port
from support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH"),
]
TOPIC = "dermatrace/v1/north-clinic/pen-7/session/s-1"


@contextmanager
def started(data: Path, url: str, org: str = "nobody", token: str = "none") -> Iterator[Supervisor]:  # noqa: S107  good for nothing
    token_file = data / "token"
    token_file.write_text(f"{token}\n", encoding="utf-8")
    settings = load_settings(
        data=data,
        health_port=0,
        judge_health_port=0,
        forward_health_port=0,
        influxdb_url=url,
        influxdb_org=org,
        influxdb_token_file=token_file,
    )
    clock = SystemClock()
    with Supervisor(settings, "mosquitto", clock, any_port=True, forwards=True) as supervisor:
        yield supervisor


@pytest.fixture
def without_influxdb(tmp_path: Path) -> Iterator[Supervisor]:
    """Return one that has started everything, and has no InfluxDB to forward to."""
    with started(tmp_path, f"http://127.0.0.1:{find_free_port()}") as supervisor:
        yield supervisor


def attended(supervisor: Supervisor, condition: Callable[[], bool]) -> Callable[[], bool]:
    def ask() -> bool:
        supervisor.attend()
        return condition()

    return ask


def forward_health(supervisor: Supervisor) -> State:
    assert supervisor.forward_health_url is not None
    try:
        return ask_health(supervisor.forward_health_url)
    except ServerUnavailable:
        return State()


def pids(supervisor: Supervisor) -> dict[str, int | None]:
    return {name: child.pid for name, child in supervisor.children.items()}


def has_caught_up(supervisor: Supervisor) -> bool:
    with (
        JournalReader(supervisor.settings.journal_file) as reader,
        Store(supervisor.settings.forward_file, read_only=True) as store,
    ):
        return store.place().head == reader.head()


def record_one(supervisor: Supervisor, payload: bytes) -> None:
    publish_all(supervisor.address, [(TOPIC, payload)])
    wait_until(attended(supervisor, supervisor.is_healthy), what="a recorder that is well")


def test_everything_starts_while_influxdb_is_away_and_keeps_running(
    without_influxdb: Supervisor,
) -> None:
    running = pids(without_influxdb)
    assert list(running) == ["broker", "ingest", "judge", "forward"]
    assert None not in running.values()
    health = forward_health(without_influxdb)
    assert health.ready
    assert not health.connected
    wait_until(
        attended(without_influxdb, lambda: bool(forward_health(without_influxdb).problems)),
        what="forward to say that InfluxDB is away",
    )
    record_one(without_influxdb, b"while it is away")
    assert pids(without_influxdb) == running


def test_forward_that_needs_a_person_is_left_and_the_others_go_on(
    without_influxdb: Supervisor,
) -> None:
    others = {name: pid for name, pid in pids(without_influxdb).items() if name != "forward"}
    forward = without_influxdb.children["forward"]
    forward.stop()
    lock = FileLock(without_influxdb.settings.forward_file)
    try:
        forward.start()
        with log_lines() as lines:
            wait_until(attended(without_influxdb, lambda: forward.last_exit_code == 3))
            record_one(without_influxdb, b"without it")
            (line,) = [one for one in lines() if one["level"] == "error"]
        assert "forward needs a person" in line["reason"]
        assert "forward.db is in use" in line["reason"]
        assert pids(without_influxdb) == {**others, "forward": None}
    finally:
        lock.close()


def test_everything_else_starts_where_forward_cannot(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "forward.db")
    try:
        with (
            log_lines() as lines,
            started(tmp_path, f"http://127.0.0.1:{find_free_port()}") as supervisor,
        ):
            assert supervisor.is_healthy()
            assert supervisor.children["judge"].pid is not None
            supervisor.attend()
            assert [one["level"] for one in lines()].count("error") >= 1
            assert supervisor.children["forward"].pid is None
    finally:
        lock.close()


@pytest.mark.influx
def test_killed_forward_comes_back_and_goes_on_while_the_others_stay(
    tmp_path: Path, influx: InfluxOrg
) -> None:
    with started(tmp_path, influx.url, influx.name, influx.token) as supervisor:
        wait_until(
            attended(supervisor, lambda: forward_health(supervisor).is_healthy), what="InfluxDB"
        )
        record_one(supervisor, b"before")
        wait_until(attended(supervisor, lambda: has_caught_up(supervisor)), what="all of it")
        before = pids(supervisor)
        supervisor.kill("forward", down_s=0.1)
        record_one(supervisor, b"meanwhile")
        wait_until(
            attended(supervisor, lambda: forward_health(supervisor).is_healthy), what="it again"
        )
        wait_until(attended(supervisor, lambda: has_caught_up(supervisor)), what="all of it")
        after = pids(supervisor)
        assert after.pop("forward") != before.pop("forward")
        assert after == before
        wait_until(attended(supervisor, lambda: influx.count("pipeline") > 0), what="a sample")
    assert influx.count("rejection") == 2
