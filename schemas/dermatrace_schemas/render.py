"""Writes the generated files: `python -m dermatrace_schemas.render`, or `make schemas`.

The only module of this package that touches files; nothing else imports it.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from dermatrace_schemas import asyncapi, json_schema

SCHEMAS_FOLDER: Final = Path(__file__).resolve().parents[1]
"""The `schemas` folder of the source tree."""


def generated_files() -> dict[Path, str]:
    """Return every generated text by its path within the schemas folder."""
    texts = {Path("json") / name: text for name, text in json_schema.render_all().items()}
    texts[Path("asyncapi.yaml")] = asyncapi.render_asyncapi()
    return texts


def stale_files(folder: Path) -> list[Path]:
    """Return the paths under `folder` that are missing, differ, or belong to no document."""
    texts = generated_files()
    found = {path.relative_to(folder) for path in (folder / "json").glob("*.json")}
    differing = {
        path
        for path, text in texts.items()
        if not (folder / path).is_file() or (folder / path).read_text(encoding="utf-8") != text
    }
    return sorted(differing | (found - set(texts)))


def write_files(folder: Path) -> list[Path]:
    """Bring every generated file under `folder` up to date; return those that changed."""
    texts = generated_files()
    stale = stale_files(folder)
    (folder / "json").mkdir(exist_ok=True)
    for path in stale:
        if path in texts:
            (folder / path).write_text(texts[path], encoding="utf-8", newline="\n")
        else:
            (folder / path).unlink()
    return stale


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` only say which are stale; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dermatrace_schemas.render")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    parser.add_argument("--folder", type=Path, default=SCHEMAS_FOLDER, help="the schemas folder")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    # An installed package has no schemas folder around it; writing there would litter.
    if not (folder / "dermatrace_schemas").is_dir() or folder.name != "schemas":
        parser.error(f"{folder} is no schemas folder of a source tree; name one with --folder")
    stale = stale_files(folder) if options.check else write_files(folder)
    for path in stale:
        sys.stdout.write(f"{'stale' if options.check else 'wrote'} {folder / path}\n")
    if options.check and stale:
        sys.stdout.write("run: make schemas\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
