"""Boards are what the types Grafana publishes for its own files allow."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.boards import BOARDS
from support.tree import ROOT

CHECK = Path(__file__).parent / "grafana"
COMPILER = CHECK / "node_modules" / "typescript" / "bin" / "tsc"
PACKAGES = json.loads((CHECK / "package.json").read_text(encoding="utf-8"))["dependencies"]
COMPOSE = ROOT / "docker-compose.yml"

IS_INSTALLED = COMPILER.is_file() and shutil.which("node") is not None
needs_types = pytest.mark.skipif(
    # Where CI=true it must be there: the test then fails.
    not IS_INSTALLED and os.environ.get("CI") != "true",
    reason="needs node, and: npm install --prefix tests/dashboards/grafana",
)
WRONG = {
    "an option's value": ('"colorMode": "value"', '"colorMode": "valu"'),
    "an option": ('"cellHeight"', '"cellHeigth"'),
    "how series are drawn": ('"drawStyle"', '"drawStile"'),
    "a kind of panel": ('"type": "stat"', '"type": "stats"'),
    "a form of answer": ('"resultFormat": "table"', '"resultFormat": "tables"'),
    "a number as a text": ('"schemaVersion": 42', '"schemaVersion": "42"'),
    "a tooltip that is none": ('"graphTooltip": 1', '"graphTooltip": 7'),
    "an override's property": ('"id": "mappings"', '"id": "mapings"'),
    "an override of what a kind has not": ('"id": "custom.width"', '"id": "custom.widt"'),
    "a way to turn an axis": ('"negative-Y"', '"negative-Z"'),
    "a colour's mode": ('"mode": "fixed"', '"mode": "fixd"'),
    "a variable's refresh": ('"refresh": 1,', '"refresh": 9,'),
    "an option of a timeline": ('"mergeValues"', '"mergeValue"'),
}


def _errors(folder: Path, boards: Mapping[str, str]) -> dict[str, int]:
    """Return how many errors the compiler finds in each board, given as JSON by name."""
    (folder / "node_modules").symlink_to(CHECK / "node_modules")
    for name in ("board.ts", "tsconfig.json", "package.json"):
        shutil.copy(CHECK / name, folder / name)
    for name, told in boards.items():
        text = f'import type {{ Board }} from "./board.js";\nexport const board: Board = {told};\n'
        (folder / f"{name}.ts").write_text(text, encoding="utf-8")
    answer = subprocess.run(
        ["node", str(COMPILER), "--pretty", "false", "-p", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
    )
    found = re.findall(r"^([\w-]+)\.ts\(\d+,\d+\): error", answer.stdout, re.MULTILINE)
    assert bool(found) == (answer.returncode != 0), answer.stdout + answer.stderr
    return {name: found.count(name) for name in found}


def _text(board: dict[str, Any]) -> str:
    return json.dumps(board, indent=2)


@pytest.mark.slow
@needs_types
def test_every_board_is_what_the_published_types_allow(tmp_path: Path) -> None:
    assert _errors(tmp_path, {slug: _text(board) for slug, board in BOARDS.items()}) == {}


@pytest.mark.slow
@needs_types
def test_each_thing_misspelt_in_a_board_is_refused(tmp_path: Path) -> None:
    spoilt = {}
    for number, (right, wrong) in enumerate(WRONG.values()):
        (text, *_) = (told for told in map(_text, BOARDS.values()) if right in told)
        spoilt[f"spoilt-{number}"] = text.replace(right, wrong, 1)
    assert set(_errors(tmp_path, spoilt)) == set(spoilt)


def test_types_are_those_of_the_grafana_that_is_started() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    name, _, tag = services["grafana"]["image"].partition("@")[0].partition(":")
    assert name == "grafana/grafana"
    assert PACKAGES["@grafana/schema"] == tag


def test_versions_are_exact() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PACKAGES.values())
