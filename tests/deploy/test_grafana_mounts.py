"""What Grafana's files name is where docker-compose.yml puts it."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from dermatrace.provision.consumers import CONSUMERS
from dermatrace.settings import Settings
from support.compose import ComposeFile
from support.tree import ROOT

OURS: Final = ComposeFile.ours()
GRAFANA: Final = OURS.services["grafana"]
PROVISIONING: Final = ROOT / "dashboards" / "provisioning"


def _read(folder: str, key: str) -> list[dict[str, Any]]:
    return [
        entry
        for file in sorted((PROVISIONING / folder).glob("*.yaml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))[key]
    ]


def _here(path: str) -> Path:
    """Return which file or folder of ours Grafana sees under a path."""
    for mount in GRAFANA.mounts:
        if mount.is_from_host and path.startswith(f"{mount.target}/"):
            return ROOT / mount.source / path.removeprefix(f"{mount.target}/")
    raise AssertionError(f"{path} is not mounted")


def test_files_are_where_grafana_looks_for_them() -> None:
    assert _here("/etc/grafana/provisioning/datasources") == PROVISIONING / "datasources"


def test_every_folder_of_dashboards_is_there_and_holds_some() -> None:
    providers = _read("dashboards", "providers")
    assert providers
    for provider in providers:
        assert list(_here(provider["options"]["path"]).glob("*.json")), provider["name"]


def test_no_dashboard_is_left_out() -> None:
    shown = {_here(p["options"]["path"]) for p in _read("dashboards", "providers")}
    assert {file.parent for file in (ROOT / "dashboards").rglob("*.json")} == shown


def test_first_page_is_a_dashboard_of_ours() -> None:
    path = GRAFANA.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert _here(path).is_file()


def test_data_source_asks_our_influxdb_with_the_token_that_was_made_for_it() -> None:
    (source,) = _read("datasources", "datasources")
    assert source["url"] == "http://influxdb:8086"
    assert source["jsonData"]["dbName"] == Settings.model_fields["influxdb_database"].default
    (file,) = re.findall(r"\$__file\{(.+)\}", source["secureJsonData"]["httpHeaderValue1"])
    (grafana,) = [consumer for consumer in CONSUMERS if consumer.name == "grafana"]
    (folder,) = [mount.target for mount in GRAFANA.mounts if mount.source == "tokens"]
    assert file == f"{folder}/{grafana.file_name}"


def test_forward_reads_the_token_that_was_made_for_it() -> None:
    (forward,) = [consumer for consumer in CONSUMERS if consumer.name == "forward"]
    file = OURS.services["forward"].environment["DERMATRACE_INFLUXDB_TOKEN_FILE"]
    assert Path(file).name == forward.file_name


def test_what_one_service_calls_another_is_its_name_and_a_port_it_listens_on() -> None:
    listens = {
        name: {port["target"] for port in service.body.get("ports", ())}
        for name, service in OURS.services.items()
    }
    listens["mosquitto"].add(1884)
    called = [
        (url[1], int(url[2]))
        for service in OURS.services.values()
        for text in service.environment.values()
        if (url := re.fullmatch(r"http://([a-z]+):(\d+)", text))
    ]
    called += [
        (told["DERMATRACE_BROKER_HOST"], int(told["DERMATRACE_BROKER_PORT"]))
        for service in OURS.services.values()
        if "DERMATRACE_BROKER_HOST" in (told := service.environment)
    ]
    assert called
    for name, port in called:
        assert port in listens[name], (name, port)


def test_who_calls_another_shares_a_network_with_it() -> None:
    networks = {
        name: set(service.body.get("networks", ())) for name, service in OURS.services.items()
    }
    for name, service in OURS.services.items():
        for key, value in service.environment.items():
            host = value if key.endswith("_HOST") else _host_in(value)
            if host in networks and host != name:
                assert networks[name] & networks[host], (name, host)


def _host_in(value: str) -> str:
    found = re.search(r"//([a-z-]+):\d", value)
    return "" if found is None else found[1]
