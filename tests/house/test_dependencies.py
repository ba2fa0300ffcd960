"""What is declared is used, what is used is declared, locked and explained."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.tree import PRODUCT_ROOTS, PROOF_ROOTS, ROOT, modules_under

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
BUILD: list[str] = PYPROJECT["build-system"]["requires"]
RUNTIME: list[str] = [*PROJECT["dependencies"], *EXTRAS["demo"], *EXTRAS["grafana"]]
DEVELOPMENT: list[str] = [line for line in EXTRAS["dev"] if not line.startswith("dermatrace[")]

LOCKS = ROOT / "requirements"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;\\]+)(.*)$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
_EXPLAINED = re.compile(r"^\| `([A-Za-z0-9._-]+)` \|", re.MULTILINE)


def _pins(name: str) -> dict[str, Version]:
    lines = (LOCKS / name).read_text(encoding="utf-8").splitlines()
    return {
        canonicalize_name(pin[1]): Version(pin[2]) for line in lines if (pin := _PIN.match(line))
    }


def test_product_imports_what_it_declares_and_declares_what_it_imports() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("deptry"), "--no-ansi", "schemas", "services"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def _third_party_imports() -> Iterator[tuple[str, str]]:
    ours = {path.stem for root in (*PRODUCT_ROOTS, *PROOF_ROOTS) for path in root.iterdir()}
    own_or_standard = ours | {"benchmarks", "dashboards"} | sys.stdlib_module_names
    for module in modules_under(*PROOF_ROOTS):
        for node in ast.walk(ast.parse(module.source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                if (top := name.partition(".")[0]) not in own_or_standard:
                    yield str(module), top


def test_tests_import_only_what_is_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in RUNTIME + DEVELOPMENT}
    distributions = packages_distributions()
    undeclared = [
        f"{path} imports {top}: declare it under dev in pyproject.toml"
        for path, top in _third_party_imports()
        if not declared & {canonicalize_name(name) for name in distributions.get(top, [])}
    ]
    assert not undeclared, "\n".join(undeclared)


def test_every_dependency_is_explained_once_and_nothing_else_is() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    explained = [canonicalize_name(name) for name in _EXPLAINED.findall(contributing)]
    declared = [
        canonicalize_name(Requirement(line).name) for line in (*BUILD, *RUNTIME, *DEVELOPMENT)
    ]
    assert sorted(explained) == sorted(declared)


def test_build_requirement_is_the_same_in_both_places() -> None:
    lines = (LOCKS / "build.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == BUILD


def _is_fulfilled(requirement: Requirement, pins: dict[str, Version]) -> bool:
    pin = pins.get(canonicalize_name(requirement.name))
    return pin is not None and pin in requirement.specifier


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [("runtime.txt", BUILD + RUNTIME), ("dev.txt", BUILD + RUNTIME + DEVELOPMENT)],
)
def test_lock_fulfils_what_is_declared(lock: str, requirements: list[str]) -> None:
    pins = _pins(lock)
    unfulfilled = [line for line in requirements if not _is_fulfilled(Requirement(line), pins)]
    assert not unfulfilled, f"requirements/{lock}: {unfulfilled}; run: make lock"


def test_development_lock_contains_the_runtime_lock() -> None:
    runtime, development = _pins("runtime.txt"), _pins("dev.txt")
    differing = {name for name, version in runtime.items() if development.get(name) != version}
    assert not differing, "run: make lock"


def test_runtime_lock_leaves_the_development_tools_out() -> None:
    tools = {canonicalize_name(Requirement(line).name) for line in DEVELOPMENT}
    # Build tools need it as well; everything else is for developers only.
    assert tools & _pins("runtime.txt").keys() <= {"packaging"}


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_lock_holds_pins_with_hashes_and_no_address(lock: str) -> None:
    lines = (LOCKS / lock).read_text(encoding="utf-8").splitlines()
    strange = [line for line in lines if not _PIN.match(line) and not _HASH.match(line)]
    assert not strange, f"requirements/{lock}: {strange[:3]}"
    without_hash = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if _PIN.match(line) and not _HASH.match(following)
    ]
    assert not without_hash
