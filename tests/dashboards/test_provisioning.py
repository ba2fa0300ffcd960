"""Grafana finds InfluxDB, boards and alerts by files alone, and pages nobody about treatment."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.sources import BOARDS_FOLDER, TOKENS_FOLDER

from dermatrace.provision.consumers import CONSUMERS
from dermatrace.settings import Settings
from support.boards import BOARDS, FOLDER, PROVISIONING, Json, alert_query, alert_rules, panels
from support.grafana import milliseconds
from support.tree import ROOT

(SOURCE,) = PROVISIONING["datasources/influxdb"]["datasources"]
PROVIDERS = PROVISIONING["dashboards/dermatrace"]["providers"]
RULES = alert_rules()
(POLICY,) = PROVISIONING["alerting/policies"]["policies"]
CONTACTS = PROVISIONING["alerting/contact-points"]
COMPOSE = ROOT / "docker-compose.yml"
FILE_CONTENT = re.compile(r"\$__file\{([^}]+)\}")


def test_data_source_is_the_one_that_boards_and_alerts_name() -> None:
    assert SOURCE["uid"] == "dermatrace-influxdb"
    assert (SOURCE["type"], SOURCE["access"]) == ("influxdb", "proxy")
    assert SOURCE["editable"] is False
    assert PROVISIONING["datasources/influxdb"]["prune"] is True
    assert {alert_query(rule)["datasourceUid"] for rule in RULES.values()} == {SOURCE["uid"]}


def test_data_source_asks_by_post_and_groups_by_no_more_than_a_window() -> None:
    told = SOURCE["jsonData"]
    assert told["dbName"] == Settings.model_fields["influxdb_database"].default
    assert told["httpMode"] == "POST"
    assert milliseconds(told["timeInterval"]) == 100
    assert "database" not in SOURCE


def test_token_comes_from_the_file_that_provisioning_writes() -> None:
    assert SOURCE["jsonData"]["httpHeaderName1"] == "Authorization"
    secret = SOURCE["secureJsonData"]["httpHeaderValue1"]
    # Grafana replaces `$__file{...}` wherever it stands in a value; a doubled `$` would be kept.
    assert secret.startswith("Token $__file{")
    (path,) = FILE_CONTENT.findall(secret)
    (consumer,) = (one for one in CONSUMERS if one.name == "grafana")
    assert path == f"{TOKENS_FOLDER}/{consumer.file_name}"
    assert consumer.actions == ("read",)


def test_each_folder_of_boards_is_provided_once_under_a_fixed_uid() -> None:
    folders = {Path(one["options"]["path"]).name: one for one in PROVIDERS}
    assert set(folders) == {path.name for path in (FOLDER / "json").iterdir()}
    assert len({one["folderUid"] for one in PROVIDERS}) == len(PROVIDERS)
    for folder, one in folders.items():
        assert one["options"]["path"] == f"{BOARDS_FOLDER}/{folder}"
        assert one["folderUid"] == f"dermatrace-{folder}"
        assert one["allowUiUpdates"] is False


@pytest.mark.skipif(not COMPOSE.exists(), reason="there is no docker-compose.yml yet")
def test_compose_mounts_what_the_files_name() -> None:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    mounts = {
        str(one).split(":")[1]: str(one).split(":")[0] for one in services["grafana"]["volumes"]
    }
    assert mounts["/etc/grafana/provisioning"] == "./dashboards/provisioning"
    assert mounts[BOARDS_FOLDER] == "./dashboards/json"
    assert TOKENS_FOLDER in mounts
    host = SOURCE["url"].removeprefix("http://").partition(":")[0]
    assert host in services
    assert services["grafana"]["environment"]["GF_DASHBOARDS_MIN_REFRESH_INTERVAL"] == "1s"


def test_there_is_a_rule_for_each_way_of_not_being_recorded() -> None:
    assert set(RULES) == {
        "dermatrace-ingest-away",
        "dermatrace-broker-drops",
        "dermatrace-forward-lags",
        "dermatrace-device-silent",
        "dermatrace-influxdb-away",
    }


@pytest.mark.parametrize("uid", RULES)
def test_rule_leads_to_a_panel_that_exists(uid: str) -> None:
    rule = RULES[uid]
    (board,) = (one for one in BOARDS.values() if one["uid"] == rule["dashboardUid"])
    assert rule["panelId"] in {panel["id"] for panel in panels(board)}
    assert rule["annotations"]["__dashboardUid__"] == rule["dashboardUid"]
    assert rule["annotations"]["__panelId__"] == str(rule["panelId"])


@pytest.mark.parametrize("uid", RULES)
def test_rule_waits_and_says_what_to_do(uid: str) -> None:
    rule = RULES[uid]
    assert milliseconds(rule["for"]) >= 60_000
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert rule["labels"] == {"service": "dermatrace", "nature": "technical"}
    assert "$" not in "".join(rule["labels"].values()), "Grafana would replace it"


@pytest.mark.parametrize("uid", RULES)
def test_condition_is_the_newest_value_against_a_bound(uid: str) -> None:
    asked, newest, beyond = RULES[uid]["data"]
    assert RULES[uid]["condition"] == beyond["refId"]
    assert newest["model"]["expression"] == asked["refId"]
    assert beyond["model"]["expression"] == newest["refId"]
    assert (newest["model"]["type"], newest["model"]["reducer"]) == ("reduce", "last")
    assert beyond["model"]["conditions"][0]["evaluator"]["type"] in {"gt", "lt"}


def test_recorder_that_nobody_hears_of_is_away() -> None:
    assert RULES["dermatrace-ingest-away"]["noDataState"] == "Alerting"


def test_only_one_rule_tells_that_rules_cannot_be_asked() -> None:
    states = {uid: rule["execErrState"] for uid, rule in RULES.items()}
    assert states.pop("dermatrace-influxdb-away") == "Alerting"
    assert set(states.values()) == {"KeepLast"}


def reached(labels: dict[str, str]) -> set[str]:
    """Return whom an alert with these labels reaches, past what is muted for good."""
    for route in POLICY["routes"]:
        if _fits(route, labels):
            is_muted = "nobody" in route.get("mute_time_intervals", ())
            return set() if is_muted else {route["receiver"]}
    return {POLICY["receiver"]}


def _fits(route: Json, labels: dict[str, str]) -> bool:
    for name, sign, asked in route["object_matchers"]:
        found = labels.get(name, "")
        if not (found == asked if sign == "=" else re.fullmatch(asked, found)):
            return False
    return True


@pytest.mark.parametrize("uid", RULES)
def test_technical_alert_reaches_whoever_is_on_call(uid: str) -> None:
    labels = {"alertname": RULES[uid]["title"], **RULES[uid]["labels"]}
    assert reached(labels) == {"on-call"}


@pytest.mark.parametrize(
    "labels",
    [
        {"alertname": "High finding", "service": "dermatrace", "nature": "treatment"},
        {"alertname": "High finding", "nature": "treatment"},
        {"alertname": "something made by hand"},
    ],
)
def test_alert_about_treatment_reaches_nobody(labels: dict[str, str]) -> None:
    assert reached(labels) == set()


def test_nobody_is_written_to_before_somebody_is_named() -> None:
    (technical, _) = POLICY["routes"]
    assert technical["mute_time_intervals"] == ["until-somebody-is-named"]
    (point,) = CONTACTS["contactPoints"]
    (receiver,) = point["receivers"]
    assert receiver["settings"]["addresses"].endswith(".invalid")
    assert {point["name"]} == {POLICY["receiver"], *(r["receiver"] for r in POLICY["routes"])}
    muted = {one["name"]: one["time_intervals"] for one in CONTACTS["muteTimes"]}
    whole_day = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    assert muted == {"until-somebody-is-named": whole_day, "nobody": whole_day}
