"""The services of docker-compose.yml, run here with their own commands, settings and accounts."""

import os
import signal
import stat
import urllib.request
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import pytest

from dermatrace.cli.secrets import demo_accounts
from dermatrace.clock import SystemClock
from dermatrace.demo.judged import await_verdicts, expectations_of, judgements_of
from dermatrace.demo.once import Played, play_once
from dermatrace.demo.sample import import_sample_clinic
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets
from dermatrace.settings import Settings, load_settings
from dermatrace.simulator.fleet import FLEET, demo_fleet
from support.influx import InfluxServer
from support.influx_http import InfluxHttp
from support.native_stack import NativeStack
from support.waiting import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.slow]
RECORD: Final = ("provision-broker", "mosquitto", "ingest", "judge")
REFUSED: Final = "not accepted by the broker"
SETUP: Final = {
    "username": "USERNAME",
    "password": "PASSWORD",
    "org": "ORG",
    "bucket": "BUCKET",
    "token": "ADMIN_TOKEN",
}
"""What InfluxDB is set up with, and which of the image's variables says it."""
MINUTES: Final = 0.5


@pytest.fixture(scope="module")
def stack(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeStack]:
    """Return broker, recorder and judge, each started when what it waits for is well."""
    assert program
    folder = tmp_path_factory.mktemp("stack")
    list(make_secrets(folder / "secrets", demo_accounts()))
    with NativeStack(folder) as running:
        running.up(*RECORD)
        yield running


@pytest.fixture(scope="module")
def settings(stack: NativeStack) -> Settings:
    """Return the settings of everybody outside: the port for devices, and all passwords."""
    return load_settings(
        data=stack.volume("data"),
        broker_port=stack.ports[1883],
        broker_passwords=stack.secrets / BROKER_FOLDER,
    )


@pytest.fixture(scope="module")
def played(stack: NativeStack, settings: Settings) -> Played:
    """Play every treatment, one of them on a bad day, through the deployed broker."""
    address = settings.broker_address()
    assert import_sample_clinic(settings, address) > 0
    done = play_once(settings, address, demo_fleet(1, MINUTES), SystemClock())
    await_verdicts(settings, expectations_of(done), stack.attend)
    return done


@pytest.fixture(scope="module")
def trends(stack: NativeStack, influxd: str, played: Played) -> Iterator[InfluxHttp]:
    """Set up InfluxDB as its image does, then provision and forward; return who reads for Grafana.

    Everything that was played is on record by then.
    """
    assert played.sessions
    server = InfluxServer(influxd, stack.ports[8086], stack.folder / "influxdb")
    server.start()
    try:
        told = stack.environment("influxdb")
        server.http.post("/api/v2/setup", {name: _setup_value(told, name) for name in SETUP})
        assert stack.check_health("influxdb") == 0
        stack.up("provision-influxdb", "forward")
        token = (stack.volume("tokens") / "influxdb-grafana.token").read_text(encoding="utf-8")
        yield InfluxHttp(server.port, token.strip())
    finally:
        stack.stop("forward")
        server.close()


def _setup_value(told: Mapping[str, str], name: str) -> str:
    """Return what the image's entry point hands to `influx setup`, from a variable or its file."""
    variable = f"DOCKER_INFLUXDB_INIT_{SETUP[name]}"
    if variable in told:
        return told[variable]
    return Path(told[f"{variable}_FILE"]).read_text(encoding="utf-8").strip()


