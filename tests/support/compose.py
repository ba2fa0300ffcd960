"""The Compose files, read as Compose reads them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import yaml

from support.tree import ROOT

COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
TLS_FILE: Final = ROOT / "deploy" / "docker-compose.tls.yml"
OUR_IMAGE: Final = "dermatrace"
SECRETS_TARGET: Final = "/run/secrets"
_DEFAULT: Final = re.compile(r"\$\{\w+:-([^}]*)\}")


class _Loader(yaml.SafeLoader):
    """Takes Compose's own tags for what they carry."""


def _override(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


_Loader.add_constructor("!override", _override)


@dataclass(frozen=True, slots=True)
class Mount:
    """Where something outside appears inside a container."""

    source: str
    """A path beginning with `./`, or the name of a volume; empty: memory."""
    target: str
    is_read_only: bool

    @property
    def is_from_host(self) -> bool:
        """Whether it is a file or folder of this machine."""
        return self.source.startswith("./")


@dataclass(frozen=True)
class Service:
    """One service, after anchors and merges."""

    name: str
    body: Mapping[str, Any]
    secret_files: Mapping[str, str]

    @property
    def image(self) -> str:
        """Its image with tag."""
        return str(self.body["image"])

    @property
    def is_ours(self) -> bool:
        """Whether our own image runs there."""
        return self.image.partition(":")[0] == OUR_IMAGE

    @property
    def runs_once(self) -> bool:
        """Whether it is done when it has ended."""
        return self.body.get("restart") == "no"

    @property
    def command(self) -> list[str]:
        """Its arguments; a `$$` is a `$` by then."""
        return [str(word).replace("$$", "$") for word in self.body.get("command", ())]

    @property
    def environment(self) -> dict[str, str]:
        """Its variables."""
        return {name: str(value) for name, value in self.body.get("environment", {}).items()}

    @property
    def healthcheck(self) -> list[str]:
        """The command that tells whether it is well; empty if there is none."""
        test = [
            word.replace("$$", "$") for word in self.body.get("healthcheck", {}).get("test", ())
        ]
        match test[:1]:
            case ["CMD"]:
                return test[1:]
            case ["CMD-SHELL"]:
                return ["sh", "-c", test[1]]
        return []

    @property
    def waits_for(self) -> dict[str, str]:
        """Whom it waits for, and until when."""
        return {name: after["condition"] for name, after in self.body.get("depends_on", {}).items()}

    @cached_property
    def mounts(self) -> list[Mount]:
        """Everything that appears inside: folders, volumes, memory and secrets."""
        return [
            *(_mount(entry) for entry in self.body.get("volumes", ())),
            *(Mount("", str(target), is_read_only=False) for target in self.body.get("tmpfs", ())),
            *self._secrets(),
        ]

    def _secrets(self) -> Iterator[Mount]:
        for entry in self.body.get("secrets", ()):
            name = entry if isinstance(entry, str) else entry["source"]
            given = name if isinstance(entry, str) else entry["target"]
            target = given if given.startswith("/") else f"{SECRETS_TARGET}/{given}"
            yield Mount(self.secret_files[name], target, is_read_only=True)


class ComposeFile:
    """One file, with the defaults that Compose would fill in for variables."""

    def __init__(self, path: Path, *overrides: Path) -> None:
        self.path = path
        self.body = _read(path)
        for override in overrides:
            _merge(self.body, _read(override))
        files = {name: given["file"] for name, given in self.body.get("secrets", {}).items()}
        self.secret_files: dict[str, str] = files
        self.services = {
            name: Service(name, body, files) for name, body in self.body["services"].items()
        }

    @classmethod
    def ours(cls) -> Self:
        """Return the file that `docker compose up` reads."""
        return cls(COMPOSE_FILE)


def _read(path: Path) -> dict[str, Any]:
    text = _DEFAULT.sub(lambda found: found[1], path.read_text(encoding="utf-8"))
    read: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    return read


def _merge(base: dict[str, Any], override: Mapping[str, Any]) -> None:
    """Put one file over another by those of Compose's rules that our files make use of."""
    base["secrets"] |= override.get("secrets", {})
    for name, body in override["services"].items():
        service = base["services"][name]
        service["ports"] = body.get("ports", service.get("ports", []))  # !override
        service["secrets"] = [*service.get("secrets", ()), *body.get("secrets", ())]
        service["environment"] = {**service.get("environment", {}), **body.get("environment", {})}
        targets = {_mount(entry).target for entry in body.get("volumes", ())}
        kept = [entry for entry in service["volumes"] if _mount(entry).target not in targets]
        service["volumes"] = [*kept, *body.get("volumes", ())]


def _mount(entry: str | Mapping[str, Any]) -> Mount:
    if isinstance(entry, str):
        source, target, *options = entry.split(":")
        return Mount(source, target, is_read_only="ro" in options)
    return Mount(entry.get("source", ""), entry["target"], bool(entry.get("read_only")))
