"""The broker's password file: in mosquitto's own form, as mosquitto itself finds."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.mqtt import NOT_AUTHORIZED, BrokerAddress, Connection
from dermatrace.provision.broker_passwords import fits, hash_password, render_passwords
from support.broker import StartMosquitto
from support.mqtt_ends import NotingListener
from support.waiting import wait_until

# Made by mosquitto_passwd 2.0.11 from the password "open sesame".
MADE_BY_MOSQUITTO = (
    "$7$101$VUytwY5OoElmtsYr$"
    "Ojm7cnInkeYPQYOwg4p9PKfSE4xs5DLWNvmFKutE+vK98ywxu74m9bRunlsG2mlMjmJ34Uot8XUHJ8QBGXowgw=="
)
PASSWORDS = {"pen-7": "open sesame", "office": "päss wörd $7$ with everything"}


def test_password_fits_its_hash_and_no_other_does() -> None:
    hashed = hash_password("open sesame")
    assert fits("open sesame", hashed)
    assert not fits("open sesame ", hashed)
    assert not fits("", hashed)


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password("open sesame") != hash_password("open sesame")


def test_hash_that_mosquitto_made_is_understood() -> None:
    assert fits("open sesame", MADE_BY_MOSQUITTO)
    assert not fits("open sesame!", MADE_BY_MOSQUITTO)


@pytest.mark.parametrize(
    "hashed",
    ["", "open sesame", "$6$salt$hash", "$7$x$c2FsdA==$aGFzaA==", "$7$101$***$aGFzaA==", "$7$101"],
)
def test_form_that_is_not_known_fits_nothing(hashed: str) -> None:
    assert not fits("open sesame", hashed)


def test_second_run_changes_nothing_and_a_new_password_only_its_line() -> None:
    first = render_passwords(PASSWORDS)
    assert render_passwords(PASSWORDS, earlier=first) == first
    changed = render_passwords({**PASSWORDS, "pen-7": "another"}, earlier=first)
    pairs = zip(first.splitlines(), changed.splitlines(), strict=True)
    assert [one == other for one, other in pairs] == [False, True]


def test_name_that_is_gone_is_gone_from_the_file() -> None:
    first = render_passwords(PASSWORDS)
    assert "pen-7" not in render_passwords({"office": PASSWORDS["office"]}, earlier=first)


def _answer(address: BrokerAddress) -> int | None:
    """Return how a log-in is refused, None if it is not."""
    listener = NotingListener()
    connection = Connection(address, "somebody", listener)
    connection.open()
    wait_until(lambda: listener.up or listener.down, what="an answer")
    connection.close()
    return None if listener.up else listener.down[0][1]


@pytest.mark.broker
def test_real_mosquitto_takes_the_right_password_and_no_other(
    start_mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "passwords"
    file.write_text(render_passwords(PASSWORDS), encoding="utf-8")
    file.chmod(0o600)
    broker = start_mosquitto(f"allow_anonymous false\npassword_file {file}\n")
    for name, password in PASSWORDS.items():
        address = BrokerAddress(
            host=broker.host, port=broker.port, username=name, password=password
        )
        assert _answer(address) is None
        assert _answer(replace(address, password=f"{password}.")) == NOT_AUTHORIZED
    assert "Error" not in broker.log
    assert _answer(BrokerAddress(host=broker.host, port=broker.port)) == NOT_AUTHORIZED


@pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="no mosquitto_passwd here")
def test_what_mosquitto_passwd_writes_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", file, "pen-7", "open sesame"], check=True)
    name, hashed = file.read_text(encoding="utf-8").strip().split(":")
    assert name == "pen-7"
    assert fits("open sesame", hashed)
