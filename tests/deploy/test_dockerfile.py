"""The Dockerfile builds from what is locked, and what comes out can do little."""

import fnmatch
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from dermatrace.settings import PREFIX, Settings
from support.compose import ComposeFile
from support.tree import ROOT

LINES: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
INSTRUCTIONS: Final = [
    (word.upper(), rest.strip())
    for line in LINES
    if line and not line.startswith("#")
    for word, _, rest in [line.partition(" ")]
]
BASE: Final = re.compile(r"^python:3\.(\d+)\.\d+-slim-[a-z]+( AS [a-z]+)?$")
IGNORED: Final = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _all(instruction: str) -> list[str]:
    return [rest for word, rest in INSTRUCTIONS if word == instruction]


def _of_the_last_stage(instruction: str) -> list[str]:
    last = max(place for place, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM")
    return [rest for word, rest in INSTRUCTIONS[last:] if word == instruction]


def test_both_stages_stand_on_the_same_exact_python() -> None:
    bases = [BASE.match(base) for base in _all("FROM")]
    assert len(bases) == 2
    assert all(bases)
    assert len({base.partition(" ")[0] for base in _all("FROM")}) == 1


def test_everything_from_a_registry_is_installed_by_hash_and_nothing_is_compiled() -> None:
    installs = [run for run in _all("RUN") if "pip install" in run]
    locked, ours = installs
    assert "--require-hashes --only-binary :all: -r requirements/runtime.txt" in locked
    assert "--no-deps --no-build-isolation ." in ours
    assert not any("apt-get" in run for run in _all("RUN"))


def test_last_stage_takes_over_only_the_installed_program() -> None:
    assert _of_the_last_stage("COPY") == ["--from=build /opt/dermatrace /opt/dermatrace"]


def test_image_runs_as_nobody_in_particular_and_as_the_compose_file_says() -> None:
    (user,) = _of_the_last_stage("USER")
    assert int(user.split(":")[0]) > 0
    ours = [service for service in ComposeFile.ours().services.values() if service.is_ours]
    assert {service.body["user"] for service in ours} <= {user, "1883:1883"}


def test_command_chooses_the_process() -> None:
    assert _of_the_last_stage("ENTRYPOINT") == ['["dermatrace"]']


def test_settings_of_the_image_exist() -> None:
    named = re.findall(rf"\b{PREFIX}(\w+)=", " ".join(_all("ENV")))
    assert named
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def _folders() -> dict[str, dict[str, str]]:
    """Return the folders that the image makes, with owner, group and mode."""
    (run,) = _of_the_last_stage("RUN")
    made = [part for part in run.split("&&") if part.strip().startswith("install ")]
    return {
        words[-1]: dict(word[2:].split("=") for word in words if "=" in word)
        for words in map(shlex.split, made)
    }


@pytest.mark.parametrize(
    ("volume", "service"),
    [
        ("data", "ingest"),
        ("tokens", "provision-influxdb"),
        ("broker-access", "provision-broker"),
        ("demo", "simulate"),
    ],
)
def test_new_volume_belongs_to_who_writes_it(volume: str, service: str) -> None:
    writer = ComposeFile.ours().services[service]
    (target,) = [mount.target for mount in writer.mounts if mount.source == volume]
    folder = _folders()[target]
    assert f"{folder['owner']}:{folder['group']}" == writer.body["user"]
    assert int(folder["mode"], 8) & 0o007 == 0


def test_token_folder_lets_grafana_in_by_its_group() -> None:
    folder, grafana = _folders()["/run/tokens"], ComposeFile.ours().services["grafana"]
    assert folder["group"] in grafana.body["group_add"]
    assert int(folder["mode"], 8) & 0o050 == 0o050
    mode = ComposeFile.ours().services["provision-influxdb"].command[-1]
    assert int(mode, 8) == 0o640


def _goes_in(path: str) -> bool:
    """Tell whether Docker is sent a file; a later line wins over an earlier one."""
    sent = True
    for line in IGNORED:
        pattern = line.lstrip("!")
        parts = Path(path).parts
        beginnings = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        if (
            line
            and not line.startswith("#")
            and any(
                fnmatch.fnmatch(beginning, pattern.removeprefix("**/"))
                or fnmatch.fnmatch(Path(beginning).name, pattern.removeprefix("**/"))
                for beginning in beginnings
            )
        ):
            sent = line.startswith("!")
    return sent


def test_what_is_copied_is_sent_to_docker() -> None:
    for copied in _all("COPY"):
        if not copied.startswith("--from"):
            for source in copied.split()[:-1]:
                assert (ROOT / source).exists()
                assert _goes_in(source), f"{source}: .dockerignore keeps it out"


@pytest.mark.parametrize(
    "path",
    ["secrets/grafana-password", "data/journal.db", ".git/config", ".env", "tests/conftest.py"],
)
def test_what_is_nobodys_business_is_not_sent_to_docker(path: str) -> None:
    assert not _goes_in(path)
