"""Who may import whom. Chains of imports: import-linter. Single doors: the table below."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.tree import PRODUCT_ROOTS, PROOF_ROOTS, ROOT, Module, modules_under

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@dataclass(frozen=True, slots=True)
class Door:
    """A library and the packages of ours it may be imported by."""

    library: str
    importers: tuple[str, ...]
    remedy: str


SENDERS = ("dermatrace.registry", "dermatrace.simulator", "dermatrace.judge", "dermatrace.console")
INFLUX_DOORS = ("dermatrace.forward.influx", "dermatrace.provision.influx_admin")
DOORS = (
    Door("sqlite3", (), "use dermatrace.sqlite, which brings a SQLite without the WAL bug"),
    Door("apsw", ("dermatrace.sqlite",), "use dermatrace.sqlite"),
    Door("paho", ("dermatrace.mqtt",), "use dermatrace.mqtt"),
    Door("amqtt", ("dermatrace.supervisor",), "ask dermatrace.supervisor for a broker"),
    Door("pydantic_settings", ("dermatrace.settings",), "take settings as an argument"),
    Door("prometheus_client", ("dermatrace.health",), "count in the words of dermatrace.health"),
    Door("influxdb_client", INFLUX_DOORS, "ask InfluxDB through one of these modules"),
    Door("urllib3", INFLUX_DOORS, "catch ServerUnavailable: one of these modules translates"),
    Door("grafana_api", ("dermatrace.provision.grafana_adapter",), "use the adapter"),
    Door("fastapi", ("dermatrace.console",), "the console alone serves pages"),
    Door("starlette", ("dermatrace.console",), "the console alone serves pages"),
    Door(
        "jinja2", ("dermatrace.console.rendering",), "render through dermatrace.console.rendering"
    ),
    Door("uvicorn", ("dermatrace.console.service",), "the console's service serves"),
    Door("typer", ("dermatrace.cli", "dermatrace.demo"), "return data; dermatrace.cli prints it"),
    Door("rich", ("dermatrace.cli", "dermatrace.demo"), "return data; dermatrace.cli prints it"),
    Door(
        "dermatrace.sender",
        (*SENDERS, "dermatrace.demo", "dermatrace.cli"),
        "only those who speak as a sender hold an outbox",
    ),
    Door("dermatrace.cli", ("dermatrace.__main__",), "the command line sits on top of everything"),
    Door("dermatrace.demo", ("dermatrace.cli",), "the demo sits on top of the processes"),
    Door("dermatrace.supervisor", ("dermatrace.cli", "dermatrace.demo"), "processes are started"),
)
FILE_CALLS = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes"})
FILE_READERS = ("dermatrace_schemas.render", "dermatrace_schemas.library")


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _absolute(node: ast.ImportFrom, importer: str, *, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    levels = importer.split(".")
    cut = node.level - 1 if is_package else node.level
    base = levels[: len(levels) - cut]
    return ".".join([*base, *([node.module] if node.module else [])])


def _loaded_by_name(node: ast.Call) -> str | None:
    """Return the module that importlib.import_module("…") or __import__("…") loads."""
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in {"import_module", "__import__"} or not node.args:
        return None
    name = node.args[0]
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _imports(source: str, importer: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, importer, is_package=is_package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and (loaded := _loaded_by_name(node)) is not None:
            yield node.lineno, loaded


def offences(
    source: str, importer: str, *, path: str, is_package: bool = False, doors: tuple[Door, ...]
) -> list[str]:
    """List every import that uses a door not its own: where, what, and what to do instead."""
    return [
        f"{path}, line {line}: {importer} imports {imported}; {door.remedy}"
        for line, imported in _imports(source, importer, is_package=is_package)
        for door in doors
        if _is_in(imported, door.library)
        and not _is_in(importer, door.library)
        and not any(_is_in(importer, allowed) for allowed in door.importers)
    ]


def _offences_of(module: Module, doors: tuple[Door, ...]) -> list[str]:
    is_package = module.path.name == "__init__.py"
    return offences(
        module.source, module.name, path=str(module), is_package=is_package, doors=doors
    )


def test_every_library_enters_by_its_own_door() -> None:
    modules = modules_under(*PRODUCT_ROOTS)
    assert modules
    found = [offence for module in modules for offence in _offences_of(module, DOORS)]
    assert not found, "\n".join(found)


def test_standard_sqlite_is_imported_nowhere_in_tests_and_benchmarks() -> None:
    sqlite_only = DOORS[:1]
    modules = modules_under(*PROOF_ROOTS)
    found = [offence for module in modules for offence in _offences_of(module, sqlite_only)]
    assert not found, "\n".join(found)


def test_metrics_library_is_imported_by_at_most_one_module() -> None:
    importers = [
        str(module)
        for module in modules_under(*PRODUCT_ROOTS)
        if any(
            _is_in(imported, "prometheus_client")
            for _, imported in _imports(module.source, module.name, is_package=False)
        )
    ]
    assert len(importers) <= 1, f"one module counts for all: {importers}"


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("dermatrace.journal.entries", "import sqlite3"),
        ("dermatrace.sqlite", "from sqlite3 import dbapi2"),
        ("dermatrace.journal.entries", "import apsw.ext as extensions"),
        ("dermatrace.journal.entries", 'import importlib\nimportlib.import_module("apsw")'),
        ("dermatrace.ingest.pipeline", '__import__("paho.mqtt.client")'),
        ("dermatrace.ingest.pipeline", "def later():\n    from paho import mqtt"),
        ("dermatrace.ingest.pipeline", "from dermatrace import sender"),
        ("dermatrace.ingest.pipeline", "from ..sender import outbox"),
        ("dermatrace.ingest.pipeline", "from .. import sender"),
        ("dermatrace.mqtt", "from .sender.outbox import Outbox"),
        ("dermatrace.forward.follower", "import dermatrace.sender.outbox"),
        ("dermatrace.sender.outbox", "if TYPE_CHECKING:\n    import pydantic_settings"),
        ("dermatrace.ingest.pipeline", "import amqtt.broker"),
        ("dermatrace.supervisor.processes", "from rich.console import Console"),
        ("dermatrace.supervisor.processes", "from dermatrace import cli"),
        ("dermatrace.forward.metrics", "import prometheus_client"),
        ("dermatrace.forward.service", "from influxdb_client import InfluxDBClient"),
        ("dermatrace.provision.influxdb", "from urllib3.exceptions import HTTPError"),
        ("dermatrace.provision.grafana", "def f():\n    from grafana_api import grafana_face"),
    ],
)
def test_import_through_a_foreign_door_is_named_with_file_line_and_remedy(
    importer: str, source: str
) -> None:
    line = len(source.splitlines())
    (offence,) = offences(source, importer, path="some/file.py", doors=DOORS)
    assert offence.startswith(f"some/file.py, line {line}: {importer} imports ")
    assert "; " in offence


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("dermatrace.sqlite", "import apsw"),
        ("dermatrace.mqtt", "from paho.mqtt import client"),
        ("dermatrace.provision.influx_admin", "from influxdb_client import InfluxDBClient"),
        ("dermatrace.provision.grafana_adapter", "from grafana_api import grafana_face"),
        ("dermatrace.sender.publisher", "from dermatrace.sender.outbox import Outbox"),
        ("dermatrace.simulator.device", "from dermatrace.sender import Outbox"),
        ("dermatrace.supervisor.broker", "from amqtt.broker import Broker"),
        ("dermatrace.journal.entries", "import sqlite3_free_name"),
        ("dermatrace.ingest.pipeline", "from dermatrace import senders_known"),
    ],
)
def test_import_through_its_own_door_is_no_offence(importer: str, source: str) -> None:
    assert offences(source, importer, path="some/file.py", doors=DOORS) == []


def test_schemas_touch_files_only_where_they_are_rendered_or_read_from_the_library() -> None:
    found = [
        f"{module}, line {node.lineno}: {ast.unparse(node.func)}(…); pass the content in instead"
        for module in modules_under(ROOT / "schemas")
        if not any(_is_in(module.name, reader) for reader in FILE_READERS)
        for node in ast.walk(ast.parse(module.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in FILE_CALLS
    ]
    assert not found, "\n".join(found)


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    roots = os.pathsep.join(str(folder / name) for name in ("schemas", "services"))
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": roots, "NO_COLOR": "1", "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_layers_hold() -> None:
    answer = _lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("schemas/dermatrace_schemas/topics.py", "import socket", "topics -> socket"),
        ("schemas/dermatrace_schemas/topics.py", "import dermatrace.clock", "-> dermatrace.clock"),
        (
            "services/dermatrace/journal/__init__.py",
            "import dermatrace.ingest",
            "-> dermatrace.ing",
        ),
        (
            "services/dermatrace/ingest/__init__.py",
            "import dermatrace.simulator",
            "-> dermatrace.s",
        ),
        ("services/dermatrace/unplaced.py", "", "unplaced"),
    ],
)
@pytest.mark.slow
def test_layers_break_when_one_import_is_added(
    tmp_path: Path, path: str, line: str, expected: str
) -> None:
    for name in ("schemas", "services"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    answer = _lint_imports(tmp_path)
    assert answer.returncode != 0
    assert expected in answer.stdout
