"""What every fault needs: how often it strikes, a stand to try it on, and the table of results."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from dermatrace import logs
from dermatrace.simulator.fleet import FLEET, FleetDevice
from support.broker import StartMosquitto
from support.faults_clinics import FEW_DEVICES
from support.faults_forward_journals import record_journal
from support.faults_forward_stand import (
    ForwardStand,
    MakeForwardStand,
    MakeRecordedStand,
    Place,
    RecordedStand,
)
from support.faults_judge_stand import JudgeStand, MakeJudgeStand
from support.faults_process import Starter, fresh_python
from support.faults_stand import AMPLE_QUEUE, MakeStand, Stand
from support.faults_table import FaultTable
from support.faults_zygote import Zygote
from support.influx import InfluxServer
from support.ports import find_free_port

KILLS_VARIABLE = "DERMATRACE_FAULT_KILLS"
KILLS_DEFAULT = 4
TABLE_VARIABLE = "DERMATRACE_FAULT_TABLE"
TABLE_KILLS_MIN = 40
"""From so many kills on the table is written without being asked for."""
SEED_VARIABLE = "DERMATRACE_FAULT_SEED"
LONGER_SESSIONS = 3
"""Of each device in the longer of the finished journals: more points than one step takes."""


def _kills() -> int:
    return int(os.environ.get(KILLS_VARIABLE, KILLS_DEFAULT))


def _is_for_the_table() -> bool:
    return TABLE_VARIABLE in os.environ or _kills() >= TABLE_KILLS_MIN


@pytest.fixture(autouse=True)
def _senders_keep_quiet() -> Iterator[None]:
    """Let the senders of a test log errors only: what they complain of here is wanted."""
    former = structlog.get_config()
    logs.set_up_logs(as_json=False, level="error")
    yield
    structlog.configure(**former)


@pytest.fixture
def kills() -> int:
    """Return how often each fault strikes."""
    return _kills()


@pytest.fixture(scope="session")
def fault_table() -> Iterator[FaultTable]:
    """Collect results; write the parts of the page that this run is long enough and whole for."""
    table = FaultTable()
    yield table
    if _is_for_the_table():
        table.write(f"make faults FAULT_KILLS={_kills()}")


@pytest.fixture(scope="session")
def start_recorder() -> Iterator[Starter]:
    """Offer the quick way to start our processes; for the table, the way a person does it."""
    if _is_for_the_table():
        yield fresh_python
    else:
        with Zygote() as zygote:
            yield zygote


@pytest.fixture
def make_stand(
    start_mosquitto: StartMosquitto, start_recorder: Starter, tmp_path: Path
) -> Iterator[MakeStand]:
    """Offer one stand after another; all ends with the test."""
    seed = int(os.environ.get(SEED_VARIABLE, "1"))
    sys.stdout.write(f"to repeat it: {SEED_VARIABLE}={seed}\n")  # shown if the test fails
    with ExitStack() as at_the_end:
        numbers = iter(range(1_000))

        def make(config: str = AMPLE_QUEUE, *, protocol: str = "5") -> Stand:
            broker = start_mosquitto(config)
            folder = tmp_path / f"stand-{next(numbers)}"
            return at_the_end.enter_context(
                Stand(broker, folder, start_recorder, seed=seed, protocol=protocol)
            )

        yield make


@pytest.fixture
def make_judge_stand(make_stand: MakeStand) -> Iterator[MakeJudgeStand]:
    """Offer one stand with a judge after another; all ends with the test."""
    with ExitStack() as at_the_end:

        def make(fleet: tuple[FleetDevice, ...] = FLEET) -> JudgeStand:
            return at_the_end.enter_context(JudgeStand(make_stand(), fleet))

        yield make


@pytest.fixture(scope="session")
def mortal_influx(influxd: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """Return the InfluxDB that faults may kill; whoever gets it finds it running."""
    server = InfluxServer(influxd, find_free_port(), tmp_path_factory.mktemp("mortal-influxd"))
    try:
        server.start()
        server.set_up()
        yield server
    finally:
        server.close()


@pytest.fixture
def new_place(mortal_influx: InfluxServer) -> Iterator[Callable[[], Place]]:
    """Offer organisations, still empty, in an InfluxDB that may be killed."""
    if not mortal_influx.is_running:  # a test has failed before it started it again
        mortal_influx.start()
    with ExitStack() as at_the_end:

        def new() -> Place:
            org = mortal_influx.new_org()
            at_the_end.callback(mortal_influx.remove_org, org)
            org.create_bucket("unused")  # by it provisioning finds the organisation
            return Place(mortal_influx, org)

        yield new


@pytest.fixture
def make_forward_stand(
    make_judge_stand: MakeJudgeStand, new_place: Callable[[], Place]
) -> Iterator[MakeForwardStand]:
    """Offer one stand with forwarding after another; all ends with the test."""
    with ExitStack() as at_the_end:

        def make(
            place: Place | None = None, *, fleet: tuple[FleetDevice, ...] = FEW_DEVICES
        ) -> ForwardStand:
            judged = make_judge_stand(FLEET if _is_for_the_table() else fleet)
            stand = ForwardStand(judged, place or new_place())
            stand.forward.product = "" if _is_for_the_table() else "hasty"
            return at_the_end.enter_context(stand)

        yield make


@pytest.fixture(scope="session")
def recorded_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a journal that is finished and judged; whoever forwards it takes a copy."""
    return record_journal(tmp_path_factory.mktemp("recorded"), sessions=1)


@pytest.fixture(scope="session")
def longer_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return another, of which the first step is full."""
    return record_journal(tmp_path_factory.mktemp("longer"), sessions=LONGER_SESSIONS)


@pytest.fixture
def make_recorded_stand(
    recorded_journal: Path,
    start_recorder: Starter,
    new_place: Callable[[], Place],
    tmp_path: Path,
) -> Iterator[MakeRecordedStand]:
    """Offer one stand with that journal after another; all ends with the test."""
    with ExitStack() as at_the_end:
        numbers = iter(range(1_000))

        def make(place: Place | None = None, journal: Path | None = None) -> RecordedStand:
            journal = journal or recorded_journal
            data = tmp_path / f"recorded-{next(numbers)}"
            data.mkdir()
            for suffix in ("", "-wal"):
                part = journal.with_name(journal.name + suffix)
                if part.exists():
                    shutil.copyfile(part, data / part.name)
            stand = RecordedStand(data, place or new_place(), start_recorder)
            return at_the_end.enter_context(stand)

        yield make
