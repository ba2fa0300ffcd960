"""`ports` as a user calls it."""

from pathlib import Path

import pytest

from dermatrace.cli.ports import doors_of
from dermatrace.provision.secret_files import make_secrets
from support.compose import COMPOSE_FILE
from support.program import command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a copy of the Compose file in a folder of its own."""
    copy = tmp_path / "docker-compose.yml"
    copy.write_bytes(COMPOSE_FILE.read_bytes())
    return copy


def test_everything_fits_on_a_terminal_and_no_secret_is_shown(file: Path) -> None:
    list(make_secrets(file.parent / "secrets"))
    done = command("ports", "--file", file)
    assert done.exit_code == 0
    assert "mqtt://THIS-MACHINE:1883" in done.output
    assert "http://127.0.0.1:3000" in done.output
    assert "secrets/grafana-password" in done.output
    for secret in (file.parent / "secrets").rglob("*"):
        if secret.is_file():
            assert secret.read_text(encoding="utf-8").strip() not in done.output
    assert done.errors == ""


def test_before_there_are_passwords_it_says_how_to_make_them(file: Path) -> None:
    assert "make secrets" in command("ports", "--file", file).errors


def test_port_that_was_moved_is_shown_where_it_is(file: Path) -> None:
    file.with_name(".env").write_text("# taken\nGRAFANA_PORT = 3001\nMQTT_ADDRESS=127.0.0.1\n")
    where = {door.what: door.where for door in doors_of(file, {"INFLUXDB_PORT": "8087"})}
    assert where["Grafana"] == "http://127.0.0.1:3001"
    assert where["MQTT"] == "mqtt://127.0.0.1:1883"
    assert where["InfluxDB"] == "http://127.0.0.1:8087"


def test_environment_goes_before_the_file_beside(file: Path) -> None:
    file.with_name(".env").write_text("GRAFANA_PORT=3001\n")
    where = {door.what: door.where for door in doors_of(file, {"GRAFANA_PORT": "3002"})}
    assert where["Grafana"] == "http://127.0.0.1:3002"


def test_json_holds_the_same(file: Path) -> None:
    told = command("ports", "--json", "--file", file).json()
    assert {door["what"]: door["log_in_as"] for door in told}["Grafana"] == "admin"


def test_file_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    done = command("ports", "--file", tmp_path / "docker-compose.yml")
    assert done.exit_code == 2
    assert "--file" in done.errors
