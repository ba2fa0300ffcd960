"""What ships with the contract for every clinic to start from: models, examples, jurisdictions."""

from importlib import resources
from pathlib import Path
from typing import Final

FOLDERS: Final = ("device_models", "treatment_protocols", "jurisdictions")


def shipped_folders() -> list[Path]:
    """Return the folders of the shipped library, in the order in which they are read."""
    library = resources.files("dermatrace_schemas.library")
    return [Path(str(library / name)) for name in FOLDERS]
