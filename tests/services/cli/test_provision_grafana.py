"""`dermatrace provision grafana`, as somebody types it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.provision.grafana import FOLDERS
from support.fake_grafana import PASSWORD, FakeGrafana
from support.program import command


@pytest.fixture
def grafana(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGrafana]:
    """Return a Grafana that has read its files, and settings that name it."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    server = FakeGrafana()
    for folder in FOLDERS:
        server.file_folder(folder.uid, folder.title)
    server.dashboards = {"floor": "clinic", "session": "clinic", "health": "service"}
    with server.serving():
        monkeypatch.setenv("DERMATRACE_GRAFANA_URL", server.address)
        monkeypatch.setenv("DERMATRACE_GRAFANA_PASSWORD_FILE", str(tmp_path / "password"))
        yield server


def test_teams_and_what_each_sees_are_told_and_the_password_is_not(grafana: FakeGrafana) -> None:
    first = command("provision", "grafana", columns=120)
    assert first.exit_code == 0, first.errors
    lines = [" ".join(line.split()) for line in first.output.splitlines()]
    assert "team Clinic staff made" in lines
    assert "folder Clinic unchanged 2 dashboards in it" in lines
    assert "folder Service: seen by changed Directors, Service" in lines
    assert PASSWORD not in first.output + first.errors
    assert sorted(grafana.teams.values()) == ["Clinic staff", "Directors", "Service"]
    again = command("provision", "grafana", "--json").json()
    assert {step["outcome"] for step in again} == {"unchanged"}


def test_without_a_password_it_says_which_setting_is_missing() -> None:
    result = command("provision", "grafana")
    assert result.exit_code == 2
    assert "DERMATRACE_GRAFANA_PASSWORD_FILE" in result.errors


@pytest.mark.usefixtures("grafana")
def test_wrong_user_ends_with_2_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMATRACE_GRAFANA_USER", "nobody")
    result = command("provision", "grafana")
    assert result.exit_code == 2
    assert "Invalid username or password" in result.errors
    assert "grafana_password_file" in result.errors


@pytest.mark.usefixtures("grafana")
def test_grafana_that_is_away_ends_with_1(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMATRACE_GRAFANA_URL", f"http://127.0.0.1:{free_port}")
    result = command("provision", "grafana", "--wait-s", "0.1")
    assert result.exit_code == 1
    assert "Is Grafana running there?" in result.errors
