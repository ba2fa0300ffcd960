"""Real servers are found where somebody put them, and built by a recipe where nobody did."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dermatrace.settings import NOT_SETTINGS
from support.real_servers import STORE_VARIABLE, VARIABLES, ServerMissing, find_server
from support.tree import ROOT

RECIPES = ROOT / "tests" / "servers"
BUILD = RECIPES / "build.sh"
SERVERS = ("influxd", "telegraf")
TOOLS = ("cat", "cksum", "cp", "dirname", "mkdir", "mktemp", "mv", "rm", "sh")
"""All that the recipe takes before it compiles."""


def _program(path: Path, prints: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", SERVERS)
def test_named_server_wins_over_path_and_path_over_the_one_built(tmp_path: Path, name: str) -> None:
    named = _program(tmp_path / "named" / "anything")
    on_path = _program(tmp_path / "bin" / name, "InfluxDB v2.9.1, Telegraf 1.37.2")
    built = _program(tmp_path / "store" / name)
    environment = {
        VARIABLES[name]: str(named),
        "PATH": str(on_path.parent),
        STORE_VARIABLE: str(built.parent),
    }
    assert find_server(name, environment) == str(named)
    del environment[VARIABLES[name]]
    assert find_server(name, environment) == str(on_path)
    on_path.unlink()
    assert find_server(name, environment) == str(built)
    built.unlink()
    with pytest.raises(ServerMissing, match=f"build.sh {name}"):
        find_server(name, environment)


def test_server_is_looked_for_in_the_home_folder_where_no_store_is_named(tmp_path: Path) -> None:
    built = _program(tmp_path / ".cache" / "dermatrace-servers" / "influxd")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert find_server("influxd", environment) == str(built)


def test_influxdb_1_on_path_is_passed_over(tmp_path: Path) -> None:
    old = _program(tmp_path / "influxd", "InfluxDB v1.6.7 (git: unknown unknown)")
    with pytest.raises(ServerMissing):
        find_server("influxd", {"PATH": str(old.parent), "HOME": str(tmp_path)})


def test_variable_that_names_no_program_is_a_mistake_not_a_reason_to_look_elsewhere(
    tmp_path: Path,
) -> None:
    on_path = _program(tmp_path / "influxd", "InfluxDB v2.9.1")
    environment = {"DERMATRACE_INFLUXD": str(tmp_path / "gone"), "PATH": str(on_path.parent)}
    with pytest.raises(ServerMissing, match=r"DERMATRACE_INFLUXD names .*gone, which"):
        find_server("influxd", environment)


def test_names_of_servers_are_no_settings() -> None:
    assert {*VARIABLES.values(), STORE_VARIABLE} <= set(NOT_SETTINGS)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a PATH with what the recipe takes, and no compiler."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


def _build(name: str, tools: Path, store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tools / "sh", BUILD, name],
        env={"PATH": str(tools), "HOME": str(store), STORE_VARIABLE: str(store)},
        check=False,
        capture_output=True,
        text=True,
    )


def _stamp(name: str) -> str:
    recipe = b"".join(
        path.read_bytes() for path in (BUILD, RECIPES / name / "go.mod", RECIPES / name / "go.sum")
    )
    return subprocess.run(["cksum"], input=recipe, check=True, capture_output=True).stdout.decode()


@pytest.mark.parametrize("name", SERVERS)
def test_server_of_this_recipe_is_not_built_twice(tmp_path: Path, tools: Path, name: str) -> None:
    built = _program(tmp_path / "store" / name)
    built.with_suffix(".recipe").write_text(_stamp(name), encoding="utf-8")
    answer = _build(name, tools, built.parent)
    assert (answer.returncode, answer.stdout) == (0, f"{built}\n"), answer.stderr


@pytest.mark.parametrize("name", SERVERS)
def test_server_of_another_recipe_is_built_anew(tmp_path: Path, tools: Path, name: str) -> None:
    built = _program(tmp_path / "store" / name)
    built.with_suffix(".recipe").write_text("of another recipe\n", encoding="utf-8")
    answer = _build(name, tools, built.parent)
    assert answer.returncode != 0
    assert answer.stdout == ""
    assert f"building {name} needs go" in answer.stderr


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({}, "needs go, which is not on PATH"),
        ({"go": "go1.19.8"}, "go1.19.8 is too old to build influxd: install Go"),
        ({"go": "go1.26.8"}, "needs gcc"),
        ({"go": "go1.26.8", "gcc": ""}, "needs pkg-config"),
        ({"go": "go1.26.8", "gcc": "", "pkg-config": ""}, "needs cargo"),
    ],
    ids=["go", "new go", "gcc", "pkg-config", "cargo"],
)
def test_recipe_says_what_is_missing_before_it_compiles(
    tmp_path: Path, tools: Path, programs: dict[str, str], words: str
) -> None:
    for program, prints in programs.items():
        _program(tools / program, prints)
    answer = _build("influxd", tools, tmp_path / "store")
    assert answer.returncode != 0
    assert words in answer.stderr
    assert "install" in answer.stderr


@pytest.mark.parametrize("name", ["", "influx", "../influxd"])
def test_recipe_refuses_what_it_does_not_know(tmp_path: Path, tools: Path, name: str) -> None:
    answer = _build(name, tools, tmp_path / "store")
    assert answer.returncode != 0
    assert "influxd or telegraf" in answer.stderr
    assert not os.path.lexists(tmp_path / "store")


@pytest.mark.parametrize("name", SERVERS)
def test_recipe_takes_exact_versions_only(name: str) -> None:
    versions = (RECIPES / name / "go.mod").read_text(encoding="utf-8")
    hashes = (RECIPES / name / "go.sum").read_text(encoding="utf-8")
    assert "latest" not in versions
    assert f"github.com/influxdata/{'influxdb/v2' if name == 'influxd' else name} v" in hashes
