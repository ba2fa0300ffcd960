"""Provisioning files that let Grafana find InfluxDB and the boards at its first start."""

from typing import Final

from dashboards.board import FOLDERS
from dashboards.looks import SOURCE_TYPE, SOURCE_UID, Json
from dermatrace.provision.consumers import CONSUMERS
from dermatrace.settings import Settings

SOURCE_URL: Final = "http://influxdb:8086"
"""By the name of its service in docker-compose.yml."""
TOKENS_FOLDER: Final = "/run/tokens"
"""Where Grafana's container sees the folder that `dermatrace provision influxdb` writes to."""
BOARDS_FOLDER: Final = "/etc/grafana/dashboards"
"""Where it sees `dashboards/json`."""
SHORTEST_INTERVAL: Final = "100ms"
"""The length of a pen's window. Grafana's own 10 s would hide 99 of 100."""
SERIES_MAX: Final = 5_000
"""Series one answer may have; Grafana shows no more. Its own 1,000 is less than a year of sessions
has combinations of zone and side."""
LOOK_EVERY_S: Final = 30
TIMEOUT_S: Final = 30
"""A panel takes less than a second; a query that takes this long has lost its server."""


def data_source() -> Json:
    """Return the provisioning file of the data source."""
    (token_file,) = (one.file_name for one in CONSUMERS if one.name == "grafana")
    source = {
        "name": "dermatrace",
        "type": SOURCE_TYPE,
        "uid": SOURCE_UID,
        "access": "proxy",
        "url": SOURCE_URL,
        "isDefault": True,
        "editable": False,
        "jsonData": {
            # Not the deprecated `database` beside it.
            "dbName": Settings.model_fields["influxdb_database"].default,
            "httpHeaderName1": "Authorization",
            # A query that names many sessions is longer than an address may be.
            "httpMode": "POST",
            "maxSeries": SERIES_MAX,
            "timeInterval": SHORTEST_INTERVAL,
            "timeout": TIMEOUT_S,
            "version": "InfluxQL",
        },
        "secureJsonData": {
            "httpHeaderValue1": f"Token $__file{{{TOKENS_FOLDER}/{token_file}}}",
        },
    }
    return {"apiVersion": 1, "prune": True, "datasources": [source]}


def providers() -> Json:
    """Return the provisioning file of the boards: a folder each for those who open them."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": f"dermatrace-{folder}",
                "type": "file",
                "folder": title,
                "folderUid": folder_uid(folder),
                "disableDeletion": False,
                "allowUiUpdates": False,
                "updateIntervalSeconds": LOOK_EVERY_S,
                "options": {"path": f"{BOARDS_FOLDER}/{folder}"},
            }
            for folder, title in FOLDERS.items()
        ],
    }


def folder_uid(folder: str) -> str:
    """Return by what `dermatrace provision grafana` knows a folder."""
    return f"dermatrace-{folder}"
