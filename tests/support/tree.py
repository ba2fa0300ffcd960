"""The project's own files, for tests that read them."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT_ROOTS = (ROOT / "schemas", ROOT / "services")
PROOF_ROOTS = (ROOT / "tests", ROOT / "benchmarks", ROOT / "dashboards")

_NOT_OURS = frozenset({".venv", ".git", "node_modules", "build", "dist", "data"})
_TARGET = re.compile(r"^([a-z-]+):.*?(?:## (.*))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of ours and the name it is imported by."""

    path: Path
    name: str

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def source(self) -> str:
        """Its text."""
        return self.path.read_text(encoding="utf-8")


def modules_under(*roots: Path) -> list[Module]:
    """Return every Python module below these roots, sorted by path."""
    return [
        Module(path, _import_name(path.relative_to(root)))
        for root in roots
        for path in sorted(root.rglob("*.py"))
        if not _NOT_OURS.intersection(path.relative_to(root).parts)
    ]


def _import_name(relative_path: Path) -> str:
    parts = relative_path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions_in(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module, nested ones too."""
    for node in ast.walk(ast.parse(module.source, filename=str(module))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def tracked_files() -> list[Path]:
    """Return the files that are, or would be, under version control.

    A copy without its history is walked instead, leaving out what is never committed.
    """
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        # A file deleted but not yet committed as such is still listed.
        return sorted(path for name in listed if name and (path := ROOT / name).is_file())
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not _NOT_OURS.intersection(path.relative_to(ROOT).parts)
        and not any(part.endswith(("_cache", "__pycache__")) for part in path.parts)
    )


def documents() -> list[Path]:
    """Return every tracked Markdown file."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def makefile_targets() -> dict[str, str]:
    """Return what `make` can be asked for, with the line that `make help` shows."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(_TARGET.findall(makefile))
