"""Rendering brings the generated files up to date, and checking changes nothing."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dermatrace_schemas.render import generated_files, main, stale_files, write_files
from support.tree import ROOT, Module, modules_under


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    schemas = tmp_path / "schemas"
    (schemas / "dermatrace_schemas").mkdir(parents=True)
    return schemas


def test_write_makes_everything_and_a_second_time_nothing(folder: Path) -> None:
    assert set(write_files(folder)) == set(generated_files())
    assert write_files(folder) == []
    assert stale_files(folder) == []


def test_check_of_the_committed_files_passes() -> None:
    assert main(["--check"]) == 0, "run: make schemas"


def test_check_names_what_is_stale_and_the_remedy_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(folder)
    changed, missing = folder / "json" / "rf.shot.json", folder / "asyncapi.yaml"
    left_over = folder / "json" / "rf.shock.json"
    changed.write_text("{}\n", encoding="utf-8")
    missing.unlink()
    left_over.write_text("{}\n", encoding="utf-8")

    assert main(["--check", "--folder", str(folder)]) == 1

    said = capsys.readouterr().out
    assert all(str(path) in said for path in (changed, missing, left_over))
    assert "run: make schemas" in said
    assert changed.read_text(encoding="utf-8") == "{}\n"
    assert left_over.exists()

    assert main(["--folder", str(folder)]) == 0
    assert stale_files(folder) == []
    assert not left_over.exists()


def test_folder_that_is_no_source_tree_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--folder", str(tmp_path)])
    assert caught.value.code == 2
    assert "is no schemas folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_module_can_be_run(folder: Path) -> None:
    shutil.copytree(ROOT / "schemas" / "json", folder / "json")
    shutil.copy(ROOT / "schemas" / "asyncapi.yaml", folder)
    command = [sys.executable, "-m", "dermatrace_schemas.render", "--check"]
    done = subprocess.run(
        [*command, "--folder", str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


RENDERING = {"render", "json_schema", "asyncapi"}


def _imported_from_the_schemas(module: Module) -> set[str]:
    imports = [
        node
        for node in ast.walk(ast.parse(module.source))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == "dermatrace_schemas"
    ]
    modules = {(node.module or "").rpartition(".")[2] for node in imports}
    return modules | {alias.name for node in imports for alias in node.names}


@pytest.mark.parametrize("module", modules_under(ROOT / "schemas", ROOT / "services"), ids=str)
def test_rendering_is_imported_by_rendering_alone(module: Module) -> None:
    if module.path.stem not in RENDERING:
        assert not _imported_from_the_schemas(module) & RENDERING
