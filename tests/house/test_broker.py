"""The broker fixture does what the other tests rely on."""

import pytest

from support.broker import Mosquitto, StartMosquitto
from support.own_server import ServerError
from support.ports import answers

pytestmark = pytest.mark.broker


def test_mosquitto_answers_until_stopped_and_again_after_restart(mosquitto: Mosquitto) -> None:
    assert answers(mosquitto.port)
    mosquitto.stop()
    assert not answers(mosquitto.port)
    mosquitto.restart()
    assert answers(mosquitto.port)


def test_killed_mosquitto_is_gone_and_restart_brings_another_process(mosquitto: Mosquitto) -> None:
    first_pid = mosquitto.pid
    mosquitto.kill()
    assert not mosquitto.is_running
    mosquitto.restart()
    assert mosquitto.pid != first_pid


@pytest.mark.parametrize("mosquitto", ["persistence true\n"], indirect=True)
def test_config_text_is_in_force(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    assert (mosquitto.folder / "mosquitto.db").exists()


def test_two_mosquittos_run_side_by_side(start_mosquitto: StartMosquitto) -> None:
    assert start_mosquitto().port != start_mosquitto().port


def test_bad_config_fails_with_the_log(start_mosquitto: StartMosquitto) -> None:
    with pytest.raises(ServerError, match="no_such_option"):
        start_mosquitto("no_such_option 1\n")
