"""`dermatrace up` with the accounts and access rules that containers use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.cli.secrets import demo_accounts
from dermatrace.clock import SystemClock
from dermatrace.demo.sample import import_sample_clinic
from dermatrace.errors import DermatraceError
from dermatrace.provision.broker_access import ACL, PASSWORDS, provision_broker
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets
from dermatrace.settings import Settings, load_settings
from dermatrace.supervisor.supervisor import Supervisor
from support.broker import find_mosquitto

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH"),
]


@pytest.fixture
def guarded(tmp_path: Path, free_port: int) -> Settings:
    """Return settings as docs/deployment.md says to set them."""
    access = tmp_path / "access"
    access.mkdir()
    list(make_secrets(tmp_path / "secrets", demo_accounts()))
    list(provision_broker(tmp_path / "secrets" / BROKER_FOLDER, access))
    return load_settings(
        data=tmp_path / "data",
        broker_port=free_port,
        health_port=0,
        judge_health_port=0,
        broker_passwords=tmp_path / "secrets" / BROKER_FOLDER,
        listen_password_file=access / PASSWORDS,
        listen_acl_file=access / ACL,
    )


@pytest.fixture
def running(guarded: Settings) -> Iterator[Supervisor]:
    """Return broker, recorder and judge, each logged in under its own name."""
    with Supervisor(guarded, "mosquitto", SystemClock()) as supervisor:
        yield supervisor


def test_recorder_works_and_a_tool_is_recorded_each_under_its_own_name(
    running: Supervisor,
) -> None:
    assert running.is_healthy()
    assert import_sample_clinic(running.settings, running.address) > 0


def test_without_the_recorders_password_it_is_named(guarded: Settings) -> None:
    assert guarded.broker_passwords is not None
    (guarded.broker_passwords / "ingest").unlink()
    with pytest.raises(DermatraceError, match="no password at the broker for ingest"):
        Supervisor(guarded, "mosquitto", SystemClock()).start()
