"""`dermatrace provision influxdb`, as somebody types it."""

import stat
from pathlib import Path

import pytest

from support.influx import StartInflux
from support.influx_org import InfluxOrg
from support.influx_stand import FORWARD, GRAFANA
from support.program import Result, command


def _settings(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"DERMATRACE_{name.upper()}", str(value))


@pytest.fixture
def admin_file(influx: InfluxOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a token that may do everything in the organisation of the settings."""
    path = tmp_path / "admin-token"
    path.write_text(f"{influx.token}\n", encoding="utf-8")
    _settings(
        monkeypatch,
        influxdb_url=influx.url,
        influxdb_org=influx.name,
        influxdb_admin_token_file=path,
    )
    return path


def _provision(tmp_path: Path, *options: str) -> Result:
    return command("provision", "influxdb", "--data", tmp_path / "data", *options, columns=200)


@pytest.mark.usefixtures("admin_file")
def test_what_was_made_is_told_and_no_token_is_shown(tmp_path: Path) -> None:
    first = _provision(tmp_path)
    assert first.exit_code == 0, first.errors
    folder = tmp_path / "data" / "secrets"
    for name, rights in ((FORWARD, "read and write"), (GRAFANA, "read")):
        token = (folder / name).read_text(encoding="utf-8").strip()
        assert token
        assert token not in first.output + first.errors
        (line,) = [line for line in first.output.splitlines() if str(folder / name) in line]
        assert line.rstrip().endswith(f"{name}: {rights}")
    again = _provision(tmp_path, "--json")
    assert {step["outcome"] for step in again.json()} == {"unchanged"}


@pytest.mark.usefixtures("admin_file")
def test_tokens_go_where_the_setting_says_with_the_mode_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settings(monkeypatch, influxdb_tokens=tmp_path / "shared")
    assert _provision(tmp_path, "--token-mode", "0644").exit_code == 0
    assert stat.S_IMODE((tmp_path / "shared" / GRAFANA).stat().st_mode) == 0o644
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("admin_file")
@pytest.mark.parametrize("mode", ["0777", "0200", "0622", "rw", "600000", "0o600"])
def test_mode_that_is_none_for_a_secret_is_refused(tmp_path: Path, mode: str) -> None:
    result = _provision(tmp_path, "--token-mode", mode)
    assert result.exit_code == 2
    assert "no mode for a token file" in result.errors
    assert not (tmp_path / "data").exists()


def test_without_an_admin_token_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    result = _provision(tmp_path)
    assert result.exit_code == 2
    assert "DERMATRACE_INFLUXDB_ADMIN_TOKEN_FILE" in result.errors


def test_refused_admin_token_is_named_by_its_file(admin_file: Path, tmp_path: Path) -> None:
    admin_file.write_text("no such token\n", encoding="utf-8")
    result = _provision(tmp_path)
    assert result.exit_code == 2
    assert f"influxdb_admin_token_file ({admin_file})" in result.errors
    assert "no such token" not in result.output + result.errors


@pytest.mark.usefixtures("admin_file")
def test_steps_before_an_error_are_told_too(
    tmp_path: Path, influx: InfluxOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settings(monkeypatch, influxdb_sessions_bucket="_not allowed")
    result = _provision(tmp_path)
    assert result.exit_code == 2
    assert influx.name in result.output
    assert "bucket dermatrace-raw" in result.output
    assert "_not allowed" in result.errors


@pytest.mark.usefixtures("admin_file")
def test_server_that_is_away_ends_with_1_so_that_it_is_tried_again(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settings(monkeypatch, influxdb_url=f"http://127.0.0.1:{free_port}")
    result = _provision(tmp_path, "--wait-s", "0.2")
    assert result.exit_code == 1
    assert f"http://127.0.0.1:{free_port}" in result.errors
    assert "Is InfluxDB running there?" in result.errors


def test_a_whole_new_server_is_ready_after_one_command(
    tmp_path: Path, start_influx: StartInflux, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = start_influx().set_up()
    (tmp_path / "admin").write_text(operator.token, encoding="utf-8")
    _settings(monkeypatch, influxdb_url=operator.url, influxdb_admin_token_file=tmp_path / "admin")
    outcomes = [step["outcome"] for step in _provision(tmp_path, "--json").json()]
    assert outcomes == ["unchanged", *["made"] * 6]
