"""A real Grafana has read what we provision by file: data source, dashboards, alert rules.

Runs where DERMATRACE_TEST_GRAFANA_FILES names the folder that Grafana was given (`make
grafana-check`).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dermatrace.provision.grafana import FOLDERS
from support.grafana_stand import GrafanaStand

URL = os.environ.get("DERMATRACE_TEST_GRAFANA_URL", "")
USER = os.environ.get("DERMATRACE_TEST_GRAFANA_USER", "admin")
PASSWORD = os.environ.get("DERMATRACE_TEST_GRAFANA_PASSWORD", "admin")
FILES = Path(os.environ.get("DERMATRACE_TEST_GRAFANA_FILES", "nowhere"))
"""Read while the tests are collected: around each of them our variables are hidden."""

pytestmark = pytest.mark.skipif(
    not (URL and FILES.is_dir()),
    reason="DERMATRACE_TEST_GRAFANA_FILES names no folder that a Grafana was given",
)


@pytest.fixture
def stand() -> GrafanaStand:
    """Return the Grafana that was given the files."""
    return GrafanaStand(URL, USER, PASSWORD, "")


def _documents(folder: str, key: str) -> Iterator[dict[str, Any]]:
    for path in sorted((FILES / folder).rglob("*.y*ml")):
        yield from (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get(key) or ()


def _dashboards() -> dict[str, str]:
    """Return the title of each dashboard by its uid."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in FILES.rglob("*.json")]
    return {board["uid"]: board["title"] for board in read if "panels" in board}


def test_every_dashboard_is_there_in_one_of_our_folders(stand: GrafanaStand) -> None:
    boards = _dashboards()
    assert boards
    for uid, title in boards.items():
        found = stand.ask("GET", f"/dashboards/uid/{uid}")
        assert found is not None, f"{title} ({uid}) was not loaded; Grafana's log says why"
        assert found["dashboard"]["title"] == title
        assert found["meta"]["provisioned"]
        assert found["meta"]["folderUid"] in {folder.uid for folder in FOLDERS}


def test_folders_have_the_titles_that_provisioning_gives_them(stand: GrafanaStand) -> None:
    assert {folder.uid: folder.title for folder in FOLDERS} == {
        folder.uid: (stand.ask("GET", f"/folders/{folder.uid}") or {}).get("title")
        for folder in FOLDERS
    }


def test_every_data_source_is_there_by_its_uid(stand: GrafanaStand) -> None:
    sources = list(_documents("datasources", "datasources"))
    assert sources
    for source in sources:
        found = stand.ask("GET", f"/datasources/uid/{source['uid']}")
        assert found is not None, source["uid"]
        assert found["name"] == source["name"]


def test_every_alert_rule_is_there_by_its_uid(stand: GrafanaStand) -> None:
    rules = [rule for group in _documents("alerting", "groups") for rule in group["rules"]]
    assert rules
    for rule in rules:
        assert stand.ask("GET", f"/v1/provisioning/alert-rules/{rule['uid']}"), rule["uid"]
