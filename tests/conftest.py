"""Fixtures for every test, and a clean environment around each."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from support.broker import Mosquitto, StartMosquitto, find_mosquitto
from support.ports import find_free_port

# The same examples on every run: a failure seen in CI is the one seen at the desk. No deadline,
# since a busy machine is no defect of the code.
settings.register_profile("dermatrace", derandomize=True, deadline=None)
settings.load_profile("dermatrace")

SUITE_PREFIX = "DERMATRACE_FAULT_"
"""Variables that steer the fault suite, not the product."""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the DERMATRACE_* variables of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("DERMATRACE_") and not name.startswith(SUITE_PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    return find_free_port()


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[StartMosquitto]:
    """Offer brokers with any config, each in a folder of its own.

    Without mosquitto the test is skipped, but fails where CI=true: there it must be installed.
    """
    program = find_mosquitto()
    if program is None:
        reason = "mosquitto is not on PATH (apt-get install mosquitto)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with ExitStack() as at_the_end:

        def start(config: str = "") -> Mosquitto:
            port = find_free_port()
            broker = Mosquitto(program, port, tmp_path / f"mosquitto-{port}", config)
            at_the_end.callback(broker.close)
            broker.start()
            return broker

        yield start


@pytest.fixture
def mosquitto(request: pytest.FixtureRequest, start_mosquitto: StartMosquitto) -> Mosquitto:
    """Return a running broker; parametrize it indirectly to give it a config text."""
    config: str = getattr(request, "param", "")
    return start_mosquitto(config)
