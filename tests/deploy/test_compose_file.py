"""docker-compose.yml says what Compose, our commands and our settings understand, and no less."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import typer.main
from typer.testing import CliRunner

from dermatrace.cli import app
from dermatrace.cli.ports import doors_of
from dermatrace.settings import PREFIX, Settings, load_settings
from support.compose import COMPOSE_FILE, TLS_FILE, ComposeFile, Service
from support.tree import ROOT

SCHEMA: Final = json.loads((ROOT / "tests" / "deploy" / "compose-spec.json").read_text("utf-8"))
OURS: Final = ComposeFile.ours()
TLS: Final = ComposeFile(TLS_FILE)
SERVICES: Final = tuple(OURS.services.values())
EXACT: Final = re.compile(r"^[a-z0-9/-]+:\d+\.\d+\.\d+(-alpine)?$")
VERSION: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
LOCAL_ONLY: Final = "127.0.0.1"


def _named(services: tuple[Service, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", services, ids=lambda service: service.name)


LASTING: Final = tuple(service for service in SERVICES if not service.runs_once)
OF_OURS: Final = tuple(service for service in SERVICES if service.is_ours)


@pytest.mark.parametrize("file", [OURS, TLS], ids=lambda file: file.path.name)
def test_file_is_what_the_compose_specification_describes(file: ComposeFile) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(file.body)
    assert [error.message for error in errors] == []


def test_schema_refuses_a_misspelt_key() -> None:
    wrong = {"services": {"ingest": {"image": "dermatrace:0.1.0", "read_olny": True}}}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(wrong)


def test_stack_has_every_part_of_the_path() -> None:
    parts = {"mosquitto", "ingest", "judge", "forward", "console", "influxdb", "grafana"}
    once = {"provision-broker", "provision-influxdb", "provision-grafana"}
    always = {service.name for service in SERVICES if not service.body.get("profiles")}
    assert always >= parts | once
    assert OURS.services["simulate"].body["profiles"] == ["demo"]


@_named(SERVICES)
def test_image_is_pinned_to_the_patch(service: Service) -> None:
    assert EXACT.match(service.image), service.image


@_named(OF_OURS)
def test_our_image_is_built_here_and_has_our_version(service: Service) -> None:
    assert service.image == f"dermatrace:{VERSION}"
    assert service.body["build"] == "."


@_named(SERVICES)
def test_service_may_do_as_little_as_can_be(service: Service) -> None:
    body = service.body
    user, _, group = str(body["user"]).partition(":")
    assert int(user) > 0, "not root"
    assert int(group) >= 0
    assert body["read_only"] is True
    assert body["cap_drop"] == ["ALL"]
    assert body["security_opt"] == ["no-new-privileges:true"]
    assert not body.keys() & {"privileged", "cap_add", "devices", "pid", "ipc"}
    assert re.fullmatch(r"\d+[mg]", str(body["mem_limit"]))
    assert 0 < body["pids_limit"] <= 500


@_named(SERVICES)
def test_log_of_a_service_has_an_end(service: Service) -> None:
    assert service.body["logging"]["options"].keys() == {"max-size", "max-file"}


@_named(LASTING)
def test_lasting_service_is_looked_after_and_comes_back_after_a_reboot(service: Service) -> None:
    assert service.healthcheck
    assert service.body["restart"] == "unless-stopped"


@_named(SERVICES)
def test_service_waits_for_another_until_that_is_well_or_done(service: Service) -> None:
    for name, condition in service.waits_for.items():
        awaited = OURS.services[name]
        assert not awaited.body.get("profiles"), f"{name} is not always there"
        expected = "service_completed_successfully" if awaited.runs_once else "service_healthy"
        assert condition == expected, f"{service.name} waits for {name}"


def test_nothing_starts_before_what_it_needs() -> None:
    waits = {service.name: set(service.waits_for) for service in SERVICES}
    assert waits["mosquitto"] == {"provision-broker"}
    assert "mosquitto" in waits["ingest"]
    assert "ingest" in waits["judge"] & waits["forward"] & waits["simulate"]
    assert "provision-influxdb" in waits["forward"] & waits["grafana"]
    assert waits["provision-influxdb"] == {"influxdb"}
    assert waits["provision-grafana"] == {"grafana"}


@_named(OF_OURS)
def test_command_of_ours_is_understood(service: Service) -> None:
    asked = CliRunner().invoke(app, [*service.command, "--help"])
    assert asked.exit_code == 0, asked.output
    command: Any = typer.main.get_command(app)
    words = service.command
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    names_only_a_group = hasattr(command, "commands") and not command.invoke_without_command
    assert not names_only_a_group, service.command
    # Parsed to the end, with options and their values, and not run.
    command.make_context(service.name, list(words)).close()


@_named(OF_OURS)
def test_settings_of_ours_exist_and_have_possible_values(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: text for name, text in service.environment.items() if name.startswith(PREFIX)}
    assert given.keys() == service.environment.keys()
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    settings = load_settings()
    assert settings.model_fields_set == {name.removeprefix(PREFIX).lower() for name in given}


@_named(OF_OURS)
def test_file_that_a_setting_names_is_mounted(service: Service) -> None:
    fields = Settings.model_fields
    named = {
        text
        for name, text in service.environment.items()
        if "Path" in str(fields[name.removeprefix(PREFIX).lower()].annotation)
    }
    targets = [mount.target for mount in service.mounts]
    for path in named:
        assert any(path == target or path.startswith(f"{target}/") for target in targets), path


@_named(SERVICES)
def test_mount_has_a_source_and_this_machines_files_are_only_read(service: Service) -> None:
    for mount in service.mounts:
        if mount.is_from_host:
            assert mount.is_read_only, f"{mount.source}: nobody writes into this machine's folders"
            path = ROOT / mount.source
            assert mount.source.startswith("./secrets/") or path.exists(), mount.source
        elif mount.source:
            assert mount.source in OURS.body["volumes"], mount.source


@_named(SERVICES)
def test_secret_is_declared_and_is_no_variable(service: Service) -> None:
    for name, text in service.environment.items():
        if re.search(r"PASSWORD|TOKEN|SECRET", name):
            assert text.startswith("/run/"), f"{name} holds a secret, not the file with it"


def test_declared_volumes_secrets_and_networks_are_all_used() -> None:
    mounted = {mount.source for service in SERVICES for mount in service.mounts}
    assert OURS.body["volumes"].keys() <= mounted
    assert set(OURS.secret_files.values()) <= mounted
    networks = {name for service in SERVICES for name in service.body.get("networks", ())}
    assert OURS.body["networks"].keys() == networks


@_named(SERVICES)
def test_volume_that_only_its_owner_changes_is_read_only_elsewhere(service: Service) -> None:
    owners = {"tokens": "provision-influxdb", "broker-access": "provision-broker"}
    for mount in service.mounts:
        if mount.source in owners:
            assert mount.is_read_only == (service.name != owners[mount.source])


def _published(services: Mapping[str, Service]) -> dict[str, dict[str, Any]]:
    return {port["name"]: port for s in services.values() for port in s.body.get("ports", ())}


def test_only_mqtt_is_offered_to_the_network() -> None:
    open_ports = [
        port["target"]
        for port in _published(OURS.services).values()
        if port["host_ip"] != LOCAL_ONLY
    ]
    assert open_ports == [1883]


def test_published_ports_are_those_that_the_command_prints() -> None:
    doors = {door.what: door for door in doors_of(COMPOSE_FILE, {})}
    published = _published(OURS.services)
    assert doors.keys() == published.keys()
    for name, port in published.items():
        assert doors[name].where.rpartition(":")[2] == str(port["published"])
        assert doors[name].password_in == port.get("x-log-in", {}).get("password", "")


def test_password_that_is_named_with_a_port_is_a_secret_of_that_service() -> None:
    for service in SERVICES:
        for port in service.body.get("ports", ()):
            path = port.get("x-log-in", {}).get("password", "").replace("SENDER-ID", "health")
            assert not path or f"./{path}" in {mount.source for mount in service.mounts}


def test_every_port_that_is_published_can_be_moved() -> None:
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    assert len(re.findall(r"published: \$\{[A-Z_]+:-\d+\}", text)) == len(_published(OURS.services))


def test_tls_takes_the_place_of_the_plain_listener() -> None:
    (port,) = TLS.services["mosquitto"].body["ports"]
    assert port["target"] == 8883
    plain = {mount.target for mount in OURS.services["mosquitto"].mounts}
    (listeners,) = TLS.services["mosquitto"].body["volumes"]
    _, target, _ = listeners.split(":")
    assert target in plain, "it would be mounted beside the plain one"


@pytest.mark.parametrize("name", ["influxdb", "grafana"])
def test_server_of_others_has_no_default_password(name: str) -> None:
    told = {key for key in OURS.services[name].environment if "PASSWORD" in key}
    assert told
    assert all(key.endswith("_FILE") for key in told)


def test_grafana_lets_in_whom_it_knows_and_calls_nobody() -> None:
    told = OURS.services["grafana"].environment
    assert told["GF_AUTH_ANONYMOUS_ENABLED"] == told["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert told["GF_ANALYTICS_REPORTING_ENABLED"] == "false"
    assert told["GF_ANALYTICS_CHECK_FOR_UPDATES"] == "false"
    assert told["GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES"] == "false"
    assert told["GF_DASHBOARDS_MIN_REFRESH_INTERVAL"] == "1s"
    assert Path(told["GF_SECURITY_SECRET_KEY__FILE"]).name == "grafana-secret-key"


def test_make_lets_an_account_in_by_services_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"^\tdocker compose .* ([a-z-]+)$", makefile, re.MULTILINE)) == {
        "provision-broker",
        "mosquitto",
    } & set(OURS.services)
