"""Write every file of the dashboards anew: `python -m dashboards`."""

import shutil
import sys
from pathlib import Path
from typing import Final

from dashboards.files import files

FOLDER: Final = Path(__file__).parent
GENERATED: Final = ("json", "provisioning")
"""Folders that hold nothing else: what is no longer written must not stay behind."""


def main(folder: Path = FOLDER) -> int:
    """Write the files; return the exit code."""
    for name in GENERATED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for path, content in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
