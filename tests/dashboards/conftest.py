"""An InfluxDB that sample sessions were forwarded to, once for all tests of the boards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import boards_data
from support.boards_sample import BoardsData
from support.influx import InfluxServer


@pytest.fixture(scope="session")
def boards_data_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return a folder with the sample on record, and the time at which it ends."""
    folder = tmp_path_factory.mktemp("boards")
    return folder, boards_data.fill_journal(folder)


@pytest.fixture(scope="session")
def data(influx_server: InfluxServer, boards_data_folder: tuple[Path, int]) -> Iterator[BoardsData]:
    """Return the sample in InfluxDB."""
    folder, ends_ms = boards_data_folder
    org = influx_server.new_org()
    org.make_buckets()
    account = boards_data.forward(folder, org, ends_ms)
    yield BoardsData(folder, org, ends_ms, account)
    influx_server.remove_org(org)
