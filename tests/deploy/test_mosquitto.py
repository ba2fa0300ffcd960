"""The broker's configuration in containers: the same limits as without, and TLS if wanted."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from dermatrace.errors import BrokerUnavailable
from dermatrace.mqtt import BrokerAddress, Connection
from dermatrace.provision.broker_accounts import Account
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets
from dermatrace.settings import load_settings
from dermatrace.supervisor.broker import mosquitto_command
from support.compose import COMPOSE_FILE, TLS_FILE, ComposeFile
from support.mqtt_ends import NotingListener
from support.native_stack import NativeStack
from support.ports import answers
from support.tree import ROOT
from support.waiting import wait_until

CONFIGURATION: Final = ROOT / "deploy" / "mosquitto" / "mosquitto.conf"
LISTENERS: Final = sorted((ROOT / "deploy" / "mosquitto" / "listeners").rglob("*.conf"))
PEN: Final = Account(name="pen-1", kind="device", clinics=("north",))
OWN_PLACES: Final = frozenset({"listener", "persistence_location", "user", "allow_anonymous"})
"""Options that say where something is, and so differ from machine to machine."""


def _options(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(" ", 1) for line in lines if not line.startswith("log_"))


def test_limits_are_those_of_the_broker_without_containers(tmp_path: Path) -> None:
    _, _, file = mosquitto_command("mosquitto", load_settings(data=tmp_path), 1883)
    without = _options(Path(file).read_text(encoding="utf-8"))
    deployed = _options(CONFIGURATION.read_text(encoding="utf-8"))
    limits = without.keys() - OWN_PLACES
    assert limits >= {"max_queued_messages", "max_inflight_messages", "max_packet_size"}
    assert {name: deployed.get(name) for name in limits} == {name: without[name] for name in limits}


def test_nobody_gets_in_unnamed() -> None:
    deployed = _options(CONFIGURATION.read_text(encoding="utf-8"))
    assert deployed["allow_anonymous"] == "false"
    assert {"password_file", "acl_file"} <= deployed.keys()


@pytest.mark.parametrize("listener", LISTENERS, ids=lambda path: path.parent.name)
def test_listener_for_devices_ties_the_client_id_to_the_user_name(listener: Path) -> None:
    assert _options(listener.read_text(encoding="utf-8"))["use_username_as_clientid"] == "true"


@pytest.mark.broker
def test_mosquitto_takes_the_configuration_without_complaint(program: str, tmp_path: Path) -> None:
    assert program
    list(make_secrets(tmp_path / "secrets"))
    with NativeStack(tmp_path) as stack:
        stack.up("provision-broker", "mosquitto")
        log = stack.log("mosquitto")
    assert "Error" not in log
    complaints = [line for line in log.splitlines() if "Warning" in line]
    assert all("should not be run as root" in line for line in complaints), complaints


@pytest.fixture
def secured(program: str, tmp_path: Path) -> Iterator[NativeStack]:
    """Return a broker with TLS, whose certificate signs itself."""
    assert program
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on PATH (apt-get install openssl)")
    secrets = tmp_path / "secrets"
    list(make_secrets(secrets, [PEN]))
    folder = secrets / "mqtt"
    folder.mkdir()
    asked = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=broker"
    files = f"-keyout {folder}/server.key -out {folder}/server.crt"
    command = f"{openssl} {asked} -addext subjectAltName=IP:127.0.0.1 {files}"
    subprocess.run(command.split(), check=True, capture_output=True)
    with NativeStack(tmp_path, compose=ComposeFile(COMPOSE_FILE, TLS_FILE)) as stack:
        stack.up("provision-broker", "mosquitto")
        yield stack


def _lets_in(address: BrokerAddress) -> bool:
    listener = NotingListener()
    connection = Connection(address, "pen-1", listener)
    try:
        connection.open()
    except BrokerUnavailable:
        return False
    wait_until(lambda: listener.up or listener.down, what="an answer")
    connection.close()
    return bool(listener.up)


# After a handshake that fails, paho leaves the socket to whoever collects the garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.broker
def test_with_tls_a_device_gets_in_only_by_it_and_only_to_the_broker_it_knows(
    secured: NativeStack,
) -> None:
    password = (secured.secrets / BROKER_FOLDER / "pen-1").read_text(encoding="utf-8").strip()
    address = BrokerAddress(
        host="127.0.0.1",
        port=secured.ports[8883],
        username="pen-1",
        password=password,
        tls_ca_file=str(secured.secrets / "mqtt" / "server.crt"),
    )
    assert _lets_in(address)
    assert not _lets_in(replace(address, password="a guess"))  # noqa: S106  a wrong one
    assert not _lets_in(replace(address, tls_ca_file=None))
    assert not _lets_in(replace(address, host="localhost")), "the certificate names 127.0.0.1"
    assert not answers(secured.ports[1883])
