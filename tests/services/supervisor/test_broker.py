"""The broker a machine runs for itself."""

from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.settings import load_settings
from dermatrace.supervisor.broker import answers, free_port, mosquitto_command
from support.broker import StartMosquitto


def configuration(tmp_path: Path, **settings: object) -> list[str]:
    command = mosquitto_command("mosquitto", load_settings(data=tmp_path, **settings), 1883)
    return Path(command[-1]).read_text(encoding="utf-8").splitlines()


def test_own_broker_keeps_what_a_recorder_misses(tmp_path: Path) -> None:
    lines = configuration(tmp_path)
    assert "persistence true" in lines
    assert "max_queued_messages 600000" in lines
    assert "allow_anonymous true" in lines
    assert "listener 1883 127.0.0.1" in lines


def test_listening_to_the_network_without_passwords_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="listen_password_file"):
        configuration(tmp_path, listen_host="0.0.0.0")  # noqa: S104  refused is what we test


def test_passwords_close_the_door_to_anonymous_clients(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch()
    lines = configuration(tmp_path, listen_host="0.0.0.0", listen_password_file=passwords)  # noqa: S104
    assert "allow_anonymous false" in lines
    assert f"password_file {passwords.resolve()}" in lines


@pytest.mark.broker
def test_real_mosquitto_accepts_our_configuration(
    tmp_path: Path, start_mosquitto: StartMosquitto
) -> None:
    port = free_port()
    command = mosquitto_command("mosquitto", load_settings(data=tmp_path), port)
    text = Path(command[-1]).read_text(encoding="utf-8")
    options = [line for line in text.splitlines() if not line.startswith(("listener", "user"))]
    broker = start_mosquitto("\n".join(options) + "\nuser root\n")
    assert answers(broker.host, broker.port)
    assert "Error" not in broker.log
