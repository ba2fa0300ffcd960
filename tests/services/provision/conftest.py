"""An InfluxDB to provision."""

from pathlib import Path

import pytest

from support.influx import StartInflux
from support.influx_org import InfluxOrg
from support.influx_stand import InfluxStand


@pytest.fixture
def stand(influx: InfluxOrg, tmp_path: Path) -> InfluxStand:
    """Return an organisation that somebody else began to set up: buckets, no tokens."""
    return InfluxStand(influx, tmp_path / "data")


@pytest.fixture
def empty_stand(start_influx: StartInflux, tmp_path: Path) -> InfluxStand:
    """Return a server that was only just set up, with its operator's token."""
    return InfluxStand(start_influx().set_up(), tmp_path / "data")
