"""Fixtures for every test, and a clean environment around each."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from support.broker import Mosquitto, StartMosquitto, find_mosquitto
from support.influx import InfluxServer, StartInflux
from support.influx_org import InfluxOrg
from support.ports import find_free_port
from support.real_servers import ServerMissing, find_chromium, find_server

# The same examples on every run: a failure seen in CI is the one seen at the desk. No deadline,
# since a busy machine is no defect of the code.
settings.register_profile("dermatrace", derandomize=True, deadline=None)
settings.load_profile("dermatrace")

TESTS = Path(__file__).parent
LONG = (
    "benchmarks/test_suite.py",
    "deploy/test_native_stack.py",
    "faults",
    "house/test_influx_full_disk.py",
    "house/test_wheel.py",
    "journeys/test_settling_simulation.py",
    "services/console/test_frame.py",
    "services/console/test_looks.py",
    "services/console/test_session_looks.py",
    "services/judge/test_equivalence.py",
    "services/judge/test_explanation.py",
    "services/supervisor",
)
"""What `make test` leaves to `make test-long`: whole processes, killed over and over, browsers that
look at every page, histories played again and again. Marked `long`."""


WORKERS_PER_CORE = 2
"""A third of what the tests do is waiting: for a broker, a process, a page."""


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `--numprocesses auto` means."""
    return WORKERS_PER_CORE * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long; some tests bear the mark themselves."""
    folders = [TESTS / name for name in LONG]
    for item in items:
        if any(item.path == folder or folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.long)


SUITE_PREFIX = "DERMATRACE_FAULT_"
"""Variables that steer the fault suite, not the product."""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the DERMATRACE_* variables of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("DERMATRACE_") and not name.startswith(SUITE_PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    return find_free_port()


def _do_without(reason: str) -> NoReturn:
    """Skip the test, but fail it where CI=true: there every server must be installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[StartMosquitto]:
    """Offer brokers with any config, each in a folder of its own.

    Without mosquitto the test is skipped, but fails where CI=true: there it must be installed.
    """
    program = find_mosquitto()
    if program is None:
        _do_without("mosquitto is not on PATH (apt-get install mosquitto)")
    with ExitStack() as at_the_end:

        def start(config: str = "") -> Mosquitto:
            port = find_free_port()
            broker = Mosquitto(program, port, tmp_path / f"mosquitto-{port}", config)
            at_the_end.callback(broker.close)
            broker.start()
            return broker

        yield start


@pytest.fixture
def mosquitto(request: pytest.FixtureRequest, start_mosquitto: StartMosquitto) -> Mosquitto:
    """Return a running broker; parametrize it indirectly to give it a config text."""
    config: str = getattr(request, "param", "")
    return start_mosquitto(config)


@pytest.fixture(scope="session")
def influxd() -> str:
    """Return the program of a real InfluxDB 2; without it the test is skipped, but fails in CI."""
    try:
        return find_server("influxd")
    except ServerMissing as missing:
        _do_without(str(missing))


@pytest.fixture(scope="session")
def telegraf() -> str:
    """Return the program of a real Telegraf; without it the test is skipped, but fails in CI."""
    try:
        return find_server("telegraf")
    except ServerMissing as missing:
        _do_without(str(missing))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the program of a real Chromium; without it the test is skipped, but fails in CI."""
    program = find_chromium()
    if program is None:
        _do_without("there is no Chromium on PATH (apt-get install chromium)")
    return program


@pytest.fixture(scope="session")
def influx_server(influxd: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """Return the one InfluxDB that all tests share. Whoever stops or fills it starts an own one."""
    server = InfluxServer(influxd, find_free_port(), tmp_path_factory.mktemp("influxd"))
    try:
        server.start()
        server.set_up()
        yield server
    finally:
        server.close()


@pytest.fixture
def influx(influx_server: InfluxServer) -> Iterator[InfluxOrg]:
    """Return an organisation of the test's own, with both buckets, on the shared InfluxDB."""
    org = influx_server.new_org()
    org.make_buckets()
    yield org
    influx_server.remove_org(org)


@pytest.fixture
def start_influx(influxd: str, tmp_path: Path) -> Iterator[StartInflux]:
    """Offer InfluxDBs of the test's own, each in a folder of its own, not yet set up."""
    with ExitStack() as at_the_end:

        def start(*options: str, folder: Path | None = None) -> InfluxServer:
            port = find_free_port()
            server = InfluxServer(influxd, port, folder or tmp_path / f"influxd-{port}", options)
            at_the_end.callback(server.close)
            server.start()
            return server

        yield start
