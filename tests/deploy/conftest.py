"""A broker as it is deployed, shared by the tests of a module."""

import os
from collections.abc import Iterator

import pytest

from dermatrace.provision.broker_accounts import Account
from support.broker import find_mosquitto
from support.deployed_broker import DeployedBroker

ACCOUNTS = (
    Account(name="pen-1", kind="device", clinics=("north",)),
    Account(name="rf-1", kind="device", clinics=("north",)),
    Account(name="pen-2", kind="device", clinics=("south",)),
    Account(name="tablet", kind="desk", clinics=("north",)),
    Account(name="office", kind="staff", clinics=("north", "south")),
    Account(name="nurse", kind="staff", clinics=("south",)),
)


@pytest.fixture(scope="session")
def program() -> str:
    """Return mosquitto; without one the test is skipped, but fails where CI=true."""
    found = find_mosquitto()
    if found is None:
        reason = "mosquitto is not on PATH (apt-get install mosquitto)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def broker(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedBroker]:
    """Return a running broker with devices, a desk and staff of two clinics."""
    assert program
    with DeployedBroker(tmp_path_factory.mktemp("deployed"), ACCOUNTS) as deployed:
        yield deployed