def _numbers(stack: NativeStack) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports[8427]}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {
        name.removeprefix("dermatrace_ingest_"): float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


def test_every_session_settles_as_scripted_through_the_access_rules(played: Played) -> None:
    assert len(played.summaries) >= 6
    for summary in played.summaries:
        assert summary.settled
        assert summary.differs == []


def test_every_session_is_judged_as_scripted_through_the_access_rules(
    played: Played, settings: Settings
) -> None:
    judged = judgements_of(settings, expectations_of(played))
    assert len(judged) >= 6
    for judgement in judged:
        assert judgement.differs == []
        assert judgement.state == "closed"


def test_all_classes_are_on_record_and_the_broker_has_refused_nothing(
    stack: NativeStack, played: Played
) -> None:
    assert played.summaries
    with JournalReader(stack.volume("data") / "journal.db") as reader:
        classes = {stream.key.stream_class for stream in reader.all_streams()}
    assert classes == {"session", "chart", "registry", "verdict"}
    assert _numbers(stack)["refused_answers_total"] == 0
    assert REFUSED not in stack.log("judge")


def _streams(stack: NativeStack, stream_class: str) -> set[StreamKey]:
    with JournalReader(stack.volume("data") / "journal.db") as reader:
        keys = [stream.key for stream in reader.all_streams()]
    return {key for key in keys if key.stream_class == stream_class}


def _count(trends: InfluxHttp, query: str) -> float:
    answer = trends.ask("GET", "/query", query={"db": "dermatrace", "q": query})
    assert answer.status == HTTPStatus.OK, answer.text
    return sum(
        sum(value for value in row[1:] if value is not None)
        for series in answer.json["results"][0].get("series", ())
        for row in series["values"]
    )


def test_grafanas_token_finds_what_was_recorded(trends: InfluxHttp, stack: NativeStack) -> None:
    wait_until(
        lambda: _count(trends, 'SELECT count(*) FROM "sessions"."session_summary"') > 0,
        what="a summary in InfluxDB",
    )
    assert _count(trends, 'SELECT count(*) FROM "raw"./.*/') > 0
    file = stack.volume("tokens") / "influxdb-grafana.token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640, "Grafana reads it by its group"
    assert stack.is_healthy("forward")


def test_doctor_in_a_container_finds_every_part(trends: InfluxHttp, stack: NativeStack) -> None:
    assert trends.token
    # It ends with 1: a device of the sample clinics has no clearance, which is as it should be.
    assert stack.run_to_its_end("tools") in {0, 1}
    lines = stack.log("tools").splitlines()
    found = {line[4:].split("  ")[0] for line in lines if line.startswith(("ok", "!!"))}
    assert found >= {"journal", "broker", "recorder", "judge", "InfluxDB", "InfluxDB token"}
    wrong = [line for line in lines if line.startswith("!!")]
    assert all("-clinic: " in line for line in wrong), wrong


def test_simulation_shows_a_living_clinic_without_anybody_else(stack: NativeStack) -> None:
    before = _streams(stack, "session")
    judged_before = _streams(stack, "verdict")
    stack.up("simulate")
    wait_until(
        lambda: (
            {key.sender for key in _streams(stack, "session") - before}
            == {device.sender_id for device in FLEET}
        ),
        what="every device in session",
    )
    wait_until(lambda: _streams(stack, "verdict") - judged_before, what="a verdict")
    assert "pretend devices publish" in stack.log("simulate")
    assert REFUSED not in stack.log("simulate")
    assert _numbers(stack)["refused_answers_total"] == 0


def test_recorder_is_unhealthy_while_the_broker_is_away_and_recovers_alone(
    program: str, tmp_path: Path
) -> None:
    assert program
    list(make_secrets(tmp_path / "secrets"))
    with NativeStack(tmp_path) as own:
        own.up("provision-broker", "mosquitto", "ingest")
        own.stop("mosquitto")
        wait_until(lambda: not own.is_healthy("ingest"), what="a recorder that says so")
        assert own.check_health("mosquitto") != 0
        own.up("mosquitto")
        own.wait_healthy("ingest")


def test_health_check_of_the_broker_fails_with_the_wrong_password(
    stack: NativeStack, tmp_path: Path
) -> None:
    other = tmp_path / "secrets"
    list(make_secrets(other))
    assert stack.check_health("mosquitto") == 0
    right, stack.secrets = stack.secrets, other
    try:
        assert stack.check_health("mosquitto") != 0
    finally:
        stack.secrets = right


def test_judge_that_has_stopped_moving_is_unhealthy(stack: NativeStack) -> None:
    wait_until(lambda: stack.is_healthy("judge"), what="a judge that moves")
    os.kill(stack.pid("judge"), signal.SIGSTOP)
    try:
        assert not stack.is_healthy("judge")
    finally:
        os.kill(stack.pid("judge"), signal.SIGCONT)
    stack.wait_healthy("judge")


def test_second_recorder_stays_and_says_why_instead_of_ending(stack: NativeStack) -> None:
    second = NativeStack(stack.folder / "second", secrets=stack.secrets)
    second.ports = {**stack.ports, 8427: second.ports[8427]}
    second.share("data", stack.volume("data"))
    second.folder.mkdir()
    with second:
        second.start("ingest")
        wait_until(lambda: "waiting for a person" in second.log("ingest"), what="its words")
        assert "is in use by process" in second.log("ingest")
        assert not second.is_healthy("ingest")
        assert stack.is_healthy("ingest")
        assert second.stop("ingest") == 3
